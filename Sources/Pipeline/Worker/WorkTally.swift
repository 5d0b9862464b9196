import Synchronization

/// What one engine has done, in numbers; a run's summary is made of them.
package final class WorkTally: Sendable {
    /// What is counted.
    package enum Count: String, CaseIterable, Sendable, Hashable {
        case filesRead = "files_read"
        case filesPlanned = "files_planned"
        case resultFiles = "result_files"
        /// Calls that carried a submission, whatever became of them.
        case sends
        case queries
        /// Orders that came to a final state by an answer.
        case ordersDecided = "orders_decided"
        /// Days of which something left the live tables.
        case daysArchived = "days_archived"
        case rowsArchived = "rows_archived"
    }

    private let counts = Mutex<[Count: Int64]>([:])

    package init() {}

    /// Counts, from any task.
    func add(_ count: Count, _ number: Int = 1) {
        counts.withLock { $0[count, default: 0] += Int64(number) }
    }

    /// All counts by name, those of zero too.
    package var summary: [String: Int64] {
        let counts = counts.withLock { $0 }
        return Dictionary(uniqueKeysWithValues: Count.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
    }
}
