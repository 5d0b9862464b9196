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
    /// The port of control requests, if the configuration wants one.
    package let controlPort: Int?

    /// How often a server that stops with its parent looks for it, in milliseconds.
    private static let parentInterval: Int32 = 200
    /// A handler needs little: nested JSON is limited.
    private static let stackByteCount = 1 << 20

    private let configuration: SimulatorConfiguration
    private let services: [ChannelService]
    private let truthFile: TruthFile
    private let stopSignal: StopSignal
    private let wakeUp: WakeUp
    private let gate: ConnectionGate
    private let parent: @Sendable () -> Int32
    private let firstParent: Int32
    private let condition = NSCondition()
    /// Of the channels, in the order of `services`; empty once they are closed.
    private var channelPorts: [Port]
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
        if let port = configuration.controlPort { try listeners.listen(port: port) }
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
        let stopSignal = try StopSignal()
        let wakeUp = try WakeUp()
        let numbers = listeners.ports
        let ports = listeners.release()
        let server = ChannelSimulatorServer(
            configuration,
            services: services,
            truthFile: truthFile,
            stopSignal: stopSignal,
            wakeUp: wakeUp,
            // The channels come first, so that `zip` leaves the control port out.
            ports: Dictionary(uniqueKeysWithValues: zip(names, numbers)),
            controlPort: configuration.controlPort == nil ? nil : numbers.last,
            channelPorts: Array(ports.prefix(names.count)),
            parent: parent
        )
        Self.startThread("simulator accept") { server.accept(control: ports.dropFirst(names.count).first) }
        return server
    }

    private init(
        _ configuration: SimulatorConfiguration,
        services: [ChannelService],
        truthFile: TruthFile,
        stopSignal: StopSignal,
        wakeUp: WakeUp,
        ports: [String: Int],
        controlPort: Int?,
        channelPorts: [Port],
        parent: @escaping @Sendable () -> Int32
    ) {
        self.configuration = configuration
        self.services = services
        self.truthFile = truthFile
        self.stopSignal = stopSignal
        self.wakeUp = wakeUp
        self.ports = ports
        self.controlPort = controlPort
        self.channelPorts = channelPorts
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

    /// Lets something befall a channel; in force when this returns.
    ///
    /// `false` if there is no channel of that name.
    package func put(_ channel: String, into condition: ChannelCondition) throws(SimulatorError) -> Bool {
        self.condition.lock()
        defer { self.condition.unlock() }
        guard let index = services.firstIndex(where: { $0.name == channel }) else { return false }
        let before = services[index].condition
        guard before != condition, channelPorts.indices.contains(index) else { return true }
        if before == .refused { try channelPorts[index].reopen() }
        services[index].condition = condition
        if condition == .refused { channelPorts[index].refuse() }
        wakeUp.raise()
        return true
    }

    /// How each channel fares, and how many requests of each kind are under way and were at most.
    private func status() -> [UInt8] {
        var writer = JSONWriter()
        writer.array { writer in
            for service in services {
                writer.object { writer in
                    writer.member("channel", service.name)
                    writer.member("condition", service.condition.rawValue)
                    let (submit, query) = (service.active.count(of: .submit), service.active.count(of: .query))
                    writer.member("submit_now", Int64(submit.now))
                    writer.member("submit_max", Int64(submit.max))
                    writer.member("query_now", Int64(query.now))
                    writer.member("query_max", Int64(query.max))
                }
            }
        }
        writer.endLine()
        return writer.bytes
    }

    // MARK: Threads

    /// Accepts until the stop, then waits for the connections.
    private func accept(control: Port?) {
        let signals = [stopSignal.descriptor, wakeUp.descriptor]
        let interval = configuration.stopsWithParent ? Self.parentInterval : -1
        while true {
            // A port that refuses is not waited for: `poll` leaves negative descriptors out.
            let listeners = zip(services, channelPorts).map { $0.condition == .refused ? -1 : $1.descriptor }
            var entries = (signals + listeners + (control.map { [$0.descriptor] } ?? [])).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let count = poll(&entries, nfds_t(entries.count), interval)
            if entries[0].revents != 0 { break }
            // An orphan has another parent at once.
            if configuration.stopsWithParent && parent() != firstParent {
                stopSignal.raise()
                break
            }
            guard count > 0 else { continue }
            if entries[1].revents != 0 { wakeUp.lower() }
            for (index, entry) in entries.dropFirst(signals.count).enumerated() where entry.revents != 0 {
                acceptOne(entry.fd, for: index < services.count ? services[index] : nil)
            }
        }
        condition.lock()
        for port in channelPorts { close(port.descriptor) }
        channelPorts = []
        condition.unlock()
        if let control { close(control.descriptor) }
        gate.waitUntilEmpty()
        truthFile.close()
        condition.lock()
        hasStopped = true
        condition.broadcast()
        condition.unlock()
    }

    /// Takes a connection to a channel, or, without one, a control request.
    private func acceptOne(_ listener: Int32, for service: ChannelService?) {
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
        Self.startThread("simulator connection") { [self] in
            do throws(SimulatorError) {
                try serve(HTTPConnection(descriptor, stop: stopSignal), of: service)
            } catch {
                fail(error)
            }
            gate.leave()
        }
    }

    private func serve(_ connection: consuming HTTPConnection, of service: ChannelService?) throws(SimulatorError) {
        guard let service else {
            return try ControlHandler(status: status, change: put(_:into:)).serve(connection)
        }
        let handler = ConnectionHandler(
            service: service,
            holdMilliseconds: configuration.holdMilliseconds,
            latency: configuration.latency,
            seed: configuration.seed
        )
        try handler.serve(connection)
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
