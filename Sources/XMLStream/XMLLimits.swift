/// Bounds on what a document may make a reader hold.
package struct XMLLimits: Sendable, Hashable {
    /// The most elements that are open at once.
    package let depthMax: Int
    /// The most bytes, in UTF-8, of the text between two tags.
    package let textBytesMax: Int
    /// The most attributes of one element.
    package let attributesMax: Int
    /// The most bytes, in UTF-8, of the values of one element's attributes.
    package let attributeBytesMax: Int
    /// The most bytes, in UTF-8, of a tag, a comment or another mark.
    package let markupBytesMax: Int

    package init(
        depthMax: Int = 64,
        textBytesMax: Int = 1_024 * 1_024,
        attributesMax: Int = 64,
        attributeBytesMax: Int = 64 * 1_024,
        markupBytesMax: Int = 1_024 * 1_024
    ) {
        // libxml2 keeps limits of its own, of which these stay clear so that ours speak first.
        precondition((1...200).contains(depthMax), "a depth is 1 through 200")
        precondition(
            [textBytesMax, attributeBytesMax, markupBytesMax].allSatisfy { (1...8 * 1_024 * 1_024).contains($0) },
            "a length is 1 through 8 MiB"
        )
        precondition(attributesMax >= 0, "a number of attributes is not negative")
        self.depthMax = depthMax
        self.textBytesMax = textBytesMax
        self.attributesMax = attributesMax
        self.attributeBytesMax = attributeBytesMax
        self.markupBytesMax = markupBytesMax
    }
}
