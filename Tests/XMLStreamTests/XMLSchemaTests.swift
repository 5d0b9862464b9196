import Testing
import XMLStream

@Suite struct XMLSchemaTests {
    private static let schema = """
        <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t"
            elementFormDefault="qualified">
          <xs:simpleType name="Code">
            <xs:restriction base="xs:string"><xs:maxLength value="3"/></xs:restriction>
          </xs:simpleType>
          <xs:element name="list"><xs:complexType><xs:sequence>
            <xs:element name="head" type="xs:string"/>
            <xs:element name="item" maxOccurs="unbounded"><xs:complexType><xs:sequence>
              <xs:element name="code" type="Code"/>
              <xs:element name="amount" minOccurs="0"><xs:complexType><xs:simpleContent>
                <xs:extension base="xs:decimal"><xs:attribute name="unit" type="Code" use="required"/></xs:extension>
              </xs:simpleContent></xs:complexType></xs:element>
            </xs:sequence></xs:complexType></xs:element>
          </xs:sequence></xs:complexType></xs:element>
        </xs:schema>
        """

    private static func compiled() throws -> [String: XMLSchemaFile] {
        let file = try XMLSchemaFile(Array(schema.utf8))
        return [try #require(file.targetNamespace): file]
    }

    private static func list(_ items: String) -> String { "<list xmlns='urn:t'><head/>\(items)</list>" }
    private static let good = "<item><code>abc</code><amount unit='x'>1.5</amount></item>"

    @Test func `a valid document has no finding, wherever it is cut`() throws {
        let bytes = Array(Self.list(Self.good + Self.good).utf8)
        let schemas = try Self.compiled()
        let seen = SeenDocument(bytes, schemas: schemas)
        #expect(seen.defect == nil)
        #expect(seen.findings.isEmpty)
        #expect(SeenDocument(bytes, schemas: schemas, cuts: Array(1..<bytes.count)) == seen)
    }

    @Test(arguments: [
        ("<item><code>abcd</code></item>", ["list/item/code: the value is too long"]),
        ("<item><code>a<!-- -->bcd</code></item>", ["list/item/code: the value is too long"]),
        ("<item/>", ["list/item: a child element is missing, or one is not allowed here, where code must stand"]),
        (
            "<item><amount unit='x'>1</amount></item>",
            ["list/item: a child element is missing, or one is not allowed here, where code must stand"]
        ),
        ("<item><code>a</code><amount>1</amount></item>", ["list/item/amount: an attribute is missing: unit"]),
        (
            "<item><code>a</code><amount unit='x' more='y'>1</amount></item>",
            ["list/item/amount: an attribute is not allowed here"]
        ),
        (
            "<item><code>a</code><amount unit='x'>1e5</amount></item>",
            ["list/item/amount: the value is not of the type asked for"]
        ),
        ("<item>text<code>a</code></item>", ["list/item: text stands between child elements"]),
        ("<other/>", ["list: a child element is missing, or one is not allowed here, where item must stand"]),
    ])
    func `a finding names the element that breaks the rule, and the rule`(item: String, found: [String]) throws {
        let document = Self.list(Self.good + item)
        let seen = SeenDocument(document, schemas: try Self.compiled())
        #expect(seen.defect == nil)
        #expect(seen.findings.map { "\($0.path): \($0.what)" } == found)
        for finding in seen.findings {
            #expect(finding.depth == finding.path.split(separator: "/").count)
            #expect(finding.line == 1)
        }
        let bytes = Array(document.utf8)
        #expect(SeenDocument(bytes, schemas: try Self.compiled(), cuts: Array(1..<bytes.count)) == seen)
    }

    @Test func `what a document writes into names and namespaces is not taken for what is expected`() throws {
        let forged = "urn:x':Expected(Zhang)"
        let seen = SeenDocument(
            Self.list("\(Self.good)<item><code>a</code><z:Zhang xmlns:z=\"\(forged)\"/></item>"),
            schemas: try Self.compiled()
        )
        #expect(seen.findings.map(\.expected) == [["amount"]])
    }

    @Test func `what comes after a finding is judged too`() throws {
        let seen = SeenDocument(
            Self.list("<item><code>abcd</code></item>\(Self.good)<item><code>efgh</code></item>"),
            schemas: try Self.compiled()
        )
        #expect(seen.findings.count == 2)
        // A finding comes between the start and the end of its element.
        #expect(seen.events[4...7] == ["<{urn:t}code", "!list/item/code", "abcd>code", ">item"])
    }

    @Test func `a root that the schema does not know is the document's own fault`() throws {
        let seen = SeenDocument("<other xmlns='urn:t'/>", schemas: try Self.compiled())
        #expect(seen.findings.map(\.depth) == [0])
        #expect(seen.findings.map(\.path) == [""])
    }

    @Test func `a document of another namespace is not validated`() throws {
        let seen = SeenDocument("<list xmlns='urn:other'/>", schemas: try Self.compiled())
        #expect(seen.events == ["<{urn:other}list", ">list"])
    }

    @Test func `a finding says nothing of what stands in the document`() throws {
        let item = "<item Zhang='Zhang'><Zhang>Zhang</Zhang></item><item><code>Zhang</code></item>Zhang"
        let seen = SeenDocument(Self.list(item), schemas: try Self.compiled())
        #expect(seen.findings.count >= 4)
        for finding in seen.findings { #expect(!"\(finding)".contains("Zhang")) }
    }

    @Test func `one schema serves many documents at once`() async throws {
        let schemas = try Self.compiled()
        let bad = Self.list(String(repeating: Self.good + "<item><code>abcd</code></item>", count: 200))
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { SeenDocument(bad, schemas: schemas).findings.count } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 200, count: 8))
    }

    @Test(arguments: [
        "", "no xml", "<a/>", "<!DOCTYPE xs:schema><xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'/>",
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='a' type='missing'/></xs:schema>",
        """
        <xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>
          <xs:include schemaLocation='file:///etc/hostname'/>
        </xs:schema>
        """,
    ])
    func `a schema that is none, or asks for another file, is refused`(text: String) {
        #expect(throws: XMLSchemaDefect.self) { try XMLSchemaFile(Array(text.utf8)) }
    }
}
