import PaymentCore
import Testing

struct TimestampTests {
    @Test func `an instant and a span add up and back`() {
        let start = Timestamp(unixMicroseconds: 1_790_000_000_000_000)
        let end = start.advanced(by: .minutes(90))
        #expect(end.unixMicroseconds == 1_790_005_400_000_000)
        #expect(end.since(start) == .minutes(90))
        #expect(start.since(end) == .minutes(-90))
        #expect(start < end)
        #expect(end.advanced(by: .minutes(-90)) == start)
    }

    @Test func `units are exact`() {
        #expect(TimeSpan.milliseconds(1_500) == TimeSpan(microseconds: 1_500_000))
        #expect(TimeSpan.hours(1) == .minutes(60))
        #expect(TimeSpan.minutes(1) == .seconds(60))
        #expect(TimeSpan.seconds(1) == .milliseconds(1_000))
        #expect(TimeSpan.seconds(2) + .seconds(3) - .seconds(5) == .zero)
    }

    @Test func `what does not fit stops at the end of the range`() {
        let last = Timestamp(unixMicroseconds: .max)
        let first = Timestamp(unixMicroseconds: .min)
        #expect(last.advanced(by: .seconds(1)) == last)
        #expect(first.advanced(by: .seconds(-1)) == first)
        #expect(last.since(first) == TimeSpan(microseconds: .max))
        #expect(first.since(last) == TimeSpan(microseconds: .min))
        #expect(Timestamp(unixMicroseconds: 0).since(first) == TimeSpan(microseconds: .max))
        #expect(TimeSpan(microseconds: .max) + .seconds(1) == TimeSpan(microseconds: .max))
        #expect(TimeSpan(microseconds: .min) - .seconds(1) == TimeSpan(microseconds: .min))
        #expect(TimeSpan.zero - TimeSpan(microseconds: .min) == TimeSpan(microseconds: .max))
        #expect(TimeSpan.seconds(.max) == TimeSpan(microseconds: .max))
        #expect(TimeSpan.seconds(.min) == TimeSpan(microseconds: .min))
        #expect(TimeSpan.hours(.max) == TimeSpan(microseconds: .max))
        #expect(TimeSpan.minutes(.min) == TimeSpan(microseconds: .min))
        #expect(TimeSpan.milliseconds(.max) == TimeSpan(microseconds: .max))
    }
}
