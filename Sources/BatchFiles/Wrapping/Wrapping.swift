package import Compression

/// How a batch file is packed on its way.
///
/// Places in a file, as in messages and ranges of bytes, are those of its content, once unwrapped.
package struct Wrapping: Sendable, Hashable {
    /// The stable name of a wrapping, as in layouts.
    package enum Kind: String, Sendable, CaseIterable {
        /// The file is its content.
        case none
        /// gzip (RFC 1952), of one member or several.
        case gzip
        /// A zip archive with one file in it.
        case zip
        /// Base64 of DEFLATE data, in zlib's form or bare, in lines or not.
        case deflateBase64 = "deflate_base64"

        /// As a person would say it.
        var words: String {
            switch self {
            case .none: "not packed"
            case .gzip: "gzip"
            case .zip: "a zip archive"
            case .deflateBase64: "Base64 of packed data"
            }
        }
    }

    package let kind: Kind
    /// How much may come out of a file.
    package let limits: UnpackLimits

    package init(_ kind: Kind, limits: UnpackLimits = UnpackLimits()) {
        self.kind = kind
        self.limits = limits
    }

    /// The file is its content.
    package static let none = Wrapping(.none)
}
