import CLibXML2

/// What libxml2's callbacks write to: the events of the piece in work, the elements that are open, what is wrong.
///
/// It lives at an address of its own, which the parser knows; callbacks come only while a piece is being parsed.
struct ParserState: ~Copyable {
    /// An element that is open.
    private struct OpenElement {
        let name: XMLSymbol
        let namespace: XMLSymbol?
        let nameIndex: Int16
        let start: Int64
    }

    let context: xmlParserCtxtPtr
    private let limits: XMLLimits
    private let names: NameTable
    private let schemas: [String: XMLSchemaFile]
    var source = DocumentSource()
    /// The events of the piece, and what they refer to.
    private(set) var events: [XMLEvent] = []
    private(set) var findings: [XMLSchemaFinding] = []
    private(set) var text: [UInt8] = []
    /// Where the character data since the last tag begins in `text`.
    private var textStart = 0
    private var open: [OpenElement] = []
    private var validation: SchemaValidation?
    private(set) var hasRoot = false
    /// What ends the reading, after the events before it.
    private(set) var defect: XMLDefect?

    init(context: xmlParserCtxtPtr, names: [String], schemas: [String: XMLSchemaFile], limits: XMLLimits) {
        self.context = context
        self.limits = limits
        self.names = NameTable(names, in: context.pointee.dict)
        self.schemas = schemas
    }

    /// Whether every element that was begun has ended.
    var isBalanced: Bool { open.isEmpty }

    /// How many bytes of UTF-8 the parser has passed.
    var consumed: Int64 {
        guard let input = context.pointee.input else { return 0 }
        return Int64(input.pointee.consumed) + Int64(input.pointee.cur - input.pointee.base)
    }

    private var line: Int64 { Int64(context.pointee.input?.pointee.line ?? 0) }

    /// Makes room for the events of the next piece.
    mutating func beginPiece() {
        events.removeAll(keepingCapacity: true)
        findings.removeAll(keepingCapacity: true)
        text.removeSubrange(0..<textStart)
        textStart = 0
    }

    /// Notes the first defect, and lets the parser stop.
    mutating func fail(_ code: XMLDefect.Code, libraryCode: Int32 = 0, line: Int64? = nil, _ what: String) {
        guard defect == nil else { return }
        defect = XMLDefect(
            code,
            line: line ?? self.line,
            byteOffset: source.place(ofUTF8: consumed),
            libraryCode: libraryCode,
            what: what
        )
        xmlStopParser(context)
    }

    /// Notes a defect at a place in UTF-8 that the parser was not given, unless it found one before that place.
    mutating func fail(_ code: XMLDefect.Code, atUTF8 offset: Int64, _ what: String) {
        guard defect == nil else { return }
        defect = XMLDefect(code, line: line(ofUTF8: offset), byteOffset: source.place(ofUTF8: offset), what: what)
    }

    /// The line of a place in UTF-8 up to which everything was decoded: the parser may not have come so far.
    func line(ofUTF8 offset: Int64) -> Int64 { line + source.lineFeeds(inUTF8: consumed..<offset) }

    mutating func start(_ name: UnsafePointer<UInt8>, _ namespace: UnsafePointer<UInt8>?, _ tag: SchemaValidation.Tag) {
        guard defect == nil else { return }
        guard open.count < limits.depthMax else {
            return fail(.tooDeep, "elements are nested more than \(limits.depthMax) deep")
        }
        let textRange = takeText()
        let begin = tagBegin()
        let name = XMLSymbol(name)
        let namespace = namespace.map(XMLSymbol.init)
        let element = OpenElement(
            name: name,
            namespace: namespace,
            nameIndex: names.index(of: name),
            start: source.place(ofUTF8: begin.offset)
        )
        open.append(element)
        if !hasRoot { beginRoot(namespace) }
        add(.start, name, element.nameIndex, namespace, textRange, line: begin.line)
        guard takeAttributes(tag) else { return }
        validation?.plug.start(tag)
        takeFindings(isStart: true)
    }

    mutating func end(_ tag: SchemaValidation.EndTag) {
        guard defect == nil, let element = open.last else { return }
        let textRange = takeText()
        validation?.plug.end(tag)
        takeFindings()
        add(.end, element.name, element.nameIndex, element.namespace, textRange, line: line)
        open.removeLast()
    }

    mutating func characters(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard defect == nil else { return }
        guard text.count - textStart + bytes.count <= limits.textBytesMax else {
            return fail(.textTooLong, "the text of an element has more than \(limits.textBytesMax) bytes")
        }
        text.append(contentsOf: bytes)
    }

    /// Tells what the schema found when it was last shown something, which was in or at the innermost open element.
    private mutating func takeFindings(isStart: Bool = false) {
        guard let found = validation?.takeFound(), !found.isEmpty, let element = open.last else { return }
        for (index, rule) in found.enumerated() {
            let code = rule.code
            // "Not of the type" after the facet that says why tells nothing more.
            if XMLSchemaFinding.isType(code), index > 0, XMLSchemaFinding.isFacet(found[index - 1].code) { continue }
            let depth = isStart && XMLSchemaFinding.isAboutPlace(code) ? open.count - 1 : open.count
            let path = open.prefix(depth).map { $0.name.text.map { String(cString: $0) } ?? "" }
            findings.append(
                XMLSchemaFinding(
                    line: line,
                    libraryCode: code,
                    depth: depth,
                    path: path.joined(separator: "/"),
                    expected: rule.expected
                )
            )
            add(.finding, element.name, element.nameIndex, element.namespace, textStart..<textStart, line: line)
        }
    }

    /// The character data since the last tag, shown to the schema in one piece.
    private mutating func takeText() -> Range<Int> {
        let range = textStart..<text.count
        textStart = text.count
        if !range.isEmpty, let plug = validation?.plug {
            text.span.extracting(range).withUnsafeBufferPointer { plug.text($0) }
            takeFindings()
        }
        return range
    }

    private mutating func beginRoot(_ namespace: XMLSymbol?) {
        hasRoot = true
        let name = namespace?.text.map { String(cString: $0) } ?? ""
        guard let schema = schemas[name] else { return }
        validation = SchemaValidation(schema)
    }

    /// Where the tag in work begins, in UTF-8, and on which line: no `<` can stand inside of it.
    private func tagBegin() -> (offset: Int64, line: Int64) {
        guard let input = context.pointee.input?.pointee, let base = input.base, var at = input.cur else {
            preconditionFailure("a parser in work has an input")
        }
        var line = Int64(input.line)
        while at > base, at.pointee != UInt8(ascii: "<") {
            at -= 1
            if at.pointee == 0x0A { line -= 1 }
        }
        precondition(at.pointee == UInt8(ascii: "<"), "a start tag begins with <")
        return (Int64(input.consumed) + Int64(at - base), line)
    }

    private mutating func takeAttributes(_ tag: SchemaValidation.Tag) -> Bool {
        let count = Int(tag.attributeCount)
        guard count > 0, let attributes = tag.attributes else { return true }
        guard count <= limits.attributesMax else {
            fail(.attributesTooLong, "an element has more than \(limits.attributesMax) attributes")
            return false
        }
        let first = text.count
        for index in 0..<count {
            // Name, prefix, namespace, first byte of the value, end of the value.
            guard let name = attributes[index * 5], let begin = attributes[index * 5 + 3],
                let end = attributes[index * 5 + 4]
            else { preconditionFailure("an attribute has a name and a value") }
            let start = text.count
            appendAttribute(UnsafeBufferPointer(start: begin, count: end - begin))
            let symbol = XMLSymbol(name)
            let namespace = attributes[index * 5 + 2].map(XMLSymbol.init)
            add(.attribute, symbol, names.index(of: symbol), namespace, start..<text.count, line: line)
        }
        textStart = text.count
        guard text.count - first <= limits.attributeBytesMax else {
            fail(.attributesTooLong, "an element's attributes have more than \(limits.attributeBytesMax) bytes")
            return false
        }
        return true
    }

    /// Appends a value with the ampersands single that libxml2 leaves as `&#38;`.
    private mutating func appendAttribute(_ value: UnsafeBufferPointer<UInt8>) {
        let escape: StaticString = "&#38;"
        var index = 0
        while index < value.count {
            text.append(value[index])
            let isEscape =
                value[index] == UInt8(ascii: "&") && value.count - index >= escape.utf8CodeUnitCount
                && (0..<escape.utf8CodeUnitCount).allSatisfy { value[index + $0] == escape.utf8Start[$0] }
            index += isEscape ? escape.utf8CodeUnitCount : 1
        }
    }

    private mutating func add(
        _ kind: XMLEvent.Kind,
        _ name: XMLSymbol,
        _ nameIndex: Int16,
        _ namespace: XMLSymbol?,
        _ text: Range<Int>,
        line: Int64
    ) {
        events.append(
            XMLEvent(
                kind: kind,
                namespace: namespace,
                depth: open.count,
                line: line,
                start: open.last?.start ?? 0,
                end: source.place(ofUTF8: consumed),
                text: text,
                nameIndex: nameIndex,
                localName: name,
                findingIndex: Int32(findings.count) - 1
            )
        )
    }
}
