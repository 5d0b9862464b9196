import Glibc

/// One direction of glibc's `iconv`: whole strings, all or nothing.
struct Converter: ~Copyable {
    private static let unicode = "UTF-8"

    /// `nil` for the charsets that need no converter.
    private let descriptor: iconv_t?

    /// Converts bytes of `charset` to UTF-8; traps when glibc has no such converter (`Charset.isAvailable`).
    init(decoding charset: Charset) {
        descriptor = charset.isConverted ? Self.opened(from: charset.rawValue, to: Self.unicode) : nil
        precondition(!charset.isConverted || descriptor != nil, "glibc lacks a converter: install its gconv modules")
    }

    /// Converts UTF-8 to bytes of `charset`; traps when glibc has no such converter (`Charset.isAvailable`).
    init(encoding charset: Charset) {
        descriptor = charset.isConverted ? Self.opened(from: Self.unicode, to: charset.rawValue) : nil
        precondition(!charset.isConverted || descriptor != nil, "glibc lacks a converter: install its gconv modules")
    }

    deinit {
        if let descriptor { iconv_close(descriptor) }
    }

    static func isAvailable(_ charset: Charset) -> Bool {
        guard let descriptor = opened(from: charset.rawValue, to: unicode) else { return false }
        iconv_close(descriptor)
        return true
    }

    private static func opened(from source: String, to target: String) -> iconv_t? {
        // No "//TRANSLIT" and no "//IGNORE": a character that does not fit must be an error.
        let descriptor = iconv_open(target, source)
        return descriptor == iconv_t(bitPattern: -1) ? nil : descriptor
    }

    /// The most bytes of UTF-8 that so many bytes of a charset become.
    ///
    /// GBK writes the euro sign, three bytes of UTF-8, in one; nothing else grows as much.
    static func unicodeBytesMax(decoding byteCount: Int) -> Int { byteCount * 3 }

    /// Writes the conversion of `source` and returns how many bytes it has.
    ///
    /// `nil` when the source has an invalid or incomplete sequence, or a character that the target cannot carry.
    func convert(_ source: UnsafeBufferPointer<UInt8>, into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard let descriptor else { preconditionFailure("a charset without a converter was sent to one") }
        // Forget what an earlier, failed conversion left in the descriptor.
        iconv(descriptor, nil, nil, nil, nil)
        // iconv only reads the source, though its parameter is not const.
        var input = UnsafeMutableRawPointer(mutating: source.baseAddress)?.assumingMemoryBound(to: CChar.self)
        var inputLeft = source.count
        var output = target.baseAddress?.assumingMemoryBound(to: CChar.self)
        var outputLeft = target.count
        // A positive result counts characters that were replaced without a way back.
        let replaced = iconv(descriptor, &input, &inputLeft, &output, &outputLeft)
        if replaced == -1 {
            // EILSEQ: invalid; EINVAL: incomplete at the end. E2BIG cannot be: callers give the most a result can take.
            precondition(errno != E2BIG, "the buffer of a conversion is too small")
            return nil
        }
        guard replaced == 0, inputLeft == 0 else { return nil }
        // Nothing may be left pending inside the descriptor.
        guard iconv(descriptor, nil, nil, &output, &outputLeft) == 0 else { return nil }
        return target.count - outputLeft
    }
}
