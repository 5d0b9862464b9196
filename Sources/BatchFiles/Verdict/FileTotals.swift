package import PaymentCore

/// What the records of a file add up to, as pass 1 counts them.
package struct FileTotals: Sendable, Hashable {
    /// Every record, orders and quarantined ones.
    package private(set) var totals = AmountTotals()
    /// The records that go to quarantine.
    package private(set) var quarantined: Int64 = 0
    /// Their amounts: bad records are few, so that good ones cost nothing more.
    private var quarantinedAmounts = AmountTotals()
    /// The records that make an order and have the number of an earlier one, as far as is known: the loader sets them
    /// aside.
    package private(set) var repeated: Int64 = 0
    /// How often each reason was found, warnings included.
    package private(set) var reasons: [ReasonCode: Int64] = [:]

    package init() {}

    package var records: Int64 { totals.records }

    /// What is left for orders, by currency; numbers that turn out to be taken when it is loaded are still in it.
    package var accepted: [Currency: Tally] {
        totals.amounts.reduce(into: [:]) { accepted, entry in
            let bad = quarantinedAmounts.amounts[entry.key] ?? Tally()
            let count = entry.value.count - bad.count
            guard count > 0 else { return }
            accepted[entry.key] = Tally(count: count, amountMinor: entry.value.amountMinor - bad.amountMinor)
        }
    }

    /// Counts one record.
    package mutating func add(_ record: CheckedRecord) {
        switch record {
        case .order(let draft): addOrder(draft.fields.amount, warnings: draft.warnings)
        case .quarantined(let draft): addQuarantined(draft.amount, reasons: draft.reasons)
        }
    }

    mutating func addOrder(_ amount: Money, warnings: [RecordReason]) {
        totals.add(amount)
        count(warnings)
    }

    mutating func addQuarantined(_ amount: Money?, reasons: [RecordReason]) {
        totals.add(amount)
        quarantinedAmounts.add(amount)
        quarantined += 1
        count(reasons)
    }

    /// Notes that an order counted has the number of an earlier record.
    mutating func addRepeated() { repeated += 1 }

    private mutating func count(_ found: [RecordReason]) {
        for reason in found { reasons[reason.code, default: 0] += 1 }
    }
}
