/// Something wrong with a record that its reader saw; what it does to the record is for the merchant's rules to say.
package struct RecordFinding: Sendable, Hashable {
    package let code: ReasonCode
    /// The field it is about; nil when it is about the record.
    package let field: RecordField?
    /// The value found, as it stands there: it is masked before anybody sees it, where it may be of a person.
    package let value: String
    /// Whether the value may be of a person; else it is shown as it stands there, made safe for a terminal.
    package let isPersonal: Bool
    /// What the merchant can do, and at which place; nil for what the code says.
    ///
    /// It is shown as it is, so it never holds a value.
    package let mend: String?

    package init(code: ReasonCode, field: RecordField?, value: String, isPersonal: Bool = true, mend: String? = nil) {
        self.code = code
        self.field = field
        self.value = value
        self.isPersonal = isPersonal
        self.mend = mend
    }
}
