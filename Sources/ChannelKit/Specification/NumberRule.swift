package import PaymentCore

/// How a channel's submissions are numbered (R17).
package struct NumberRule: Hashable, Sendable {
    /// Within what a number names one submission only.
    package enum Scope: String, CaseIterable, Hashable, Sendable {
        /// A number is used once, for ever.
        case forever
        /// Numbers may begin again with each trade date; their life, and so every resend, ends with it.
        case tradeDate = "trade_date"
    }

    /// Batch identifiers that fit a number: 15 digits, a hundred million batches a day for ten thousand years.
    package static let batchMax: Int64 = 999_999_999_999_999
    /// Digits of `batchMax` and of the largest submission number, and the two hyphens between the parts.
    private static let bytesBesidesPrefix = 15 + 10 + 2

    /// Capital letters and digits that begin every number.
    package let prefix: String
    package let scope: Scope

    init(prefix: String, scope: Scope) {
        self.prefix = prefix
        self.scope = scope
    }

    /// Most bytes that a prefix may have in a dialect.
    static func prefixBytesMax(_ dialect: DialectName) -> Int { dialect.numberBytesMax - bytesBesidesPrefix }

    /// The number of a submission: a pure function, so that one lost in a failover can be asked for (R17).
    package func number(batch: BatchIdentifier, submission: SubmissionNumber) -> String {
        precondition((1...Self.batchMax).contains(batch.value), "a batch identifier has 1 to 15 digits")
        precondition(submission.value >= 0, "a submission number is not negative")
        return "\(prefix)-\(batch)-\(submission)"
    }

    /// The scope in which the registry of channel numbers keeps a number unique: the trade date, or `*` for ever.
    package func scope(tradeDate: BusinessDate) -> String {
        switch scope {
        case .forever: "*"
        case .tradeDate: tradeDate.compact
        }
    }
}
