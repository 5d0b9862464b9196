package import PaymentCore

/// What people ask about archiving; reads only.
package protocol ArchiveStatusStore: Sendable {
    /// How far archiving is.
    func archiveStatus() async throws -> ArchiveStatus
    /// What stays of days that have left, of each table; reads all of it.
    func carriedRows() async throws -> [HeavyTable: CarriedRows]
    /// Table and day of everything in history that is proven, by day and place; `days`: of these only.
    ///
    /// Without days of which a pass is under way: their receipts change.
    func archivedDays(_ days: ClosedRange<BusinessDate>?) async throws -> [ArchivedDay]
    /// Which of these days have files that are being loaded: they do not leave.
    func daysBeingLoaded(_ days: [BusinessDate]) async throws -> Set<BusinessDate>
}

/// How far archiving is, and whether it may go on.
package struct ArchiveStatus: Hashable, Sendable {
    /// A pass that was closed.
    package struct Closed: Hashable, Sendable {
        package let key: EntryKey
        package let at: Timestamp

        package init(key: EntryKey, at: Timestamp) { (self.key, self.at) = (key, at) }
    }

    /// The day of the server.
    package var today: BusinessDate
    package var live: ClosedRange<BusinessDate>?
    /// The pass that was closed last.
    package var lastClosed: Closed?
    /// Passes that nobody has closed, put back or brought back.
    package var openEntries: Int64
    package var holds: Int64
    /// Days that people keep live.
    package var heldDays: [BusinessDate]
    /// Whether the role in use may archive.
    package var mayArchive: Bool
    /// Whether a day was not what its receipt tells, and nobody has mended or acknowledged it.
    package var isMismatch: Bool
    /// Bytes of files and results, which do not leave.
    package var fileBytes: Int64

    package init(
        today: BusinessDate,
        live: ClosedRange<BusinessDate>?,
        lastClosed: Closed?,
        openEntries: Int64,
        holds: Int64,
        heldDays: [BusinessDate],
        mayArchive: Bool,
        isMismatch: Bool,
        fileBytes: Int64
    ) {
        (self.today, self.live, self.lastClosed) = (today, live, lastClosed)
        (self.openEntries, self.holds, self.heldDays) = (openEntries, holds, heldDays)
        (self.mayArchive, self.isMismatch, self.fileBytes) = (mayArchive, isMismatch, fileBytes)
    }
}

/// A table's day in history.
package struct ArchivedDay: Hashable, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate

    package init(table: HeavyTable, day: BusinessDate) { (self.table, self.day) = (table, day) }
}
