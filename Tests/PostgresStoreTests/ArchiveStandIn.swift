import PaymentCore
import Store

/// The store of archiving, with something of a test's before or after its steps.
struct ArchiveStandIn: ArchiveStore {
    /// A step that a test may do something about.
    enum Call: String, CaseIterable, Sendable {
        case beginDay, prepare, countSlice, swap, carryHeld, verifySlice, close, reverse, beginPass, beginRowDay
        case moveRows, endRowDay, retire
    }

    let store: any ArchiveStore
    /// An error keeps the step from being done.
    var before: @Sendable (Call) async throws -> Void = { _ in }
    /// An error comes although the step was done.
    var after: @Sendable (Call) async throws -> Void = { _ in }
    var load: @Sendable (LoadQuestion?) async throws -> ServerLoad = { _ in ServerLoad() }

    private func around<Value: Sendable>(_ call: Call, _ step: () async throws -> Value) async throws -> Value {
        try await before(call)
        let value = try await step()
        try await after(call)
        return value
    }

    func beginDay(_ day: BusinessDate, cutoff: BusinessDate, _ lease: ArchiveLease) async throws -> DayRefusal? {
        try await around(.beginDay) { try await store.beginDay(day, cutoff: cutoff, lease) }
    }

    func prepare(_ key: EntryKey, path: ArchivePath, _ lease: ArchiveLease) async throws -> Int64 {
        try await around(.prepare) { try await store.prepare(key, path: path, lease) }
    }

    func countSlice(_ key: EntryKey, pages: Int32, _ lease: ArchiveLease) async throws -> Bool {
        try await around(.countSlice) { try await store.countSlice(key, pages: pages, lease) }
    }

    func swap(_ key: EntryKey, openMax: Int32, _ lease: ArchiveLease) async throws -> SwapOutcome {
        try await around(.swap) { try await store.swap(key, openMax: openMax, lease) }
    }

    func carryHeld(
        _ table: HeavyTable,
        _ day: BusinessDate,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await around(.carryHeld) { try await store.carryHeld(table, day, most: most, lease) }
    }

    func verifySlice(
        _ table: HeavyTable,
        _ day: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice {
        try await around(.verifySlice) { try await store.verifySlice(table, day, from: block, pages: pages) }
    }

    func close(_ key: EntryKey, found: ArchiveTotals, _ lease: ArchiveLease) async throws -> Bool {
        try await around(.close) { try await store.close(key, found: found, lease) }
    }

    func reverse(
        _ table: HeavyTable,
        _ day: BusinessDate,
        isMismatch: Bool,
        why: String,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await around(.reverse) {
            try await store.reverse(table, day, isMismatch: isMismatch, why: why, lease)
        }
    }

    func beginPass(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws -> EntryKey {
        try await around(.beginPass) { try await store.beginPass(table, day, lease) }
    }

    func beginRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> SwapOutcome {
        try await around(.beginRowDay) { try await store.beginRowDay(key, lease) }
    }

    func moveRows(
        _ key: EntryKey,
        from source: RowSource,
        after last: RowKey?,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> MovedRows {
        try await around(.moveRows) { try await store.moveRows(key, from: source, after: last, most: most, lease) }
    }

    func endRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> Int64 {
        try await around(.endRowDay) { try await store.endRowDay(key, lease) }
    }

    func retire(_ table: HeavyTable, _ day: BusinessDate, leftMax: Int32, _ lease: ArchiveLease) async throws -> Bool {
        try await around(.retire) { try await store.retire(table, day, leftMax: leftMax, lease) }
    }

    func serverLoad(for question: LoadQuestion?) async throws -> ServerLoad { try await load(question) }
}

/// The rest, as it is.
extension ArchiveStandIn {
    func takeArchiveLease(worker: WorkerIdentifier, lease: TimeSpan, asOf: BusinessDate?) async throws -> ArchiveLease?
    {
        try await store.takeArchiveLease(worker: worker, lease: lease, asOf: asOf)
    }

    func renewArchiveLease(_ lease: ArchiveLease, for span: TimeSpan) async throws -> Bool {
        try await store.renewArchiveLease(lease, for: span)
    }

    func releaseArchiveLease(_ lease: ArchiveLease) async throws { try await store.releaseArchiveLease(lease) }

    func archiveSwitch() async throws -> ArchiveSwitch { try await store.archiveSwitch() }

    func stopArchiving(reason: String) async throws -> Bool { try await store.stopArchiving(reason: reason) }

    func resumeArchiving() async throws -> Bool { try await store.resumeArchiving() }

    func archivePlan(
        ages: [HeavyTable: Int32],
        asOf: BusinessDate?,
        daysMax: Int
    ) async throws -> [ArchivePlanDay] {
        try await store.archivePlan(ages: ages, asOf: asOf, daysMax: daysMax)
    }

    func openEntries() async throws -> [ArchiveEntry] { try await store.openEntries() }

    func entries(of day: BusinessDate) async throws -> [ArchiveEntry] { try await store.entries(of: day) }

    func daysBegun(since instant: Timestamp) async throws -> Int { try await store.daysBegun(since: instant) }

    func carryOverEnds() async throws -> [HeavyTable: BusinessDate] { try await store.carryOverEnds() }

    func archiveDrift(_ table: HeavyTable, _ day: BusinessDate) async throws -> [String] {
        try await store.archiveDrift(table, day)
    }

    func keepPartitions(until day: BusinessDate) async throws -> Int { try await store.keepPartitions(until: day) }

    func forgetCount(
        _ table: HeavyTable,
        _ day: BusinessDate,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await store.forgetCount(table, day, most: most, lease)
    }

    func abandonCount(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await store.abandonCount(key, lease)
    }

    func validate(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws {
        try await store.validate(table, day, lease)
    }

    func boundCarryOver(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws {
        try await store.boundCarryOver(table, day, lease)
    }

    func noteLockFailure(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await store.noteLockFailure(key, lease)
    }

    func told(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchiveTotals {
        try await store.told(table, day)
    }

    func noteVerified(
        _ table: HeavyTable,
        _ day: BusinessDate,
        found: ArchiveTotals,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await store.noteVerified(table, day, found: found, lease)
    }

    func daysToPass(_ table: HeavyTable) async throws -> [BusinessDate] { try await store.daysToPass(table) }

    func beginPutBack(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await store.beginPutBack(key, lease)
    }

    func putRowsBack(_ key: EntryKey, from block: Int64, pages: Int32, _ lease: ArchiveLease) async throws -> Int64? {
        try await store.putRowsBack(key, from: block, pages: pages, lease)
    }

    func endPutBack(_ key: EntryKey, why: String, _ lease: ArchiveLease) async throws {
        try await store.endPutBack(key, why: why, lease)
    }

    func noteRowsLeft(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws -> Int64 {
        try await store.noteRowsLeft(table, day, lease)
    }

    func longestOpenOrder() async throws -> OrderKey? { try await store.longestOpenOrder() }

    func analyze(_ table: HeavyTable, withHistory: Bool) async throws {
        try await store.analyze(table, withHistory: withHistory)
    }

    func placeHold(_ scope: LegalHold.Scope, reason: String) async throws -> Int64 {
        try await store.placeHold(scope, reason: reason)
    }

    func liftHold(_ identifier: Int64, reason: String) async throws -> Bool {
        try await store.liftHold(identifier, reason: reason)
    }

    func legalHolds() async throws -> [LegalHold] { try await store.legalHolds() }

    func copyToRestored(_ scope: RestoredScope, label: String) async throws -> RestoredCopy {
        try await store.copyToRestored(scope, label: label)
    }

    func dropRestored(label: String) async throws -> Int { try await store.dropRestored(label: label) }
}
