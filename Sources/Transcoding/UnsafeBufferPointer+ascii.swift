extension UnsafeBufferPointer<UInt8> {
    /// Whether no byte has its high bit set; looks at eight bytes at a time.
    var isASCII: Bool {
        let bytes = UnsafeRawBufferPointer(self)
        let wordsEnd = bytes.count & ~7
        var offset = 0
        while offset < wordsEnd {
            if bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
                return false
            }
            offset += 8
        }
        while offset < bytes.count {
            if bytes[offset] >= 0x80 { return false }
            offset += 1
        }
        return true
    }
}
