package import PaymentCore

/// What archiving asks of a database: each step one transaction, each by the holder of the lease.
///
/// A step of another's lease throws `StaleArchiveLease`, one while archiving is stopped `ArchivingStopped`. Steps that
/// lock a live table give up after 100 ms in all, and throw `ArchiveLockRefused`: nothing is done then. Where the
/// answer to COMMIT was lost, the entry is read again before anything else.
package protocol ArchiveStore: Sendable {
    /// Takes the lease; nil where another archiver lives.
    ///
    /// `asOf`: what counts as today, in class `test` only; nil: the day of the server.
    func takeArchiveLease(worker: WorkerIdentifier, lease: TimeSpan, asOf: BusinessDate?) async throws -> ArchiveLease?
    /// Goes on holding the lease; false if another took it.
    func renewArchiveLease(_ lease: ArchiveLease, for span: TimeSpan) async throws -> Bool
    func releaseArchiveLease(_ lease: ArchiveLease) async throws
    func archiveSwitch() async throws -> ArchiveSwitch
    /// No step begins from now on; false if it was stopped already, whose reason stays.
    func stopArchiving(reason: String) async throws -> Bool
    /// Lets archiving go on; false if it was not stopped.
    func resumeArchiving() async throws -> Bool

    /// The oldest days of each table that may leave, with who stays and why; reads them, and changes nothing.
    func archivePlan(ages: [HeavyTable: Int32], asOf: BusinessDate?, daysMax: Int) async throws -> [ArchivePlanDay]
    /// Passes that a run left unfinished, by day and place.
    func openEntries() async throws -> [ArchiveEntry]
    func entries(of day: BusinessDate) async throws -> [ArchiveEntry]
    /// How many days were begun to be counted since then.
    func daysBegun(since instant: Timestamp) async throws -> Int
    /// The first day behind each carry-over partition: what is older has left.
    func carryOverEnds() async throws -> [HeavyTable: BusinessDate]
    /// What differs in shape between a table, its history and a day; none is right.
    func archiveDrift(_ table: HeavyTable, _ day: BusinessDate) async throws -> [String]
    /// Makes partitions up to this day; answers how many days.
    func keepPartitions(until day: BusinessDate) async throws -> Int

    /// Begins a day: no file of it is taken from now on.
    func beginDay(_ day: BusinessDate, cutoff: BusinessDate, _ lease: ArchiveLease) async throws -> DayRefusal?
    /// Forgets what an unfinished count noted, a chunk a call; true once there is nothing left.
    func forgetCount(_ table: HeavyTable, _ day: BusinessDate, most: Int32, _ lease: ArchiveLease) async throws -> Bool
    /// Gives up a pass that has come no further than its count: its day stays live; locks.
    func abandonCount(_ key: EntryKey, _ lease: ArchiveLease) async throws
    /// Begins a pass, or begins it anew: changes are noted from now on; answers the pages to count; locks.
    func prepare(_ key: EntryKey, path: ArchivePath, _ lease: ArchiveLease) async throws -> Int64
    func validate(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws
    /// States and validates the coming end of a large carry-over; locks for an instant.
    func boundCarryOver(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws
    /// Counts so many pages more; true once the count is whole.
    func countSlice(_ key: EntryKey, pages: Int32, _ lease: ArchiveLease) async throws -> Bool
    /// The day leaves, or says why not; locks.
    func swap(_ key: EntryKey, openMax: Int32, _ lease: ArchiveLease) async throws -> SwapOutcome
    func noteLockFailure(_ key: EntryKey, _ lease: ArchiveLease) async throws
    /// Takes held rows back to the live table, a chunk a call; 0 once there are none.
    func carryHeld(_ table: HeavyTable, _ day: BusinessDate, most: Int32, _ lease: ArchiveLease) async throws -> Int64
    /// What a slice of a day in history holds; for any archived day, at any time, without a lease.
    func verifySlice(
        _ table: HeavyTable,
        _ day: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice
    /// What the receipts of a day tell.
    func told(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchiveTotals
    /// Closes a pass if history holds what its receipts tell; false: a mismatch.
    func close(_ key: EntryKey, found: ArchiveTotals, _ lease: ArchiveLease) async throws -> Bool
    /// Notes that a closed day was read again; false: a mismatch.
    func noteVerified(
        _ table: HeavyTable,
        _ day: BusinessDate,
        found: ArchiveTotals,
        _ lease: ArchiveLease
    ) async throws -> Bool
    /// The newest archived day of a table comes back, after a mismatch (which stops archiving) or because people want
    /// it; answers how many of its rows came from the carry-over; locks.
    func reverse(
        _ table: HeavyTable,
        _ day: BusinessDate,
        isMismatch: Bool,
        why: String,
        _ lease: ArchiveLease
    ) async throws -> Int64

    /// Days of the carry-over with rows that need not stay any more.
    func daysToPass(_ table: HeavyTable) async throws -> [BusinessDate]
    /// Begins a pass over rows of the carry-over.
    func beginPass(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws -> EntryKey
    /// A counted day begins to go by rows, or says why not; locks its day.
    func beginRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> SwapOutcome
    /// Moves a chunk of rows; throws `ArchivedRowsChanged`, and nothing is done, if one changed meanwhile.
    func moveRows(
        _ key: EntryKey,
        from source: RowSource,
        after last: RowKey?,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> MovedRows
    /// Ends the moving of a whole day; answers how many rows stayed behind because they changed; locks its day.
    func endRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> Int64
    /// Begins to bring the rows of a whole day home, because they are not what was counted; locks its day.
    func beginPutBack(_ key: EntryKey, _ lease: ArchiveLease) async throws
    /// Brings a slice of pages of them home; answers the page after it, nil at the end.
    func putRowsBack(_ key: EntryKey, from block: Int64, pages: Int32, _ lease: ArchiveLease) async throws -> Int64?
    /// Ends the pass as a mismatch, and stops archiving with it; locks the history for an instant.
    func endPutBack(_ key: EntryKey, why: String, _ lease: ArchiveLease) async throws
    /// Notes which rows are left of a day that went by rows.
    func noteRowsLeft(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws -> Int64
    /// Ends the live partition of a day that went by rows; false: rows are to be noted again, or are too many; locks.
    func retire(_ table: HeavyTable, _ day: BusinessDate, leftMax: Int32, _ lease: ArchiveLease) async throws -> Bool

    /// The open order that is live the longest after its day has left; nil if there is none.
    func longestOpenOrder() async throws -> OrderKey?

    /// Statistics of a table with all its days, which the database never makes by itself.
    func analyze(_ table: HeavyTable, withHistory: Bool) async throws

    /// Places a hold, or answers the one that stands already.
    func placeHold(_ scope: LegalHold.Scope, reason: String) async throws -> Int64
    /// False if no such hold stands.
    func liftHold(_ identifier: Int64, reason: String) async throws -> Bool
    func legalHolds() async throws -> [LegalHold]

    /// How busy the database is; what may not be read is unknown.
    func serverLoad(for question: LoadQuestion?) async throws -> ServerLoad

    func copyToRestored(_ scope: RestoredScope, label: String) async throws -> RestoredCopy
    /// Answers how many tables there were.
    func dropRestored(label: String) async throws -> Int
}

/// The lease of archiving is another's.
package struct StaleArchiveLease: Error, CustomStringConvertible, Sendable {
    package let epoch: LeaseEpoch

    package init(epoch: LeaseEpoch) { self.epoch = epoch }

    package var description: String { "another archiver has the lease (epoch \(epoch) is over); nothing was written" }
}

/// Archiving is stopped, by a person or a mismatch.
package struct ArchivingStopped: Error, CustomStringConvertible, Sendable {
    package let words: String

    package init(words: String) { self.words = words }

    package var description: String { "\(words); when that is mended: sluice archive resume" }
}

/// A table's lock was not to be had within the time in which nobody is disturbed; nothing was done.
package struct ArchiveLockRefused: Error, CustomStringConvertible, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate

    package init(table: HeavyTable, day: BusinessDate) { (self.table, self.day) = (table, day) }

    package var description: String { "\(table) \(day): the lock was not to be had in time; nothing was done" }
}

/// The answer to a step's COMMIT was lost: it was done or not, and its entry tells.
package struct ArchiveCommitUnknown: Error, CustomStringConvertible, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate

    package init(table: HeavyTable, day: BusinessDate) { (self.table, self.day) = (table, day) }

    package var description: String { "\(table) \(day): the answer to a commit was lost; its entry is read again" }
}

/// A day of a table is not where it should be, and nobody archived it.
package struct ArchivePartitionMissing: Error, CustomStringConvertible, Sendable {
    package let words: String

    package init(words: String) { self.words = words }

    package var description: String {
        "\(words); nothing leaves before it is found: compare pg_inherits with sluice.live_days"
    }
}

/// A row changed while its chunk was on its way; nothing of the chunk was done.
package struct ArchivedRowsChanged: Error, CustomStringConvertible, Sendable {
    package let key: EntryKey

    package init(key: EntryKey) { self.key = key }

    package var description: String { "\(key): a row changed while it was moved; the chunk is to be done again" }
}
