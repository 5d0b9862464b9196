import BatchFiles
import CompressionTesting
import SharedFileTesting
import Testing
import Transcoding

@Suite struct FileSnifferTests {
    static let nacha =
        "101 12345678 1234567892611211234A094101SOME BANK              SOME COMPANY           REF00001\n"

    static let looks: [(text: String, look: ContentLook)] = [
        ("", .empty),
        ("a,b,c\n1,2,3\n", .delimited(charset: .utf8, separator: 0x2C)),
        ("a;b,x;c\n1;2;3\n", .delimited(charset: .utf8, separator: 0x3B)),
        ("1|张三|2\n2|李四|3\n", .delimited(charset: .utf8, separator: 0x7C)),
        ("1\t2\n", .delimited(charset: .utf8, separator: 0x09)),
        ("A^B^C|", .delimited(charset: .utf8, separator: 0x5E)),
        ("\"a;b\",\"c;d\"\n\"e\",\"f\"\n", .delimited(charset: .utf8, separator: 0x2C)),
        ("\u{FEFF}a,b\n", .delimited(charset: .utf8, separator: 0x2C)),
        ("1,2\n3,4\nTRAILER,2,3,4\n", .delimited(charset: .utf8, separator: 0x2C)),
        ("00000000000000012345678\n00000000000000022345678\n", .fixedWidth(charset: .utf8, recordBytes: 23)),
        ("hello\nworld and more\n", .text(charset: .utf8)),
        ("<?xml version=\"1.0\" encoding=\"GBK\"?>", .xml(root: nil, namespace: nil)),
        ("  <Document/>", .xml(root: "Document", namespace: nil)),
        (
            "\u{FEFF}<?xml version=\"1.0\"?><!-- <a> --><?x y?>\n<p:Document a = 'b>c' xmlns:p = \"urn:x\">",
            .xml(root: "Document", namespace: nil)
        ),
        ("<p:Document xmlns:q='u' xmlns:p = \"urn:x\"><a>", .xml(root: "Document", namespace: "urn:x")),
        ("<Document xmlns='urn:x y'>", .xml(root: "Document", namespace: nil)),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>", .xml(root: nil, namespace: nil)),
        ("<!-- never closed", .xml(root: nil, namespace: nil)),
        ("%PDF-1.4\n", .binary(name: "a PDF document")),
        ("a\u{0}b", .binary(name: nil)),
    ]

    @Test(arguments: looks)
    func `content is told by how it begins`(text: String, look: ContentLook) {
        let found = FileSniffer.sniff(Array(text.utf8)[...])
        #expect(found == FileSniffer.Finding(wrapping: .none, content: look))
        #expect(!look.words.isEmpty)
    }

    @Test func `a file header of NACHA is told, with line ends and without`() {
        var header = Array(Self.nacha.utf8.dropLast())
        header += [UInt8](repeating: 0x20, count: max(0, 94 - header.count))
        header.replaceSubrange(34..<39, with: Array("09410".utf8))
        for end in ["\n", "\r\n", ""] {
            let file = header.prefix(94) + Array(end.utf8) + Array("5200".utf8)
            #expect(FileSniffer.sniff(Array(file)[...]).content == .nacha)
        }
        header[36] = UInt8(ascii: "5")
        #expect(FileSniffer.sniff(header[...]).content != .nacha)
    }

    @Test(arguments: [Charset.gbk, .gb18030])
    func `Chinese text that is no UTF-8 is taken for GB 18030, and second bytes for no separator`(
        charset: Charset
    ) throws {
        // 簗 is 95 7C in GBK: its second byte is a bar.
        let text = (1...30).map { "\($0),簗\($0 % 2 == 0 ? "簗" : "三"),1.00\n" }.joined()
        let bytes = try Samples.encoded(text, charset)
        let expected = ContentLook.delimited(charset: .gb18030, separator: UInt8(ascii: ","))
        #expect(FileSniffer.sniff(bytes[...]).content == expected)
        for cut in 1...5 { #expect(FileSniffer.sniff(bytes.dropLast(cut)).content == expected) }
    }

    @Test(arguments: [[0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61], [0, 0, 0xFE, 0xFF]] as [[UInt8]])
    func `marks of wide text are told`(bytes: [UInt8]) {
        #expect(FileSniffer.sniff(bytes[...]).content == .wideText)
    }

    @Test(arguments: [([0xFF, 0xFE], true), ([0xFE, 0xFF], false), ([], true), ([], false)] as [([UInt8], Bool)])
    func `a document in UTF-16 is told with its root, with a mark or without`(mark: [UInt8], isLittleEndian: Bool) {
        let text = "<?xml version='1.0' encoding='UTF-16'?><Document xmlns='urn:t'/>"
        let units = text.utf16.flatMap { unit in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            return isLittleEndian ? bytes : bytes.reversed()
        }
        for cut in 0...1 {
            let look = FileSniffer.sniff((mark + units).dropLast(cut)[...]).content
            #expect(look == .xml(root: cut == 0 ? "Document" : nil, namespace: cut == 0 ? "urn:t" : nil))
        }
    }

    @Test(arguments: Wrapping.Kind.allCases)
    func `a packed file is told by its wrapping and its content`(kind: Wrapping.Kind) {
        let content = Array(String(repeating: PackedFileTests.text, count: 1_000).utf8)
        let bytes = PackedFileTests.pack(content, kind)
        let expected = FileSniffer.Finding(
            wrapping: kind,
            content: .delimited(charset: .utf8, separator: UInt8(ascii: ","))
        )
        #expect(FileSniffer.sniff(bytes.prefix(FileSniffer.bytesMax)) == expected)
        #expect(FileSniffer.sniff(PackedFileTests.pack(Array(PackedFileTests.text.utf8), kind)[...]) == expected)
        #expect(expected.words.contains(expected.content.words))
        #expect((kind == .none) == (expected.words == expected.content.words))
    }

    @Test(arguments: [
        "AAAAAAAAAAAAAAAAAAAAAAAA", "12345678901234567890\n12345678901234567890\n", "eJw=", "QUJD",
        String(repeating: "0", count: 5_000),
    ])
    func `text that happens to be Base64 is no packed file`(text: String) {
        #expect(FileSniffer.sniff(Array(text.utf8)[...]).wrapping == .none)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/iso20022-samples"), "needs the samples of ISO 20022"))
    func `every sample of ISO 20022 is told as XML`() throws {
        let rows = try SharedFiles.text("formats/iso20022-samples/EXPECTED.tsv").split(separator: "\n").dropFirst()
        var count = 0
        for name in rows.compactMap({ $0.split(separator: "\t").first }) {
            let path = "formats/iso20022-samples/\(name)"
            guard name.hasSuffix(".xml"), SharedFiles.exist(path) else { continue }
            let bytes = try SharedFiles.bytes(path)
            let look = FileSniffer.sniff(bytes.prefix(FileSniffer.bytesMax)).content
            guard case .xml(let root, _) = look else {
                Issue.record("\(name) is told as \(look)")
                continue
            }
            #expect(root != nil, "\(name)")
            count += 1
        }
        #expect(count > 40)
    }

    @Test func `any beginning is looked at without harm`() {
        var generator = SeededGenerator(seed: 4)
        let heads: [[UInt8]] = [
            [], [0x1F, 0x8B, 8], [0x50, 0x4B, 3, 4], Array("<?xml".utf8), Array("eJzL".utf8), [0x84, 0x31, 0x95, 0x33],
        ]
        for head in heads {
            for _ in 0..<200 {
                let count = Int.random(in: 0...300, using: &generator)
                let bytes = head + (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
                #expect(!FileSniffer.sniff(bytes[...]).content.words.isEmpty)
            }
        }
    }
}
