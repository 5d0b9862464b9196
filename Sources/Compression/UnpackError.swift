/// Why packed bytes that come in parts could not be unpacked.
///
/// The description tells nothing of the contents, so it may be logged.
package struct UnpackError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of a failure.
    package enum Code: String, Error, CaseIterable {
        /// The bytes are not of the form, or a checksum or length does not fit.
        case malformed
        /// The bytes end before the end of what was packed.
        case truncated
        /// Bytes follow the end of what was packed.
        case trailingBytes = "trailing_bytes"
        /// The contents are longer than the limit.
        case tooLarge = "too_large"
        /// The contents are so many times longer than the packed bytes that they are taken for an attack.
        case ratioTooHigh = "ratio_too_high"
        /// A byte is none of Base64, or lines or padding break its rules.
        case notBase64 = "not_base64"
        /// The archive holds nothing.
        case noEntry = "no_entry"
        /// The archive holds more than one entry.
        case severalEntries = "several_entries"
        /// The entry is a folder or a link.
        case entryNoFile = "entry_no_file"
        /// The entry's name is absolute, leads upwards, or has characters that no name should have.
        case entryNameUnsafe = "entry_name_unsafe"
        /// The entry is encrypted.
        case entryEncrypted = "entry_encrypted"
        /// The entry is packed with another method than DEFLATE.
        case methodUnsupported = "method_unsupported"
    }

    package let code: Code
    /// How many of the packed bytes were read when this was found.
    package let byteOffset: Int64

    package init(code: Code, byteOffset: Int64) {
        self.code = code
        self.byteOffset = byteOffset
    }

    package var description: String {
        let found =
            switch code {
            case .malformed: "packed bytes are damaged or not of this form: get them again from where they came"
            case .truncated: "packed bytes end too early: they were cut, get them again from where they came"
            case .trailingBytes: "bytes follow the end of what was packed: refused, as nobody vouches for them"
            case .tooLarge: "packed bytes unpack to more than is allowed: check the sender, or raise the limit"
            case .ratioTooHigh: "packed bytes unpack to suspiciously many: check the sender, or raise the limit"
            case .notBase64: "not Base64 in even lines with its padding: get the bytes again from where they came"
            case .noEntry: "the archive is empty: pack one file"
            case .severalEntries: "the archive holds more than one entry: pack one file"
            case .entryNoFile: "the archive holds a folder or a link: pack one file"
            case .entryNameUnsafe:
                "the name in the archive is not that of a plain file: pack the file by its name alone"
            case .entryEncrypted: "the archive is encrypted: pack the file without a password"
            case .methodUnsupported: "the archive is not packed with DEFLATE: pack the file with it"
            }
        return "\(code.rawValue) at packed byte \(byteOffset): \(found)."
    }
}
