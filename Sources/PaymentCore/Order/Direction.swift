/// Which way the money moves.
package enum Direction: String, CaseIterable, Sendable, Hashable {
    /// 代扣: debit someone's account.
    case withhold
    /// 代付: credit someone's account.
    case payout
}

/// Whether a deployment moves real money (R13).
package enum EnvironmentClass: String, CaseIterable, Sendable, Hashable {
    case production
    case test
}
