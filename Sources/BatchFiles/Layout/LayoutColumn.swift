/// One column of a layout, in the order of the file.
package struct LayoutColumn: Sendable, Hashable {
    package let title: String
    /// What it means to an order; nil for a column that is only counted.
    package let field: RecordField?
    /// Whether an empty value is an error.
    ///
    /// Mandatory fields always are required.
    package let isRequired: Bool
    /// The most characters (Unicode scalars) of a value.
    package let lengthMax: Int

    package init(title: String, field: RecordField? = nil, isRequired: Bool = false, lengthMax: Int? = nil) {
        self.title = title
        self.field = field
        self.isRequired = isRequired || field?.isMandatory == true
        self.lengthMax = lengthMax ?? field?.lengthMaxDefault ?? 1_000
    }
}
