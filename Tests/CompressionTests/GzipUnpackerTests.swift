import Compression
import CompressionTesting
import Testing

@Suite struct GzipUnpackerTests {
    @Test(arguments: [PackedSamples.gzipBest, PackedSamples.gzipFast])
    func `what gzip packed is read`(_ packed: [UInt8]) {
        for partBytes in 1...packed.count {
            #expect(PackedForm.gzip.unpack(packed, partBytes: partBytes) == .success(PackedSamples.contents))
        }
    }

    @Test func `several members are one file`() {
        let contents = DeflateTests.sample(byteCount: 1_000)
        let members = [contents[..<10], contents[10..<10], contents[10..<999], contents[999...]]
        let packed = members.flatMap { Packing.gzip(Array($0)) }
        for partBytes in 1...packed.count {
            #expect(PackedForm.gzip.unpack(packed, partBytes: partBytes) == .success(contents))
        }
        #expect(PackedForm.gzip.code(Array(packed.dropLast())) == .truncated)
    }

    @Test func `a member's checksum and length must fit`() {
        let contents = DeflateTests.sample(byteCount: 1_000)
        #expect(PackedForm.gzip.code(Packing.gzip(contents, crc: 1)) == .malformed)
        #expect(PackedForm.gzip.code(Packing.gzip(contents, byteCount: 999)) == .malformed)
        #expect(PackedForm.gzip.code(Packing.gzip(contents) + Packing.gzip(contents, crc: 1)) == .malformed)
    }

    @Test(arguments: [[0], [0, 0, 0, 0], [0x0A], Array("PK".utf8)] as [[UInt8]])
    func `not even padding may follow the last member`(_ more: [UInt8]) {
        let packed = Packing.gzip([1, 2, 3])
        let error = UnpackError(code: .trailingBytes, byteOffset: Int64(packed.count))
        #expect(PackedForm.gzip.unpack(packed + more, partBytes: 1) == .failure(error))
    }

    @Test func `neither zlib's form nor bare data nor text is gzip`() {
        let contents = DeflateTests.sample(byteCount: 100)
        for bytes in [Deflate.compress(contents), Packing.deflated(contents), contents] {
            #expect(PackedForm.gzip.code(bytes) == .malformed)
        }
    }
}
