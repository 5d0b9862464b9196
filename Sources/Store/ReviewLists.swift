package import PaymentCore

/// Open review items of one incident: one decision.
package struct ReviewIncident: Sendable {
    package let incident, cause: String
    package var codes: [String] = []
    package var channel: String?
    package let ownerRole: String
    package let items: Int64
    /// The first of them: `BATCH`, `BATCH/SUBMISSION` or `BATCH-LINE`.
    package var examples: [String] = []
    /// The numbers of the first of them.
    package var itemNumbers: [Int64] = []
    /// What may be decided about it.
    package var decisions: [ReviewDecision] = []
    /// What a decision would be about: orders, and their sums by currency.
    package var orders: [String: Tally] = [:]
    package let oldestAt: Timestamp
    package let age: TimeSpan

    package init(
        incident: String,
        cause: String,
        ownerRole: String,
        items: Int64,
        oldestAt: Timestamp,
        age: TimeSpan
    ) {
        (self.incident, self.cause, self.ownerRole) = (incident, cause, ownerRole)
        (self.items, self.oldestAt, self.age) = (items, oldestAt, age)
    }
}

/// An alarm that nobody has acknowledged.
package struct OpenAlarm: Sendable {
    package let kind, code: String
    package var channel: String?
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp

    package init(
        kind: String,
        code: String,
        message: String,
        occurrences: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        (self.kind, self.code, self.message) = (kind, code, message)
        (self.occurrences, self.firstAt, self.lastAt) = (occurrences, firstAt, lastAt)
    }
}

/// What a run leaves to people.
package struct WaitingForPeople: Sendable, Hashable {
    package let reviewItems, heldFiles: Int64

    package init(reviewItems: Int64, heldFiles: Int64) {
        (self.reviewItems, self.heldFiles) = (reviewItems, heldFiles)
    }

    /// Nothing waits.
    package static let nothing = WaitingForPeople(reviewItems: 0, heldFiles: 0)

    package var isNothing: Bool { reviewItems == 0 && heldFiles == 0 }
}
