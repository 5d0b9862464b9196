/// Which message of a channel an answer belongs to.
package enum MessageKind: String, CaseIterable, Sendable, Hashable {
    case submit
    case query
}

/// What a code at the head of an answer says about the whole submission.
package enum HeaderMeaning: Hashable, Sendable {
    /// Submit: the channel has it; unlisted items are in process.
    case taken
    /// Query: the channel knows it and lists its items.
    case found
    /// The channel is at work on it.
    case processing
    /// Submit: nothing of this message was taken, or ever will be.
    case refused(FailureCause)
    /// Submit: the same number with the same content exists; the first one counts.
    case duplicateSame
    /// Submit: the same number with other content exists: stop and call a person.
    case duplicateOther
    /// Too many requests. To a query it says nothing, to a send it is unknown (R7).
    case slowDown
    /// Query: no such submission. Absence is not evidence (R5).
    case notFound
    /// Listed as saying nothing, or not listed at all (R3).
    case unknown(listed: Bool)
}

/// What a code of one item says about one order.
package enum ItemMeaning: Hashable, Sendable {
    case done
    case notDone(FailureCause)
    case processing
    case unknown(listed: Bool)
}

/// A channel's codes as data, at two levels and per kind of message.
///
/// What is not listed is unknown: there is no default
/// entry, and none can be written (R3).
package struct CodeTable: Hashable, Sendable {
    /// A meaning that makes no sense at its place, found when the table is built.
    package struct Defect: Error, Hashable, Sendable, CustomStringConvertible {
        package let kind: MessageKind
        package let code: String
        package let what: String

        package var description: String { "code \(code) of \(kind.rawValue): \(what)" }
    }

    private let headers: [MessageKind: [String: HeaderMeaning]]
    private let items: [MessageKind: [String: ItemMeaning]]

    /// Throws `Defect` for a meaning that this kind of message cannot have.
    package init(
        headers: [MessageKind: [String: HeaderMeaning]],
        items: [MessageKind: [String: ItemMeaning]]
    ) throws(Defect) {
        for (kind, table) in headers {
            for (code, meaning) in table {
                if let what = Self.objection(to: meaning, kind: kind) {
                    throw Defect(kind: kind, code: code, what: what)
                }
                if code.isEmpty { throw Defect(kind: kind, code: code, what: "an empty code cannot be listed") }
            }
        }
        for (kind, table) in items where table.keys.contains("") {
            throw Defect(kind: kind, code: "", what: "an empty code cannot be listed")
        }
        self.headers = headers
        self.items = items
    }

    package func header(_ code: String, kind: MessageKind) -> HeaderMeaning {
        headers[kind]?[code] ?? .unknown(listed: false)
    }

    package func item(_ code: String, kind: MessageKind) -> ItemMeaning {
        items[kind]?[code] ?? .unknown(listed: false)
    }

    /// Why a header meaning cannot stand for this kind of message; nil if it can.
    package static func objection(to meaning: HeaderMeaning, kind: MessageKind) -> String? {
        switch (kind, meaning) {
        case (.submit, .found), (.submit, .notFound):
            "only a query can find, or not find, a submission"
        case (.query, .taken), (.query, .duplicateSame), (.query, .duplicateOther):
            "only a submit can be taken or be a duplicate"
        case (.query, .refused):
            "a query that is refused says nothing about the money: list it as unknown"
        default: nil
        }
    }
}
