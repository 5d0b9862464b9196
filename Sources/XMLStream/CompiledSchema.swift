import CLibXML2

/// A compiled XML schema, only read from then on, so that any number of readers may validate with it at the same time.
final class CompiledSchema: @unchecked Sendable {
    // @unchecked: libxml2 writes to neither after compilation; both are freed with the last reference.
    let schema: xmlSchemaPtr
    /// The schema points into its source.
    private let document: xmlDocPtr

    init(_ bytes: [UInt8]) throws(XMLSchemaDefect) {
        XMLLibrary.start()
        guard bytes.count < Int(Int32.max) else { throw XMLSchemaDefect(line: 0, what: "it is too long") }
        let findings = Findings()
        let context = Unmanaged.passUnretained(findings).toOpaque()
        guard let document = try Self.parse(bytes) else { throw XMLSchemaDefect(line: 0, what: "it is no XML") }
        guard let parser = xmlSchemaNewDocParserCtxt(document) else { preconditionFailure("libxml2 is out of memory") }
        xmlSchemaSetParserStructuredErrors(
            parser,
            { context, error in
                guard let context, let error, error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
                Unmanaged<Findings>.fromOpaque(context).takeUnretainedValue()
                    .note(line: Int64(error.pointee.line), code: error.pointee.code)
            },
            context
        )
        let compiled = xmlSchemaParse(parser)
        xmlSchemaFreeParserCtxt(parser)
        guard let compiled, findings.first == nil else {
            if let compiled { xmlSchemaFree(compiled) }
            xmlFreeDoc(document)
            throw findings.first ?? XMLSchemaDefect(line: 0, what: "libxml2 does not take it")
        }
        schema = compiled
        self.document = document
    }

    /// The namespace of the documents that it describes; nil for none.
    var targetNamespace: String? {
        let namespace = xmlGetNoNsProp(xmlDocGetRootElement(document), "targetNamespace")
        defer { sluice_xml_free(namespace) }
        return namespace.map { String(cString: $0) }
    }

    deinit {
        xmlSchemaFree(schema)
        xmlFreeDoc(document)
    }

    private static func parse(_ bytes: [UInt8]) throws(XMLSchemaDefect) -> xmlDocPtr? {
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
        let document = bytes.withUnsafeBytes { bytes in
            xmlReadMemory(bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, nil, Int32(options))
        }
        guard let document else { return nil }
        guard xmlGetIntSubset(document) == nil else {
            xmlFreeDoc(document)
            throw XMLSchemaDefect(line: 0, what: "it has a document type declaration")
        }
        return document
    }

    /// What libxml2 found, the first being what a person should read.
    private final class Findings {
        private(set) var first: XMLSchemaDefect?

        func note(line: Int64, code: Int32) {
            first = first ?? XMLSchemaDefect(line: line, what: "libxml2 does not take it (\(code))")
        }
    }
}
