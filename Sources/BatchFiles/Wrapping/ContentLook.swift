package import Transcoding

/// What unwrapped bytes look like, by how they begin: a guess, never a proof.
package enum ContentLook: Sendable, Hashable {
    /// No bytes.
    case empty
    /// XML, with the local name of its root and the root's namespace, as far as they are among the bytes.
    case xml(root: String?, namespace: String?)
    /// A file of NACHA: its file header.
    case nacha
    /// Lines of fields with a separator between them.
    case delimited(charset: Charset, separator: UInt8)
    /// Lines of one length in bytes, without a separator.
    case fixedWidth(charset: Charset, recordBytes: Int)
    /// Text of no other kind.
    case text(charset: Charset)
    /// Text in UTF-16 or UTF-32.
    case wideText
    /// No text; named where its kind is known.
    case binary(name: String?)

    /// As a person would say it, after “looks like”.
    package var words: String {
        switch self {
        case .empty: "nothing"
        case .xml(let root, let namespace):
            "an XML document" + (root.map { " with the root ‘\($0)’" } ?? "") + (namespace.map { " of ‘\($0)’" } ?? "")
        case .nacha: "a NACHA file"
        case .delimited(let charset, let separator):
            "text in \(charset.rawValue) with ‘\(Self.name(of: separator))’ between fields"
        case .fixedWidth(let charset, let recordBytes):
            "text in \(charset.rawValue) with \(recordBytes) bytes a line"
        case .text(let charset): "text in \(charset.rawValue)"
        case .wideText: "text in UTF-16 or UTF-32"
        case .binary(let name): name ?? "binary data"
        }
    }

    private static func name(of separator: UInt8) -> String {
        separator == 0x09 ? "tab" : String(Unicode.Scalar(separator))
    }
}
