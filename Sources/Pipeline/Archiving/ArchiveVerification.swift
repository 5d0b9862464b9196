package import PaymentCore
package import Store

/// What history holds of a table's day, against what its receipts tell.
package struct VerifiedDay: Hashable, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate
    package let found: ArchiveTotals
    package let told: ArchiveTotals

    package init(table: HeavyTable, day: BusinessDate, found: ArchiveTotals, told: ArchiveTotals) {
        (self.table, self.day, self.found, self.told) = (table, day, found, told)
    }

    package var holds: Bool { found == told }
}

/// Reads an archived day, a slice of pages at a time, and compares it with its receipts; needs no lease.
package struct ArchiveVerification: Sendable {
    /// So often a day is read again because its receipts changed meanwhile.
    private static let readingsMost = 3

    private let store: any ArchiveStore
    private let clock: any EngineClock
    private let pace: ArchivePace?

    /// `pace`: that of the run whose part it is; nil reads without a rest.
    package init(store: any ArchiveStore, clock: any EngineClock, pace: ArchivePace? = nil) {
        (self.store, self.clock, self.pace) = (store, clock, pace)
    }

    /// Reads the day; throws `CancellationError` once the stop is requested.
    ///
    /// Receipts that another's pass changed while it was read are read again with the day, three times at most.
    package func verify(_ table: HeavyTable, _ day: BusinessDate, stop: StopSignal) async throws -> VerifiedDay {
        var reading = 1
        while true {
            let before = try await store.told(table, day)
            let found = try await found(table, day, stop: stop)
            let told = try await store.told(table, day)
            guard before != told, reading < Self.readingsMost else {
                return VerifiedDay(table: table, day: day, found: found, told: told)
            }
            reading += 1
        }
    }

    private func found(_ table: HeavyTable, _ day: BusinessDate, stop: StopSignal) async throws -> ArchiveTotals {
        var totals = ArchiveTotals()
        var pages = ArchiveRules.firstSlice
        var next: Int64? = 0
        while let block = next {
            if stop.isRequested { throw CancellationError() }
            let at = ArchiveProgress(table: table, day: day, step: .verify, done: block)
            let (slice, took) = try await read(at, pages: Int32(pages))
            totals.add(slice.totals)
            next = slice.nextBlock
            pages = ArchiveRules.nextSlice(after: pages, took: took)
        }
        return totals
    }

    private func read(_ at: ArchiveProgress, pages: Int32) async throws -> (slice: VerifiedSlice, took: TimeSpan) {
        func read() async throws -> (slice: VerifiedSlice, took: TimeSpan) {
            let begunAt = clock.bootNanoseconds()
            let slice = try await store.verifySlice(at.table, at.day, from: at.done, pages: pages)
            return (slice, TimeSpan(microseconds: (clock.bootNanoseconds() - begunAt) / 1_000))
        }
        guard let pace else { return try await read() }
        let slice = try await pace.step(at) { try await read() }
        FaultPlan.pass(.archiveSliceVerified)
        return slice
    }
}
