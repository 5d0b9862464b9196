package import PaymentCore

/// One way of speaking with a channel: messages in and out as bytes, without a clock, randomness or I/O.
package protocol ChannelDialect: Sendable {
    /// The frozen message of a submission: the same submission always gives the same bytes (R1, R6).
    func submitEnvelope(_ submission: SubmissionMessage) -> Envelope

    /// The message that asks what became of a submission.
    func queryEnvelope(number: String, tradeDate: BusinessDate) -> Envelope

    /// The volatile headers of one send; nothing else may differ between two sends of an envelope (R6).
    ///
    /// The nonce is 32 lower-case hexadecimal digits that were never used before.
    func sign(_ envelope: Envelope, at now: Timestamp, nonce: String, secret: ChannelSecret) -> [Envelope.Header]

    /// What an answer means: authenticated over its raw bytes before it is read, then classified by the code table.
    ///
    /// Never `notSent`: an answer proves that the message arrived. What cannot be believed is unknown (R3, R4).
    func decode(
        _ response: ChannelResponse,
        to envelope: Envelope,
        nonce: String,
        secret: ChannelSecret
    ) -> CallOutcome
}

/// The dialects that are built in, by the name that a specification gives them.
package enum DialectName: String, CaseIterable, Hashable, Sendable {
    case jsonBatch = "json-batch"

    /// Most bytes of a channel number.
    package var numberBytesMax: Int {
        switch self {
        case .jsonBatch: 32
        }
    }

    func codec(merchantID: String, codes: CodeTable) -> any ChannelDialect {
        switch self {
        case .jsonBatch: JSONBatchCodec(merchantID: merchantID, codes: codes)
        }
    }
}

/// A complete HTTP answer as it was received.
package struct ChannelResponse: Sendable {
    package let status: Int32
    package let headers: [Envelope.Header]
    package let body: [UInt8]

    package init(status: Int32, headers: [Envelope.Header], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The value of a header that appears exactly once; two of one name could be read in two ways.
    package func header(_ name: String) -> String? {
        let lowercased = name.lowercased()
        let found = headers.filter { $0.name.lowercased() == lowercased }
        return found.count == 1 ? found[0].value : nil
    }
}
