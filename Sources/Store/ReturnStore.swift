package import PaymentCore

/// Returns (退票): money that came back after success.
package protocol ReturnStore: Sendable {
    /// Records a return, and moves its order to `returned` when all of its amount has come back.
    ///
    /// The order of an archived day is not changed: readers join what came back. The same return again changes nothing.
    func recordReturn(_ payment: ReturnedPayment) async throws -> ReturnOutcome
}

/// A return as a channel told it.
package struct ReturnedPayment: Hashable, Sendable {
    package let channel: ChannelName
    /// The channel's own number of the return; one is recorded once.
    package let reference: String
    package let batch: BatchIdentifier
    package let line: LineNumber
    package let amount: Money
    package let code: String?
    package let returnedAt: Timestamp

    package init(
        channel: ChannelName,
        reference: String,
        batch: BatchIdentifier,
        line: LineNumber,
        amount: Money,
        code: String?,
        returnedAt: Timestamp
    ) {
        (self.channel, self.reference, self.batch, self.line) = (channel, reference, batch, line)
        (self.amount, self.code, self.returnedAt) = (amount, code, returnedAt)
    }
}

/// What became of a return.
package enum ReturnOutcome: String, CaseIterable, Hashable, Sendable {
    case recorded
    /// It was recorded before, and the same.
    case known
    /// No order has this number, live or archived.
    case noOrder = "no_order"
    /// The order never succeeded, or currency, amount or an earlier record of this number say otherwise.
    case doesNotFit = "does_not_fit"
}
