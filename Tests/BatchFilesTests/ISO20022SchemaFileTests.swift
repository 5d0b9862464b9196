import BatchFiles
import Foundation
import PaymentCore
import Testing

@Suite struct ISO20022SchemaFileTests {
    @Test func `the configuration ships the messages that the document names`() throws {
        let schemas = try ISO20022Samples.shipped.get()
        let root = ISO20022Samples.schemaFolder.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(contentsOf: root.appending(path: "Docs/formats/iso20022.md"), encoding: .utf8)
        let row: (String) -> [Substring] = { kind in
            document.split(separator: "\n").filter { $0.hasPrefix("| \(kind) | `") }.flatMap { line in
                line.matches(of: /`([a-z0-9.]+)`/).map(\.output.1)
            }
        }
        for kind in ISO20022Message.Kind.allCases {
            let shipped = schemas.messages(of: kind).map(\.name)
            #expect(!shipped.isEmpty)
            #expect(row(kind.rawValue).map(String.init) == shipped)
        }
        #expect(
            schemas.messages(of: .creditTransfer).map(\.name)
                == ["03", "09", "10", "11", "12", "13"].map { "pain.001.001.\($0)" }
        )
        #expect(
            schemas.messages(of: .directDebit).map(\.name)
                == ["02", "08", "09", "10", "11"].map { "pain.008.001.\($0)" }
        )
        for name in ["pain.002.001.03", "pain.002.001.10"] {
            #expect(schemas.schema(of: try #require(ISO20022Message(name: name))) != nil)
        }
    }

    @Test func `each column stands in the document with its field`() throws {
        let root = ISO20022Samples.schemaFolder.deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let document = try String(contentsOf: root.appending(path: "Docs/formats/iso20022.md"), encoding: .utf8)
        for column in ISO20022Layout.columns {
            let row = try #require(document.split(separator: "\n").first { $0.hasPrefix("| `\(column.title)` |") })
            #expect(row.hasSuffix("| \(column.field.map { "`\($0.rawValue)`" } ?? "–") |"))
        }
    }

    @Test(arguments: [
        ("other.xsd", "<a/>"), ("pain.001.001.09.txt", "<a/>"), ("pain.001.001.09.xsd", "no schema"),
        ("pain.001.001.09.xsd", "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:x'/>"),
    ])
    func `a schema file that does not fit its name is refused, and named`(name: String, text: String) throws {
        let error = #expect(throws: ISO20022Schemas.Defect.self) {
            try ISO20022Schemas(files: [(name: name, bytes: Array(text.utf8))])
        }
        #expect(error?.file == name)
    }

    @Test func `a layout takes what it names, and only what has a schema`() throws {
        let layout = try ISO20022Samples.layout(.payout, messages: ["pain.001.001.09"])
        #expect(layout.messages.map(\.name) == ["pain.001.001.09"])
        for messages in [["pain.001.001.02"], ["pain.008.001.08"], []] {
            #expect(throws: LayoutDefect.self) { try ISO20022Samples.layout(.payout, messages: messages) }
        }
        let other = ISO20022Samples.message([], count: 1).replacingOccurrences(of: "001.09", with: "001.03")
        #expect(SeenMessage(other, layout).defect?.code == .messageUnsupported)
    }

    @Test(arguments: [
        ("urn:iso:std:iso:20022:tech:xsd:pain.001.001.09", "pain.001.001.09"),
        ("http://www.six-interbank-clearing.com/de/pain.001.001.03.ch.02.xsd", "pain.001.001.03.ch.02"),
        ("urn:x:pain.001.003.03", "pain.001.003.03"), ("urn:x", nil), ("", nil), ("urn:iso:std:6222001", nil),
        ("urn:x:pain.001.001.09.zhang", nil),
    ])
    func `a namespace names its message`(namespace: String, name: String?) {
        #expect(ISO20022Message(namespace: namespace)?.name == name)
    }
}
