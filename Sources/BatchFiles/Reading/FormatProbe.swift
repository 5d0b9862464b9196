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

    /// Whether the file begins with the titles of the format's columns: then it is of it, however bad its records are.
    package let hasItsTitles: Bool

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
        if case .delimited(let layout) = format.format, layout.header == .columnTitles {
            // Whose titles are others has another defect.
            hasItsTitles = defect.map { $0.code == .layoutMismatch || $0.code == .noRecords } ?? true
        } else {
            hasItsTitles = false
        }
        self.records = records
        self.fitting = fitting
    }
}
