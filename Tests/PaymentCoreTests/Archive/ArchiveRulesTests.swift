import PaymentCore
import Testing

@Suite struct ArchiveRulesTests {
    private static let rules = ArchiveRules(openMax: 10, duty: 20)

    @Test func `a day's tables leave in the order of their places`() {
        #expect(HeavyTable.allCases.sorted() == HeavyTable.allCases)
        #expect(HeavyTable.allCases.map(\.place) == [1, 2, 3, 4, 5])
    }

    @Test(arguments: [
        // state, path, whole day, open, minutes since it was begun, what comes next.
        (ArchiveState?.none, ArchivePath.swap, true, Int64(0), Int64(0), ArchiveRules.Step.prepare),
        (.prepared, .swap, true, 0, 59, .count), (.prepared, .swap, true, 0, 61, .prepare),
        (.counting, .swap, true, 0, 60, .count), (.counting, .rows, true, 0, 61, .prepare),
        (.counted, .swap, true, 10, 0, .swap), (.counted, .swap, true, 11, 0, .beginRows),
        (.counted, .rows, true, 0, 0, .beginRows), (.swapped, .swap, true, 0, 90, .carryHeld),
        (.moving, .rows, true, 0, 90, .moveRows), (.moving, .rows, false, 0, 90, .moveRows),
        (.verifying, .rows, true, 0, 90, .verify), (.closed, .swap, true, 0, 0, .nothing),
        (.closed, .rows, true, 0, 0, .retire), (.closed, .rows, false, 0, 0, .nothing),
        (.mismatch, .swap, true, 0, 0, .prepare), (.reopened, .swap, true, 0, 0, .prepare),
        (.dropped, .rows, true, 0, 0, .nothing),
    ]) func `a pass goes on from wherever it was left`(
        _ state: ArchiveState?,
        _ path: ArchivePath,
        _ isWholeDay: Bool,
        _ open: Int64,
        _ minutes: Int64,
        _ step: ArchiveRules.Step
    ) {
        let next = Self.rules.step(
            after: state,
            path: path,
            isWholeDay: isWholeDay,
            stayedOpen: open,
            sinceBegun: .minutes(minutes)
        )
        #expect(next == step)
    }

    @Test(arguments: ArchiveState.allCases) func `a state that is over needs no run to finish it`(
        _ state: ArchiveState
    ) {
        let over: Set<ArchiveState> = [.closed, .mismatch, .reopened, .dropped]
        #expect(state.isOpen == !over.contains(state))
    }

    @Test func `where rows are the configured path, no counted day is swapped`() {
        let rules = ArchiveRules(path: .rows)
        let next = rules.step(after: .counted, path: .swap, isWholeDay: true, stayedOpen: 0, sinceBegun: .zero)
        #expect(next == .beginRows)
    }

    @Test(arguments: [
        // work in milliseconds, duty, others at work, rest in milliseconds.
        (Int64(200), 20, true, Int64(800)), (200, 50, true, 200), (200, 100, true, 0), (200, 20, false, 0),
        (0, 20, true, 0), (1_000, 1, true, 60_000),
    ]) func `the work takes its share of the time while others work, and all of it otherwise`(
        _ work: Int64,
        _ duty: Int,
        _ othersAtWork: Bool,
        _ rest: Int64
    ) {
        let rules = ArchiveRules(duty: duty)
        #expect(rules.rest(after: .milliseconds(work), othersAtWork: othersAtWork) == .milliseconds(rest))
    }

    @Test(arguments: [
        // rows, took milliseconds, the next chunk.
        (20_000, Int64(500), 30_000), (20_000, 800, 20_000), (20_000, 1_200, 20_000), (20_000, 1_201, 10_000),
        (600, 5_000, 500), (500, 5_000, 500), (180_000, 100, 200_000), (200_000, 100, 200_000), (1, 100, 500),
    ]) func `a chunk grows and shrinks towards a second`(_ rows: Int, _ took: Int64, _ next: Int) {
        #expect(ArchiveRules.nextChunk(after: rows, took: .milliseconds(took)) == next)
    }

    @Test(arguments: [
        // pages, took milliseconds, the next slice.
        (1_000, Int64(50), 1_500), (1_000, 100, 1_000), (1_000, 250, 1_000), (1_000, 251, 500), (20, 900, 16),
        (16, 900, 16), (16_000, 10, 16_384), (16_384, 10, 16_384),
    ]) func `a slice grows and shrinks towards a fifth of a second`(_ pages: Int, _ took: Int64, _ next: Int) {
        #expect(ArchiveRules.nextSlice(after: pages, took: .milliseconds(took)) == next)
    }

    @Test(arguments: [
        // today, months, the first day that is kept.
        ("2024-04-29", Int32(2), "2024-02-29"), ("2024-04-30", 2, "2024-02-29"), ("2023-04-30", 2, "2023-02-28"),
        ("2024-02-29", 12, "2023-02-28"), ("2024-02-29", 48, "2020-02-29"), ("2024-12-31", 1, "2024-11-30"),
        ("2024-01-01", 1, "2023-12-01"), ("2024-01-31", 2, "2023-11-30"), ("2024-03-01", 1, "2024-02-01"),
        ("2024-12-15", 12, "2023-12-15"), ("2024-12-15", 13, "2023-11-15"), ("2024-05-31", 3, "2024-02-29"),
        ("2100-03-31", 1, "2100-02-28"), ("2024-06-30", 120, "2014-06-30"),
    ]) func `months are counted back to the same day, or the last one of a shorter month`(
        _ today: String,
        _ months: Int32,
        _ kept: String
    ) throws {
        let cutoff = ArchiveRules.cutoff(asOf: try #require(BusinessDate(today)), months: months)
        #expect(cutoff == BusinessDate(kept))
    }

    @Test(arguments: [Int32(1), 2, 3, 6, 12, 13, 120])
    func `what is kept never reaches further back a day later, and four weeks at least are`(_ months: Int32) throws {
        var today = try #require(BusinessDate("2023-01-01"))
        var before = ArchiveRules.cutoff(asOf: today, months: months)
        for _ in 1...(4 * 366) {
            today = today.advanced(byDays: 1)
            let cutoff = ArchiveRules.cutoff(asOf: today, months: months)
            #expect(cutoff >= before && cutoff <= today.advanced(byDays: -28))
            before = cutoff
        }
    }

    @Test(arguments: [(1, Int64(100)), (2, 200), (5, 1_600), (9, 25_600), (10, 30_000), (60, 30_000)])
    func `pauses for a lock double up to half a minute, and are anything up to that`(_ failure: Int, _ most: Int64) {
        #expect(ArchiveRules.longestLockPause(afterFailure: failure) == .milliseconds(most))
        var generator = CountingGenerator()
        for _ in 0..<20 {
            let pause = ArchiveRules.lockPause(afterFailure: failure, using: &generator)
            #expect(pause >= .zero && pause <= .milliseconds(most))
        }
    }

    @Test(arguments: [(1, Int64(5)), (2, 10), (4, 40), (5, 60), (50, 60)])
    func `pauses for a load double up to a minute`(_ time: Int, _ seconds: Int64) {
        #expect(ArchiveRules.loadPause(time: time) == .seconds(seconds))
    }

    /// The same numbers each time, spread over all.
    private struct CountingGenerator: RandomNumberGenerator {
        private var state: UInt64 = 1

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state
        }
    }
}
