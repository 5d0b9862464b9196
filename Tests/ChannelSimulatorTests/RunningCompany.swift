import ChannelSimulator
import Glibc
import Testing

/// A server with its clock and its truth.
final class RunningCompany {
    let clock = ManualClock()
    let file: TemporaryFile
    let server: ChannelSimulatorServer

    init(
        _ plan: BehaviourPlan = Harbor.plan(),
        file: TemporaryFile = TemporaryFile(),
        change: (inout SimulatorConfiguration) -> Void = { _ in }
    ) throws {
        self.file = file
        var configuration = SimulatorConfiguration(
            seed: 7,
            truthFile: file.path,
            channels: [.init(description: Harbor.description, secret: Secret(Harbor.secret), plan: plan)]
        )
        configuration.holdMilliseconds = 300
        change(&configuration)
        server = try ChannelSimulatorServer.start(configuration, now: clock.now)
    }

    deinit {
        server.stop()
    }

    func client() throws -> RawClient {
        try RawClient(port: #require(server.ports["harbor"]))
    }

    func truth() throws -> Truth.Channel {
        try TruthFile.read(path: file.path).channels["harbor"] ?? Truth.Channel()
    }

    /// Waits until the truth says so, ten seconds at most.
    func waits(until condition: (Truth.Channel) -> Bool) throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        while clock.now < deadline {
            if condition(try truth()) { return true }
            sched_yield()
        }
        return false
    }
}
