import Foundation
import Testing
import XMLStream

@Suite struct XMLEncodingTests {
    /// The bytes of a text in an encoding, by Foundation's own tables.
    private static func encoded(_ text: String, _ encoding: XMLEncoding) throws -> [UInt8] {
        let foundation: String.Encoding =
            switch encoding {
            case .utf8: .utf8
            case .utf16LittleEndian: .utf16LittleEndian
            case .utf16BigEndian: .utf16BigEndian
            case .latin1: .isoLatin1
            case .windows1252: .windowsCP1252
            case .latin9, .gbk, .gb18030: .utf8
            }
        switch encoding {
        case .latin9: return text.unicodeScalars.map { $0 == "€" ? 0xA4 : UInt8(truncatingIfNeeded: $0.value) }
        case .gbk, .gb18030: return Array(text.utf8).isEmpty ? [] : gb(text)
        default: return Array(try #require(text.data(using: foundation)))
        }
    }

    /// The few characters of the samples, as the standard has them.
    private static func gb(_ text: String) -> [UInt8] {
        text.unicodeScalars.flatMap { scalar -> [UInt8] in
            switch scalar {
            case "张": [0xD5, 0xC5]
            case "三": [0xC8, 0xFD]
            // Its second byte is that of a closing bracket.
            case "乚": [0x81, 0x5D]
            // U+20BB7, in four bytes, of which two are digits.
            case "𠮷": [0x95, 0x34, 0xB2, 0x35]
            default: [UInt8(scalar.value)]
            }
        }
    }

    private static let names: [XMLEncoding: String] = [
        .utf8: "UTF-8", .utf16LittleEndian: "UTF-16", .utf16BigEndian: "UTF-16", .latin1: "ISO-8859-1",
        .latin9: "iso-8859-15", .windows1252: "Windows-1252", .gbk: "gbk", .gb18030: "GB18030",
    ]

    private static func name(in encoding: XMLEncoding) -> String {
        switch encoding {
        case .utf8, .utf16LittleEndian, .utf16BigEndian: "Zoë 张三 𠮷"
        case .latin1: "Zoë"
        case .latin9, .windows1252: "Zoë €"
        case .gbk: "张三 乚"
        case .gb18030: "张三 乚𠮷"
        }
    }

    private static func mark(_ encoding: XMLEncoding) -> [UInt8] {
        switch encoding {
        case .utf8: [0xEF, 0xBB, 0xBF]
        case .utf16LittleEndian: [0xFF, 0xFE]
        case .utf16BigEndian: [0xFE, 0xFF]
        case .latin1, .latin9, .windows1252, .gbk, .gb18030: []
        }
    }

    @Test(arguments: XMLEncoding.allCases, [true, false])
    func `an encoding is read, and places are those of its own bytes`(encoding: XMLEncoding, isMarked: Bool) throws {
        let declared = try #require(Self.names[encoding])
        let name = Self.name(in: encoding)
        let text = "<?xml version='1.0' encoding=\"\(declared)\"?>\r\n<a n='\(name)'>\(name)<b>\(name)</b><b>x</b></a>"
        let bytes = (isMarked ? Self.mark(encoding) : []) + (try Self.encoded(text, encoding))
        let seen = SeenDocument(bytes)
        #expect(seen.defect == nil)
        #expect(seen.encoding == encoding)
        #expect(seen.events == ["<a", "@n=\(name)", "\(name)<b", "\(name)>b", "<b", "x>b", ">a"])
        let ranges = seen.ranges.map { Array(bytes[Int($0.lowerBound)..<Int($0.upperBound)]) }
        #expect(
            ranges.prefix(2) == [try Self.encoded("<b>\(name)</b>", encoding), try Self.encoded("<b>x</b>", encoding)]
        )
        for cut in 1..<bytes.count { #expect(SeenDocument(bytes, cuts: [cut]) == seen, "cut at \(cut)") }
        #expect(SeenDocument(bytes, cuts: Array(1..<bytes.count)) == seen)
    }

    @Test(
        arguments: [
            ("UTF-8", [0xFF]), ("UTF-8", [0xC0, 0x80]), ("UTF-8", [0xED, 0xA0, 0x80]),
            ("UTF-8", [0xF4, 0x90, 0x80, 0x80]),
            ("UTF-8", [0xE5, 0xBC]), ("US-ASCII", [0xE4, 0x3C]), ("GBK", [0xFF]), ("GBK", [0xD5, 0x20]),
            ("GB18030", [0x81, 0x30, 0x3C]),
        ] as [(String, [UInt8])]
    )
    func `bytes that are no characters are refused where they stand`(declared: String, bad: [UInt8]) {
        let head = Array("<?xml version='1.0' encoding='\(declared)'?><a>ok".utf8)
        let seen = SeenDocument(head + bad + Array("</a>".utf8))
        #expect(seen.defect?.code == .undecodableBytes)
        #expect(seen.defect?.byteOffset == Int64(head.count))
    }

    @Test(arguments: [("UTF-8", XMLEncoding.utf8, 1), ("GBK", .gbk, 1), ("GBK", .gbk, 20_000)])
    func `bytes that are no characters are told with the line on which they stand`(
        declared: String,
        encoding: XMLEncoding,
        lines: Int
    ) throws {
        let text =
            "<?xml version='1.0' encoding='\(declared)'?>\n<a>\r\n" + String(repeating: "<b>三</b>\n", count: lines)
        let bytes = try Self.encoded(text, encoding) + [0x78, 0xFF] + Array("\n\n</a>".utf8)
        for cuts in [[], [3], Array(stride(from: 1_001, to: bytes.count, by: 1_001))] {
            let seen = SeenDocument(bytes, cuts: cuts)
            #expect(seen.defect?.code == .undecodableBytes)
            #expect(seen.defect?.line == Int64(lines + 3), "cut at \(cuts.prefix(3))")
        }
    }

    @Test func `an encoding cut in the middle of a character is refused`() throws {
        let text = try Self.encoded("\u{FEFF}<a>x</a>", .utf16LittleEndian)
        #expect(SeenDocument(text + [0x0A]).defect?.code == .undecodableBytes)
    }

    @Test func `a long text in another encoding keeps its places`() throws {
        let text = "<a>" + String(repeating: "<b>张三</b>乚", count: 20_000) + "<c>三</c></a>"
        let bytes = Array("<?xml version='1.0' encoding='GB2312'?>".utf8) + (try Self.encoded(text, .gbk))
        let seen = SeenDocument(bytes, cuts: Array(stride(from: 1_001, to: bytes.count, by: 1_001)))
        let range = try #require(seen.ranges.dropLast().last)
        #expect(seen.encoding == .gbk)
        #expect(seen.ranges.count == 20_002)
        #expect(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) == (try Self.encoded("<c>三</c>", .gbk)))
    }

    @Test(arguments: [
        ("UTF-8", Array("é".utf8), [0xFF], XMLDefect.Code.undecodableBytes),
        ("UTF-8", Array("é".utf8), [0xE5, 0xBC], .undecodableBytes),
        ("GBK", [0xA8, 0xA6], [0xFF], .undecodableBytes),
        ("ISO-8859-1", [0xE9], [0], .notWellFormed),
        ("UTF-8", Array("é".utf8), [0], .notWellFormed),
    ])
    func `all before a bad byte is told, and its place, wherever the document is cut`(
        encoding: String,
        letter: [UInt8],
        bad: [UInt8],
        code: XMLDefect.Code
    ) {
        let head = Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?>\n<a>\n<b>".utf8) + letter
        let before = head + Array("</b>\n<c>\n".utf8) + letter
        let bytes = before + bad + Array("</c><d/></a>".utf8)
        let whole = SeenDocument(bytes)
        #expect(whole.events == ["<a", "\n<b", "é>b", "\n<c"])
        #expect(whole.defect?.code == code)
        #expect(whole.defect?.line == 5)
        #expect(whole.defect?.byteOffset == Int64(before.count))
        for cut in 0...bytes.count { #expect(SeenDocument(bytes, cuts: [cut]) == whole, "cut at \(cut)") }
        #expect(SeenDocument(bytes, cuts: Array(1..<bytes.count)) == whole)
    }
}
