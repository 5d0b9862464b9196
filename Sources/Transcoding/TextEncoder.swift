/// Turns text into bytes of one charset, or says that the charset cannot carry it.
///
/// Never writes a question mark or a similar character instead, and never leaves one out.
package struct TextEncoder: ~Copyable {
    private let charset: Charset
    private let there: Converter
    private let back: Converter

    /// An encoder of `charset`, which must be available (`Charset.isAvailable`).
    package init(charset: Charset) {
        self.charset = charset
        there = Converter(encoding: charset)
        back = Converter(decoding: charset)
    }

    /// The bytes of `string`; `nil` when the charset lacks one of its characters.
    package func encode(_ string: String) -> [UInt8]? {
        let source = Array(string.utf8)
        return source.withUnsafeBufferPointer { text -> [UInt8]? in
            if text.isASCII { return source }
            switch charset {
            case .utf8: return source
            case .latin1: return Self.latin1(string)
            case .gbk, .gb18030: return converted(text)
            }
        }
    }

    private static func latin1(_ string: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in string.unicodeScalars {
            guard let byte = UInt8(exactly: scalar.value) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private func converted(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // One byte stays one, two or three bytes of UTF-8 become at most four.
        withUnsafeTemporaryAllocation(byteCount: text.count * 2 + 4, alignment: 1) { target -> [UInt8]? in
            guard let count = there.convert(text, into: target) else { return nil }
            // glibc drops tag characters (U+E0000 to U+E007F) in silence and maps some characters onto others, so
            // only what comes back unchanged counts as carried.
            let isCarried = withUnsafeTemporaryAllocation(
                byteCount: Converter.unicodeBytesMax(decoding: count),
                alignment: 1
            ) { again in
                let encoded = UnsafeRawBufferPointer(rebasing: target[..<count]).bindMemory(to: UInt8.self)
                guard let countAgain = back.convert(encoded, into: again) else { return false }
                return again[..<countAgain].elementsEqual(text)
            }
            return isCarried ? Array(target[..<count]) : nil
        }
    }
}
