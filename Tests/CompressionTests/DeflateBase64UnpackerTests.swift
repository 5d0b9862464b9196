import Compression
import CompressionTesting
import Testing

@Suite struct DeflateBase64UnpackerTests {
    static let contents = DeflateTests.sample(byteCount: 900)

    @Test(arguments: [nil, 4, 64, 76, 1_000], ["\n", "\r\n"])
    func `lines of any even length are read`(lineLength: Int?, lineEnd: String) {
        let packed = Packing.base64(Deflate.compress(Self.contents), lineLength: lineLength, lineEnd: lineEnd)
        for partBytes in [1, 2, 3, 5, 64, 77, .max] {
            #expect(PackedForm.deflateBase64.unpack(packed, partBytes: partBytes) == .success(Self.contents))
        }
        if lineLength != nil {
            // The last line may go without its end.
            let bare = Array(packed.dropLast(lineEnd.utf8.count))
            #expect(PackedForm.deflateBase64.unpack(bare) == .success(Self.contents))
        }
    }

    @Test(arguments: [0, 1, 6, 9])
    func `bare DEFLATE data are told from zlib's form`(level: Int) {
        for contents in [Self.contents, [], [0x78, 0x9C]] {
            let packed = Packing.base64(Packing.deflated(contents, level: level))
            #expect(PackedForm.deflateBase64.unpack(packed, partBytes: 1) == .success(contents))
        }
    }

    @Test func `a text made by another program is read`() {
        // Python: base64.encodebytes(zlib.compress(b"hello hello hello"))
        let text = Array("eJzLSM3JyVfIQJAAOi4GfQ==\n".utf8)
        #expect(PackedForm.deflateBase64.unpack(text) == .success(Array("hello hello hello".utf8)))
    }

    static let broken: [(text: String, code: UnpackError.Code, byteOffset: Int64)] = [
        ("", .truncated, 0),
        ("\n", .notBase64, 0),
        (" eJzLSM3JyVfIQJAAOi4GfQ==", .notBase64, 0),
        ("eJzL SM3JyVfIQJAAOi4GfQ==", .notBase64, 4),
        ("eJzLSM3JyVfIQJAAOi4GfQ== ", .notBase64, 24),
        ("eJzLSM3JyVfIQJAAOi4GfQ==\n\n", .notBase64, 25),
        ("eJzLSM3JyVfIQJAAOi4GfQ==\nAAAA", .notBase64, 25),
        ("eJzLSM3JyVfIQJAAOi4GfQ==AAAA", .notBase64, 24),
        ("eJzLSM3JyVfIQJAAOi4GfQ=", .truncated, 23),
        ("eJzLSM3JyVfIQJAAOi4GfQ", .truncated, 22),
        ("eJzLSM3JyVfIQJAAOi4GfR==", .notBase64, 23),
        ("eJzLSM3JyVfIQJAAOi4GfQ=A", .notBase64, 23),
        ("eJzLSM3JyVfIQJAAOi4GfQ==\r", .truncated, 25),
        ("eJzLSM3JyVfIQJAAOi4GfQ==\rA", .notBase64, 25),
        ("=JzL", .notBase64, 0),
        ("e=zL", .notBase64, 1),
        ("eJzLSM\n3JyVfIQJAAOi4GfQ==", .notBase64, 6),
        ("eJzLSM3J\nyVfI\nQJAAOi4GfQ==", .notBase64, 14),
        ("eJzL\nSM3JyVfIQJAAOi4GfQ==", .notBase64, 9),
        ("eJzLSM3JyVfIQJAAOi4GfQ-_", .notBase64, 22),
        ("eJzLSM3JyVfIQJAAOi4GfQAA", .trailingBytes, 24),
        ("////", .malformed, 4),
        ("aGVsbG8gaGVsbG8=", .malformed, 16),
    ]

    @Test(arguments: broken)
    func `broken Base64 is refused at its byte`(text: String, code: UnpackError.Code, byteOffset: Int64) {
        let found = PackedForm.deflateBase64.unpack(Array(text.utf8), partBytes: 1)
        guard case .failure(let error) = found else {
            Issue.record("\(text) was read")
            return
        }
        #expect(error.code == code)
        if code == .notBase64 { #expect(error.byteOffset == byteOffset) }
        #expect(PackedForm.deflateBase64.code(Array(text.utf8)) == code)
    }
}
