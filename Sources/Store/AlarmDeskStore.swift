package import PaymentCore

/// What people ask of a database about alarms: a look at them, and the acknowledgement.
package protocol AlarmDeskStore: Sendable {
    /// Alarms, the latest first.
    func alarms(_ filter: AlarmFilter) async throws -> [AlarmRow]

    /// Says that a person has learnt of these alarms; answers those of them that were open.
    ///
    /// A cause that comes again makes a new alarm. Recorded are the person's login and the note, from 1 to 400
    /// characters. A number that no alarm has is refused, and nothing is done; nor is anything if `isDry`.
    func acknowledgeAlarms(
        _ alarms: [AlarmIdentifier],
        note: String,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> [AlarmIdentifier]
}

/// Which alarms to list.
package struct AlarmFilter: Sendable {
    /// Whether acknowledged ones are listed too.
    package let includesAcknowledged: Bool
    /// At most 1,000.
    package let limit: Int

    package init(includesAcknowledged: Bool = false, limit: Int = 50) {
        precondition((1...1_000).contains(limit), "a list is bounded")
        (self.includesAcknowledged, self.limit) = (includesAcknowledged, limit)
    }
}

/// An alarm with what became of it.
package struct AlarmRow: Sendable, Hashable {
    package let identifier: AlarmIdentifier
    package let kind, code: String
    package var channel: ChannelName?
    package var batch: BatchIdentifier?
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp
    package var deliveryAttempts: Int32 = 0
    /// Nil while no sink took it.
    package var deliveredTo: String?
    package var deliveredAt: Timestamp?
    /// Why the last attempt failed.
    package var deliveryFailure: String?
    package var acknowledgement: Acknowledgement?

    /// Who has learnt of an alarm.
    package struct Acknowledgement: Sendable, Hashable {
        package let at: Timestamp
        /// The person's login.
        package let by: String
        package let note: String

        package init(at: Timestamp, by: String, note: String) {
            (self.at, self.by, self.note) = (at, by, note)
        }
    }

    package init(
        identifier: AlarmIdentifier,
        kind: String,
        code: String,
        message: String,
        occurrences: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        (self.identifier, self.kind, self.code, self.message) = (identifier, kind, code, message)
        (self.occurrences, self.firstAt, self.lastAt) = (occurrences, firstAt, lastAt)
    }
}
