package import PaymentCore

/// What the archiving of a deployment is told by `Config/`: values, already checked.
package struct ArchiveConfiguration: Hashable, Sendable {
    package var path: ArchivePath = .swap
    /// How many months of business dates each table keeps live.
    package var ages: [HeavyTable: Int32] = Dictionary(uniqueKeysWithValues: HeavyTable.allCases.map { ($0, 2) })
    /// So many open rows may be moved while a table is locked.
    package var openMax: Int = 1_000
    /// The percentage of the time at work while others are.
    package var duty: Int = 10
    /// So many days a run.
    package var daysMax: Int = 31
    package var limits = LoadLimits()
    /// After how many months a month's days become one partition; nil: never.
    package var mergeAfter: Int32?
    /// After how many months a day of history is dropped; nil: never.
    package var retention: Int32?
    /// Where a day is exported to before it is dropped; nil: nowhere.
    package var exportFolder: String?

    package init() {}
}
