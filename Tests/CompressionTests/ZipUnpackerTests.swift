import Compression
import CompressionTesting
import SharedFileTesting
import Testing

@Suite struct ZipUnpackerTests {
    static let good: [[UInt8]] = [
        PackedSamples.zip, PackedSamples.zipWithTimes, PackedSamples.zipOfPipe, PackedSamples.zipThroughPipe,
        PackedSamples.zipWide, PackedSamples.zipStored, PackedSamples.zipInFolder, PackedSamples.zipWithComment,
        PackedSamples.zipOfPython, PackedSamples.zipStreamedByPython, PackedSamples.zipWideStreamedByPython,
    ]

    @Test(arguments: good)
    func `what other programs packed is read, and nowhere cut`(_ packed: [UInt8]) {
        for partBytes in 1...packed.count {
            #expect(PackedForm.zip.unpack(packed, partBytes: partBytes) == .success(PackedSamples.contents))
        }
        for count in 0..<packed.count {
            let code = PackedForm.zip.code(Array(packed.prefix(count)))
            #expect(code == .truncated || code == .malformed, "cut to \(count) bytes")
        }
    }

    @Test(
        arguments: [
            (PackedSamples.zipEncrypted, .entryEncrypted),
            (PackedSamples.zipOfTwo, .severalEntries),
            (PackedSamples.zipOfFolder, .entryNoFile),
            (PackedSamples.zipOfLink, .entryNoFile),
            (PackedSamples.zipOfBzip2, .methodUnsupported),
            (PackedSamples.zipEmpty, .noEntry),
            (PackedSamples.gzipBest, .malformed),
            (PackedSamples.contents, .malformed),
            ([], .truncated),
            ([UInt8](repeating: 0, count: 500_000), .malformed),
        ] as [([UInt8], UnpackError.Code)]
    )
    func `an archive that is not one plain file is refused`(packed: [UInt8], code: UnpackError.Code) {
        for partBytes in [1, 100, .max] where packed.count / partBytes < 10_000 {
            #expect(PackedForm.zip.code(packed, partBytes: partBytes) == code)
        }
    }

    static let names: [(name: [UInt8], flags: Int, code: UnpackError.Code?)] = [
        (Array("pay.csv".utf8), 0, nil),
        (Array("out/pay.csv".utf8), 0, nil),
        (Array("工资..csv".utf8), 0x800, nil),
        // In GBK: 橽 is 98 5C, whose second byte is a backslash.
        ([0x98, 0x5C, 0x2E, 0x63, 0x73, 0x76], 0, nil),
        ([], 0, .entryNameUnsafe),
        (Array("/pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("\\pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("C:pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("C:\\pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("..".utf8), 0, .entryNameUnsafe),
        (Array("../pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("a/../../pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("a\\..\\pay.csv".utf8), 0, .entryNameUnsafe),
        (Array("工\\pay.csv".utf8), 0x800, .entryNameUnsafe),
        (Array("pay.csv\0.txt".utf8), 0, .entryNameUnsafe),
        (Array("pay\n.csv".utf8), 0, .entryNameUnsafe),
        (Array("pay/".utf8), 0, .entryNoFile),
    ]

    @Test(arguments: names)
    func `names that lead elsewhere are refused in the entry and in the directory`(
        name: [UInt8],
        flags: Int,
        code: UnpackError.Code?
    ) {
        let packed = Packing.zip {
            $0.name = name
            $0.flags = flags
        }
        #expect(PackedForm.zip.code(packed) == code)
        let differing = Packing.zip {
            $0.directoryName = name
            $0.flags = flags
        }
        #expect(PackedForm.zip.code(differing) == (name == Array("pay.csv".utf8) ? nil : code ?? .malformed))
    }

    static let lies: [(what: String, packed: [UInt8], code: UnpackError.Code)] = [
        ("another checksum", Packing.zip { $0.crc = 1 }, .malformed),
        ("another checksum behind the data", Packing.zip { ($0.crc, $0.flags) = (1, 8) }, .malformed),
        ("fewer bytes", Packing.zip { $0.byteCount = 10 }, .malformed),
        ("more bytes", Packing.zip { $0.byteCount = 10_000 }, .malformed),
        ("more bytes in the directory", Packing.zip { $0.directoryByteCount = 10_000 }, .malformed),
        ("a gap before the directory", Packing.zip { $0.gap = [1, 2, 3] }, .malformed),
        ("bytes in front", Packing.zip([PackedEntry()], prefix: Array("MZ".utf8)), .malformed),
        ("a folder by its attributes", Packing.zip { $0.attributes = 0x10 }, .entryNoFile),
        ("a link by its attributes", Packing.zip { $0.attributes = 0xA1FF << 16 }, .entryNoFile),
        ("encrypted", Packing.zip { $0.flags = 1 }, .entryEncrypted),
        ("encrypted strongly", Packing.zip { $0.flags = 0x41 }, .entryEncrypted),
        ("encrypted with AES", Packing.zip { $0.method = 99 }, .entryEncrypted),
        ("two entries", Packing.zip([PackedEntry(), PackedEntry()]), .severalEntries),
        (
            "an archive behind an archive", Packing.zip([PackedEntry()]) + Packing.zip([PackedEntry()]),
            .malformed
        ),
    ]

    @Test(arguments: lies)
    func `an archive that contradicts itself is refused`(what: String, packed: [UInt8], code: UnpackError.Code) {
        for partBytes in [1, 100, .max] {
            #expect(PackedForm.zip.code(packed, partBytes: partBytes) == code, "\(what)")
        }
    }

    @Test(arguments: [0, 8], [0, 8])
    func `stored and packed data are read with their length before or behind them`(method: Int, flags: Int) {
        var contents = DeflateTests.sample(byteCount: 400_000)
        // Looks like the end of the data, but has another checksum.
        contents.replaceSubrange(1_000..<1_004, with: [0x50, 0x4B, 7, 8])
        let packed = Packing.zip { ($0.contents, $0.method, $0.flags) = (contents, method, flags) }
        for partBytes in [999, 65_536, .max] {
            #expect(PackedForm.zip.unpack(packed, partBytes: partBytes) == .success(contents))
        }
    }

    @Test func `a second entry is found behind a long first one, and a long search is cut off`() {
        var long = PackedEntry()
        long.contents = DeflateTests.sample(byteCount: 2_000_000)
        #expect(PackedForm.zip.code(Packing.zip([long, long]), partBytes: 10_000) == .severalEntries)
        long.gap = [UInt8](repeating: 0x20, count: 3_000_000)
        #expect(PackedForm.zip.code(Packing.zip([long]), partBytes: 10_000) == .malformed)
    }

    @Test func `a comment of any length is read and what follows it is not`() {
        let packed = Packing.zip([PackedEntry()], comment: String(repeating: "PK\u{5}\u{6}", count: 16_000))
        #expect(PackedForm.zip.unpack(packed, partBytes: 10_000) == .success(PackedSamples.contents))
        #expect(PackedForm.zip.code(packed + [0x20]) == .trailingBytes)
        let plain = Packing.zip([PackedEntry()], comment: "a comment")
        #expect(PackedForm.zip.code(Array(plain.dropLast())) == .truncated)
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/zip-malformed"), "needs the corpus zip-malformed"))
    func `every file of the corpus of malformed archives is refused`() throws {
        let files = try SharedFiles.files(below: "corpora/zip-malformed/files")
        for file in files {
            let bytes = try SharedFiles.bytes(file)
            let codes = [1, 7, 100, .max].map { PackedForm.zip.code(bytes, partBytes: $0) }
            #expect(codes[0] != nil && Set(codes).count == 1, "\(file): \(codes)")
        }
        #expect(files.count > 5)
    }
}
