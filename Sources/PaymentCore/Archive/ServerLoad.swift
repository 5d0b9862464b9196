/// How busy the database is with other things; nil is what could not be read, which is unknown and not small.
package struct ServerLoad: Hashable, Sendable {
    /// Bytes that the slowest standby has not replayed.
    package var lagBytes: Int64?
    /// How long its replay takes.
    package var lag: TimeSpan?
    /// Bytes that replication slots keep.
    package var slotBytes: Int64?
    /// Where the write-ahead log stands; two looks tell its rate.
    package var walPosition: Int64?
    /// Segments that wait to be archived; zero where none are.
    package var archiveQueue: Int64?
    package var isArchiveFailing: Bool?
    /// Tables of the day that somebody vacuums, analyses or changes now.
    package var busyTables: [String]?
    /// How long the oldest transaction that holds the parent table runs; zero if there is none older than a second.
    package var oldestHolder: TimeSpan?
    /// Other sessions at work.
    package var othersAtWork: Int64?

    package init() {}
}

/// Up to which load archiving goes on.
package struct LoadLimits: Hashable, Sendable {
    /// Why archiving waits, in a stable word.
    package enum Signal: String, CaseIterable, Hashable, Sendable {
        case replicaLag = "replica_lag"
        case replicationSlots = "replication_slots"
        case walRate = "wal_rate"
        case archiveQueue = "archive_queue"
        case archiveFailing = "archive_failing"
        case busyTable = "busy_table"
        case oldTransaction = "old_transaction"
    }

    package var lagBytes: Int64 = 64 << 20
    package var lag = TimeSpan.seconds(10)
    package var slotBytes: Int64 = 1 << 30
    /// Bytes a second, of everybody.
    package var walRate: Int64 = 40 << 20
    package var archiveQueue: Int64 = 32

    package init() {}

    /// What archiving must wait for, the first of several; nil: it may go on.
    ///
    /// `earlier`: the look before, for the rate; `elapsed`: how long ago it was. Old transactions are in the way of a
    /// lock only.
    package func signal(
        in load: ServerLoad,
        after earlier: ServerLoad?,
        elapsed: TimeSpan,
        beforeLock: Bool
    ) -> Signal? {
        if load.lagBytes.map({ $0 > lagBytes }) == true || load.lag.map({ $0 > lag }) == true { return .replicaLag }
        if load.slotBytes.map({ $0 > slotBytes }) == true { return .replicationSlots }
        if isTooMuch(from: earlier?.walPosition, to: load.walPosition, in: elapsed) { return .walRate }
        if load.archiveQueue.map({ $0 > archiveQueue }) == true { return .archiveQueue }
        if load.isArchiveFailing == true { return .archiveFailing }
        if load.busyTables?.isEmpty == false { return .busyTable }
        if beforeLock, load.oldestHolder.map({ $0 > .zero }) == true { return .oldTransaction }
        return nil
    }

    private func isTooMuch(from earlier: Int64?, to now: Int64?, in elapsed: TimeSpan) -> Bool {
        guard let earlier, let now, elapsed > .zero else { return false }
        let written = Int128(now) - Int128(earlier)
        return written * 1_000_000 > Int128(walRate) * Int128(elapsed.microseconds)
    }
}
