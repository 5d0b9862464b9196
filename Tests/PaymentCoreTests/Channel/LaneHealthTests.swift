import PaymentCore
import Testing

struct `A lane's health` {
    private static let rules = LaneRules(
        interval: .milliseconds(100),
        breaker: LaneRules.Breaker(failures: 3, open: .seconds(10), openMax: .seconds(25))
    )
    private static let start = Timestamp(unixMicroseconds: 1_780_275_600_000_000)
    private static func at(_ seconds: Int64) -> Timestamp { start.advanced(by: .seconds(seconds)) }

    /// Breaker before, signal, chunk of the call, breaker after, and whether it opened.
    struct Step: Sendable, CustomTestStringConvertible {
        let before: LaneHealth.Breaker
        let signal: LaneSignal
        var chunk: Int64 = 1
        let after: LaneHealth.Breaker
        var opens = false

        var testDescription: String { "\(before) + \(signal) of \(chunk)" }
    }

    private static let steps: [Step] = [
        Step(before: .closed(failures: 0), signal: .answered, after: .closed(failures: 0)),
        Step(before: .closed(failures: 0), signal: .failed, after: .closed(failures: 1)),
        Step(before: .closed(failures: 2), signal: .answered, after: .closed(failures: 0)),
        Step(before: .closed(failures: 2), signal: .slowDown(.seconds(1)), after: .closed(failures: 0)),
        Step(before: .closed(failures: 2), signal: .failed, after: .open(until: at(10), times: 1), opens: true),
        // More than the limit: the limit was lowered by an activation.
        Step(before: .closed(failures: 9), signal: .failed, after: .open(until: at(10), times: 1), opens: true),
        // What was under way when it opened.
        Step(
            before: .open(until: at(4), times: 2),
            signal: .failed,
            after: .open(until: at(4), times: 2)
        ),
        Step(before: .open(until: at(4), times: 2), signal: .answered, after: .closed(failures: 0)),
        Step(
            before: .halfOpen(probe: 7, until: at(4), times: 1),
            signal: .failed,
            chunk: 7,
            after: .open(until: at(20), times: 2)
        ),
        Step(
            before: .halfOpen(probe: 7, until: at(4), times: 2),
            signal: .failed,
            chunk: 7,
            after: .open(until: at(25), times: 3)
        ),
        Step(
            before: .halfOpen(probe: 7, until: at(4), times: .max),
            signal: .failed,
            chunk: 7,
            after: .open(until: at(25), times: .max)
        ),
        Step(
            before: .halfOpen(probe: 7, until: at(4), times: 1),
            signal: .failed,
            chunk: 8,
            after: .halfOpen(probe: 7, until: at(4), times: 1)
        ),
        Step(
            before: .halfOpen(probe: 7, until: at(4), times: 1),
            signal: .answered,
            chunk: 8,
            after: .closed(failures: 0)
        ),
    ]

    @Test(arguments: steps) func `moves its breaker by the table`(_ step: Step) {
        var health = LaneHealth(breaker: step.before)
        let hasOpened = health.take(step.signal, of: step.chunk, rules: Self.rules, now: Self.at(0))
        #expect(health.breaker == step.after)
        #expect(hasOpened == step.opens)
    }

    @Test(arguments: [
        (LaneHealth(), LaneHealth.Admission.any),
        (LaneHealth(breaker: .closed(failures: 2)), .any),
        (LaneHealth(slowUntil: at(1)), .none),
        (LaneHealth(slowUntil: at(0)), .any),
        (LaneHealth(breaker: .open(until: at(1), times: 1)), .none),
        (LaneHealth(breaker: .open(until: at(0), times: 1)), .probe),
        (LaneHealth(breaker: .open(until: at(0), times: 1), slowUntil: at(1)), .none),
        (LaneHealth(breaker: .halfOpen(probe: 1, until: at(1), times: 1)), .none),
        (LaneHealth(breaker: .halfOpen(probe: 1, until: at(0), times: 1)), .probe),
    ]) func `lets calls begin by the table`(_ health: LaneHealth, _ admission: LaneHealth.Admission) {
        #expect(health.admission(at: Self.at(0)) == admission)
    }

    @Test func `lets one chunk through an open breaker, and the next one when it was given back`() {
        var health = LaneHealth(breaker: .open(until: Self.at(0), times: 2))
        health.probe(5, until: Self.at(30))
        #expect(health.breaker == .halfOpen(probe: 5, until: Self.at(30), times: 2))
        health.giveBack(6, now: Self.at(1))
        #expect(health.admission(at: Self.at(1)) == .none)
        health.giveBack(5, now: Self.at(1))
        #expect(health.admission(at: Self.at(1)) == .probe)
        var closed = LaneHealth()
        closed.probe(5, until: Self.at(30))
        closed.giveBack(5, now: Self.at(1))
        #expect(closed == LaneHealth())
    }

    @Test func `slows to half its pace once for all calls under way, and waits as long as it is told`() {
        var health = LaneHealth()
        _ = health.take(.slowDown(.seconds(5)), of: 1, rules: Self.rules, now: Self.at(0))
        #expect(health == LaneHealth(slowUntil: Self.at(5), slowInterval: .milliseconds(200)))
        _ = health.take(.slowDown(.seconds(9)), of: 2, rules: Self.rules, now: Self.at(1))
        _ = health.take(.slowDown(.seconds(1)), of: 3, rules: Self.rules, now: Self.at(2))
        #expect(health == LaneHealth(slowUntil: Self.at(10), slowInterval: .milliseconds(200)))
        // An answer to a call from before the wait says nothing about the slower pace.
        _ = health.take(.answered, of: 4, rules: Self.rules, now: Self.at(3))
        #expect(health.slowInterval == .milliseconds(200))
        _ = health.take(.slowDown(.zero), of: 5, rules: Self.rules, now: Self.at(11))
        #expect(health == LaneHealth(slowUntil: Self.at(11), slowInterval: .milliseconds(400)))
    }

    @Test(arguments: [
        // Interval of the specification, and the slowest that comes of many slow-downs.
        (TimeSpan.zero, TimeSpan.milliseconds(3_200)), (.milliseconds(100), .milliseconds(6_400)),
        (.seconds(10), .minutes(1)), (.minutes(2), .minutes(2)),
    ]) func `is slowed no further than its bound, and comes back to its full pace in steps that only speed up`(
        _ interval: TimeSpan,
        _ slowest: TimeSpan
    ) {
        let rules = LaneRules(interval: interval)
        var health = LaneHealth()
        var now = Self.at(0)
        for _ in 0..<20 {
            _ = health.take(.slowDown(.seconds(1)), of: 1, rules: rules, now: now)
            now = now.advanced(by: .seconds(2))
        }
        #expect(health.slowInterval == slowest)
        #expect(health.interval(rules) == slowest)
        var steps = 0
        while let before = health.slowInterval, steps < 100 {
            _ = health.take(.answered, of: 1, rules: rules, now: now)
            #expect(health.slowInterval ?? interval < before || slowest == interval)
            steps += 1
        }
        #expect(health.interval(rules) == interval)
        #expect((1...20).contains(steps), "\(steps) good answers")
    }

    @Test(arguments: [
        (CallOutcome.notSent("connect"), TimeSpan?.none, LaneSignal?.some(.failed)),
        (.notSent("send_by_passed"), nil, nil), (.notSent("cancelled_before_send"), nil, nil),
        (.notSent("commit_unknown"), nil, nil), (.notSent("channel_not_configured"), nil, nil),
        (.unknown("timeout"), nil, .failed), (.unknown("http_500"), nil, .failed), (.unknown("cancelled"), nil, nil),
        (.answered(ChannelAnswer(header: .refused(.system), headerCode: "1", items: [])), nil, .answered),
        (.answered(ChannelAnswer(header: .unknown(listed: false), headerCode: "?", items: [])), nil, .answered),
        (
            .answered(ChannelAnswer(header: .slowDown, headerCode: "3028", items: [])), .seconds(3),
            .slowDown(.seconds(3))
        ),
    ]) func `hears of a call whether the channel is there`(
        _ outcome: CallOutcome,
        _ slowFor: TimeSpan?,
        _ signal: LaneSignal?
    ) {
        #expect(LaneSignal(outcome, slowFor: slowFor) == signal)
    }
}
