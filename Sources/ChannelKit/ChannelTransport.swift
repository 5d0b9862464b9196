package import PaymentCore

/// How the engine reaches a channel: a port, so that the same engine runs on real channels and on simulated ones.
package protocol ChannelTransport: Sendable {
    /// Makes one call and says what became of it; retries nothing (R11).
    func call(_ call: ChannelCall) async -> CallRecord
}

/// One call to make: the frozen envelope, or a query.
package struct ChannelCall: Sendable {
    package let channel: ChannelName
    package let envelope: Envelope
    /// Past this instant of the clock that counts suspended time no first byte may leave (R10): nanoseconds of
    /// `CLOCK_BOOTTIME`.
    package let sendByNanoseconds: Int64

    package init(channel: ChannelName, envelope: Envelope, sendByNanoseconds: Int64) {
        self.channel = channel
        self.envelope = envelope
        self.sendByNanoseconds = sendByNanoseconds
    }
}

/// What became of a call, with the evidence to keep.
package struct CallRecord: Sendable {
    package let outcome: CallOutcome
    /// The HTTP status, if a complete answer came.
    package let status: Int32?
    /// The answer's bytes as received; encrypted before they are stored (R15).
    ///
    /// Empty where none came.
    package let response: [UInt8]
    /// The volatile elements of this send (timestamp, nonce, signature), kept with its exchange.
    package let volatileElements: [String: String]
    package let latencyMicroseconds: Int64

    package init(
        outcome: CallOutcome,
        status: Int32?,
        response: [UInt8],
        volatileElements: [String: String],
        latencyMicroseconds: Int64
    ) {
        self.outcome = outcome
        self.status = status
        self.response = response
        self.volatileElements = volatileElements
        self.latencyMicroseconds = latencyMicroseconds
    }
}
