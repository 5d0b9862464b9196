import Compression
import Testing

@Suite struct DeflateTests {
    /// Bytes that compress a little, different for each seed.
    static func sample(byteCount: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<byteCount).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33) & 0x1F
        }
    }

    @Test(arguments: [0, 1, 2, 100, 4_095, 4_096, 4_097, 100_000, 3_000_000])
    func `bytes come back from every level`(_ byteCount: Int) throws {
        let bytes = Self.sample(byteCount: byteCount)
        for level in [0, 1, 6, 9] {
            let compressed = Deflate.compress(bytes, level: level)
            #expect(try Deflate.decompress(compressed, bytesMax: byteCount) == bytes)
            #expect(try Deflate.decompress(compressed, byteCount: byteCount) == bytes)
        }
        #expect(Deflate.compress(bytes) == Deflate.compress(bytes, level: 1))
    }

    @Test func `a stream made by another program is read`() throws {
        // Python: zlib.compress(b"hello hello hello")
        let stream: [UInt8] = [
            0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x90, 0x00, 0x3A, 0x2E, 0x06, 0x7D,
        ]
        #expect(try Deflate.decompress(stream, bytesMax: 100) == Array("hello hello hello".utf8))
    }

    @Test(arguments: [1, 2, 5_000, 100_000])
    func `contents of exactly the limit pass and one byte more does not`(_ byteCount: Int) throws {
        let compressed = Deflate.compress(Self.sample(byteCount: byteCount))
        #expect(try Deflate.decompress(compressed, bytesMax: byteCount).count == byteCount)
        #expect(throws: CompressionError.tooLarge(bytesMax: byteCount - 1)) {
            try Deflate.decompress(compressed, bytesMax: byteCount - 1)
        }
    }

    @Test func `a stream that unpacks to a thousand times its size stops at the limit`() {
        let bomb = Deflate.compress([UInt8](repeating: 0, count: 50_000_000), level: 9)
        #expect(bomb.count < 60_000)
        #expect(throws: CompressionError.tooLarge(bytesMax: 10_000)) {
            try Deflate.decompress(bomb, bytesMax: 10_000)
        }
    }

    @Test func `a stream cut anywhere is refused as truncated`() {
        let compressed = Deflate.compress(Self.sample(byteCount: 500))
        for count in 0..<compressed.count {
            #expect(throws: CompressionError.truncated, "cut to \(count) bytes") {
                try Deflate.decompress(Array(compressed.prefix(count)), bytesMax: 1_000)
            }
        }
    }

    @Test(arguments: [1, 2, 5_000, 100_000])
    func `contents of another size than is known are refused`(_ byteCount: Int) {
        let compressed = Deflate.compress(Self.sample(byteCount: byteCount))
        for wrong in [0, byteCount / 2, byteCount - 1] {
            #expect(throws: CompressionError.tooLarge(bytesMax: wrong)) {
                try Deflate.decompress(compressed, byteCount: wrong)
            }
        }
        #expect(throws: CompressionError.truncated) { try Deflate.decompress(compressed, byteCount: byteCount + 1) }
        #expect(throws: CompressionError.malformed) {
            try Deflate.decompress(Array(compressed.dropLast()), byteCount: byteCount)
        }
        #expect(throws: CompressionError.trailingBytes(byteCount: 2)) {
            try Deflate.decompress(compressed + [0, 0], byteCount: byteCount)
        }
    }

    @Test(arguments: [1, 2, 10_000])
    func `bytes after the end of the stream are refused`(_ byteCount: Int) {
        let compressed = Deflate.compress([1, 2, 3])
        #expect(throws: CompressionError.trailingBytes(byteCount: byteCount)) {
            try Deflate.decompress(compressed + [UInt8](repeating: 0, count: byteCount), bytesMax: 1_000)
        }
    }

    @Test func `no single changed byte gives other contents`() {
        let bytes = Self.sample(byteCount: 300)
        let compressed = Deflate.compress(bytes)
        for index in compressed.indices {
            var damaged = compressed
            damaged[index] ^= 0x10
            let contents = try? Deflate.decompress(damaged, bytesMax: 10_000)
            #expect(contents == nil || contents == bytes, "byte \(index)")
        }
    }

    @Test(arguments: [[0x1F, 0x8B, 8, 0], [0, 0], [0x50, 0x4B, 3, 4], [0x78, 0xBB, 0, 0, 0, 1, 0, 0]] as [[UInt8]])
    func `what is no plain zlib stream is refused as malformed`(_ bytes: [UInt8]) {
        #expect(throws: CompressionError.malformed) { try Deflate.decompress(bytes, bytesMax: 1_000) }
    }
}
