import Testing
import XMLStream

@Suite struct XMLWriterTests {
    private static let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"

    private static func text(_ write: (inout XMLWriter) -> Void) -> String {
        var writer = XMLWriter()
        write(&writer)
        return String(decoding: writer.drain(), as: UTF8.self)
    }

    @Test func `elements stand on lines of their own, texts in their element`() {
        let text = Self.text { writer in
            writer.start("a")
            writer.attribute("xmlns", "urn:x")
            writer.element("b", "one")
            writer.start("c")
            writer.text("t")
            writer.text("wo")
            writer.end()
            writer.start("d")
            writer.end()
            writer.end()
        }
        #expect(text == Self.declaration + "\n<a xmlns=\"urn:x\">\n<b>one</b>\n<c>two</c>\n<d></d>\n</a>\n")
    }

    @Test(
        arguments: [
            ("a&b<c>d\"e'", "a&amp;b&lt;c&gt;d\"e'", "a&amp;b&lt;c&gt;d&quot;e'"), ("]]>", "]]&gt;", "]]&gt;"),
            ("a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d"), ("张三𠮷é", "张三𠮷é", "张三𠮷é"),
            ("\0a\u{1}b\u{1F}c", "\u{FFFD}a\u{FFFD}b\u{FFFD}c", "\u{FFFD}a\u{FFFD}b\u{FFFD}c"),
            ("\u{FFFE}\u{FFFF}", "\u{FFFD}\u{FFFD}", "\u{FFFD}\u{FFFD}"),
            ("\u{7F}\u{85}\u{2028}", "\u{7F}\u{85}\u{2028}", "\u{7F}\u{85}\u{2028}"), ("", "", ""),
        ]
    )
    func `what means something to XML is escaped, and what it cannot carry replaced`(
        value: String,
        text: String,
        attribute: String
    ) {
        let written = Self.text { writer in
            writer.start("a")
            writer.attribute("b", value)
            writer.text(value)
            writer.end()
        }
        #expect(written == Self.declaration + "\n<a b=\"\(attribute)\">\(text)</a>\n")
    }

    @Test func `bytes that are not UTF-8 become the replacement character`() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        let written = Self.text { writer in writer.element("a", utf8: bytes.span) }
        #expect(written == Self.declaration + "\n<a>a\u{FFFD}b</a>\n")
    }

    @Test(
        arguments: [
            (0, 0, "0"), (0, 2, "0.00"), (5, 2, "0.05"), (-5, 2, "-0.05"), (1234, 2, "12.34"), (1234, 0, "1234"),
            (-1234, 4, "-0.1234"), (Int64.min, 0, "-9223372036854775808"), (Int64.max, 3, "9223372036854775.807"),
        ] as [(Int64, Int, String)]
    )
    func `a number is written with all its decimals`(units: Int64, decimals: Int, text: String) {
        let written = Self.text { writer in
            writer.start("a")
            writer.text(units, decimals: decimals)
            writer.end()
        }
        #expect(written == Self.declaration + "\n<a>\(text)</a>\n")
    }

    @Test func `what is written is read again as it was meant`() throws {
        let values = ["a&<>\"'", "\r\n\t x ", "张\u{301}", "&amp;", "<![CDATA[x]]>", "\u{85}"]
        var writer = XMLWriter()
        writer.start("r")
        for value in values {
            writer.start("v")
            writer.attribute("x", value)
            writer.text(value)
            writer.end()
        }
        writer.end()
        #expect(writer.isComplete)
        var reader = XMLStreamReader(names: ["v", "x"])
        reader.append(writer.drain()[...], isLast: true)
        var seen: [String] = []
        var attributes: [String] = []
        while let event = try reader.nextEvent() {
            let text = String(decoding: reader.text[event.text], as: UTF8.self)
            if event.kind == .end, event.name == 0 { seen.append(text) }
            if event.kind == .attribute { attributes.append(text) }
        }
        #expect(seen == values)
        #expect(attributes == values)
    }

    @Test func `draining in the middle of an element changes nothing`() {
        var writer = XMLWriter()
        var bytes: [UInt8] = []
        writer.start("a")
        bytes += writer.drain()
        writer.element("b", "1")
        bytes += writer.drain()
        writer.end()
        bytes += writer.drain()
        #expect(String(decoding: bytes, as: UTF8.self) == Self.declaration + "\n<a>\n<b>1</b>\n</a>\n")
        #expect(writer.drain() == [])
    }

    @Test func `an element that is not begun cannot be ended`() async {
        await #expect(processExitsWith: .failure) {
            var writer = XMLWriter()
            writer.end()
        }
    }
}
