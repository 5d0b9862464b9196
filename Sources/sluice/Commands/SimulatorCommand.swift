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

            With `control_port` in its configuration it prints that address too, under the name `control`: GET \
            /channels tells how the channels fare and how many requests they serve, POST /channels/NAME/CONDITION lets \
            something befall one: refused, black_hole, slow, http_500, healthy.
            """
    )

    /// Under which name the control port stands among the channels.
    private static let controlName = "control"

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
        guard
            configuration.controlPort == nil
                || !configuration.channels.contains(where: { $0.description.name == Self.controlName })
        else {
            throw ConfigurationError(
                "a channel is called `\(Self.controlName)`, which names the control port",
                mend: "call the channel otherwise, or leave `control_port` out"
            )
        }
        let signals = StopSignals()
        let server = try ChannelSimulatorServer.start(configuration)
        do {
            var ports = server.ports
            ports[Self.controlName] = server.controlPort
            let lines = ports.sorted { $0.key < $1.key }.map { "\($0.key) http://127.0.0.1:\($0.value)" }
            try report.show(.object(ports.mapValues { .integer($0) }), words: lines.joined(separator: "\n"))
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
