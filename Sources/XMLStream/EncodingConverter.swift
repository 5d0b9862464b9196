import Glibc

/// Turns a stream of one encoding into UTF-8 with glibc's `iconv`, part by part.
struct EncodingConverter: ~Copyable {
    enum Outcome {
        /// Everything was converted but `rest` bytes, an incomplete character.
        case converted(rest: Int)
        /// The bytes after the first `good` are no character.
        case invalid(good: Int)
    }

    private let descriptor: iconv_t

    /// Nil when this machine has no such converter.
    init?(from encoding: XMLEncoding) {
        // No "//TRANSLIT" and no "//IGNORE": a character that does not fit must be an error.
        guard let descriptor = iconv_open("UTF-8", encoding.rawValue), descriptor != iconv_t(bitPattern: -1) else {
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { iconv_close(descriptor) }

    /// The characters of `source` in UTF-8.
    func convert(_ source: Span<UInt8>) -> (Outcome, [UInt8]) {
        var outcome = Outcome.converted(rest: 0)
        // No byte of these encodings becomes more than three of UTF-8.
        let room = source.count * 3 + 8
        let produced = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            source.withUnsafeBytes { source in
                // iconv only reads the source, though its parameter is not const.
                var input = UnsafeMutableRawPointer(mutating: source.baseAddress)?
                    .assumingMemoryBound(to: CChar.self)
                var inputLeft = source.count
                var output = UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
                var outputLeft = room
                let status = iconv(descriptor, &input, &inputLeft, &output, &outputLeft)
                count = room - outputLeft
                if status == -1 {
                    precondition(errno != E2BIG, "the buffer of a conversion is too small")
                    outcome =
                        errno == EINVAL ? .converted(rest: inputLeft) : .invalid(good: source.count - inputLeft)
                }
            }
        }
        return (outcome, produced)
    }
}
