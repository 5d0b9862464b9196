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

    /// An earlier record of the same file has the number.
    package static func duplicateInFile(of record: LineNumber, number: String) -> RecordReason {
        RecordReason(
            code: .duplicateInFile,
            severity: .quarantine,
            field: .merchantOrderNumber,
            maskedValue: RecordField.merchantOrderNumber.masked(number),
            mend: "record \(record) of this file has the number: \(ReasonCode.duplicateInFile.mend)"
        )
    }
}

extension RecordField {
    /// A value of this field in a form that may be shown.
    ///
    /// Columns may have slipped, so what does not look like a value of its field is starred: it may be a name, a mobile
    /// number or an account.
    package func masked(_ value: String) -> String {
        switch self {
        case .accountNumber, .idNumber: Masked.account(value)
        case .accountName, .purpose: Masked.name(value)
        case .merchantOrderNumber: Masked.orderNumber(value)
        case .bankCode: looksLikeBankCode(value) ? value : Masked.account(value)
        case .amount: looksLikeFigure(value, marks: ".,+-") ? value : Masked.account(value)
        case .executionDate: looksLikeFigure(value, marks: ".-/") ? value : Masked.account(value)
        case .currency: looksLikeCurrency(value) ? value : Masked.hidden(value)
        }
    }

    /// Digits and marks, too few for a card and not those of a mobile number.
    private func looksLikeFigure(_ value: String, marks: String) -> Bool {
        value.utf8.count <= 12 && PersonalLook(value) == nil
            && value.utf8.allSatisfy { Self.isDigit($0) || marks.utf8.contains($0) }
    }

    /// The shape of a BIC, or as many digits as codes of banks have at most.
    private func looksLikeBankCode(_ value: String) -> Bool {
        BIC.hasShape(value.utf8.span) || (value.utf8.allSatisfy(Self.isDigit) && looksLikeFigure(value, marks: ""))
    }

    /// A code in capitals, or one that only lacks them.
    private func looksLikeCurrency(_ value: String) -> Bool {
        let isCode = value.utf8.count == 3 && value.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isCode || Currency(code: value.uppercased()) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
