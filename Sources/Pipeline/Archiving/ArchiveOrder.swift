package import PaymentCore

/// What one run of archiving is asked for.
package struct ArchiveOrder: Hashable, Sendable {
    /// What counts as today, in class `test` only; nil: the day of the server.
    package var asOf: BusinessDate?
    /// After this time no further step begins.
    package var budget: TimeSpan
    /// So many days; nil: as many as configured.
    package var daysMax: Int?
    package var tables: Set<HeavyTable>
    /// Days that runs have begun since then count among those of this one; nil: none does.
    package var since: Timestamp?

    package init(
        asOf: BusinessDate? = nil,
        budget: TimeSpan,
        daysMax: Int? = nil,
        tables: Set<HeavyTable> = Set(HeavyTable.allCases),
        since: Timestamp? = nil
    ) {
        precondition(daysMax.map { $0 >= 1 } ?? true, "a run takes one day at least")
        (self.asOf, self.budget, self.daysMax, self.tables) = (asOf, budget, daysMax, tables)
        self.since = since
    }
}
