/// What became of one call, as the transport saw it.
package enum CallOutcome: Hashable, Sendable {
    /// Proven: no request byte left (R4).
    case notSent(String)
    /// It may have arrived; the answer is missing, damaged, unsigned or meaningless. The word is a stable code for
    /// people and metrics, never the channel's text.
    case unknown(String)
    case answered(ChannelAnswer)
}

/// A channel's answer, authenticated, parsed and classified by its code table.
package struct ChannelAnswer: Hashable, Sendable {
    package let header: HeaderMeaning
    package let headerCode: String
    package let items: [ItemAnswer]
    /// How long the channel asks us to wait.
    package let retryAfter: TimeSpan?

    package init(header: HeaderMeaning, headerCode: String, items: [ItemAnswer], retryAfter: TimeSpan? = nil) {
        self.header = header
        self.headerCode = headerCode
        self.items = items
        self.retryAfter = retryAfter
    }
}

/// What an answer says about one item.
package struct ItemAnswer: Hashable, Sendable {
    /// The item's number in the submission, from 1.
    package let item: Int32
    package let code: String
    package let meaning: ItemMeaning
    /// What the channel repeated of the order.
    ///
    /// A success is believed only if number, amount, currency and account match.
    package let echo: Echo?

    package struct Echo: Hashable, Sendable {
        package let accountNumber: String
        package let amountMinor: Int64
        package let currency: String

        package init(accountNumber: String, amountMinor: Int64, currency: String) {
            self.accountNumber = accountNumber
            self.amountMinor = amountMinor
            self.currency = currency
        }
    }

    package init(item: Int32, code: String, meaning: ItemMeaning, echo: Echo?) {
        self.item = item
        self.code = code
        self.meaning = meaning
        self.echo = echo
    }
}

/// Something that happened to a submission.
package enum SubmissionEvent: Hashable, Sendable {
    /// A worker holds the lease and asks what to do now.
    case claimed
    /// The send that this epoch recorded has ended.
    case sendEnded(CallOutcome)
    /// The query that this epoch began has ended.
    case queryEnded(CallOutcome)
}

/// What a worker does next for a submission.
package enum SubmissionStep: String, CaseIterable, Sendable, Hashable {
    case send
    case query
}
