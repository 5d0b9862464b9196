/// Why a document cannot be read to its end.
///
/// The words name a place and what is wrong there, never content: they are safe to log.
package struct XMLDefect: Error, Sendable, Hashable {
    /// The stable name of a defect.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The document has no byte.
        case empty
        /// The document is not well-formed XML with namespaces.
        case notWellFormed
        /// The document has a document type declaration, with which entities and other files come in.
        case documentType
        /// The document is in an encoding that is not read, or this machine lacks its converter.
        case encodingUnsupported
        /// The declaration names another encoding than the one that the first bytes are in.
        case encodingContradiction
        /// Bytes are not in the document's encoding.
        case undecodableBytes
        /// Elements are nested more deeply than the limit.
        case tooDeep
        /// The text between two tags is longer than the limit.
        case textTooLong
        /// An element has more attributes, or longer ones, than the limit.
        case attributesTooLong
        /// A tag, a comment or another mark does not end within the limit.
        case markupTooLong
    }

    package let code: Code
    /// The line, from 1; 0 where no line is meant.
    package let line: Int64
    /// The offset in the document up to which it was read.
    package let byteOffset: Int64
    /// The number that libxml2 gives to what it found; 0 for a finding of our own.
    package let libraryCode: Int32
    package let what: String

    init(_ code: Code, line: Int64, byteOffset: Int64, libraryCode: Int32 = 0, what: String) {
        self.code = code
        self.line = line
        self.byteOffset = byteOffset
        self.libraryCode = libraryCode
        self.what = what
    }
}

extension XMLDefect: CustomStringConvertible {
    package var description: String { "line \(line) (byte \(byteOffset)): \(what)" }
}
