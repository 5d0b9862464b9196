/// Which way money moves: `payout` credits the account of an item, `withhold` debits it.
package enum Direction: String, Sendable, CaseIterable {
    case payout
    case withhold
}
