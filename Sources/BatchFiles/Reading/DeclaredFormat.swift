/// What files are that were submitted under the name of a layout: their format, and how they are packed on their way.
package struct DeclaredFormat: Sendable {
    package let format: FileFormat
    package let wrapping: Wrapping

    package init(_ format: FileFormat, wrapping: Wrapping = .none) {
        self.format = format
        self.wrapping = wrapping
    }

    /// The name of the layout.
    package var name: String { format.name }

    /// What its records hold.
    package var form: RecordForm { format.form }
}
