/// Something wrong with a record that its reader saw; what it does to the record is for the merchant's rules to say.
package struct RecordFinding: Sendable, Hashable {
    package let code: ReasonCode
    /// The field it is about; nil when it is about the record.
    package let field: RecordField?
    /// The value found, as it stands there: it is masked before anybody sees it.
    package let value: String
    /// What the merchant can do, and at which place; nil for what the code says.
    ///
    /// It is shown as it is, so it never holds a value.
    package let mend: String?

    package init(code: ReasonCode, field: RecordField?, value: String, mend: String? = nil) {
        self.code = code
        self.field = field
        self.value = value
        self.mend = mend
    }
}
