import Logging
import PaymentCore
import Store

/// Rows that leave one by one: what stayed behind, later, and days of which too much is open.
extension ArchiveRun {
    /// Second passes take this part of a run's time at most.
    private static let passesShare: Int64 = 4
    /// So often in a row a chunk is done again because a row changed under way.
    private static let changesMost = 100
    /// So often in a row the rows that are left are noted again because one changed.
    private static let notesMost = 3
    /// So many notes are forgotten in one transaction.
    private static let notesForgotten: Int32 = 10_000

    /// Takes what stays no longer out of the carry-over, for a part of the run's time.
    func passes() async throws {
        let budget = TimeSpan(microseconds: pace.left.microseconds / Self.passesShare)
        let begun = pace.left
        for table in HeavyTable.allCases where order.tables.contains(table) {
            let end = try await ends()[table] ?? lease.asOf
            let at = ArchiveProgress(table: table, day: end, step: .moveRows)
            for day in try await pace.step(at, { try await store.daysToPass(table) }) {
                guard begun - pace.left < budget else {
                    tally.note("second passes took their part of the time; the next run goes on with \(table) \(day)")
                    return
                }
                let entries = try await store.entries(of: day).filter { $0.key.table == table }
                guard !entries.contains(where: { $0.state == .dropped }) else {
                    tally.note("\(table) \(day) was dropped, and rows that stayed of it stay")
                    continue
                }
                try await pass(table, day, at)
            }
        }
    }

    /// One more pass of a day, and its proof.
    ///
    /// `retires`: as of `take`.
    private func pass(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ at: ArchiveProgress,
        retires: Bool = true
    ) async throws {
        do {
            tally.touch(try await pace.locking(at) { try await store.beginPass(table, day, lease) })
            FaultPlan.pass(.archiveRowPassBegun)
        } catch is ArchiveCommitUnknown {
            // Begun or not: what stands is taken on.
            guard try await store.entries(of: day).contains(where: { $0.key.table == table && $0.state.isOpen })
            else { return }
        }
        try await take(table, day, retires: retires)
    }

    /// A counted day begins to go by rows.
    func beginRows(_ entry: ArchiveEntry, because why: String, _ attempt: inout Attempt) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .beginRows)
        let outcome = try await pace.locking(at, of: key) { try await store.beginRowDay(key, lease) }
        guard outcome == .moving else {
            guard outcome.isToBeCountedAgain else {
                throw ArchiveEnding.left("\(key) does not begin to go by rows: \(outcome.rawValue)")
            }
            return countAgain(key, outcome, &attempt)
        }
        FaultPlan.pass(.archiveRowPassBegun)
        var metadata = key.metadata
        metadata["because"] = "\(why)"
        metadata["stays"] = "\(entry.stayedOpen + entry.stayedHeld)"
        logger.warning("day goes by rows", metadata: metadata)
    }

    /// Moves rows, a chunk at a time; of a day that was counted whole, what changed since stays behind.
    func moveRows(_ entry: ArchiveEntry, from source: RowSource) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .moveRows, whole: entry.rows)
        var last: RowKey?
        var most = ArchiveRules.firstChunk
        var (done, changes): (Int64, Int) = (0, 0)
        while true {
            do {
                let chunk = try await pace.timed(at.reached(done, of: entry.isWholeDay ? entry.rows : 0)) {
                    try await store.moveRows(key, from: source, after: last, most: Int32(most), lease)
                }
                FaultPlan.pass(.archiveChunkMoved)
                (done, changes, last) = (done + chunk.value.rows, 0, chunk.value.last)
                guard last != nil else { break }
                most = ArchiveRules.nextChunk(after: most, took: chunk.took)
            } catch let changed as ArchivedRowsChanged {
                // What changed is noted by now, and left out of the next try.
                changes += 1
                guard changes <= Self.changesMost else { throw ArchiveEnding.left("\(changed), \(changes) times") }
            }
        }
        guard entry.isWholeDay else { return try await prove(entry) }
        let behind = try await pace.locking(at, of: key) { try await store.endRowDay(key, lease) }
        var metadata = key.metadata
        metadata["rows"] = "\(done)"
        metadata["behind"] = "\(behind)"
        logger.info("day moved", metadata: metadata)
    }

    /// Ends the live partition of a day that went by rows, once few enough are left of it.
    func retire(_ table: HeavyTable, _ day: BusinessDate) async throws {
        let at = ArchiveProgress(table: table, day: day, step: .retire)
        guard try await ends()[table] == day else {
            return tally.note("\(table) \(day) stays live behind an earlier day")
        }
        var left = try await noteRowsLeft(at)
        if left > Int64(rules.openMax) {
            // Some of them may be final by now. A pass ends with nothing noted of its day.
            while try await !pace.step(
                at,
                { try await store.forgetCount(table, day, most: Self.notesForgotten, lease) }
            ) {}
            try await pass(table, day, at, retires: false)
            left = try await noteRowsLeft(at)
        }
        var tries = 0
        while left <= Int64(rules.openMax), tries < Self.notesMost {
            let isRetired = try await pace.locking(at) {
                try await store.retire(table, day, leftMax: Int32(rules.openMax), lease)
            }
            if isRetired {
                FaultPlan.pass(.archiveRetired)
                return logger.info("day retired", metadata: at.metadata)
            }
            tries += 1
            left = try await noteRowsLeft(at)
        }
        tally.note("\(table) \(day) stays live: \(left) rows of it may not leave")
        guard left > Int64(rules.openMax) else { return }
        try await stage.alarms.raise([
            RaisedAlarm(
                kind: .archiveBlocked,
                code: table.rawValue,
                message: """
                    \(left) rows of \(table) of \(day) are still open, more than may be moved under a lock \
                    (\(rules.openMax)); the day stays live, and later days go by rows. Decide what they wait for: \
                    sluice review list, sluice channel lanes
                    """
            )
        ])
    }

    private func noteRowsLeft(_ at: ArchiveProgress) async throws -> Int64 {
        try await pace.step(at) { try await store.noteRowsLeft(at.table, at.day, lease) }
    }
}
