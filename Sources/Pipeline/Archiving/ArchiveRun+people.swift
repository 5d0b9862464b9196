import Logging
import PaymentCore
import Store

/// What a run cannot settle by itself: people are told, and nothing is lost meanwhile.
extension ArchiveRun {
    /// An order that is open for so long after its day has left is somebody's work.
    private static let openDays: Int32 = 30
    /// Tries to bring a day back, whatever the load: in all a minute at most.
    private static let backTries = 60
    private static let backPause = TimeSpan.seconds(1)

    /// A day is not what was counted: it goes back where it was, and everything stops.
    ///
    /// The alarm comes first: a run that dies here leaves the entry as it is, and the next one finds the same.
    func mismatch(_ entry: ArchiveEntry, _ verified: VerifiedDay) async throws -> ArchiveEnding {
        tally.noteMismatch()
        let key = entry.key
        let why = Self.words(verified)
        var metadata = key.metadata
        metadata["why"] = "\(why)"
        logger.critical("archive mismatch", metadata: metadata)
        try await stage.alarms.raise([
            RaisedAlarm(
                kind: .archiveMismatch,
                code: "\(key.table)/\(key.day)",
                message: """
                    \(key.table) of \(key.day) was not what had been counted (\(why)). Archiving is stopped, and the \
                    day goes back where it was as far as it has just left. Find out who writes into history; then \
                    sluice archive resume
                    """
            )
        ])
        do {
            if entry.path == .swap {
                try await insisting {
                    _ = try await store.reverse(key.table, key.day, isMismatch: true, why: why, lease)
                }
                FaultPlan.pass(.archivePutBack)
            } else if entry.isWholeDay {
                try await putBack(key, why)
            } else {
                // Which of many passes brought a row is not known: nothing is moved, and a person looks.
                _ = try await store.stopArchiving(reason: "\(key): \(why)")
            }
        } catch is ArchiveLockRefused {
            // The entry stands as it is: after a resumption it is read again, and goes back then.
            _ = try await store.stopArchiving(reason: "\(key): \(why)")
            tally.note("\(key) is not back yet: its lock was not to be had")
        }
        return .mismatch("\(key): \(why)")
    }

    private func putBack(_ key: EntryKey, _ why: String) async throws {
        try await insisting { try await store.beginPutBack(key, lease) }
        var pages = ArchiveRules.firstSlice
        var next: Int64? = 0
        while let block = next {
            let begunAt = stage.clock.bootNanoseconds()
            next = try await store.putRowsBack(key, from: block, pages: Int32(pages), lease)
            let took = TimeSpan(microseconds: (stage.clock.bootNanoseconds() - begunAt) / 1_000)
            pages = ArchiveRules.nextSlice(after: pages, took: took)
        }
        try await insisting { try await store.endPutBack(key, why: why, lease) }
        FaultPlan.pass(.archivePutBack)
    }

    /// Tries again while a lock is not to be had, and for a minute only.
    private func insisting(_ body: () async throws -> Void) async throws {
        var generator = DrawnFrom(source: stage.random)
        for failure in 1..<Self.backTries {
            do { return try await body() } catch is ArchiveLockRefused {
                tally.noteLockFailure()
                let pause = ArchiveRules.lockPause(afterFailure: failure, using: &generator)
                try await stage.clock.sleep(for: min(pause, Self.backPause))
            }
        }
        try await body()
    }

    /// What differs, in counts by currency and state.
    private static func words(_ verified: VerifiedDay) -> String {
        let groups = Set(verified.found.sums.keys).union(verified.told.sums.keys).sorted()
        let differences = groups.filter { verified.found.sums[$0] != verified.told.sums[$0] }.map { group in
            let (found, told) = (verified.found.sums[group]?.rows ?? 0, verified.told.sums[group]?.rows ?? 0)
            return found == told ? "\(group): \(told) rows of other content" : "\(group): \(found) rows, not \(told)"
        }
        return differences.isEmpty ? "its receipts changed meanwhile" : differences.prefix(8).joined(separator: ", ")
    }

    /// Open orders keep nothing from leaving, and are not to be forgotten for that.
    func tellOfOldOrder() async throws {
        guard order.tables.contains(.paymentOrder), let age = stage.configuration.ages[.paymentOrder],
            let oldest = try await store.longestOpenOrder()
        else { return }
        let cutoff = ArchiveRules.cutoff(asOf: lease.asOf, months: age).advanced(byDays: -Self.openDays)
        guard oldest.businessDate < cutoff else { return }
        try await stage.alarms.raise([
            RaisedAlarm(
                kind: .archiveBlocked,
                code: "order",
                message: """
                    order \(oldest) of \(oldest.businessDate) is still open, and others may be. Its day has left long \
                    ago; see by sluice order explain \(oldest) what it waits for
                    """
            )
        ])
    }

    /// Statistics of tables of which days have left; the history's once a month, for each of its days is read.
    func analyze(_ left: Set<BusinessDate>) async throws {
        let hasMonthBegun = left.contains { $0.civil.day == 1 }
        for table in HeavyTable.allCases where order.tables.contains(table) {
            for withHistory in hasMonthBegun ? [false, true] : [false] {
                let at = ArchiveProgress(table: table, day: left.max() ?? lease.asOf, step: .nothing)
                do {
                    try await pace.step(at) { try await store.analyze(table, withHistory: withHistory) }
                } catch let ending as ArchiveEnding {
                    throw ending
                } catch {
                    try Task.checkCancellation()
                    // The plans of yesterday's statistics are good enough for a day.
                    logger.warning("a table was not analysed", metadata: ["table": "\(table)", "error": "\(error)"])
                }
            }
        }
    }
}
