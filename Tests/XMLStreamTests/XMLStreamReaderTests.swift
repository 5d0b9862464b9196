import Testing
import XMLStream

@Suite struct XMLStreamReaderTests {
    private static let sample = """
        <?xml version="1.0"?>
        <!-- before -->
        <a:root xmlns:a="urn:one" xmlns="urn:two" id="1 &amp; &lt;2&gt;">
          <item a:kind='x>y' >12<!-- in between -->3&#x34;<![CDATA[<5>]]><?pi none?>6</item>
          <empty/><other xmlns="">tail</other >
        </a:root>
        <!-- after -->
        """

    private static let sampleEvents = [
        "<{urn:one}root", "@id=1 & <2>", "\n  <{urn:two}item", "@kind=x>y", "1234<5>6>item", "\n  <{urn:two}empty",
        ">empty", "<other", "tail>other", "\n>root",
    ]

    @Test func `tags, attributes and texts come in order, each text in one piece`() {
        let seen = SeenDocument(Self.sample)
        #expect(seen.defect == nil)
        #expect(seen.events == Self.sampleEvents)
        #expect(seen.lines == [3, 4, 5, 5])
        #expect(seen.encoding == .utf8)
    }

    @Test func `a range runs from the first byte of a start tag to the last one of the end tag`() throws {
        let bytes = Array(Self.sample.utf8)
        let texts = SeenDocument(bytes).ranges.map {
            String(decoding: bytes[Int($0.lowerBound)..<Int($0.upperBound)], as: UTF8.self)
        }
        try #require(texts.count == 4)
        #expect(texts[0].hasPrefix("<item a:kind"))
        #expect(texts[0].hasSuffix("none?>6</item>"))
        #expect(texts[1] == "<empty/>")
        #expect(texts[2] == "<other xmlns=\"\">tail</other >")
        #expect(texts[3].hasPrefix("<a:root") && texts[3].hasSuffix("</a:root>"))
    }

    @Test func `a document says the same wherever it is cut`() {
        let bytes = Array(Self.sample.utf8)
        let whole = SeenDocument(bytes)
        for cut in 0...bytes.count {
            #expect(SeenDocument(bytes, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(SeenDocument(bytes, cuts: Array(1..<bytes.count)) == whole)
    }

    @Test(arguments: [
        ("<a><b></a>", "an end tag is not that of the element that is open"),
        ("<a>&nbsp;</a>", "a reference names an entity other than the five of XML"),
        ("<a>R & D</a>", "a name is missing after < or &"), ("<a>R&D</a>", "an ampersand begins no reference"),
        ("<a b='<'/>", "an attribute's value holds <"), ("<a>\u{1}</a>", "it has a control character"),
        ("<a>&#1;</a>", "it has a control character"), ("<a/>tail", "something follows the end of the root element"),
        ("tail", "it does not begin with a tag or a declaration"), ("<a b/>", "an attribute has no value in quotes"),
        ("<a b='1' b='2'/>", "an element has an attribute twice"), ("<p:a/>", "a prefix stands for no namespace"),
        ("<a>", "the document ends before its root element does"),
        ("<a><b/>x", "the document ends before its root element does"),
        ("<a", "the document ends before its root element does"),
        (" <?xml version='1.0'?><a/>", "an XML declaration stands elsewhere than at the beginning"),
    ])
    func `what is not well-formed is said in words, without content`(text: String, words: String) throws {
        let defect = try #require(SeenDocument(text).defect)
        #expect(defect.code == .notWellFormed)
        #expect(defect.what.hasPrefix("it is not well-formed XML: \(words)"), "\(defect.what)")
        #expect(!defect.what.contains("nbsp") && !defect.what.contains("tail"))
    }

    @Test func `names are told by their index, and namespaces are equal where they are the same`() throws {
        var reader = XMLStreamReader(names: ["b", "k"])
        reader.append(
            Array(#"<a xmlns="u" k="1"><b k="2"/><c:b xmlns:c="u"/><b xmlns="v"/></a>"#.utf8)[...],
            isLast: true
        )
        var starts: [XMLEvent] = []
        var attributes: [Int?] = []
        while let event = try reader.nextEvent() {
            if event.kind == .start { starts.append(event) }
            if event.kind == .attribute { attributes.append(event.name) }
        }
        #expect(starts.map(\.name) == [nil, 0, 0, 0])
        #expect(starts.map(\.depth) == [1, 2, 2, 2])
        #expect(attributes == [1, 1])
        #expect(starts[0].namespace == starts[1].namespace)
        #expect(starts[1].namespace == starts[2].namespace)
        #expect(starts[2].namespace != starts[3].namespace)
    }

    @Test func `bytes are kept from where they are asked for, and let go of before`() throws {
        let text =
            "<a>\(String(repeating: "<x>1</x>", count: 200))<keep>\(String(repeating: "é", count: 500))</keep></a>"
        let bytes = Array(text.utf8)
        var reader = XMLStreamReader(names: ["keep"])
        var kept: [UInt8]?
        var isFirstLost = false
        for start in stride(from: 0, to: bytes.count, by: 50) {
            let end = min(start + 50, bytes.count)
            reader.append(bytes[start..<end], isLast: end == bytes.count)
            while let event = try reader.nextEvent() {
                guard event.name == 0 else { continue }
                if event.kind == .start { reader.keptFrom = event.start }
                if event.kind == .end {
                    kept = reader.bytes(event.start..<event.end).map(Array.init)
                    isFirstLost = reader.bytes(0..<10) == nil
                }
            }
        }
        #expect(kept == Array("<keep>\(String(repeating: "é", count: 500))</keep>".utf8))
        #expect(isFirstLost)
    }

    @Test(arguments: [
        ("", XMLDefect.Code.empty), (" ", .notWellFormed), ("<a>", .notWellFormed), ("<a></b>", .notWellFormed),
        ("<a/><b/>", .notWellFormed), ("<a/>text", .notWellFormed), ("text", .notWellFormed),
        ("<a b='1' b='2'/>", .notWellFormed), ("<a b=1/>", .notWellFormed), ("<p:a/>", .notWellFormed),
        ("<a>&undeclared;</a>", .notWellFormed), ("<a>&#0;</a>", .notWellFormed), ("<a>\u{1}</a>", .notWellFormed),
        ("<a><![CDATA[x]]</a>", .notWellFormed), ("<a><!-- -- --></a>", .notWellFormed), ("<a b='<'/>", .notWellFormed),
        ("<!DOCTYPE a><a/>", .documentType), ("<?xml version='1.0' encoding='UTF-7'?><a/>", .encodingUnsupported),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>", .encodingContradiction),
        ("\u{FEFF}<?xml version='1.0' encoding='GBK'?><a/>", .encodingContradiction), ("\0\0\0<", .encodingUnsupported),
        ("<abcd\0/>", .notWellFormed),
    ])
    func `what is not well-formed, or not read here, is refused`(text: String, code: XMLDefect.Code) {
        let bytes = Array(text.utf8)
        #expect(SeenDocument(bytes).defect?.code == code)
        // However it comes.
        if bytes.count > 1 { #expect(SeenDocument(bytes, cuts: Array(1..<bytes.count)).defect?.code == code) }
    }

    @Test func `events before a defect are told`() {
        let seen = SeenDocument("<a><b>1</b><c></a>")
        #expect(seen.events == ["<a", "<b", "1>b", "<c"])
        #expect(seen.defect?.code == .notWellFormed)
        #expect(seen.defect?.line == 1)
        #expect(seen.defect?.libraryCode != 0)
    }

    @Test func `a defect says nothing of what stands in the document`() {
        let seen = SeenDocument("<a><Zhang6222>Zhang6222</Li6228></a>")
        #expect(seen.defect?.description.contains("Zhang") == false)
        #expect(seen.defect?.description.contains("Li62") == false)
    }
}
