import Testing
import Transfer

@Suite struct SuspendAwareInstantTests {
    @Test func `the clock runs forward and arithmetic is exact`() {
        let first = SuspendAwareInstant.now()
        let second = SuspendAwareInstant.now()
        #expect(first <= second)
        let later = first.advanced(by: .seconds(90) + .nanoseconds(7))
        #expect(later.nanoseconds - first.nanoseconds == 90_000_000_007)
        #expect(first.duration(to: later) == .seconds(90) + .nanoseconds(7))
        #expect(later.duration(to: first) == .seconds(-90) - .nanoseconds(7))
        #expect(first < later && !(later < first))
    }

    @Test func `the ends of the clock do not overflow`() {
        let now = SuspendAwareInstant.now()
        #expect(now.advanced(by: .seconds(Int64.max)).nanoseconds == .max)
        #expect(SuspendAwareInstant(nanoseconds: -1).advanced(by: .seconds(Int64.min)).nanoseconds == .min)
        #expect(now.advanced(by: .zero) == now)
    }
}
