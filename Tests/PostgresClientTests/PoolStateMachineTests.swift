import PostgresClient
import Testing

@Suite(.serialized) struct PoolStateMachineTests {
    @Test func `connections are leased up to the bound, then requests wait in order`() {
        var machine = PoolStateMachine(connectionsMax: 2, waitersMax: 2)
        #expect(machine.acquire(waiter: 1) == .lease(slot: 0))
        #expect(machine.acquire(waiter: 2) == .lease(slot: 1))
        #expect(machine.acquire(waiter: 3) == .wait)
        #expect(machine.acquire(waiter: 4) == .wait)
        #expect(machine.acquire(waiter: 5) == .refuseExhausted)
        #expect(machine.leasedCount == 2 && machine.waiterCount == 2)
        #expect(machine.release(slot: 1, isConnected: true) == .hand(slot: 1, waiter: 3))
        #expect(machine.release(slot: 0, isConnected: false) == .hand(slot: 0, waiter: 4))
        #expect(machine.release(slot: 0, isConnected: true) == .none)
        #expect(machine.release(slot: 1, isConnected: true) == .none)
        #expect(machine.leasedCount == 0 && machine.waiterCount == 0)
    }

    @Test func `an open connection is preferred, the last used first`() {
        var machine = PoolStateMachine(connectionsMax: 3, waitersMax: 0)
        #expect(machine.acquire(waiter: 1) == .lease(slot: 0))
        #expect(machine.acquire(waiter: 2) == .lease(slot: 1))
        #expect(machine.release(slot: 1, isConnected: true) == .none)
        #expect(machine.release(slot: 0, isConnected: true) == .none)
        #expect(machine.acquire(waiter: 3) == .lease(slot: 0))
        #expect(machine.release(slot: 0, isConnected: false) == .none)
        #expect(machine.acquire(waiter: 4) == .lease(slot: 1))
        #expect(machine.acquire(waiter: 5) == .lease(slot: 0))
        #expect(machine.acquire(waiter: 6) == .lease(slot: 2))
        #expect(machine.acquire(waiter: 7) == .refuseExhausted)
    }

    @Test func `a waiter leaves the line once`() {
        var machine = PoolStateMachine(connectionsMax: 1, waitersMax: 5)
        #expect(machine.acquire(waiter: 1) == .lease(slot: 0))
        #expect(machine.acquire(waiter: 2) == .wait)
        #expect(machine.acquire(waiter: 3) == .wait)
        let removals = [machine.remove(waiter: 2), machine.remove(waiter: 2)]
        #expect(removals == [true, false])
        #expect(machine.release(slot: 0, isConnected: true) == .hand(slot: 0, waiter: 3))
        let isLateRemoval = machine.remove(waiter: 3)
        #expect(!isLateRemoval)
    }

    @Test func `closing refuses waiters and newcomers and ends with the last lease`() {
        var machine = PoolStateMachine(connectionsMax: 2, waitersMax: 5)
        #expect(machine.acquire(waiter: 1) == .lease(slot: 0))
        #expect(machine.acquire(waiter: 2) == .lease(slot: 1))
        #expect(machine.acquire(waiter: 3) == .wait)
        let closing = machine.close()
        #expect(closing.refused == [3] && !closing.isClosed)
        #expect(machine.acquire(waiter: 4) == .refuseClosed)
        #expect(machine.release(slot: 0, isConnected: true) == .none)
        #expect(machine.release(slot: 1, isConnected: true) == .closed)
        let again = machine.close()
        #expect(again.isClosed && again.refused.isEmpty)
    }

    @Test func `whatever the order of events, no connection is leased twice or lost`() {
        // Every sequence of eight events out of four kinds, on two connections.
        for sequence in 0..<65_536 {
            var machine = PoolStateMachine(connectionsMax: 2, waitersMax: 3)
            var leased: Set<Int> = []
            var line: [UInt64] = []
            var code = sequence
            for step in 0..<8 {
                defer { code /= 4 }
                switch code % 4 {
                case 0, 1:
                    switch machine.acquire(waiter: UInt64(step)) {
                    case .lease(let slot):
                        guard leased.insert(slot).inserted, line.isEmpty else {
                            Issue.record("sequence \(sequence): slot \(slot) leased twice or past the line")
                            return
                        }
                    case .wait: line.append(UInt64(step))
                    case .refuseClosed, .refuseExhausted: break
                    }
                case 2:
                    guard let slot = leased.min() else { continue }
                    switch machine.release(slot: slot, isConnected: step % 2 == 0) {
                    case .hand(let handed, let waiter):
                        guard handed == slot, line.first == waiter else {
                            Issue.record("sequence \(sequence): handed to the wrong waiter")
                            return
                        }
                        line.removeFirst()
                    case .none, .closed: leased.remove(slot)
                    }
                default:
                    guard let waiter = line.last else { continue }
                    guard machine.remove(waiter: waiter) else {
                        Issue.record("sequence \(sequence): a waiter was lost")
                        return
                    }
                    line.removeLast()
                }
                guard machine.leasedCount == leased.count, machine.waiterCount == line.count,
                    line.isEmpty || leased.count == 2
                else {
                    Issue.record("sequence \(sequence): counts differ")
                    return
                }
            }
        }
    }
}
