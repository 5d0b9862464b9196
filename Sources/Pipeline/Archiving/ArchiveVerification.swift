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

    package init(store: any ArchiveStore, clock: any EngineClock) {
        (self.store, self.clock) = (store, clock)
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
            let begunAt = clock.bootNanoseconds()
            let slice = try await store.verifySlice(table, day, from: block, pages: Int32(pages))
            totals.add(slice.totals)
            next = slice.nextBlock
            pages = ArchiveRules.nextSlice(
                after: pages,
                took: TimeSpan(microseconds: (clock.bootNanoseconds() - begunAt) / 1_000)
            )
        }
        return totals
    }
}
