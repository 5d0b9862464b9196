/// What the columns of one record say, field by field: as they were sent, or as a person has amended them.
///
/// Personal data: sealed at rest, never logged (R15). A field without a text is one of which nothing is known but what
/// the reasons of its record say: its bytes are no text of the charset, or it was not kept. An empty column has an
/// empty text.
package struct FieldTexts: Sendable {
    private var texts: [RecordField: String] = [:]
    /// What the record says of the form of its account and its bank, in formats that have an element for each form.
    private(set) var stated = StatedForms()

    package init(_ texts: [RecordField: String] = [:]) { self.texts = texts }

    init(_ texts: [RecordField: String], stated: StatedForms) {
        self.texts = texts
        self.stated = stated
    }

    /// The text of a field.
    package subscript(field: RecordField) -> String? {
        get { texts[field] }
        set { texts[field] = newValue }
    }

    /// The fields that have a text, in the order in which fields are listed.
    package var fields: [RecordField] { RecordField.allCases.filter { texts[$0] != nil } }

    /// The fields whose texts are not those of `earlier`, byte by byte: texts that only look the same differ.
    package func changed(since earlier: FieldTexts?) -> Set<RecordField> {
        Set(
            RecordField.allCases.filter { field in
                switch (texts[field], earlier?[field]) {
                case (nil, nil): false
                case (let now?, let before?): !now.utf8.elementsEqual(before.utf8)
                case (nil, _?), (_?, nil): true
                }
            }
        )
    }
}
