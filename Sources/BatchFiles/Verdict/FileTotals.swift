import PaymentCore

/// What the records of a file add up to, as pass 1 counts them.
package struct FileTotals: Sendable, Hashable {
    /// Every record, orders and quarantined ones.
    package private(set) var totals = AmountTotals()
    /// The records that go to quarantine.
    package private(set) var quarantined: Int64 = 0
    /// How often each reason was found, warnings included.
    package private(set) var reasons: [ReasonCode: Int64] = [:]

    package init() {}

    package var records: Int64 { totals.records }

    /// Counts one record.
    package mutating func add(_ record: CheckedRecord) {
        switch record {
        case .order(let draft):
            totals.add(draft.fields.amount)
            count(draft.warnings)
        case .quarantined(let draft):
            totals.add(draft.amount)
            quarantined += 1
            count(draft.reasons)
        }
    }

    private mutating func count(_ found: [RecordReason]) {
        for reason in found { reasons[reason.code, default: 0] += 1 }
    }
}
