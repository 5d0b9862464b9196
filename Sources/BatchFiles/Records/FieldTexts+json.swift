import PaymentCore

/// Texts as they are sealed: a JSON object of strings, whose keys are the names of fields.
///
/// Beside them stands what the record says of forms (`account_form`, `bank_code_form`). Who keeps the amount of an
/// order without knowing its layout writes `amount_minor` in place of `amount`, and the currency: it is read as the
/// layout would write it.
extension FieldTexts {
    /// Why bytes are no texts; it names no value.
    package struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    private static let accountFormKey = "account_form"
    private static let bankCodeFormKey = "bank_code_form"
    private static let amountMinorKey = "amount_minor"

    /// Reads what `json` or `RecordChecker.appendTexts` has written; `form` is that of the record's layout.
    package init(json: [UInt8], form: RecordForm) throws(Defect) {
        var texts: [RecordField: String] = [:]
        var stated = StatedForms()
        var amountMinor: String?
        var seen: Set<String> = []
        var reader = StringMembers(json)
        while let (key, text) = try reader.next() {
            guard seen.insert(key).inserted else { throw Defect(description: "a member stands twice") }
            switch key {
            case Self.accountFormKey:
                guard let account = StatedForms.Account(rawValue: text) else {
                    throw Defect(description: "\(key) is none that is known")
                }
                stated.account = account
            case Self.bankCodeFormKey:
                guard let bankCode = StatedForms.BankCode(rawValue: text) else {
                    throw Defect(description: "\(key) is none that is known")
                }
                stated.bankCode = bankCode
            case Self.amountMinorKey: amountMinor = text
            default:
                guard let field = RecordField(rawValue: key) else {
                    throw Defect(description: "a member is no field of a record")
                }
                texts[field] = text
            }
        }
        self.init(texts, stated: stated)
        if let amountMinor { try setAmount(minor: amountMinor, form: form) }
    }

    /// The texts as they are sealed.
    package var json: [UInt8] {
        var writer = StringMembersWriter()
        for field in RecordField.allCases {
            if let text = self[field] { writer.append(field.rawValue, text.utf8.span) }
        }
        Self.append(stated, to: &writer)
        return writer.end()
    }

    static func append(_ stated: StatedForms, to writer: inout StringMembersWriter) {
        if let account = stated.account { writer.append(accountFormKey, account.rawValue.utf8.span) }
        if let bankCode = stated.bankCode { writer.append(bankCodeFormKey, bankCode.rawValue.utf8.span) }
    }

    /// Writes an amount in the unit of the layout; a currency that needs no column is left out where there is none.
    private mutating func setAmount(minor text: String, form: RecordForm) throws(Defect) {
        guard self[.amount] == nil, let minor = Int64(text), let code = self[.currency],
            let currency = Currency(code: code)
        else { throw Defect(description: "an amount in minor units stands beside another, or without its currency") }
        self[.amount] = form.amountUnit.text(Int128(minor), in: currency)
        if form.index(of: .currency) == nil, form.defaultCurrency == currency { self[.currency] = nil }
    }
}

/// Writes a JSON object of strings.
struct StringMembersWriter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    /// Appends a member; `key` needs no escapes, `text` is valid UTF-8.
    mutating func append(_ key: String, _ text: Span<UInt8>) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: key.utf8)
        bytes.append(contentsOf: "\":\"".utf8)
        for index in 0..<text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(Self.digit(byte >> 4))
                bytes.append(Self.digit(byte & 0x0F))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The whole object.
    consuming func end() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }
}

/// Reads a JSON object of strings, member by member, and takes nothing else: no spaces, no numbers, no nesting.
private struct StringMembers {
    private typealias Defect = FieldTexts.Defect

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next member; nil when the object has ended, and nothing follows it.
    mutating func next() throws(FieldTexts.Defect) -> (key: String, text: String)? {
        if place == 0 {
            try take(UInt8(ascii: "{"))
            if peek == UInt8(ascii: "}") { return try end() }
        } else if peek == UInt8(ascii: "}") {
            return try end()
        } else {
            try take(UInt8(ascii: ","))
        }
        let key = try string()
        try take(UInt8(ascii: ":"))
        return (key, try string())
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func end() throws(FieldTexts.Defect) -> (key: String, text: String)? {
        place += 1
        guard place == bytes.count else { throw Defect(description: "bytes follow the object") }
        return nil
    }

    private mutating func take(_ byte: UInt8) throws(FieldTexts.Defect) {
        guard peek == byte else { throw Defect(description: "byte \(place) is not one of an object of strings") }
        place += 1
    }

    private mutating func string() throws(FieldTexts.Defect) -> String {
        try take(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: text, as: UTF8.self) else {
                    throw Defect(description: "a string is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try escape(to: &text)
            case 0..<0x20: throw Defect(description: "a control character stands in a string as it is")
            default: text.append(byte)
            }
        }
        throw Defect(description: "a string does not end")
    }

    private mutating func escape(to text: inout [UInt8]) throws(FieldTexts.Defect) {
        guard let byte = peek else { throw Defect(description: "an escape does not end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(Character(try scalar())).utf8)
        default: throw Defect(description: "an escape is none that JSON has")
        }
    }

    /// The character of a `\u`, with its second half where it has one.
    private mutating func scalar() throws(FieldTexts.Defect) -> Unicode.Scalar {
        let first = try unit()
        var value = UInt32(first)
        if (0xD800...0xDBFF).contains(first) {
            try take(UInt8(ascii: "\\"))
            try take(UInt8(ascii: "u"))
            let second = try unit()
            guard (0xDC00...0xDFFF).contains(second) else {
                throw Defect(description: "half of a character is missing")
            }
            value = 0x10000 + (UInt32(first) - 0xD800) << 10 + UInt32(second) - 0xDC00
        }
        guard let scalar = Unicode.Scalar(value) else { throw Defect(description: "half of a character is missing") }
        return scalar
    }

    private mutating func unit() throws(FieldTexts.Defect) -> UInt16 {
        guard place + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16),
            bytes[place] != UInt8(ascii: "+")
        else { throw Defect(description: "an escape is not four hexadecimal digits") }
        place += 4
        return unit
    }
}
