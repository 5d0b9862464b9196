package import PaymentCore

/// One thing that is wrong with a record, fit to be shown: its value is masked and safe for a terminal (R15).
package struct RecordReason: Sendable, Hashable {
    package let code: ReasonCode
    package let severity: Severity
    /// The field it is about; nil when it is about the record or a column without a meaning.
    package let field: RecordField?
    /// The value found, masked after its field.
    package let maskedValue: String
    package let mend: String

    package init(
        code: ReasonCode,
        severity: Severity,
        field: RecordField?,
        maskedValue: String,
        mend: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.field = field
        self.maskedValue = maskedValue
        self.mend = mend ?? code.mend
    }

    /// The number stands in an earlier line of the same file.
    package static func duplicateInFile(of line: LineNumber, number: String) -> RecordReason {
        duplicate(.duplicateInFile, number, "line \(line) of this file has the number")
    }

    /// The number is that of an order of an earlier file.
    package static func duplicateOfEarlierFile(
        batch: BatchIdentifier,
        line: LineNumber,
        number: String
    ) -> RecordReason {
        duplicate(.duplicateOfEarlierFile, number, "line \(line) of batch file \(batch) has the number")
    }

    /// The number is that of a record which waits in quarantine.
    package static func duplicateOfQuarantined(
        batch: BatchIdentifier,
        line: LineNumber,
        number: String
    ) -> RecordReason {
        duplicate(.duplicateOfQuarantined, number, "line \(line) of batch file \(batch) waits with the number")
    }

    private static func duplicate(_ code: ReasonCode, _ number: String, _ found: String) -> RecordReason {
        RecordReason(
            code: code,
            severity: .quarantine,
            field: .merchantOrderNumber,
            maskedValue: RecordField.merchantOrderNumber.masked(number),
            mend: "\(found): \(code.mend)"
        )
    }
}

extension RecordField {
    /// A value of this field in a form that may be shown.
    ///
    /// Columns may have slipped, so a value that looks like a card is masked as one in every field.
    package func masked(_ value: String) -> String {
        switch self {
        case .accountNumber, .idNumber: Masked.account(value)
        case .accountName, .purpose: Masked.name(value)
        case .merchantOrderNumber: holdsCard(value) ? Masked.account(value) : Masked.visible(value)
        case .bankCode: isShort(value, 14) ? Masked.visible(value) : Masked.account(value)
        case .amount, .executionDate: isShort(value, 12) ? Masked.visible(value) : Masked.account(value)
        case .currency: isShort(value, 8) ? Masked.visible(value) : Masked.hidden(value)
        }
    }

    /// Whether a run of digits in the value may be a card: its length, its first digit (3 to 6) and its check digit.
    ///
    /// Order numbers that begin with a year do not, so they stay legible.
    private func holdsCard(_ value: String) -> Bool {
        value.utf8.split { $0 < 0x30 || $0 > 0x39 }.contains { run in
            guard CardNumber.lengths.contains(run.count), let first = run.first, first >= 0x33, first <= 0x36 else {
                return false
            }
            return CardNumber.passesLuhn(Array(run).span)
        }
    }

    /// Whether a value is too short to be a card, and in ASCII, so that it is no name either.
    private func isShort(_ value: String, _ bytesMax: Int) -> Bool {
        value.utf8.count <= bytesMax && value.utf8.allSatisfy { $0 < 0x80 }
    }
}
