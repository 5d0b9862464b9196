package import PaymentCore

/// Counts and amounts that must add up (R14): counts over all records, amounts over those that could be read.
package struct AmountTotals: Sendable, Hashable {
    /// Per currency, the records whose amount could be read.
    package private(set) var amounts: [Currency: Tally]
    /// The records whose amount or currency could not be read.
    package private(set) var amountUnreadable: Int64

    package init(amounts: [Currency: Tally] = [:], amountUnreadable: Int64 = 0) {
        self.amounts = amounts
        self.amountUnreadable = amountUnreadable
    }

    /// All records.
    package var records: Int64 { amounts.values.reduce(amountUnreadable) { $0 + $1.count } }

    /// Counts one record; nil for an amount that could not be read.
    package mutating func add(_ amount: Money?) {
        if let amount {
            amounts[amount.currency, default: Tally()].add(amount.minor)
        } else {
            amountUnreadable += 1
        }
    }

    package static func + (left: Self, right: Self) -> AmountTotals {
        AmountTotals(
            amounts: left.amounts.merging(right.amounts) { $0 + $1 },
            amountUnreadable: left.amountUnreadable + right.amountUnreadable
        )
    }
}
