import PaymentCore
import Store
import StoreTesting
import Testing

struct `The contract of alarms` {
    @Test(arguments: AlarmStoreContract.cases)
    func `holds for the alarms in memory`(_ contractCase: AlarmStoreContract.Case) async {
        let clock = ManualClock()
        let scene = AlarmStoreContract.Scene(store: InMemoryAlarms(clock: clock), person: InMemoryAlarms.anybody) {
            clock.advance(by: $0)
        }
        await #expect(throws: Never.self) { try await contractCase.run(scene) }
    }

    /// A store that forgets who holds what, or what is done.
    private struct Careless: AlarmStoreContract.AlarmsUnderTest {
        let inner: InMemoryAlarms
        let repeats: Bool

        func raise(_ alarms: [RaisedAlarm]) async throws { try await inner.raise(alarms) }
        func alarms(_ filter: AlarmFilter) async throws -> [AlarmRow] {
            try await inner.alarms(AlarmFilter(includesAcknowledged: true, limit: filter.limit))
        }
        func acknowledgeAlarms(
            _ alarms: [AlarmIdentifier],
            note: String,
            by person: SessionSecret,
            isDry: Bool
        ) async throws -> [AlarmIdentifier] {
            try await inner.acknowledgeAlarms(alarms, note: note, by: person, isDry: false)
        }
        func claimAlarms(limit: Int, lease: TimeSpan) async throws -> [AlarmToDeliver] {
            try await inner.claimAlarms(limit: limit, lease: repeats ? .milliseconds(1) : lease)
        }
        func recordDelivery(_ delivery: AlarmDelivery, of alarm: AlarmToDeliver) async throws -> Bool {
            _ = try await inner.recordDelivery(delivery, of: alarm)
            return true
        }
    }

    @Test(arguments: [false, true])
    func `catches a careless store`(_ repeats: Bool) async {
        var broken: Set<String> = []
        for contractCase in AlarmStoreContract.cases {
            let clock = ManualClock()
            let store = Careless(inner: InMemoryAlarms(clock: clock), repeats: repeats)
            let scene = AlarmStoreContract.Scene(store: store, person: InMemoryAlarms.anybody) { clock.advance(by: $0) }
            do { try await contractCase.run(scene) } catch { broken.insert(contractCase.name) }
        }
        #expect(broken.contains("who lost the lease records nothing over the next one's claim"))
        #expect(broken.contains("a look at an acknowledgement does nothing"))
        #expect(broken.contains("an acknowledged alarm is not delivered, and its cause makes a new one"))
        #expect(broken.contains("a claimed alarm is nobody else's until the lease ends") == repeats)
    }
}
