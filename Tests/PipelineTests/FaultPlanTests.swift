import Glibc
import Pipeline
import Testing

@Suite struct FaultPlanTests {
    @Test(arguments: FaultPoint.allCases)
    func `every point can be named`(_ point: FaultPoint) {
        #expect(FaultPlan("kill@\(point.rawValue):1") != nil)
        #expect(FaultPlan("stop@\(point.rawValue):1000000") != nil)
    }

    @Test(arguments: [
        "", "kill", "kill@", "kill@nowhere:1", "kill@call_ended", "kill@call_ended:", "kill@call_ended:0",
        "kill@call_ended:-1", "kill@call_ended:1000001", "kill@call_ended:1:2", "kill@call_ended@1",
        "hurt@call_ended:1",
        "KILL@call_ended:1", " kill@call_ended:1", "kill@call_ended:x",
    ])
    func `anything else names no fault`(_ text: String) {
        #expect(FaultPlan(text) == nil)
    }

    @Test func `a process is killed at the passing that was meant, in a child task too`() async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let plan = FaultPlan(.kill, at: .callEnded, occurrence: 3)
            await FaultPlan.$current.withValue(plan) {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 1...3 { group.addTask { FaultPlan.pass(.callEnded) } }
                }
                exit(1)
            }
        }
    }

    @Test func `other points, earlier passings and tasks without a plan go on`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let plan = FaultPlan(.kill, at: .callEnded, occurrence: 3)
            FaultPlan.pass(.callEnded)
            FaultPlan.$current.withValue(plan) {
                for _ in 1...2 { FaultPlan.pass(.callEnded) }
                for _ in 1...9 { FaultPlan.pass(.outcomeRecorded) }
            }
            FaultPlan.pass(.callEnded)
            exit(7)
        }
    }
}
