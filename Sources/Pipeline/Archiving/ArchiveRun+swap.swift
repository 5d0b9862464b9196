import Logging
import PaymentCore
import Store

/// A day that changes its table whole.
extension ArchiveRun {
    /// So many keys of an earlier count are forgotten, and held rows taken back, in one transaction at first.
    private static let keysMost: Int32 = 10_000
    /// Stating the end of the carry-over helps at once, or not at all.
    private static let boundsMost = 3

    func prepare(
        _ table: HeavyTable,
        _ day: BusinessDate,
        after entry: ArchiveEntry?,
        byRows: Bool,
        _ attempt: inout Attempt
    ) async throws {
        guard attempt.counts <= ArchiveRules.countTries else {
            throw ArchiveEnding.left("\(table) \(day) changed each time it was counted; it is left for the next run")
        }
        attempt.counts += 1
        attempt.isToBeCountedAgain = false
        let goesOn = entry.map { $0.state.isOpen || $0.state == .mismatch } ?? false
        let key = EntryKey(table: table, day: day, pass: (entry?.key.pass ?? 0) + (goesOn ? 0 : 1))
        let path: ArchivePath = byRows ? .rows : rules.path
        let at = ArchiveProgress(table: table, day: day, step: .prepare)
        tally.touch(key)
        _ = try await pace.locking(at, of: key) {
            // None may be left to be forgotten under the lock, whatever was noted since the last try.
            while try await !store.forgetCount(table, day, most: Self.keysMost, lease) {}
            return try await store.prepare(key, path: path, lease)
        }
        FaultPlan.pass(.archivePrepared)
    }

    /// What a dead run began and this one had no day for: it is held by now, or younger than its age.
    func abandonCounts() async throws {
        for entry in try await store.openEntries() where !entry.state.isPastCount {
            let key = entry.key
            let at = ArchiveProgress(table: key.table, day: key.day, step: .prepare)
            try await pace.locking(at, of: key) {
                while try await !store.forgetCount(key.table, key.day, most: Self.keysMost, lease) {}
                try await store.abandonCount(key, lease)
            }
            tally.touch(key)
            logger.info("day is not counted any more", metadata: key.metadata)
        }
    }

    func count(_ entry: ArchiveEntry) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .count, whole: entry.blocks)
        try await validate(key, at)
        FaultPlan.pass(.archiveValidated)
        var pages = ArchiveRules.firstSlice
        var done = entry.nextBlock
        while true {
            let slice = try await pace.timed(at.reached(min(done, entry.blocks), of: entry.blocks)) {
                try await store.countSlice(key, pages: Int32(pages), lease)
            }
            FaultPlan.pass(.archiveSliceCounted)
            done += Int64(pages)
            guard !slice.value else { break }
            pages = ArchiveRules.nextSlice(after: pages, took: slice.took)
        }
        FaultPlan.pass(.archiveCounted)
        logger.info("day counted", metadata: key.metadata)
    }

    /// Reads the day under a lock that lets everybody work; nothing where it was made with its bounds.
    private func validate(_ key: EntryKey, _ at: ArchiveProgress) async throws {
        try await pace.locking(at, of: key, ofLiveTable: false) {
            try await store.validate(key.table, key.day, lease)
        }
    }

    func swap(_ entry: ArchiveEntry, _ attempt: inout Attempt) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .swap)
        FaultPlan.pass(.archiveBeforeSwap)
        let outcome = try await pace.locking(at, of: key) {
            try await store.swap(key, openMax: Int32(rules.openMax), lease)
        }
        switch outcome {
        case .swapped:
            FaultPlan.pass(.archiveSwapped)
            try await tellOfSwap(key)
        case .tooManyOpen: try await beginRows(entry, because: "too much of it is open", &attempt)
        case .unvalidated: try await validate(key, at)
        case .unbounded:
            attempt.bounds += 1
            guard attempt.bounds <= Self.boundsMost else {
                throw ArchiveEnding.left("\(key): the end of the carry-over cannot be stated")
            }
            try await pace.locking(at, of: key) { try await store.boundCarryOver(key.table, key.day, lease) }
        case .held, .reshaped, .touched, .reviewed: countAgain(key, outcome, &attempt)
        case .moving: preconditionFailure("a swap moves no rows one by one")
        }
    }

    func countAgain(_ key: EntryKey, _ outcome: SwapOutcome, _ attempt: inout Attempt) {
        attempt.isToBeCountedAgain = true
        var metadata = key.metadata
        metadata["because"] = "\(outcome.rawValue)"
        logger.info("day is counted again", metadata: metadata)
    }

    private func tellOfSwap(_ key: EntryKey) async throws {
        guard let entry = try await store.entries(of: key.day).first(where: { $0.key == key }) else { return }
        var metadata = key.metadata
        metadata["rows"] = "\(entry.rows)"
        metadata["locked_us"] = "\(entry.lockedFor?.microseconds ?? 0)"
        metadata["stays"] = "\(entry.stayedOpen + entry.stayedHeld)"
        logger.info("day swapped", metadata: metadata)
    }

    /// Held rows go back to the live table: they are final, and readers find them in either place meanwhile.
    func carryHeld(_ entry: ArchiveEntry) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .carryHeld, whole: entry.stayedHeld)
        var most = Int(Self.keysMost)
        var done: Int64 = 0
        while true {
            let carried = try await pace.timed(at.reached(done, of: entry.stayedHeld)) {
                try await store.carryHeld(key.table, key.day, most: Int32(most), lease)
            }
            FaultPlan.pass(.archiveHeldCarried)
            guard carried.value > 0 else { return }
            done += carried.value
            most = ArchiveRules.nextChunk(after: most, took: carried.took)
        }
    }

    /// Reads what has left, and closes its entry if it is what was counted.
    func prove(_ entry: ArchiveEntry) async throws {
        let key = entry.key
        let at = ArchiveProgress(table: key.table, day: key.day, step: .verify)
        let verification = ArchiveVerification(store: store, clock: stage.clock, pace: pace)
        let verified = try await verification.verify(key.table, key.day, stop: StopSignal())
        FaultPlan.pass(.archiveVerified)
        guard verified.holds, try await close(key, verified, at) else { throw try await mismatch(entry, verified) }
        FaultPlan.pass(.archiveClosed)
        var metadata = key.metadata
        metadata["rows"] = "\(verified.found.rows)"
        logger.info("day verified", metadata: metadata)
    }

    /// The database compares once more, with what it tells by then.
    private func close(_ key: EntryKey, _ verified: VerifiedDay, _ at: ArchiveProgress) async throws -> Bool {
        try await pace.locking(at, of: key, ofLiveTable: false) {
            try await store.close(key, found: verified.found, lease)
        }
    }
}

extension EntryKey {
    var metadata: Logger.Metadata { ["table": "\(table)", "day": "\(day)", "pass": "\(pass)"] }
}
