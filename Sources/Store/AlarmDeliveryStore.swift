package import PaymentCore

/// What the delivery of alarms asks of a database: an alarm goes out once a cause, to the first sink that takes it.
///
/// At least once: a process that dies between delivery and record leaves the alarm to the next one, which delivers it
/// again under the same number.
package protocol AlarmDeliveryStore: Sendable {
    /// Takes alarms that wait for delivery, those that wait longest first, so that nobody else does for as long as the
    /// lease.
    ///
    /// Alarms that a person has acknowledged wait for nothing any more.
    func claimAlarms(limit: Int, lease: TimeSpan) async throws -> [AlarmToDeliver]

    /// Records what became of a claimed alarm; false if its lease has ended and somebody else has claimed it since.
    func recordDelivery(_ delivery: AlarmDelivery, of alarm: AlarmToDeliver) async throws -> Bool
}

/// An alarm as a sink is told of it.
package struct AlarmToDeliver: Sendable, Hashable {
    package let identifier: AlarmIdentifier
    package let kind: String
    /// A stable word: a channel's code, or our own.
    package let code: String
    package var channel: ChannelName?
    package var batch: BatchIdentifier?
    /// For the person who is called out at night; nothing personal.
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp
    /// Counts from 1; it fences the record of what became of it.
    package let attempt: Int32

    package init(
        identifier: AlarmIdentifier,
        kind: String,
        code: String,
        message: String,
        occurrences: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp,
        attempt: Int32
    ) {
        (self.identifier, self.kind, self.code, self.message) = (identifier, kind, code, message)
        (self.occurrences, self.firstAt, self.lastAt, self.attempt) = (occurrences, firstAt, lastAt, attempt)
    }
}

/// What became of an attempt to deliver an alarm.
package enum AlarmDelivery: Sendable, Hashable {
    /// A sink took it; it is not delivered again, however often its cause comes.
    case delivered(sink: String)
    /// No sink took it; the alarm comes up again.
    ///
    /// `reason`: sink by sink, without secrets.
    case failed(reason: String, retryAfter: TimeSpan)
}

/// The number of an alarm; receivers drop what they have by it.
package struct AlarmIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package var description: String { String(value) }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
