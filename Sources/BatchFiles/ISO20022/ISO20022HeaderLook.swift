import XMLStream

/// What can be read of the header of a message, however broken the rest of it is.
///
/// Looks and judges nothing: it takes what it understands up to the end of the header, of a packed file too, and stops
/// where nothing can be read any more. Memory is bounded by one piece and what it unpacks to.
package struct ISO20022HeaderLook: ~Copyable {
    /// The header's values as they are written there; empty where there are none.
    package struct Found: Sendable, Hashable {
        /// Nil where the namespace of the root is that of no message.
        package fileprivate(set) var message: ISO20022Message?
        package fileprivate(set) var messageIdentification = ""
        package fileprivate(set) var creationTime = ""
        package fileprivate(set) var transactionCount = ""
        package fileprivate(set) var controlSum = ""
    }

    private enum Name: Int, CaseIterable {
        case header
        case messageIdentification
        case creationTime
        case transactionCount
        case controlSum

        var text: String {
            switch self {
            case .header: "GrpHdr"
            case .messageIdentification: "MsgId"
            case .creationTime: "CreDtTm"
            case .transactionCount: "NbOfTxs"
            case .controlSum: "CtrlSum"
            }
        }
    }

    /// A header stands at the beginning and is short: what has none by then has none.
    private static let contentBytesMax = 256 * 1_024

    private var unwrapper: Unwrapper
    private var scan = Scan()

    package init(layout: ISO20022Layout, wrapping: Wrapping = .none) {
        unwrapper = Unwrapper(wrapping, format: .iso20022(layout))
    }

    /// What was found so far.
    package var found: Found { scan.found }

    /// Whether there is no more to be found.
    package var isOver: Bool { scan.isOver }

    /// Takes the next bytes of the file; nothing once it is over.
    package mutating func read(_ bytes: ArraySlice<UInt8>, isLast: Bool) {
        guard !isOver else { return }
        do {
            try unwrapper.unwrap(bytes, isLast: isLast) { content, isLast in try scan.read(content, isLast: isLast) }
            if isLast || scan.contentBytes >= Self.contentBytesMax { scan.isOver = true }
        } catch {
            // The file is refused already, mostly for this; what was found before it stays.
            scan.isOver = true
        }
    }

    /// The content of the file, looked through.
    private struct Scan: ~Copyable {
        private static let depthOfHeader = 3

        private var xml = XMLStreamReader(names: Name.allCases.map(\.text))
        private var isInHeader = false
        private(set) var contentBytes = 0
        private(set) var found = Found()
        var isOver = false

        mutating func read(_ content: ArraySlice<UInt8>, isLast: Bool) throws {
            guard !isOver else { return }
            contentBytes += content.count
            xml.append(content, isLast: isLast)
            while !isOver, let event = try xml.nextEvent() { take(event) }
        }

        private mutating func take(_ event: XMLEvent) {
            let name = event.name.flatMap(Name.init(rawValue:))
            switch (event.kind, event.depth, name) {
            case (.start, 1, _): found.message = xml.namespace(of: event).flatMap { ISO20022Message(namespace: $0) }
            case (.start, Self.depthOfHeader, .header): isInHeader = true
            case (.end, Self.depthOfHeader, .header): isOver = true
            case (.end, Self.depthOfHeader + 1, let name?) where isInHeader:
                take(name, String(decoding: xml.text[event.text], as: UTF8.self))
            default: break
            }
        }

        /// Takes a value, the first of each name.
        private mutating func take(_ name: Name, _ text: String) {
            func note(_ value: inout String) { if value.isEmpty { value = text } }
            switch name {
            case .header: break
            case .messageIdentification: note(&found.messageIdentification)
            case .creationTime: note(&found.creationTime)
            case .transactionCount: note(&found.transactionCount)
            case .controlSum: note(&found.controlSum)
            }
        }
    }
}
