import Logging
package import PaymentCore
package import Store

/// Brings back what has left: as a copy for people, or a whole day to the live tables.
package struct ArchiveRestoration: Sendable {
    /// A copy, and what judges it.
    package struct Copied: Sendable {
        package let copy: RestoredCopy
        /// The days of history that the copy comes from, read again.
        package let verified: [VerifiedDay]

        /// Whether history is what its receipts tell, and the copy what history holds.
        package var isRight: Bool { copy.tables.values.allSatisfy(\.isRight) && verified.allSatisfy(\.holds) }
    }

    /// A day that is live again.
    package struct Reopened: Hashable, Sendable {
        package let day: BusinessDate
        /// Keeps it live; lifted, the day leaves again.
        package let hold: Int64
        /// Tables that came back, with the rows of each that had stayed live, as far as that was heard.
        package let tables: [HeavyTable: Int64]
    }

    private enum Event<Value: Sendable>: Sendable {
        case worked(Value)
        case ended(ArchiveWatch.Ending)
    }

    /// So many rows of a day are moved while others are kept out.
    private static let rowsUnderLock: Int64 = 1_000
    /// A larger carry-over is not read while others are kept out, if that can be helped.
    private static let bytesUnderLock: Int64 = 32 << 20
    /// So often in a row a chunk is done again because a row changed under way.
    private static let changesMost = 100

    private let stage: ArchivingStage
    private let store: any ArchiveStore & ArchiveRestorationStore

    /// `stage`: whose identity, clock and limits are taken.
    package init(_ stage: ArchivingStage, store: any ArchiveStore & ArchiveRestorationStore) {
        (self.stage, self.store) = (stage, store)
    }

    // MARK: Copies

    /// Copies a day, a file or an order out of history, and judges the copy; `label` names its tables.
    package func copy(_ scope: RestoredScope, label: String, stop: StopSignal) async throws -> Copied {
        guard !(try await receipts(of: scope.day)).isEmpty else {
            throw RestorationRefused(.usage, "nothing of \(scope.day) is archived; it is live")
        }
        let copy = try await store.copyToRestored(scope, label: label)
        var days = try await receipts(of: scope.day).map { ($0, scope.day) }
        if case .day = scope {
        } else {
            days.removeAll { $0.0 == .exchange }
            days += copy.callDays.map { (.exchange, $0) }
        }
        let verification = ArchiveVerification(store: store, clock: stage.clock)
        var verified: [VerifiedDay] = []
        for (table, day) in days { verified.append(try await verification.verify(table, day, stop: stop)) }
        return Copied(copy: copy, verified: verified)
    }

    /// Tables of which history holds rows of a day, or could.
    private func receipts(of day: BusinessDate) async throws -> [HeavyTable] {
        Set(try await store.entries(of: day).filter { $0.state.tells }.map(\.key.table)).sorted()
    }

    // MARK: Days

    /// Brings the newest archived day back, table by table; what an earlier try left undone is gone on with.
    ///
    /// `span`: how long others may be kept from a table. Throws `RestorationRefused`, `StaleArchiveLease` or
    /// `ArchivingStopped`; `CancellationError` once the stop is requested.
    package func bringBack(
        _ day: BusinessDate,
        reason: String,
        within span: TimeSpan,
        budget: TimeSpan,
        stop: StopSignal,
        progress: @escaping @Sendable (ArchiveProgress) -> Void
    ) async throws -> Reopened {
        try await check(day)
        guard
            let lease = try await store.takeArchiveLease(
                worker: stage.worker,
                lease: ArchivingStage.lease,
                asOf: nil
            )
        else { throw RestorationRefused(.held, "another archiver is at work") }
        let tally = ArchiveTally()
        let pace = ArchivePace(stage, lease: lease, budget: budget, tally: tally, progress: progress)
        do {
            let reopened = try await beside(ArchiveWatch(stage: stage, lease: lease, tally: tally), stop: stop) {
                try await bringBack(day, reason: reason, within: span, pace)
            }
            try? await store.releaseArchiveLease(lease)
            return reopened
        } catch let ending as ArchiveEnding {
            try? await store.releaseArchiveLease(lease)
            throw try await Self.refusal(ending, carried: largest(day))
        } catch {
            try? await store.releaseArchiveLease(lease)
            throw error
        }
    }

    private func bringBack(
        _ day: BusinessDate,
        reason: String,
        within span: TimeSpan,
        _ pace: ArchivePace
    ) async throws -> Reopened {
        // First: whatever happens from here on, no run takes the day away again.
        var hold = try await store.placeHold(.day(day), reason: reason)
        var back: [HeavyTable: Int64] = [:]
        repeat {
            for table in HeavyTable.allCases.reversed() {
                var isBack = false
                while try await store.carryOverEnds()[table] == day.advanced(byDays: 1) {
                    isBack = true
                    do {
                        back[table] = try await bringBack(table, day, why: reason, within: span, pace)
                    } catch let unknown as ArchiveCommitUnknown {
                        // Never guessed: the table's bounds tell.
                        stage.logger.warning("the answer to a commit was lost", metadata: ["step": "\(unknown)"])
                        back[table] = 0
                    }
                }
                guard isBack else { continue }
                FaultPlan.pass(.archiveReversed)
                stage.logger.info("day is back", metadata: ["table": "\(table)", "day": "\(day)"])
            }
            // Steps do not wait for the server's log, and what they did may be gone with a server that dies. The hold,
            // which stands already, does wait: what is back after it stays so, and what is not is brought once more.
            hold = try await store.placeHold(.day(day), reason: reason)
        } while try await store.carryOverEnds().values.contains(day.advanced(byDays: 1))
        return Reopened(day: day, hold: hold, tables: back)
    }

    private func bringBack(
        _ table: HeavyTable,
        _ day: BusinessDate,
        why: String,
        within span: TimeSpan,
        _ pace: ArchivePace
    ) async throws -> Int64 {
        let at = ArchiveProgress(table: table, day: day, step: .swap)
        var carried = try await store.carriedRows(table, of: day)
        let isLarge = carried.bytes > Self.bytesUnderLock
        var moved: Int64 = 0
        if carried.rows > Self.rowsUnderLock || (isLarge && carried.rows > 0) {
            moved = try await takeHeldRows(table, day, of: carried.rows, pace)
            carried = try await store.carriedRows(table, of: day)
        }
        // With its new end stated and proven beforehand, it is not read under the lock.
        let isStated = isLarge && carried.rows == 0
        if isStated {
            try await pace.locking(at) {
                try await store.boundCarryOver(table, day.advanced(byDays: -1), pace.lease)
            }
        }
        do {
            return moved
                + (try await pace.locking(at) {
                    try await store.bringBack(table, day, why: why, within: span, pace.lease)
                })
        } catch {
            // Else it would refuse a late line of the day.
            if isStated { try await store.boundCarryOver(table, day, pace.lease) }
            throw error
        }
    }

    /// Final rows of the day that are held go to history first, with a receipt; they come back with the day.
    private func takeHeldRows(
        _ table: HeavyTable,
        _ day: BusinessDate,
        of whole: Int64,
        _ pace: ArchivePace
    ) async throws -> Int64 {
        let entries = try await store.entries(of: day).filter { $0.key.table == table }
        let begun = entries.last { $0.state == .moving && !$0.isWholeDay }?.key
        // Of a day that has just left, held rows are in history still.
        guard begun != nil || !entries.contains(where: \.state.isOpen) else { return 0 }
        let at = ArchiveProgress(table: table, day: day, step: .moveRows, whole: whole)
        let key: EntryKey
        if let begun {
            key = begun
        } else {
            key = try await pace.locking(at, ofLiveTable: false) { try await store.beginPass(table, day, pace.lease) }
        }
        var last: RowKey?
        var most = ArchiveRules.firstChunk
        var (moved, changes): (Int64, Int) = (0, 0)
        repeat {
            do {
                let (chunk, took) = try await pace.timed(at.reached(moved, of: whole)) {
                    try await store.moveHeldRows(key, after: last, most: Int32(most), pace.lease)
                }
                most = ArchiveRules.nextChunk(after: most, took: took)
                (last, moved, changes) = (chunk.last, moved + chunk.rows, 0)
            } catch let changed as ArchivedRowsChanged {
                changes += 1
                guard changes <= Self.changesMost else { throw ArchiveEnding.left("\(changed), \(changes) times") }
            }
        } while last != nil || changes > 0
        return moved
    }

    /// Refuses a day that is not the newest archived one, or is not whole in history.
    private func check(_ day: BusinessDate) async throws {
        let ends = try await store.carryOverEnds()
        let newest = ends.values.max()?.advanced(byDays: -1)
        let told = try await receipts(of: day)
        guard let newest, newest >= day, !told.isEmpty else {
            throw RestorationRefused(.usage, "\(day) is not archived; it is live")
        }
        guard newest == day else {
            let count = newest.daysSince1970 - day.daysSince1970
            let later = (0..<min(count, 31)).map { "\(newest.advanced(byDays: -$0))" }.joined(separator: ", ")
            throw RestorationRefused(
                .usage,
                """
                \(day) is not the newest archived day; bring these \(count) back before it, in this order: \
                \(later)\(count > 31 ? ", and so on" : "")
                """
            )
        }
        for table in told {
            if let end = ends[table], end <= day {
                throw RestorationRefused(.state, "\(table) of \(day) is on its way; let a run finish it first")
            }
            if try await store.mergedMonths(table).contains(where: { $0.isInMonth(of: day) }) {
                throw RestorationRefused(
                    .state,
                    "\(day) is merged into its month in \(table), which does not come back"
                )
            }
        }
    }

    // MARK: The lease

    /// Works while the lease is kept; what is under way when it ends is cancelled, and waited for.
    private func beside<Value: Sendable>(
        _ watch: ArchiveWatch,
        stop: StopSignal,
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Event<Value>.self) { group in
            group.addTask { .worked(try await work()) }
            group.addTask { .ended(try await watch.untilStopped()) }
            group.addTask {
                await stop.wait()
                try Task.checkCancellation()
                return .ended(.asked)
            }
            defer { group.cancelAll() }
            switch try await group.next() {
            case .worked(let value)?: return value
            case .ended(.stopped(let why))?: throw ArchivingStopped(words: "archiving is stopped: \(why)")
            case .ended(.leaseTaken)?: throw StaleArchiveLease(epoch: watch.lease.epoch)
            case .ended(.asked)?, nil: throw CancellationError()
            }
        }
    }

    private func largest(_ day: BusinessDate) async throws -> Int64 {
        var bytes: Int64 = 0
        for table in HeavyTable.allCases { bytes = max(bytes, try await store.carriedRows(table, of: day).bytes) }
        return bytes
    }

    private static func refusal(_ ending: ArchiveEnding, carried bytes: Int64) -> RestorationRefused {
        let why =
            switch ending {
            case .late: "its time is over"
            case .left(let why), .mismatch(let why), .refused(let why): why
            }
        let large = bytes > bytesUnderLock ? "; \(bytes >> 20) MiB stay live of days that have left" : ""
        return RestorationRefused(
            .workLeft,
            "\(why)\(large). The day is held: give the command again, in a quiet hour, and if need be with --lock-for"
        )
    }
}

/// Why nothing, or not all, is brought back.
package struct RestorationRefused: Error, Hashable, CustomStringConvertible, Sendable {
    package enum Code: Hashable, Sendable {
        /// It cannot be had as it was asked for.
        case usage
        /// Something is in the way.
        case state
        /// Another archiver is at work.
        case held
        /// A part of it is done.
        case workLeft
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) { (self.code, self.description) = (code, description) }
}

extension ArchiveState {
    /// Whether history holds what the receipt tells, or will.
    fileprivate var tells: Bool {
        switch self {
        case .swapped, .moving, .verifying, .closed: true
        case .prepared, .counting, .counted, .mismatch, .reopened, .dropped: false
        }
    }
}

extension BusinessDate {
    fileprivate func isInMonth(of day: BusinessDate) -> Bool {
        (civil.year, civil.month) == (day.civil.year, day.civil.month)
    }
}
