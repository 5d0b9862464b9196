package import XMLStream

/// The versions of pain.002 that are written.
package enum StatusReportVersion: String, Sendable, Hashable, CaseIterable {
    /// With closed lists of statuses; the answer to the messages of 2009.
    case v03 = "pain.002.001.03"
    /// The answer to the messages of 2019 and later.
    case v10 = "pain.002.001.10"

    /// The first version of pain.001 and of pain.008 that belongs to the messages of 2019.
    private static let firstOfNewMessages = 8

    /// The version that answers a request.
    package init(answering message: ISO20022Message) {
        // pain.001.001.09: kind, variant, version; a national variant may add to it.
        let parts = message.name.split(separator: ".")
        let version = parts.count > 3 ? Int(parts[3]) : nil
        self = (version ?? 0) < Self.firstOfNewMessages ? .v03 : .v10
    }

    /// The version that answers a request of which little may be known: the layout's own where it names no message that
    /// could be answered.
    package init(answering request: ISO20022HeaderLook.Found, layout: ISO20022Layout) {
        let named = request.message.flatMap { $0.kind == nil ? nil : $0 }
        guard let message = named ?? layout.messages.last else {
            preconditionFailure("a layout takes at least one message")
        }
        self.init(answering: message)
    }

    /// The namespace of its documents.
    package var namespace: String { "urn:iso:std:iso:20022:tech:xsd:\(rawValue)" }

    /// The schema that its documents are checked with.
    package func schema(in layout: ISO20022Layout) throws(ResultFileDefect) -> XMLSchemaFile {
        guard let schema = layout.schemas.schema(of: message) else {
            throw ResultFileDefect(line: 0, what: "there is no schema of \(rawValue)")
        }
        return schema
    }

    /// Its name as a message.
    package var message: ISO20022Message {
        guard let message = ISO20022Message(name: rawValue) else {
            preconditionFailure("a message that is written has a name that is none")
        }
        return message
    }
}
