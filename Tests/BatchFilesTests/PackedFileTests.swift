import BatchFiles
import Compression
import CompressionTesting
import PaymentCore
import Testing

/// Files that come packed are read like plain ones, or refused with what is wrong.
@Suite struct PackedFileTests {
    static let packed: [Wrapping.Kind] = [.gzip, .zip, .deflateBase64]

    static let text =
        (1...40).map { "A-\($0),6228480040106028109,张三,102100099996,\($0).50,wages\n" }.joined()
        + "bad line\n\n" + (41...80).map { "A-\($0),6228480040106028109,\"李,四\",,\($0).50,\n" }.joined()

    static func pack(_ content: [UInt8], _ kind: Wrapping.Kind) -> [UInt8] {
        switch kind {
        case .none: content
        case .gzip: Packing.gzip(content)
        case .zip: Packing.zip { $0.contents = content }
        case .deflateBase64: Packing.base64(Deflate.compress(content), lineLength: 76)
        }
    }

    /// The records of a file that comes by parts of at most `partBytes`, or what is wrong with it.
    static func read(
        _ bytes: [UInt8],
        _ wrapping: Wrapping,
        format: FileFormat? = nil,
        startingAt position: ReadPosition = .start,
        partBytes: Int = .max
    ) throws -> (records: [SeenRecord], defect: FileDefect?) {
        var reader = BatchFileReader(
            format: try format ?? .delimited(Samples.layout()),
            wrapping: wrapping,
            startingAt: position
        )
        var records: [SeenRecord] = []
        var rest = bytes.dropFirst(Int(reader.byteOffset))
        do {
            repeat {
                let part = rest.prefix(partBytes)
                rest = rest.dropFirst(part.count)
                try reader.read(part, isLast: rest.isEmpty) { records.append(SeenRecord($0)) }
            } while !rest.isEmpty
        } catch let defect as FileDefect {
            return (records, defect)
        }
        return (records, nil)
    }

    @Test(arguments: packed)
    func `a packed file has the records of the plain one, whatever the parts`(kind: Wrapping.Kind) throws {
        let content = Array(Self.text.utf8)
        let plain = try Self.read(content, .none)
        #expect(plain.records.count == 81)
        #expect(plain.records.last?.byteRange.upperBound == Int64(content.count))
        let bytes = Self.pack(content, kind)
        for partBytes in [1, 2, 7, 100, 1_023, 1_024, 1_025, .max] {
            let found = try Self.read(bytes, Wrapping(kind), partBytes: partBytes)
            #expect(found.defect == nil)
            #expect(found.records == plain.records)
        }
    }

    @Test(arguments: Wrapping.Kind.allCases)
    func `reading goes on behind any record`(kind: Wrapping.Kind) throws {
        let bytes = Self.pack(Array(Self.text.utf8), kind)
        let whole = try Self.read(bytes, Wrapping(kind)).records
        for (index, record) in whole.enumerated() {
            for partBytes in [500, Int.max] {
                let rest = try Self.read(bytes, Wrapping(kind), startingAt: record.next, partBytes: partBytes)
                #expect(rest.defect == nil)
                #expect(rest.records == Array(whole[(index + 1)...]))
            }
        }
    }

    @Test(arguments: Wrapping.Kind.allCases)
    func `a file without a byte, packed or not, is empty`(kind: Wrapping.Kind) throws {
        #expect(try Self.read([], Wrapping(kind)).defect?.code == .emptyFile)
        #expect(try Self.read(Self.pack([], kind), Wrapping(kind)).defect?.code == .emptyFile)
    }

    static let refused: [(what: String, kind: Wrapping.Kind, bytes: [UInt8], code: FileDefect.Code)] = [
        ("cut", .gzip, Array(Packing.gzip(Packing.contents).dropLast()), .wrappingBroken),
        ("followed by more", .gzip, Packing.gzip(Packing.contents) + [0], .wrappingBroken),
        ("another checksum", .gzip, Packing.gzip(Packing.contents, crc: 7), .wrappingBroken),
        ("two entries", .zip, Packing.zip([PackedEntry(), PackedEntry()]), .wrappingEntries),
        ("a folder", .zip, Packing.zip { $0.name = Array("pay/".utf8) }, .wrappingEntries),
        ("a name that leads up", .zip, Packing.zip { $0.name = Array("../pay.csv".utf8) }, .wrappingEntries),
        ("no entry", .zip, Packing.zip([]), .wrappingEntries),
        ("encrypted", .zip, Packing.zip { $0.flags = 1 }, .wrappingEncrypted),
        ("another method", .zip, Packing.zip { $0.method = 12 }, .wrappingBroken),
        ("a space", .deflateBase64, Array("eJzLSM3J yVfIQJAAOi4GfQ==".utf8), .wrappingMismatch),
        ("uneven lines", .deflateBase64, Array("eJzLSM3\nJyVfIQJAAOi4GfQ==".utf8), .wrappingBroken),
        ("zip in zip", .zip, pack(pack(Packing.contents, .zip), .zip), .wrappingNested),
        ("gzip in gzip", .gzip, pack(pack(Packing.contents, .gzip), .gzip), .wrappingNested),
        ("zip in Base64", .deflateBase64, pack(pack(Packing.contents, .zip), .deflateBase64), .wrappingNested),
        ("Base64 in gzip", .gzip, pack(pack(Packing.contents, .deflateBase64), .gzip), .wrappingNested),
        ("zip declared as gzip", .gzip, Packing.zip(), .wrappingMismatch),
        ("gzip declared as zip", .zip, Packing.gzip(Packing.contents), .wrappingMismatch),
        ("gzip declared as Base64", .deflateBase64, Packing.gzip(Packing.contents), .wrappingMismatch),
        ("text declared as gzip", .gzip, Packing.contents, .wrappingMismatch),
        ("text declared as zip", .zip, Packing.contents, .wrappingMismatch),
        ("text declared as Base64", .deflateBase64, Packing.contents, .wrappingMismatch),
        ("zip declared as plain", .none, Packing.zip(), .wrappingMismatch),
        ("an empty zip declared as plain", .none, Packing.zip([]), .wrappingMismatch),
        ("gzip declared as plain", .none, Packing.gzip(Packing.contents), .wrappingMismatch),
        ("Base64 declared as plain", .none, pack(Packing.contents, .deflateBase64), .wrappingMismatch),
        ("XML declared as delimited", .none, Array("<?xml version=\"1.0\"?><Document/>".utf8), .formatMismatch),
        ("a PDF document", .none, Array("%PDF-1.7\n".utf8), .formatMismatch),
        ("packed XML", .gzip, Packing.gzip(Array("<Document xmlns=\"urn:x\"/>".utf8)), .formatMismatch),
    ]

    @Test(arguments: refused)
    func `a file that cannot be unpacked is refused with its code`(
        what: String,
        kind: Wrapping.Kind,
        bytes: [UInt8],
        code: FileDefect.Code
    ) throws {
        for partBytes in [1, 100, Int.max] {
            let defect = try Self.read(bytes, Wrapping(kind), partBytes: partBytes).defect
            #expect(defect?.code == code, "\(what): \(defect?.description ?? "read")")
            #expect(defect?.what.isEmpty == false && defect?.mend.isEmpty == false)
        }
    }

    @Test(arguments: packed)
    func `more than the layout allows is refused`(kind: Wrapping.Kind) throws {
        let bytes = Self.pack(Array(Self.text.utf8), kind)
        let small = Wrapping(kind, limits: UnpackLimits(bytesMax: 1_024))
        #expect(try Self.read(bytes, small).defect?.code == .wrappingTooLarge)
        let zeros = Self.pack([UInt8](repeating: 0x30, count: 3_000_000), kind)
        #expect(try Self.read(zeros, Wrapping(kind)).defect?.code == .recordTooLong)
        let steep = Wrapping(kind, limits: UnpackLimits(ratioMax: 2, ratioFreeBytes: 0))
        #expect(try Self.read(zeros, steep).defect?.code == .wrappingTooLarge)
    }

    @Test func `a wrong declaration is answered with what the file looks like`() throws {
        let zip = try Self.read(Packing.zip(), .none).defect
        #expect(zip?.what == "the file is declared as not packed and begins like a zip archive")
        #expect(zip?.mend.contains("`wrapping: zip`") == true)
        let text = try Self.read(Packing.contents, Wrapping(.gzip)).defect
        #expect(text?.what == "the file is declared as gzip and begins like text in UTF-8 with ‘,’ between fields")
        #expect(text?.mend.contains("`wrapping: none`") == true)
        let document = Array("<?xml version=\"1.0\"?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:x'>".utf8)
        let xml = try Self.read(document, .none).defect
        #expect(
            xml?.what == "the file is declared with the layout ‘sample’ and begins like an XML document with the root "
                + "‘Document’ of ‘urn:iso:std:iso:20022:tech:xsd:x’"
        )
    }

    @Test(arguments: [
        "<A-1>,6228480040106028109,张三,102100099996,12.34,wages\n", "PK-1,6228480040106028109,张三,,12.34,wages\n",
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=,1,2,3,4,5\n",
        "101 123456789 123456789012345678901094101,6228480040106028109,张三,,12.34,wages of the month of november, 1\n",
    ])
    func `a delimited file that begins a little like something else is read`(text: String) throws {
        let found = try Self.read(Array(text.utf8) + Array(Self.text.utf8), .none)
        #expect(found.defect == nil)
        #expect(found.records.count == 82)
    }

    @Test(arguments: [1_000, 1_020, 1_030, 5_000])
    func `what a file begins like does not depend on its parts`(place: Int) throws {
        // A control character makes the beginning look like no text; where it stands later, the reader says so.
        var bytes = Array("<?xml version=\"1.0\"?><!--\(String(repeating: "-x", count: 5_000))--><Document/>".utf8)
        bytes[place] = 0x01
        let format = FileFormat.iso20022(try ISO20022Samples.layout(.payout))
        let whole = try Self.read(bytes, .none, format: format)
        #expect(whole.defect?.code == (place < 1_024 ? .formatMismatch : .notWellFormed))
        for partBytes in [1, 100, 1_023, 1_024, 1_025, 4_096] {
            #expect(try Self.read(bytes, .none, format: format, partBytes: partBytes).defect == whole.defect)
        }
    }
}
