import XMLStream

/// What a reader tells of a document, in words that can be compared.
struct SeenDocument: Equatable {
    /// One line an event: `<name`, `@name=value`, `>name`, `!path`, with the text before a tag.
    var events: [String] = []
    /// The ranges of the elements, in the order of their ends.
    var ranges: [Range<Int64>] = []
    var lines: [Int64] = []
    var findings: [XMLSchemaFinding] = []
    var defect: XMLDefect?
    var encoding: XMLEncoding?

    /// Reads `bytes` in parts that end at `cuts`, and at the end of the document.
    init(
        _ bytes: [UInt8],
        schemas: [String: XMLSchemaFile] = [:],
        limits: XMLLimits = XMLLimits(),
        cuts: [Int] = []
    ) {
        var reader = XMLStreamReader(schemas: schemas, limits: limits)
        var start = 0
        do throws(XMLDefect) {
            for cut in cuts + [bytes.count] {
                reader.append(bytes[start..<cut], isLast: cut == bytes.count && start <= cut)
                start = cut
                while let event = try reader.nextEvent() { take(event, reader) }
                if cut == bytes.count { break }
            }
        } catch {
            defect = error
        }
        encoding = reader.encoding
    }

    init(_ text: String, schemas: [String: XMLSchemaFile] = [:], limits: XMLLimits = XMLLimits()) {
        self.init(Array(text.utf8), schemas: schemas, limits: limits)
    }

    private mutating func take(_ event: XMLEvent, _ reader: borrowing XMLStreamReader) {
        let text = String(decoding: reader.text[event.text], as: UTF8.self)
        let name = reader.localName(of: event)
        switch event.kind {
        case .start:
            let namespace = reader.namespace(of: event).map { "{\($0)}" } ?? ""
            events.append("\(text)<\(namespace)\(name)")
            lines.append(event.line)
        case .attribute: events.append("@\(name)=\(text)")
        case .end:
            events.append("\(text)>\(name)")
            ranges.append(event.start..<event.end)
        case .finding:
            let finding = reader.finding(of: event)
            findings.append(finding)
            events.append("!\(finding.path)")
        }
    }
}
