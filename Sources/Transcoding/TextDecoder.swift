/// Turns bytes of one charset into text, or says that they are none.
///
/// Nothing is ever replaced or left out: one invalid or incomplete sequence makes the whole result `nil`.
package struct TextDecoder: ~Copyable {
    private let charset: Charset
    private let converter: Converter

    /// A decoder of `charset`, which must be available (`Charset.isAvailable`).
    package init(charset: Charset) {
        self.charset = charset
        converter = Converter(decoding: charset)
    }

    /// The text of `bytes`; `nil` when a sequence in them is invalid or incomplete.
    package mutating func decode(_ bytes: Span<UInt8>) -> String? {
        bytes.withUnsafeBufferPointer { bytes in
            // All the charsets agree with ASCII as long as no byte has its high bit set.
            if bytes.isASCII { return String(decoding: bytes, as: UTF8.self) }
            switch charset {
            case .utf8:
                guard let valid = try? UTF8Span(validating: bytes.span) else { return nil }
                return String(copying: valid)
            case .latin1: return Self.latin1(bytes)
            case .gbk, .gb18030: return converted(bytes)
            }
        }
    }

    /// Appends the text of `bytes` in UTF-8; `false`, and nothing is appended, when a sequence in them is invalid or
    /// incomplete.
    package mutating func decode(_ bytes: Span<UInt8>, appendingTo text: inout [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            if bytes.isASCII || (charset == .utf8 && (try? UTF8Span(validating: bytes.span)) != nil) {
                text.append(contentsOf: bytes)
                return true
            }
            switch charset {
            case .utf8: return false
            case .latin1:
                for byte in bytes { text.append(contentsOf: UTF8.encode(Unicode.Scalar(byte)) ?? .init()) }
                return true
            case .gbk, .gb18030:
                guard let converted = converted(bytes) else { return false }
                text.append(contentsOf: converted.utf8)
                return true
            }
        }
    }

    /// The text of `bytes`; `nil` when a sequence in them is invalid or incomplete.
    package mutating func decode(_ bytes: ArraySlice<UInt8>) -> String? {
        decode(bytes.span)
    }

    /// The text of `bytes`; `nil` when a sequence in them is invalid or incomplete.
    package mutating func decode(_ bytes: [UInt8]) -> String? {
        decode(bytes.span)
    }

    private static func latin1(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }

    private func converted(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Converter.unicodeBytesMax(decoding: bytes.count), alignment: 1) {
            target in
            guard let count = converter.convert(bytes, into: target) else { return nil }
            return String(validating: UnsafeRawBufferPointer(rebasing: target[..<count]), as: UTF8.self)
        }
    }
}
