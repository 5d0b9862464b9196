import Foundation
import Glibc
import Synchronization

/// The companies of a configuration as servers on 127.0.0.1, one port a channel.
///
/// A thread a connection, bounded by `connectionsMax`; above it a connection is closed at once. Every wait ends at
/// `stop()`, so that stopping takes no longer than the work in hand. Use it over plain HTTP on loopback only.
// @unchecked Sendable: `condition` guards every mutable property.
package final class ChannelSimulatorServer: @unchecked Sendable {
    /// The port of each channel, by its name.
    package let ports: [String: Int]

    /// How often a server that stops with its parent looks for it, in milliseconds.
    private static let parentInterval: Int32 = 200
    /// A handler needs little: nested JSON is limited.
    private static let stackByteCount = 1 << 20

    private let configuration: SimulatorConfiguration
    private let services: [ChannelService]
    private let truthFile: TruthFile
    private let stopSignal: StopSignal
    private let gate: ConnectionGate
    private let parent: @Sendable () -> Int32
    private let firstParent: Int32
    private let condition = NSCondition()
    private var hasStopped = false
    private var firstFailure: SimulatorError?

    /// Opens the truth file, remembers what it says, and serves until `stop()`.
    ///
    /// `now`: the company's clock, in milliseconds since 1970.
    ///
    /// `parent`: the process that started this one, as of now; another one later means that it is gone.
    package static func start(
        _ configuration: SimulatorConfiguration,
        now: @escaping @Sendable () -> Int64 = SystemTime.wallMilliseconds,
        parent: @escaping @Sendable () -> Int32 = { getppid() }
    ) throws(SimulatorError) -> ChannelSimulatorServer {
        let secrets = configuration.channels.map { ($0.description.name, $0.secret) }
        let (truthFile, memory) = try TruthFile.open(
            path: configuration.truthFile,
            secrets: Dictionary(uniqueKeysWithValues: secrets)
        )
        var listeners = ListenerList()
        for channel in configuration.channels { try listeners.listen(port: channel.port) }
        let services = configuration.channels.map { channel in
            ChannelService(
                channel,
                seed: configuration.seed,
                remembering: memory[channel.description.name] ?? [],
                truthFile: truthFile,
                now: now
            )
        }
        let names = configuration.channels.map(\.description.name)
        let server = ChannelSimulatorServer(
            configuration,
            services: services,
            truthFile: truthFile,
            stopSignal: try StopSignal(),
            ports: Dictionary(uniqueKeysWithValues: zip(names, listeners.ports)),
            parent: parent
        )
        let descriptors = listeners.release()
        Self.startThread("simulator accept") { server.accept(descriptors) }
        return server
    }

    private init(
        _ configuration: SimulatorConfiguration,
        services: [ChannelService],
        truthFile: TruthFile,
        stopSignal: StopSignal,
        ports: [String: Int],
        parent: @escaping @Sendable () -> Int32
    ) {
        self.configuration = configuration
        self.services = services
        self.truthFile = truthFile
        self.stopSignal = stopSignal
        self.ports = ports
        self.parent = parent
        firstParent = parent()
        gate = ConnectionGate(countMax: configuration.connectionsMax)
    }

    /// Stops and returns when the last connection is closed and the truth file too.
    ///
    /// May be called more than once.
    package func stop() {
        stopSignal.raise()
        waitUntilStopped()
    }

    /// Returns when the server has stopped, by `stop()`, by a failure, or with its parent.
    package func waitUntilStopped() {
        condition.lock()
        defer { condition.unlock() }
        while !hasStopped { condition.wait() }
    }

    /// Why it stopped by itself, if a failure made it: the truth can no longer be written.
    package var failure: SimulatorError? {
        condition.lock()
        defer { condition.unlock() }
        return firstFailure
    }

    // MARK: Threads

    /// Accepts until the stop, then waits for the connections.
    private func accept(_ listeners: [Int32]) {
        var entries = ([stopSignal.descriptor] + listeners).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let interval = configuration.stopsWithParent ? Self.parentInterval : -1
        while true {
            let count = poll(&entries, nfds_t(entries.count), interval)
            if entries[0].revents != 0 { break }
            // An orphan has another parent at once.
            if configuration.stopsWithParent && parent() != firstParent {
                stopSignal.raise()
                break
            }
            guard count > 0 else { continue }
            for (index, entry) in entries.dropFirst().enumerated() where entry.revents != 0 {
                acceptOne(entry.fd, for: services[index])
            }
        }
        for descriptor in listeners { close(descriptor) }
        gate.waitUntilEmpty()
        truthFile.close()
        condition.lock()
        hasStopped = true
        condition.broadcast()
        condition.unlock()
    }

    private func acceptOne(_ listener: Int32, for service: ChannelService) {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0, Descriptor.prepare(descriptor) else {
            if descriptor >= 0 { close(descriptor) }
            // Out of descriptors the listener stays readable: do not spin.
            if errno == EMFILE || errno == ENFILE { _ = stopSignal.isRaised(within: 50) }
            return
        }
        guard gate.enter() else {
            close(descriptor)
            return
        }
        let handler = ConnectionHandler(
            service: service,
            holdMilliseconds: configuration.holdMilliseconds,
            latency: configuration.latency,
            seed: configuration.seed
        )
        Self.startThread("simulator connection") { [self] in
            do throws(SimulatorError) {
                try handler.serve(HTTPConnection(descriptor, stop: stopSignal))
            } catch {
                fail(error)
            }
            gate.leave()
        }
    }

    private func fail(_ error: SimulatorError) {
        condition.lock()
        if firstFailure == nil { firstFailure = error }
        condition.unlock()
        stopSignal.raise()
    }

    private static func startThread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.stackSize = stackByteCount
        thread.start()
    }
}
