import CLibXML2
import Glibc

/// Reads an XML document as it comes, in parts cut anywhere, and tells its tags, texts and what a schema finds.
///
/// Memory is bounded by one part, one piece of events and the limits. Nothing is opened because of the document: a
/// document type declaration is refused before what it declares, so there are no entities but the five of XML itself,
/// and hints at schemas are passed over. What is not well-formed is never mended. Events come up to the place of a
/// defect, which is then thrown; after that the reader is spent.
///
/// Places are exact in every encoding of `XMLEncoding`: the range of an element runs from the `<` of its start tag
/// to the byte after the `>` of its end tag, in the bytes as they were given.
package struct XMLStreamReader: ~Copyable, @unchecked Sendable {
    // @unchecked: the parser and its state are owned by this value alone, and libxml2 binds neither to a thread.

    /// Parts are parsed in pieces of this size, so that what is told stays in the processor's cache.
    private static let pieceBytes = 32 * 1_024

    private let state: UnsafeMutablePointer<ParserState>
    private let context: xmlParserCtxtPtr
    private let limits: XMLLimits
    private var next = 0
    private var isLast = false
    private var isFinished = false
    /// How many bytes of UTF-8 the parser was given.
    private var given: Int64 = 0

    /// The place in the document of the first byte that `bytes(_:)` must be able to return still; nil for none.
    package var keptFrom: Int64?

    /// A reader whose events tell `names` by their indices.
    ///
    /// A document whose root is in one of the namespaces of `schemas` ("" for none) is validated with that schema.
    package init(names: [String] = [], schemas: [String: XMLSchemaFile] = [:], limits: XMLLimits = XMLLimits()) {
        XMLLibrary.start()
        var handler = xmlSAXHandler()
        handler.initialized = XML_SAX2_MAGIC
        Self.install(&handler)
        let state = UnsafeMutablePointer<ParserState>.allocate(capacity: 1)
        guard let context = xmlCreatePushParserCtxt(&handler, state, nil, 0, nil) else {
            preconditionFailure("libxml2 is out of memory")
        }
        // Neither NOENT, DTDLOAD, DTDATTR, XINCLUDE, HUGE nor RECOVER. The declared encoding is passed over, as the
        // parser is given UTF-8.
        xmlCtxtUseOptions(context, Int32(XML_PARSE_NONET.rawValue | XML_PARSE_IGNORE_ENC.rawValue))
        state.initialize(to: ParserState(context: context, names: names, schemas: schemas, limits: limits))
        self.state = state
        self.context = context
        self.limits = limits
    }

    deinit {
        xmlFreeParserCtxt(context)
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Takes the next bytes of the document; the last call, and only it, says `isLast`.
    ///
    /// Events of earlier bytes must have been taken.
    package mutating func append(_ bytes: ArraySlice<UInt8>, isLast: Bool) {
        precondition(!self.isLast, "a reader is fed after its last part")
        precondition(next == state.pointee.events.count, "a reader is fed before its events were taken")
        self.isLast = isLast
        state.pointee.source.append(bytes, isLast: isLast, keeping: min(keptFrom ?? .max, position))
    }

    /// The next event; nil when more bytes are needed, or when the document has ended.
    package mutating func nextEvent() throws(XMLDefect) -> XMLEvent? {
        while next == state.pointee.events.count {
            if let defect = state.pointee.defect { throw defect }
            guard try parsePiece() else { return nil }
        }
        defer { next += 1 }
        return state.pointee.events[next]
    }

    /// What the texts of events point into, until the next event is asked for.
    package var text: [UInt8] { state.pointee.text }

    /// What the schema found, for an event that says so.
    package func finding(of event: XMLEvent) -> XMLSchemaFinding {
        precondition(event.kind == .finding, "only a finding has one")
        return state.pointee.findings[Int(event.findingIndex)]
    }

    /// The local name of an event's element or attribute.
    package func localName(of event: XMLEvent) -> String { Self.string(event.localName) }

    /// The namespace of an event's element or attribute.
    package func namespace(of event: XMLEvent) -> String? { event.namespace.map(Self.string) }

    /// The encoding of the document; nil before its beginning was read.
    package var encoding: XMLEncoding? { state.pointee.source.encoding }

    /// The place in the document before which no later event begins.
    package var position: Int64 { state.pointee.source.place(ofUTF8: state.pointee.consumed) }

    /// The bytes of a range as they were given, from `keptFrom` on; nil when some of them were let go.
    package func bytes(_ range: Range<Int64>) -> ArraySlice<UInt8>? { state.pointee.source.bytes(range) }

    private static func string(_ symbol: XMLSymbol) -> String { symbol.text.map { String(cString: $0) } ?? "" }

    /// Parses the next piece; whether there was one.
    private mutating func parsePiece() throws(XMLDefect) -> Bool {
        guard !isFinished else { return false }
        state.pointee.beginPiece()
        next = 0
        let piece: Range<Int>
        do throws(DocumentSource.Fault) {
            piece = try state.pointee.source.decode(bytesMax: Self.pieceBytes)
        } catch {
            throw defect(error)
        }
        if !piece.isEmpty {
            parse(state.pointee.source.pieceStorage, piece)
            return true
        }
        guard isLast else { return false }
        isFinished = true
        try finish()
        return true
    }

    private mutating func parse(_ storage: [UInt8], _ piece: Range<Int>) {
        storage.span.extracting(piece).withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            // libxml2 takes NUL for the end of what it has, and at the beginning for a sign of another encoding.
            let nul = memchr(first, 0, bytes.count)
            let count = nul.map { UnsafeRawPointer($0) - first } ?? bytes.count
            given += Int64(count)
            if count > 0 {
                _ = xmlParseChunk(context, first.bindMemory(to: CChar.self, capacity: count), Int32(count), 0)
            }
            if nul != nil {
                state.pointee.fail(.notWellFormed, atUTF8: given, "it has a NUL, which XML does not have")
            }
        }
        if given - state.pointee.consumed > Int64(limits.markupBytesMax) {
            state.pointee.fail(.markupTooLong, "a tag or comment has more than \(limits.markupBytesMax) bytes")
        }
    }

    private mutating func finish() throws(XMLDefect) {
        if state.pointee.source.isEmpty { throw XMLDefect(.empty, line: 0, byteOffset: 0, what: "there is no byte") }
        xmlParseChunk(context, nil, 0, 1)
        let isWhole = context.pointee.wellFormed == 1 && context.pointee.nsWellFormed == 1
        if !isWhole || !state.pointee.hasRoot || !state.pointee.isBalanced {
            state.pointee.fail(.notWellFormed, "the document ends before its root element does")
        }
    }

    private func defect(_ fault: DocumentSource.Fault) -> XMLDefect {
        switch fault {
        case .encodingUnsupported:
            XMLDefect(.encodingUnsupported, line: 1, byteOffset: 0, what: "its encoding is not read here")
        case .encodingContradiction:
            XMLDefect(
                .encodingContradiction,
                line: 1,
                byteOffset: 0,
                what: "it declares another encoding than it begins in"
            )
        case .undecodable(let offset):
            XMLDefect(
                .undecodableBytes,
                line: state.pointee.line(ofUTF8: given),
                byteOffset: offset,
                what: "bytes are not in the document's encoding, \(encoding?.rawValue ?? "")"
            )
        }
    }

    /// Makes libxml2 call the state that it is given.
    private static func install(_ handler: inout xmlSAXHandler) {
        handler.internalSubset = { context, _, _, _ in
            context?.assumingMemoryBound(to: ParserState.self).pointee
                .fail(.documentType, "it has a document type declaration")
        }
        handler.startElementNs = { context, name, prefix, namespace, namespaces, pairs, attributes, defaulted, values in
            guard let context, let name else { return }
            let tag = SchemaValidation.Tag(
                name: name,
                prefix: prefix,
                namespace: namespace,
                namespaceCount: namespaces,
                namespaces: pairs,
                attributeCount: attributes,
                defaultedCount: defaulted,
                attributes: values
            )
            context.assumingMemoryBound(to: ParserState.self).pointee.start(name, namespace, tag)
        }
        handler.endElementNs = { context, name, prefix, namespace in
            let tag = SchemaValidation.EndTag(name: name, prefix: prefix, namespace: namespace)
            context?.assumingMemoryBound(to: ParserState.self).pointee.end(tag)
        }
        let characters: charactersSAXFunc = { context, bytes, count in
            context?.assumingMemoryBound(to: ParserState.self).pointee
                .characters(UnsafeBufferPointer(start: bytes, count: Int(count)))
        }
        handler.characters = characters
        // The same, so that the parser does not try to tell blanks that matter from those that do not.
        handler.ignorableWhitespace = characters
        handler.cdataBlock = characters
        handler.serror = { context, error in
            guard let context, let error, error.pointee.level.rawValue >= XML_ERR_ERROR.rawValue else { return }
            let state = context.assumingMemoryBound(to: ParserState.self)
            let isRootOpen = !state.pointee.hasRoot || !state.pointee.isBalanced
            state.pointee.fail(
                .notWellFormed,
                libraryCode: error.pointee.code,
                line: Int64(error.pointee.line),
                XMLDefect.words(libraryCode: error.pointee.code, isRootOpen: isRootOpen)
            )
        }
    }
}
