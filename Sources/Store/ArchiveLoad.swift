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

/// Tables in the schema `restored`, all under one label, and what they are beside history.
package struct RestoredCopy: Hashable, Sendable {
    /// One table of a copy, judged in the transaction that made it.
    package struct Table: Hashable, Sendable {
        package let rows: Int64
        /// Rows that stand in the copy or in history only; none is right.
        package let strays: Int64
        /// Whether both hash alike.
        package let isAlike: Bool
        /// Of a whole day: whether the copy is what the receipts tell; nil for a part of one.
        package let isTold: Bool?

        package init(rows: Int64, strays: Int64, isAlike: Bool, isTold: Bool?) {
            (self.rows, self.strays, self.isAlike, self.isTold) = (rows, strays, isAlike, isTold)
        }

        package var isRight: Bool { strays == 0 && isAlike && isTold != false }
    }

    package let label: String
    package let tables: [HeavyTable: Table]
    /// The days of which calls were copied: a file's calls need not be of its own day.
    package let callDays: [BusinessDate]

    package init(label: String, tables: [HeavyTable: Table], callDays: [BusinessDate]) {
        (self.label, self.tables, self.callDays) = (label, tables, callDays)
    }

    package var rows: Int64 { tables.values.reduce(0) { $0 + $1.rows } }
}

/// What of a day the load is asked for: its table, and whether a lock on it is wanted next.
package struct LoadQuestion: Hashable, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate

    package init(table: HeavyTable, day: BusinessDate) { (self.table, self.day) = (table, day) }
}
