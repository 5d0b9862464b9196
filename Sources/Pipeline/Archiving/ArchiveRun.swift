import Logging
import PaymentCore
import Store

/// The work of one run, under its lease: what a dead run left, second passes, then day after day.
struct ArchiveRun: Sendable {
    /// Days made ahead of what counts as today.
    private static let partitionsAhead: Int32 = 14
    /// And never further ahead of the real one: the database makes 400.
    private static let partitionsAheadMost: Int32 = 399
    /// So often the answer to a commit may be lost in one table's day.
    private static let lostCommitsMost = 10

    let stage: ArchivingStage
    let order: ArchiveOrder
    let lease: ArchiveLease
    let pace: ArchivePace
    let tally: ArchiveTally

    var store: any ArchiveStore { stage.store }
    var logger: Logger { stage.logger }
    var rules: ArchiveRules { stage.rules }

    /// Works until all that is due is done; throws `ArchiveEnding` if it ends before.
    func work() async throws {
        for entry in try await store.openEntries() where entry.state.isPastCount {
            try await take(entry.key.table, entry.key.day)
        }
        let wanted = lease.asOf.advanced(byDays: Self.partitionsAhead)
        let last = BusinessDate(at: stage.clock.now()).advanced(byDays: Self.partitionsAheadMost)
        tally.notePartitions(try await store.keepPartitions(until: min(wanted, last)))
        try await compareShapes(try await ends().values.min() ?? lease.asOf)
        try await passes()
        let left = try await days()
        try await abandonCounts()
        if !left.isEmpty { try await analyze(left) }
        try await tellOfOldOrder()
        if let upkeep = stage.upkeep {
            for reason in try await upkeep(pace) { tally.note(reason) }
        }
    }

    /// The first day behind each carry-over: the oldest live one of its table.
    func ends() async throws -> [HeavyTable: BusinessDate] {
        let ends = try await store.carryOverEnds()
        for table in HeavyTable.allCases where ends[table] == nil {
            throw ArchivePartitionMissing(words: "\(table) has no carry-over partition")
        }
        return ends
    }

    // MARK: Days

    /// Takes days, the oldest first, each with all tables that are due; answers those that left whole.
    private func days() async throws -> Set<BusinessDate> {
        var left: Set<BusinessDate> = []
        let cutoffs = cutoffs()
        guard let last = cutoffs.values.max(), var day = try await ends().values.min() else { return left }
        let most = try await stage.daysLeft(of: order.daysMax ?? stage.configuration.daysMax, since: order.since)
        while day < last {
            let ends = try await ends()
            let tables = cutoffs.keys.filter { table in
                ends[table].map { $0 <= day } == true && cutoffs[table].map { day < $0 } == true
            }.sorted()
            if !tables.isEmpty {
                let closed = Set(try await store.entries(of: day).filter { $0.state == .closed }.map(\.key.table))
                if !closed.isSuperset(of: tables) {
                    guard left.count < most else {
                        tally.note("it has had its days; those from \(day) on are left for the next run")
                        return left
                    }
                    guard try await begin(day, cutoff: tables.compactMap { cutoffs[$0] }.max() ?? last, ends) else {
                        return left
                    }
                    left.insert(day)
                }
                for table in tables { try await take(table, day) }
            }
            day = day.advanced(byDays: 1)
        }
        return left
    }

    private func cutoffs() -> [HeavyTable: BusinessDate] {
        stage.configuration.ages.filter { order.tables.contains($0.key) }.mapValues {
            ArchiveRules.cutoff(asOf: lease.asOf, months: $0)
        }
    }

    /// False if the day, and so each after it, is kept live by a person.
    private func begin(
        _ day: BusinessDate,
        cutoff: BusinessDate,
        _ ends: [HeavyTable: BusinessDate]
    ) async throws -> Bool {
        try await compareShapes(day)
        let refusal = try await pace.step(ArchiveProgress(table: .paymentOrder, day: day, step: .prepare)) {
            do {
                return try await store.beginDay(day, cutoff: cutoff, lease)
            } catch is ArchiveCommitUnknown {
                // A day that has begun may begin again.
                return try await store.beginDay(day, cutoff: cutoff, lease)
            }
        }
        switch refusal {
        case nil: break
        case .held:
            tally.note("\(day) is kept live by a hold, and so are the days after it")
            return false
        case .notTheOldest:
            // Of tables that keep their rows for longer, the days began when others left.
            guard ends.values.contains(where: { $0 > day }) else {
                throw ArchiveEnding.refused("\(day) is not the oldest day of sluice.live_days, and was not begun")
            }
            if try await store.legalHolds().contains(where: { $0.scope == .day(day) }) {
                tally.note("\(day) is kept live by a hold, and so are the days after it")
                return false
            }
        case .beingLoaded:
            throw ArchiveEnding.left("a file of \(day) is being loaded; look for it with sluice file list")
        case .noDayAhead:
            throw ArchiveEnding.refused("there is no later live day than \(day): sluice db partitions")
        }
        FaultPlan.pass(.archiveDayBegun)
        logger.info("archive day begun", metadata: ["day": "\(day)"])
        return true
    }

    /// A day of another shape could not be attached without building an index under the lock, or not at all.
    private func compareShapes(_ day: BusinessDate) async throws {
        var differences: [String] = []
        for table in HeavyTable.allCases where order.tables.contains(table) {
            differences += try await store.archiveDrift(table, day).map { "\(table): \($0)" }
        }
        guard let first = differences.first else { return }
        let words = "live tables and history differ at \(day) in \(differences.count) points: \(first)"
        try await stage.alarms.raise([
            RaisedAlarm(
                kind: .archiveDrift,
                code: "shape",
                message: "no day leaves: \(words). Make them alike by a migration"
            )
        ])
        throw ArchiveEnding.refused(words)
    }

    // MARK: One table's day

    /// Takes a table's day as far as it goes, from whatever state it is found in.
    ///
    /// `retires`: the live partition of a day that went by rows ends then.
    func take(_ table: HeavyTable, _ day: BusinessDate, retires: Bool = true) async throws {
        var attempt = Attempt(retires: retires)
        while true {
            do {
                guard try await advance(table, day, &attempt) else { return }
            } catch let unknown as ArchiveCommitUnknown {
                // Never guessed: the entry tells.
                attempt.lostCommits += 1
                logger.warning("the answer to a commit was lost", metadata: ["table": "\(table)", "day": "\(day)"])
                guard attempt.lostCommits <= Self.lostCommitsMost else {
                    throw ArchiveEnding.left("\(unknown), \(attempt.lostCommits) times")
                }
            }
        }
    }

    /// Does the next step; false once there is none.
    private func advance(_ table: HeavyTable, _ day: BusinessDate, _ attempt: inout Attempt) async throws -> Bool {
        let entries = try await store.entries(of: day).filter { $0.key.table == table }
        let end = try await ends()[table] ?? day
        guard let entry = entries.last, !attempt.isToBeCountedAgain else {
            try await prepare(table, day, after: entries.last, byRows: end < day, &attempt)
            return true
        }
        let step = rules.step(
            after: entry.state,
            path: entry.path,
            isWholeDay: entry.isWholeDay,
            stayedOpen: entry.stayedOpen,
            sinceBegun: stage.clock.now().since(entry.startedAt)
        )
        if entry.state.isOpen { tally.touch(entry.key) }
        switch step {
        case .prepare: try await prepare(table, day, after: entry, byRows: end < day, &attempt)
        case .count: try await count(entry)
        case .swap where end < day: try await beginRows(entry, because: "an earlier day is still live", &attempt)
        case .swap: try await swap(entry, &attempt)
        case .beginRows: try await beginRows(entry, because: "so it was asked, or too much of it is open", &attempt)
        case .moveRows: try await moveRows(entry, from: entry.isWholeDay || end <= day ? .liveDay : .carryOver)
        case .carryHeld:
            try await carryHeld(entry)
            try await prove(entry)
        case .verify: try await prove(entry)
        case .retire, .nothing:
            // Whatever passes came after it: a day that went by rows gives up its live partition in the end.
            guard attempt.retires, end <= day, entries.contains(where: \.hasGoneByRows) else { return false }
            try await retire(table, day)
            return false
        }
        return true
    }
}

/// What a run has tried with one table's day.
struct Attempt: Sendable {
    let retires: Bool
    /// How often it was counted.
    var counts = 0
    var lostCommits = 0
    /// How often the coming end of the carry-over was stated.
    var bounds = 0
    /// It changed since its count.
    var isToBeCountedAgain = false
}

extension ArchiveState {
    /// Whether rows have left, so that nothing else begins before the pass has ended.
    var isPastCount: Bool { isOpen && ![.prepared, .counting, .counted].contains(self) }
}

extension ArchiveEntry {
    fileprivate var hasGoneByRows: Bool { state == .closed && path == .rows && isWholeDay }
}
