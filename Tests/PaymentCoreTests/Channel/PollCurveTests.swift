import PaymentCore
import Testing

struct PollCurveTests {
    static let curve = PollCurve(
        first: .seconds(60),
        growthPercent: 160,
        cap: .minutes(30),
        jitterPercent: 25,
        countMax: 40
    )

    @Test(
        arguments: [
            (0, 60_000_000), (1, 96_000_000), (2, 153_600_000), (3, 245_760_000), (4, 393_216_000), (5, 629_145_600),
            (6, 1_006_632_960), (7, 1_610_612_736), (8, 1_800_000_000), (9, 1_800_000_000), (Int32.max, 1_800_000_000),
        ] as [(Int32, Int64)]
    )
    func `intervals grow by the share and stop at the cap`(polls: Int32, microseconds: Int64) {
        #expect(Self.curve.delay(afterPolls: polls, random: 0) == TimeSpan(microseconds: microseconds))
    }

    @Test(arguments: [0, 1, 5, 8, 40] as [Int32], [1, 7, 12_345_678_901, UInt64.max / 2, UInt64.max])
    func `jitter comes later, never earlier, and by no more than its share`(polls: Int32, random: UInt64) {
        let plain = Self.curve.delay(afterPolls: polls, random: 0)
        let jittered = Self.curve.delay(afterPolls: polls, random: random)
        #expect(jittered >= plain)
        #expect(jittered.microseconds <= plain.microseconds + plain.microseconds / 4)
    }

    @Test func `jitter spreads what falls together`() {
        let delays = Set((0..<100).map { Self.curve.delay(afterPolls: 3, random: $0 &* 0x9E37_79B9_7F4A_7C15) })
        #expect(delays.count > 95)
    }

    @Test func `without jitter the random number changes nothing`() {
        let curve = PollCurve(first: .seconds(1), growthPercent: 100, cap: .seconds(9), jitterPercent: 0, countMax: 1)
        for polls in 0..<20 as Range<Int32> {
            #expect(curve.delay(afterPolls: polls, random: .max) == .seconds(1))
        }
    }

    @Test func `a count below zero asks after the first delay`() {
        #expect(Self.curve.delay(afterPolls: -1, random: 0) == .seconds(60))
        #expect(Self.curve.delay(afterPolls: .min, random: 0) == .seconds(60))
    }

    @Test func `a tiny start grows too, and in few steps`() {
        let curve = PollCurve(
            first: TimeSpan(microseconds: 1),
            growthPercent: 101,
            cap: .hours(24),
            jitterPercent: 0,
            countMax: .max
        )
        var before = TimeSpan.zero
        for polls in 0..<200 as Range<Int32> {
            let delay = curve.delay(afterPolls: polls, random: 0)
            #expect(delay > before)
            before = delay
        }
        #expect(curve.delay(afterPolls: .max, random: 0) == .hours(24))
    }

    @Test(arguments: [TimeSpan(microseconds: .max), TimeSpan(microseconds: .max / 10 * 9), .hours(.max)])
    func `the longest spans do not overflow`(cap: TimeSpan) {
        for first in [TimeSpan(microseconds: 1), .seconds(1), TimeSpan(microseconds: .max / 2), cap] {
            let curve = PollCurve(first: first, growthPercent: 1_000, cap: cap, jitterPercent: 100, countMax: .max)
            var before = TimeSpan.zero
            for polls in [0, 1, 2, 18, 19, 20, 1_000, .max] as [Int32] {
                let plain = curve.delay(afterPolls: polls, random: 0)
                #expect(plain >= before && plain <= cap)
                #expect(curve.delay(afterPolls: polls, random: .max) >= plain)
                before = plain
            }
            #expect(before == cap)
        }
    }

    @Test(
        arguments: [
            (0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (Int32.max, 60), (-3, 5),
        ] as [(Int32, Int64)]
    )
    func `a back-off grows, is capped and is jittered by a fifth at most`(steps: Int32, seconds: Int64) {
        let backOff = BackOff(first: .seconds(5), growthPercent: 200, cap: .seconds(60))
        #expect(backOff.delay(steps: steps, random: 0) == .seconds(seconds))
        for random in [1, 999, 1 << 40, UInt64.max] {
            let delay = backOff.delay(steps: steps, random: random)
            #expect(delay >= .seconds(seconds))
            #expect(delay.microseconds <= seconds * 1_200_000)
        }
    }

    @Test func `a curve that could ask without end or without pause cannot be made`() async {
        await #expect(processExitsWith: .failure) {
            _ = PollCurve(first: .zero, growthPercent: 150, cap: .seconds(60), jitterPercent: 0, countMax: 5)
        }
        await #expect(processExitsWith: .failure) {
            _ = PollCurve(first: .seconds(1), growthPercent: 150, cap: .seconds(60), jitterPercent: 0, countMax: 0)
        }
    }
}
