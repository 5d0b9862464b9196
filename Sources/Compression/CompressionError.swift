/// Why compressed bytes could not be read.
///
/// The description tells nothing of the contents, so it may be logged.
package enum CompressionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes are no zlib stream, or its checksum does not fit.
    case malformed
    /// The stream ends before its end mark.
    case truncated
    /// Bytes follow the end of the stream.
    case trailingBytes(byteCount: Int)
    /// The contents are longer than the caller allows; nothing beyond the limit was unpacked.
    case tooLarge(bytesMax: Int)

    package var description: String {
        switch self {
        case .malformed: "Compressed bytes are damaged or not in zlib format: get them again from where they came."
        case .truncated: "Compressed bytes end too early: they were cut. Get them again from where they came."
        case .trailingBytes(let byteCount):
            "\(byteCount) bytes follow the end of the compressed bytes: refused, as nobody vouches for them."
        case .tooLarge(let bytesMax):
            "Compressed bytes unpack to more than the allowed \(bytesMax) bytes: check the sender, or raise the limit."
        }
    }
}
