import Logging
import PaymentCore
package import Store

/// What becomes of history: months of one partition each, then exports and the end; all of it off unless configured.
package struct ArchiveRetention: Sendable {
    private let stage: ArchivingStage
    private let store: any ArchiveStore & ArchiveRetentionStore
    private let exports: (any ArchiveExports)?

    /// `stage`: whose limits, clock and alarms are taken; `exports`: nil drops days without one.
    package init(
        _ stage: ArchivingStage,
        store: any ArchiveStore & ArchiveRetentionStore,
        exports: (any ArchiveExports)?
    ) {
        (self.stage, self.store, self.exports) = (stage, store, exports)
    }

    /// Merges and drops what is due, under the lease and at the pace of a run.
    ///
    /// Answers in words what it left undone. Throws `ArchiveEnding` where the run ends with it.
    package func keep(_ pace: ArchivePace) async throws -> [String] {
        guard stage.configuration.mergeAfter != nil || stage.configuration.retention != nil else { return [] }
        do {
            return try await work(pace)
        } catch let unknown as ArchiveCommitUnknown {
            // Each step is found done or not by the next run.
            return ["\(unknown); the next run goes on with what history is to become"]
        }
    }

    private func work(_ pace: ArchivePace) async throws -> [String] {
        // What an earlier run took out of history, and was kept from dropping.
        for table in HeavyTable.allCases { try await dropSetAside(table, pace) }
        try await merge(pace)
        return try await drop(pace)
    }

    private func dropSetAside(_ table: HeavyTable, _ pace: ArchivePace) async throws {
        let at = ArchiveProgress(table: table, day: pace.lease.asOf, step: .nothing)
        while try await pace.locking(at, ofLiveTable: false, { try await store.dropSetAside(table, pace.lease) }) {}
    }

    // MARK: Months

    private func merge(_ pace: ArchivePace) async throws {
        guard let months = stage.configuration.mergeAfter else { return }
        let cutoff = ArchiveRules.cutoff(asOf: pace.lease.asOf, months: months)
        for table in HeavyTable.allCases {
            for first in try await store.monthsToMerge(table, before: cutoff) {
                try await merge(table, first, pace)
            }
        }
    }

    private func merge(_ table: HeavyTable, _ first: BusinessDate, _ pace: ArchivePace) async throws {
        let at = ArchiveProgress(table: table, day: first, step: .moveRows)
        let rows = try await pace.locking(at, ofLiveTable: false) {
            try await store.copyMonth(table, first, pace.lease)
        }
        let found = try await read(ArchiveProgress(table: table, day: first, step: .verify), pace)
        guard
            try await pace.locking(
                at,
                ofLiveTable: false,
                {
                    try await store.putMonth(table, first, found: found, pace.lease)
                }
            )
        else { throw try await mismatch(table, first, "a copy of the month is not what the receipts tell") }
        try await dropSetAside(table, pace)
        stage.logger.info(
            "month merged",
            metadata: ["table": "\(table)", "month": "\(first)", "rows": "\(rows)"]
        )
    }

    /// Reads a copied month, slice by slice.
    private func read(_ at: ArchiveProgress, _ pace: ArchivePace) async throws -> ArchiveTotals {
        var totals = ArchiveTotals()
        var pages = ArchiveRules.firstSlice
        var next: Int64? = 0
        while let block = next {
            let (slice, took) = try await pace.timed(at.reached(block, of: 0)) {
                try await store.verifyMonthSlice(at.table, at.day, from: block, pages: Int32(pages))
            }
            totals.add(slice.totals)
            (next, pages) = (slice.nextBlock, ArchiveRules.nextSlice(after: pages, took: took))
        }
        return totals
    }

    // MARK: The end

    private func drop(_ pace: ArchivePace) async throws -> [String] {
        guard let months = stage.configuration.retention else { return [] }
        let cutoff = ArchiveRules.cutoff(asOf: pace.lease.asOf, months: months)
        var left: [String] = []
        for table in HeavyTable.allCases {
            for expired in try await store.daysToDrop(table, olderThan: cutoff) {
                if let why = try await drop(table, expired, olderThan: cutoff, pace) { left.append(why) }
            }
        }
        return left
    }

    /// Answers why the days stay, nil once they are dropped.
    private func drop(
        _ table: HeavyTable,
        _ expired: ExpiredDays,
        olderThan cutoff: BusinessDate,
        _ pace: ArchivePace
    ) async throws -> String? {
        for day in expired.days {
            let totals = try await verify(table, day, pace)
            guard let exports, try await !store.isExported(table, day) else { continue }
            do {
                try await export(table, day, totals, to: exports, pace)
            } catch let error as ArchiveExportFailed {
                stage.logger.error("day is not exported", metadata: ["table": "\(table)", "error": "\(error)"])
                return "\(table) \(day) is not exported, and so not dropped: \(error)"
            }
        }
        let at = ArchiveProgress(table: table, day: expired.first, step: .nothing)
        let dropped = try await pace.locking(at, ofLiveTable: false) {
            try await store.dropDays(
                table,
                expired.first,
                olderThan: cutoff,
                isExported: exports != nil,
                pace.lease
            )
        }
        guard let dropped else { return "\(table) \(expired.first) may not be dropped: it is held, or a pass is new" }
        try await dropSetAside(table, pace)
        stage.logger.info(
            "days dropped",
            metadata: ["table": "\(table)", "day": "\(expired.first)", "days": "\(dropped)"]
        )
        return nil
    }

    private func verify(_ table: HeavyTable, _ day: BusinessDate, _ pace: ArchivePace) async throws -> ArchiveTotals {
        let verification = ArchiveVerification(store: store, clock: stage.clock, pace: pace)
        let verified = try await verification.verify(table, day, stop: StopSignal())
        guard verified.holds, try await store.noteVerified(table, day, found: verified.found, pace.lease) else {
            throw try await mismatch(table, day, "\(verified.found.rows) rows are not the \(verified.told.rows) told")
        }
        return verified.found
    }

    private func export(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ totals: ArchiveTotals,
        to exports: any ArchiveExports,
        _ pace: ArchivePace
    ) async throws {
        let file = try exports.begin(table, day)
        do {
            let at = ArchiveProgress(table: table, day: day, step: .nothing)
            let columns = try await pace.step(at) { try await store.exportDay(table, day) { try file.append($0) } }
            let export = try await file.finish(columns: columns, totals: totals)
            guard export.rows == totals.rows else {
                throw ArchiveExportFailed("it has \(export.rows) rows, the receipts tell \(totals.rows)")
            }
            try await pace.step(at) { try await store.noteExport(table, day, export, pace.lease) }
            stage.logger.info(
                "day exported",
                metadata: ["table": "\(table)", "day": "\(day)", "file": "\(export.file)", "bytes": "\(export.bytes)"]
            )
        } catch {
            file.abandon()
            throw error
        }
    }

    /// History is not what was proven: nothing comes back by itself any more, so everything stops for a person.
    private func mismatch(_ table: HeavyTable, _ day: BusinessDate, _ why: String) async throws -> ArchiveEnding {
        let words = "\(table) \(day): \(why)"
        stage.logger.critical("archive mismatch", metadata: ["table": "\(table)", "day": "\(day)", "why": "\(why)"])
        try await stage.alarms.raise([
            RaisedAlarm(
                kind: .archiveMismatch,
                code: "\(table)/\(day)",
                message: """
                    \(table) of \(day) was proven when it left, and is not what its receipts tell any more (\(why)). \
                    Archiving is stopped, and nothing of it is dropped. Find out who writes into history, compare it \
                    with a backup; then sluice archive resume
                    """
            )
        ])
        // The last step: it ends the run by itself, too.
        _ = try await store.stopArchiving(reason: String(words.prefix(1_000)))
        return .mismatch(words)
    }
}

/// A day could not be exported: nothing of it is dropped.
package struct ArchiveExportFailed: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
