import PaymentCore
import Pipeline
import Testing

/// Who waits for a stop goes on when it is asked for, wherever it is asked for, and not before.
@Suite(.timeLimit(.minutes(1))) struct StopSignalTests {
    @Test func `a wait ends with the request, and one that begins after it at once`() async {
        let stop = StopSignal()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 1...20 {
                group.addTask {
                    await stop.wait()
                    return stop.isRequested
                }
            }
            group.addTask {
                stop.request()
                return true
            }
            for await isRequested in group { #expect(isRequested) }
        }
        await stop.wait()
        #expect(stop.isRequested)
    }

    @Test(arguments: ["whole", "part", "own"])
    func `a part's wait ends with the request of the whole, of the part, and with its own`(which: String) async {
        let (whole, part) = (StopSignal(), StopSignal())
        let stop = StopSignal(within: StopSignal(within: whole, or: StopSignal()), or: part)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stop.wait() }
            group.addTask { (which == "whole" ? whole : which == "part" ? part : stop).request() }
            await group.waitForAll()
        }
        #expect(stop.isRequested)
        #expect(whole.isRequested == (which == "whole"))
        #expect(part.isRequested == (which == "part"))
    }

    @Test func `a wait that is cancelled ends without a request`() async {
        let stop = StopSignal()
        let part = StopSignal(within: stop, or: StopSignal())
        await withTaskGroup(of: Void.self) { group in
            for _ in 1...20 { group.addTask { await part.wait() } }
            group.cancelAll()
            await group.waitForAll()
        }
        #expect(!stop.isRequested)
        // Nobody is resumed twice.
        stop.request()
    }

    @Test func `a rest ends with the stop, with its time, and by being cancelled`() async throws {
        let clock = EndlessClock()
        let stop = StopSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stop.wait(atMost: .seconds(3_600), by: clock) }
            group.addTask {
                await clock.untilSomebodySleeps()
                stop.request()
            }
            try await group.waitForAll()
        }
        try await StopSignal().wait(atMost: .milliseconds(1), by: SystemClock())
        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await StopSignal().wait(atMost: .seconds(3_600), by: clock) }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }
}

/// A clock on which no sleep ends by itself.
private final class EndlessClock: EngineClock {
    private let sleeping = StopSignal()

    func now() -> Timestamp { Timestamp(unixMicroseconds: 0) }
    func bootNanoseconds() -> Int64 { 0 }

    func sleep(for span: TimeSpan) async throws {
        sleeping.request()
        await StopSignal().wait()
        throw CancellationError()
    }

    func untilSomebodySleeps() async { await sleeping.wait() }
}
