package import PaymentCore

/// What the engine asks of a database about alarms: one row a cause, counted while nobody has acknowledged it.
package protocol AlarmStore: Sendable {
    /// Raises alarms in one transaction; a cause that is open already is counted, not repeated.
    func raise(_ alarms: [RaisedAlarm]) async throws
}

/// Something that a person must learn of now.
package struct RaisedAlarm: Sendable, Hashable {
    package let kind: AlarmKind
    package let channel: ChannelName?
    package let batch: BatchIdentifier?
    /// A stable word: a channel's code, or our own.
    package let code: String
    /// For the person who is called out at night: what happened, to what, and what is safe to do; nothing personal.
    package let message: String

    package init(
        kind: AlarmKind,
        channel: ChannelName? = nil,
        batch: BatchIdentifier? = nil,
        code: String,
        message: String
    ) {
        (self.kind, self.channel, self.batch) = (kind, channel, batch)
        (self.code, self.message) = (code, message)
    }

    /// Alarms of one cause are one row: kind, code, and the channel or else the batch that they are about.
    package var causeKey: String {
        "\(kind.rawValue)/\(channel?.value ?? batch.map { "\($0)" } ?? "-")/\(code)"
    }
}
