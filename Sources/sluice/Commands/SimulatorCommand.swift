import ArgumentParser
import ChannelSimulator
import Foundation

/// `sluice simulator`: the other side as a server, for demonstrations and tests.
struct SimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulator",
        abstract: "Serve simulated channels on this machine until SIGTERM.",
        discussion: """
            Prints a line for each channel with its address (with --json one object: the port of each channel), then \
            serves. It pays nobody.
            """
    )

    @OptionGroup var report: ReportOptions

    @Option(name: .customLong("config"), help: "The simulator's configuration file.")
    var file: String

    @Option(help: "The append-only file that holds what the companies did; wins over that of the configuration.")
    var truth: String?

    func run() async throws {
        var configuration = try SimulatorConfiguration.load(
            path: file,
            environment: ProcessInfo.processInfo.environment
        )
        if let truth { configuration.truthFile = truth }
        let signals = StopSignals()
        let server = try ChannelSimulatorServer.start(configuration)
        do {
            let ports = server.ports.sorted { $0.key < $1.key }
            try report.show(
                .object(server.ports.mapValues { .integer($0) }),
                words: ports.map { "\($0.key) http://127.0.0.1:\($0.value)" }.joined(separator: "\n")
            )
            await Self.serve(server, until: signals)
        } catch {
            server.stop()
            throw error
        }
        if let failure = server.failure { throw failure }
    }

    /// Returns when the server has stopped: by a signal, by its own failure, or with its parent.
    private static func serve(_ server: ChannelSimulatorServer, until signals: StopSignals) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await signals.next()
                await offThePool { server.stop() }
            }
            group.addTask { await offThePool { server.waitUntilStopped() } }
            // Whichever comes first: a signal ends the server, and its end ends the wait for a signal.
            await group.next()
            group.cancelAll()
            await group.waitForAll()
        }
    }

    /// Waits on a thread of its own: the threads of the language's pool must not be blocked.
    private static func offThePool(_ wait: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            Thread {
                wait()
                continuation.resume()
            }.start()
        }
    }
}
