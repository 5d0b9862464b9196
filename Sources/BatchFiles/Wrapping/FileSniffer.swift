import Compression
import Transcoding

/// Tells by its first bytes how a file is wrapped and of what kind its content seems to be.
///
/// Good for holding a declaration against, and for a first guess where there is none.
package enum FileSniffer {
    /// What a file looks like.
    package struct Finding: Sendable, Hashable {
        package let wrapping: Wrapping.Kind
        package let content: ContentLook

        package init(wrapping: Wrapping.Kind, content: ContentLook) {
            self.wrapping = wrapping
            self.content = content
        }

        /// As a person would say it, after “begins like”.
        package var words: String {
            switch (wrapping, content) {
            case (.none, _): content.words
            case (_, .empty): wrapping.words
            default: "\(wrapping.words) with \(content.words) in it"
            }
        }
    }

    /// So many bytes of a file are enough for `sniff`.
    package static let bytesMax = 512 * 1_024
    /// So many bytes are enough to tell the wrapping, and to contradict a declared format.
    static let headBytes = 1_024
    /// So many bytes of content are looked at.
    static let contentBytesMax = 16 * 1_024

    static let gzipMark: [UInt8] = [0x1F, 0x8B, 0x08]
    static let zipMark: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    private static let emptyZipMark: [UInt8] = [0x50, 0x4B, 0x05, 0x06]

    /// Looks at the first `bytesMax` bytes of a file, or at all where there are fewer.
    package static func sniff(_ beginning: ArraySlice<UInt8>) -> Finding {
        let kind = wrapping(ofFileBeginning: beginning)
        guard kind != .none else { return Finding(wrapping: .none, content: content(ofBeginning: beginning)) }
        return Finding(wrapping: kind, content: content(ofBeginning: unwrapped(beginning, kind)[...]))
    }

    /// The wrapping that a file with these first bytes seems to have.
    static func wrapping(ofFileBeginning bytes: ArraySlice<UInt8>) -> Wrapping.Kind {
        if bytes.starts(with: gzipMark) { return .gzip }
        if bytes.starts(with: zipMark) || bytes.starts(with: emptyZipMark) { return .zip }
        return isPackedBase64(bytes) ? .deflateBase64 : .none
    }

    /// Whether there is nothing but digits of Base64, padding and line ends.
    static func isBase64Text(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), 0x0A,
                0x0D:
                true
            default: false
            }
        }
    }

    /// What content with these first bytes seems to be.
    static func content(ofBeginning bytes: ArraySlice<UInt8>) -> ContentLook {
        TextLook.look(bytes.prefix(contentBytesMax))
    }

    /// Whether the text is Base64 of what begins with zlib's header and unpacks to something.
    ///
    /// Digits alone may be Base64, and bare data too: those are only found by their declaration.
    private static func isPackedBase64(_ bytes: ArraySlice<UInt8>) -> Bool {
        let beginning = bytes.prefix(headBytes)
        return DeflateBase64Unpacker.isOfZlibForm(beginning: beginning) && isBase64Text(beginning)
            && !unwrapped(beginning, .deflateBase64).isEmpty
    }

    /// What comes out of the beginning of a wrapped file, up to where it ends or breaks.
    private static func unwrapped(_ beginning: ArraySlice<UInt8>, _ kind: Wrapping.Kind) -> [UInt8] {
        struct Enough: Error {}
        var content: [UInt8] = []
        let take: (ArraySlice<UInt8>) throws -> Void = { slice in
            content += slice.prefix(contentBytesMax - content.count)
            if content.count == contentBytesMax { throw Enough() }
        }
        do {
            switch kind {
            case .none: try take(beginning)
            case .gzip:
                var unpacker = GzipUnpacker()
                try unpacker.unpack(beginning, isLast: true, take)
            case .zip:
                var unpacker = ZipUnpacker()
                try unpacker.unpack(beginning, isLast: true, take)
            case .deflateBase64:
                var unpacker = DeflateBase64Unpacker()
                try unpacker.unpack(beginning, isLast: true, take)
            }
        } catch {
            // The beginning of a file is no whole file, so that it ends too early is what is to be expected.
        }
        return content
    }
}
