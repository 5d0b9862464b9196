package import PaymentCore
package import Store

/// Somewhere that alarms go beside the table: a pager, a chat, a person's own script.
package protocol AlarmSink: Sendable {
    /// Names it in rows and logs, as in `sink 1 (webhook)`; holds no secret.
    var name: String { get }
    /// The longest that one delivery may take.
    var timeout: TimeSpan { get }
    /// Delivers one alarm, once; it retries nothing (R11) and comes back within its timeout.
    func deliver(_ alarm: AlarmToDeliver) async -> AlarmReceipt
}

/// What a sink said to one alarm.
package enum AlarmReceipt: Sendable, Hashable {
    case accepted
    /// It may have arrived all the same; receivers drop what they have by its number.
    ///
    /// `reason`: in words that are safe to log.
    case notAccepted(reason: String)
}
