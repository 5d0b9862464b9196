/// Whether the beginning of a file looks like a format: for a person who did not say which one it is.
///
/// A look and no proof: the file is checked against the format that was chosen.
package struct FormatProbe: Sendable {
    /// How many bytes of a file are looked at.
    package static let bytesMax = 262_144
    private static let recordsMax: Int64 = 200

    /// What says that a record is of another format, not that it is bad.
    private static let strange: Set<ReasonCode> = [
        .wrongColumnCount, .wrongRecordLength, .quoteUnclosed, .quoteGarbled, .missingField, .undecodableBytes,
        .controlCharacter, .fieldTooLong, .amountMalformed, .amountTooManyDecimals, .currencyUnknown,
        .accountMalformed, .bankMalformed,
    ]

    /// What makes a file unfit and says nothing against its format.
    private static let ofItsFormat: Set<FileDefect.Code> = [
        .trailerMissing, .trailerMalformed, .trailerNotLast, .refusedByRule,
    ]

    /// Why the file cannot be of the format, where its reader said so.
    package let defect: FileDefect?
    private let records: Int64
    private let fitting: Int64

    /// Whether the file begins as only files of the format do, so that it is of it, however bad the rest is.
    ///
    /// That is with the titles of its columns, with the namespace of its message, or with NACHA's file header.
    package let beginsAsItsOwn: Bool

    /// Whether most records look like those of the format.
    package var fits: Bool { defect == nil && fitting * 2 > records }

    /// Looks at the first bytes of a file, at most `bytesMax`; `isWhole`: there are no others.
    ///
    /// Of a file that goes on, fewer than 1 KiB tell nothing.
    package init(_ head: [UInt8], isWhole: Bool, format: DeclaredFormat, rules: RecordRules) throws {
        var verification = FileVerification(format: format, rules: rules, tolerance: FileTolerance())
        var (records, fitting): (Int64, Int64) = (0, 0)
        func look(_ record: CheckedRecord) {
            guard records < Self.recordsMax else { return }
            records += 1
            switch record {
            case .order: fitting += 1
            case .quarantined(let draft):
                if !draft.reasons.contains(where: { Self.strange.contains($0.code) }) { fitting += 1 }
            }
        }
        try verification.read(head.prefix(Self.bytesMax), isLast: isWhole && head.count <= Self.bytesMax) { look($0) }
        self.defect = verification.refusal.flatMap { Self.ofItsFormat.contains($0.code) ? nil : $0 }
        beginsAsItsOwn = Self.beginsAsItsOwn(head, format, defect)
        self.records = records
        self.fitting = fitting
    }

    private static func beginsAsItsOwn(_ head: [UInt8], _ format: DeclaredFormat, _ defect: FileDefect?) -> Bool {
        let found = FileSniffer.sniff(head.prefix(FileSniffer.bytesMax))
        switch format.format {
        case .delimited(let layout):
            // Whose titles are others has another defect.
            return layout.header == .columnTitles
                && defect.map { $0.code == .layoutMismatch || $0.code == .noRecords } ?? true
        case .fixedWidth: return false
        case .iso20022(let layout):
            guard found.wrapping == format.wrapping.kind, case .xml(_, let namespace?) = found.content else {
                return false
            }
            return ISO20022Message(namespace: namespace)?.kind == layout.kind
        case .nacha: return found.wrapping == format.wrapping.kind && found.content == .nacha
        }
    }
}
