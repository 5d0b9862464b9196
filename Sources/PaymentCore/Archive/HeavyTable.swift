/// A table whose days leave for the history, by the name that the database gives it.
///
/// In the order in which a day's tables leave: what an open order needs goes after the orders.
package enum HeavyTable: String, CaseIterable, Hashable, Comparable, Sendable, CustomStringConvertible {
    case paymentOrder = "payment_order"
    case paymentAttempt = "payment_attempt"
    case submission
    case quarantineRecord = "quarantine_record"
    case exchange

    package var description: String { rawValue }

    /// Its place within a day, from 1.
    package var place: Int {
        switch self {
        case .paymentOrder: 1
        case .paymentAttempt: 2
        case .submission: 3
        case .quarantineRecord: 4
        case .exchange: 5
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.place < right.place }
}

/// How rows leave: a whole day changes its table, or rows are moved.
package enum ArchivePath: String, CaseIterable, Hashable, Sendable {
    case swap
    case rows
}

/// How far one pass of a table's day has come, in the words of the database.
package enum ArchiveState: String, CaseIterable, Hashable, Sendable {
    case prepared
    case counting
    case counted
    /// The day is in history; its rows are not proven yet.
    case swapped
    /// Rows are on their way, a chunk at a time.
    case moving
    case verifying
    /// Proven: what is in history is what its receipt tells.
    case closed
    /// It was put back, because it was not what had been counted.
    case mismatch
    /// It was brought back, because people wanted it.
    case reopened
    case dropped

    /// Whether the next run has something to finish here.
    package var isOpen: Bool {
        switch self {
        case .prepared, .counting, .counted, .swapped, .moving, .verifying: true
        case .closed, .mismatch, .reopened, .dropped: false
        }
    }
}
