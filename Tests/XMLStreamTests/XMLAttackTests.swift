import Foundation
import Glibc
import SharedFileTesting
import Testing
import XMLStream

/// Nothing is opened because of a document, and no document takes the process down.
@Suite struct XMLAttackTests {
    /// Listens on loopback, and tells whether anybody came.
    private final class Listener {
        let descriptor: Int32
        let port: UInt16

        init() throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isListening = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && listen(descriptor, 4) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(isListening)
            self.descriptor = descriptor
            self.port = UInt16(bigEndian: address.sin_port)
        }

        deinit { close(descriptor) }

        var hasCaller: Bool { accept(descriptor, nil, nil) >= 0 }
    }

    private static let canary = "canary-8d1f"

    @Test(arguments: [
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'PATH'>]><a>&e;</a>", "<!DOCTYPE a [<!ENTITY e SYSTEM 'URL'>]><a>&e;</a>",
        "<!DOCTYPE a SYSTEM 'PATH'><a/>", "<!DOCTYPE a SYSTEM 'URL'><a/>", "<!DOCTYPE a PUBLIC '-//X//Y' 'URL'><a/>",
        "<!DOCTYPE a [<!ENTITY % e SYSTEM 'URL'> %e;]><a/>", "<!DOCTYPE a [<!ENTITY e 'x'>]><a b='&e;'/>",
    ])
    func `an entity or a document type opens neither a file nor a connection`(template: String) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(Self.canary)-\(getpid())")
        try Data("\(Self.canary)".utf8).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        let listener = try Listener()
        let url = "http://127.0.0.1:\(listener.port)/x"
        let text = template.replacingOccurrences(of: "PATH", with: path.absoluteString)
            .replacingOccurrences(of: "URL", with: url)
        let seen = SeenDocument(text)
        #expect(seen.defect?.code == .documentType)
        #expect(seen.events.isEmpty)
        #expect(!listener.hasCaller)
    }

    @Test func `hints at schemas, style sheets, catalogues and inclusions are only read`() throws {
        let listener = try Listener()
        let url = "http://127.0.0.1:\(listener.port)/x"
        let text = """
            <?oasis-xml-catalog catalog="\(url)"?><?xml-stylesheet href="\(url)"?>
            <a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" \
            i:noNamespaceSchemaLocation="\(url)" xml:base="\(url)">\
            <x:include xmlns:x="http://www.w3.org/2001/XInclude" href="\(url)"/></a>
            """
        let schema = try XMLSchemaFile(
            Array("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='a'/></xs:schema>".utf8)
        )
        let seen = SeenDocument(text, schemas: ["": schema])
        #expect(seen.defect == nil)
        #expect(seen.events.contains(">include"))
        #expect(!listener.hasCaller)
    }

    @Test func `a bomb of entities is refused before it is read`() {
        let entities = (1...60).map { "<!ENTITY e\($0) '\(String(repeating: "&e\($0 - 1);", count: 10))'>" }.joined()
        let seen = SeenDocument("<!DOCTYPE a [<!ENTITY e0 'x'>\(entities)]><a>&e60;</a>")
        #expect(seen.defect?.code == .documentType)
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/xml-attacks/files"), "shared/corpora is absent"))
    func `each file of the attack corpus is refused, and the plain ones are read`() throws {
        for name in try SharedFiles.names(in: "corpora/xml-attacks/files") {
            let bytes = try SharedFiles.bytes("corpora/xml-attacks/files/\(name)")
            let seen = SeenDocument(bytes)
            #expect(seen.defect?.code == (name.hasPrefix("simple") ? nil : .documentType), "\(name)")
            #expect(SeenDocument(bytes, cuts: Array(1..<bytes.count)).defect?.code == seen.defect?.code, "\(name)")
        }
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/xxe-payloads/files"), "shared/corpora is absent"))
    func `each payload of the list is refused or plain, alone and inside of a document`() throws {
        let text = try SharedFiles.text("corpora/xxe-payloads/files/xxe-injection-payload-list.txt")
        var refused = 0
        for line in text.split(separator: "\n") {
            for document in [String(line), "<?xml version='1.0'?><a>\(line)</a>"] {
                let seen = SeenDocument(document)
                if seen.defect != nil { refused += 1 }
                #expect(!seen.events.contains { $0.contains("root:") }, "\(line)")
            }
        }
        #expect(refused > 50)
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/xml-json-own/files"), "shared/corpora is absent"))
    func `each document of our own gets its verdict`() throws {
        let refusals: [String: [XMLDefect.Code]] = [
            "xml_cut.xml": [.notWellFormed], "xml_deep.xml": [.tooDeep], "xml_doctype_only.xml": [.documentType],
            "xml_dup_attr.xml": [.notWellFormed], "xml_external_entity.xml": [.documentType],
            "xml_internal_entity.xml": [.documentType], "xml_parameter_entity.xml": [.documentType],
            "xml_trailing.xml": [.notWellFormed], "xml_utf7.xml": [.encodingUnsupported],
            "xml_wide_attrs.xml": [.attributesTooLong], "xml_decl_gbk_utf8_bytes.xml": [.undecodableBytes],
        ]
        var read = 0
        for name in try SharedFiles.names(in: "corpora/xml-json-own/files") where name.hasSuffix(".xml") {
            let seen = SeenDocument(try SharedFiles.bytes("corpora/xml-json-own/files/\(name)"))
            if let codes = refusals[name] {
                #expect(
                    seen.defect.map { codes.contains($0.code) } == true,
                    "\(name): \(String(describing: seen.defect))"
                )
            } else {
                #expect(seen.defect == nil, "\(name)")
                read += 1
            }
        }
        #expect(read == 5)
        let commented = SeenDocument(try SharedFiles.bytes("corpora/xml-json-own/files/xml_comment_in_value.xml"))
        #expect(commented.events.contains { $0.hasPrefix("1100>") })
    }

    @Test(arguments: 0..<200)
    func `a document with broken bytes is read or refused, and never takes the process down`(seed: UInt64) {
        let text = "<?xml version='1.0' encoding='GB18030'?><a x='1'><b>12</b><![CDATA[x]]><!--c--><b>&amp;</b></a>"
        var bytes = Array(text.utf8)
        var state = seed &+ 1
        for _ in 0..<3 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[Int((state >> 33) % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: state >> 24)
        }
        let seen = SeenDocument(bytes)
        #expect(seen.defect != nil || seen.events.first?.hasPrefix("<") == true)
        for range in seen.ranges { #expect(bytes[Int(range.lowerBound)] == UInt8(ascii: "<")) }
    }
}
