package import BatchFiles

/// What is done to one field of each record that is amended.
///
/// The kinds are applied in the order in which they stand here, whatever the order in which they are given.
package enum AmendmentRule: Sendable, Hashable {
    /// The field says this from now on; an empty text empties it.
    case set(RecordField, to: String)
    /// Each occurrence of a text becomes another one.
    case replace(RecordField, String, by: String)
    /// Control and invisible characters go; in names and purposes line ends and tabs become a space.
    case clean(RecordField)
    /// Separators go: spaces, dots, hyphens and slashes between the characters of a number.
    case strip(RecordField)
    /// Spaces before and after the text go.
    case trim(RecordField)
    /// Small letters become capitals.
    case upper(RecordField)

    /// Why rules are refused before any record is looked at.
    package struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        package let what: String
        package let mend: String

        package var description: String { "\(what); \(mend)" }
    }

    package var field: RecordField {
        switch self {
        case .set(let field, _), .replace(let field, _, _), .clean(let field), .strip(let field), .trim(let field),
            .upper(let field):
            field
        }
    }

    private var rank: Int {
        switch self {
        case .set: 0
        case .replace: 1
        case .clean: 2
        case .strip: 3
        case .trim: 4
        case .upper: 5
        }
    }

    /// The rules in the order in which they are applied.
    ///
    /// `isForOne`: whether they are for one record only. Throws for a rule that would do harm.
    static func ordered(_ rules: [AmendmentRule], isForOne: Bool) throws(Defect) -> [AmendmentRule] {
        guard !rules.isEmpty else {
            throw Defect(what: "nothing is to be amended", mend: "give at least one rule, such as --set or --trim")
        }
        for rule in rules { try rule.check(isForOne: isForOne) }
        // Rules of one kind stay in the order in which they were given.
        return rules.sorted { $0.rank < $1.rank }
    }

    private func check(isForOne: Bool) throws(Defect) {
        switch self {
        case .set(let field, let text):
            guard isForOne || !field.isOfOnePayment else {
                throw Defect(
                    what: "`\(field.rawValue)` would be the same in many records",
                    mend: "name one record, or import values of their own: sluice quarantine import"
                )
            }
            try Self.check(text)
        case .replace(let field, let old, let new):
            guard !old.isEmpty else {
                throw Defect(what: "the text to be replaced is empty", mend: "write FIELD:OLD=NEW")
            }
            // Whoever may try texts reads what is starred, one after the other.
            guard !field.isStarred || !old.unicodeScalars.contains(where: \.isLetterOrDigit) else {
                throw Defect(
                    what: "in `\(field.rawValue)` a letter or digit that is replaced would tell what is starred",
                    mend: "replace marks and spaces only; else --set it, or import values of their own"
                )
            }
            try Self.check(old)
            try Self.check(new)
        case .strip(let field):
            guard field.isWrittenWithSeparators else {
                throw Defect(
                    what: "in `\(field.rawValue)` a separator may mean something",
                    mend: "strip account_number, bank_code, id_number or execution_date"
                )
            }
        case .clean, .trim, .upper: break
        }
    }

    private static func check(_ text: String) throws(Defect) {
        guard text.unicodeScalars.count <= AmendmentBounds.textScalarsMax else {
            throw Defect(
                what: "a text is longer than \(AmendmentBounds.textScalarsMax) characters",
                mend: "shorten it"
            )
        }
    }

    /// What the field says with the rule applied; nil for a field of which nothing is known, unless it is set.
    func apply(to text: String?) -> String? {
        if case .set(_, let new) = self { return new }
        guard let text else { return nil }
        return switch self {
        case .set: text
        case .replace(_, let old, let new): text.replacingScalars(of: old, by: new)
        case .clean(let field): text.cleaned(keepsWords: field == .accountName || field == .purpose)
        case .strip: text.stripped
        case .trim: text.trimmed
        case .upper: text.uppercased()
        }
    }
}

/// How much is amended at once.
package enum AmendmentBounds {
    /// Unicode scalars of a text.
    package static let textScalarsMax = 4_000
    /// Records of one command.
    package static let recordsMax = 100_000
    /// Records read, judged and written at a time.
    static let pageRecords = 1_000
    /// Records named as examples of one thing.
    static let examplesMax = 3
}

extension RecordField {
    /// Whether two payments hardly ever say the same here.
    fileprivate var isOfOnePayment: Bool {
        switch self {
        case .merchantOrderNumber, .accountNumber, .accountName, .amount, .idNumber: true
        case .bankCode, .currency, .purpose, .executionDate: false
        }
    }

    /// Whether people write separators that mean nothing.
    fileprivate var isWrittenWithSeparators: Bool {
        switch self {
        case .accountNumber, .bankCode, .idNumber, .executionDate: true
        case .merchantOrderNumber, .accountName, .amount, .currency, .purpose: false
        }
    }
}

extension RecordField {
    /// Whether nobody reads it without a reason that the audit keeps.
    ///
    /// A purpose is starred too, but many say the same.
    fileprivate var isStarred: Bool {
        switch self {
        case .accountNumber, .accountName, .idNumber: true
        case .merchantOrderNumber, .amount, .bankCode, .currency, .purpose, .executionDate: false
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isLetterOrDigit: Bool { properties.isAlphabetic || properties.numericType != nil }
}

extension [AmendmentRule] {
    /// The texts with all rules applied in turn; `texts`: nil where the columns could not be told apart.
    func apply(to texts: FieldTexts?) -> FieldTexts {
        var texts = texts ?? FieldTexts()
        for rule in self {
            if let text = rule.apply(to: texts[rule.field]) { texts[rule.field] = text }
        }
        return texts
    }
}
