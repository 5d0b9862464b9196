package import PaymentCore

/// What bringing days back asks of a database beside the steps of archiving.
package protocol ArchiveRestorationStore: Sendable {
    /// The business date of a file; nil if there is no such file.
    func businessDate(of batch: BatchIdentifier) async throws -> BusinessDate?
    /// What stays of one table's day that has left.
    func carriedRows(_ table: HeavyTable, of day: BusinessDate) async throws -> CarriedRows
    /// The first days of the months that became one partition.
    func mergedMonths(_ table: HeavyTable) async throws -> [BusinessDate]
    /// Moves a chunk of final rows from the carry-over to history, held ones too, under the receipt of a pass.
    ///
    /// For a day that is to come back whole: they come back with it, and not one by one under a lock.
    func moveHeldRows(
        _ key: EntryKey,
        after last: RowKey?,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> MovedRows
    /// The newest archived day of a table comes back because people want it; locks, for `span` at most.
    ///
    /// Answers how many of its rows came from the carry-over.
    func bringBack(
        _ table: HeavyTable,
        _ day: BusinessDate,
        why: String,
        within span: TimeSpan,
        _ lease: ArchiveLease
    ) async throws -> Int64
}

/// Rows that stayed live when their days left.
package struct CarriedRows: Hashable, Sendable {
    package let rows: Int64
    package let oldest: BusinessDate?
    /// Bytes of the whole table, of which its bounds are proven when they move.
    package let bytes: Int64

    package init(rows: Int64, oldest: BusinessDate?, bytes: Int64) {
        (self.rows, self.oldest, self.bytes) = (rows, oldest, bytes)
    }
}
