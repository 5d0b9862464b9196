/// What comes next in a document.
///
/// Character data comes with the tag after it, in one piece whatever the parts were that the document came in, whatever
/// stood in it as CDATA or as a character reference, and across comments and processing instructions. It says the
/// same, therefore, as what a schema validates.
package struct XMLEvent: Sendable {
    package enum Kind: UInt8, Sendable {
        /// A start tag; its text is the character data between the last tag and this one.
        case start
        /// An attribute of the element that started last; its text is the value.
        case attribute
        /// An end tag, or the end of an empty element; its text is the character data since the last tag.
        case end
        /// The schema finds something wrong: `XMLStreamReader.finding(of:)`.
        case finding
    }

    package let kind: Kind
    /// The element's or the attribute's local name, as an index of the reader's `names`; nil for any other name.
    package var name: Int? { nameIndex < 0 ? nil : Int(nameIndex) }
    /// The namespace, equal for equal namespaces of one reader; nil for none.
    package let namespace: XMLSymbol?
    /// The depth of the element: 1 for the root.
    package let depth: Int
    /// The line on which the tag begins, from 1.
    package let line: Int64
    /// The place of the element's first byte in the document.
    package let start: Int64
    /// For an end, the place after the element's last byte; else the place up to which the document was read.
    package let end: Int64
    /// Where the text stands in `XMLStreamReader.text`.
    package let text: Range<Int>

    let nameIndex: Int16
    let localName: XMLSymbol
    let findingIndex: Int32
}

/// A name or a namespace of a document, equal for equal texts of one reader and meaningless beside it.
package struct XMLSymbol: Hashable, Sendable {
    /// The address of libxml2's only copy of the text.
    let address: UInt

    init(_ text: UnsafePointer<UInt8>) { address = UInt(bitPattern: text) }

    /// The text, while the reader lives.
    var text: UnsafePointer<UInt8>? { UnsafePointer(bitPattern: address) }
}
