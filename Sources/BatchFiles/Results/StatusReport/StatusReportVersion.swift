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

    /// The namespace of its documents.
    package var namespace: String { "urn:iso:std:iso:20022:tech:xsd:\(rawValue)" }

    /// Its name as a message.
    package var message: ISO20022Message {
        guard let message = ISO20022Message(name: rawValue) else {
            preconditionFailure("a message that is written has a name that is none")
        }
        return message
    }
}
