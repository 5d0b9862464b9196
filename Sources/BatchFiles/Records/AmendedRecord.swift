package import PaymentCore

/// A record that was set aside, as it is to be now: what was sent, what a person made of it, and why it was set aside.
package struct AmendedRecord: Sendable {
    /// Its line in the file that it is judged for.
    package let line: LineNumber
    /// What its columns said; nil where they could not be told apart.
    package let sent: FieldTexts?
    /// What they are to say; nil as long as nobody has said it of columns that could not be told apart.
    package let texts: FieldTexts?
    /// Why it was set aside.
    package let reasons: [RecordReason]

    /// `amended`: all texts of the record; nil where none was amended.
    package init(line: LineNumber, sent: FieldTexts?, amended: FieldTexts?, reasons: [RecordReason]) {
        self.line = line
        self.sent = sent
        self.texts = amended ?? sent
        self.reasons = reasons
    }

    /// The fields that say something else now than what was sent.
    package var amendedFields: Set<RecordField> { texts?.changed(since: sent) ?? [] }
}

/// What the judgement of an amended record comes to.
package struct AmendedJudgement: Sendable {
    /// Whether an order can be made of it.
    package let isOrder: Bool
    package let merchantOrderNumber: String?
    package let accountNumber: String?
    package let amount: Money?
    /// What is still wrong with it, warnings included.
    package let reasons: [RecordReason]
}

extension RecordReason {
    /// A reason as it is stored; nil for one that no reader or checker gave, as a channel's refusal.
    package init?(code: String, field: String?, maskedValue: String, mend: String) {
        guard let code = ReasonCode(rawValue: code) else { return nil }
        self.init(
            code: code,
            severity: .quarantine,
            field: field.flatMap(RecordField.init),
            maskedValue: maskedValue,
            mend: mend
        )
    }
}
