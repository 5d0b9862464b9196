import Testing
import XMLStream

@Suite struct XMLLimitTests {
    private static let limits = XMLLimits(
        depthMax: 5,
        textBytesMax: 100,
        attributesMax: 3,
        attributeBytesMax: 50,
        markupBytesMax: 4_096
    )

    private static func nested(_ depth: Int) -> String {
        String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
    }

    @Test(arguments: [
        (nested(5), XMLDefect.Code?.none), (nested(6), .tooDeep), (nested(100_000), .tooDeep),
        ("<a>\(String(repeating: "x", count: 100))</a>", nil),
        ("<a>\(String(repeating: "x", count: 101))</a>", .textTooLong),
        ("<a>\(String(repeating: "<!---->&#120;", count: 101))</a>", .textTooLong),
        ("<a b='1' c='2' d='3'/>", nil), ("<a b='1' c='2' d='3' e='4'/>", .attributesTooLong),
        ("<a b='\(String(repeating: "x", count: 51))'/>", .attributesTooLong),
        ("<a><!--\(String(repeating: "x", count: 100_000))", .markupTooLong),
        ("<a><b \(String(repeating: " ", count: 100_000))", .markupTooLong),
    ])
    func `a limit is kept to the last byte`(text: String, code: XMLDefect.Code?) {
        let seen = SeenDocument(text, limits: Self.limits)
        #expect(seen.defect?.code == code)
    }

    @Test func `a document of any length is read in pieces`() throws {
        var reader = XMLStreamReader(names: ["x"])
        let part = Array(String(repeating: "<x>12</x>\n", count: 10_000).utf8)
        var count = 0
        for round in 0..<100 {
            reader.append((round == 0 ? Array("<a>".utf8) + part : part)[...], isLast: false)
            while let event = try reader.nextEvent() { if event.kind == .end { count += 1 } }
            // Nothing stays behind but what the parser has not passed.
            #expect(reader.bytes(0..<3) == nil || round == 0)
        }
        reader.append(Array("</a>".utf8)[...], isLast: true)
        while let event = try reader.nextEvent() { if event.kind == .end { count += 1 } }
        #expect(count == 1_000_001)
    }
}
