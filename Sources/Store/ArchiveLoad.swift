package import PaymentCore

/// What of history is copied for people to look at.
package enum RestoredScope: Hashable, Sendable {
    case order(OrderKey)
    case batch(BatchIdentifier, businessDate: BusinessDate)
    case day(BusinessDate)

    /// The business date of what is copied.
    package var day: BusinessDate {
        switch self {
        case .order(let key): key.businessDate
        case .batch(_, let day), .day(let day): day
        }
    }
}

/// Tables in the schema `restored`, all under one label.
package struct RestoredCopy: Hashable, Sendable {
    package let label: String
    package let rows: [HeavyTable: Int64]

    package init(label: String, rows: [HeavyTable: Int64]) { (self.label, self.rows) = (label, rows) }
}

/// What of a day the load is asked for: its table, and whether a lock on it is wanted next.
package struct LoadQuestion: Hashable, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate

    package init(table: HeavyTable, day: BusinessDate) { (self.table, self.day) = (table, day) }
}
