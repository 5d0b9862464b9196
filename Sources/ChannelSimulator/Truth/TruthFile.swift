import Foundation
import Glibc

/// The company's append-only memory outside the database: one JSON line an event, durable before an answer leaves.
///
/// A process killed at any moment loses nothing that it answered: `append` writes at once, `waitUntilDurable` returns
/// after an fsync that covers the position, shared by all who wait (group commit). A last line cut off by a kill never
/// led to an answer; opening the file again removes it. One process at a time may have the file open for writing.
// @unchecked Sendable: `condition` guards every mutable property.
package final class TruthFile: @unchecked Sendable {
    /// An offset in the file; what lies before it is what an answer depends on.
    package typealias Position = Int

    /// A memory of more than this is refused: 8 GiB.
    private static let bytesMax = 8 << 30

    private let descriptor: Int32
    private let path: String
    private let seals: [String: AccountSeal]
    private let condition = NSCondition()
    private var written: Position = 0
    private var durable: Position = 0
    private var owed: Position = 0
    private var isSyncing = false
    private var isClosed = false
    private var broken: SimulatorError?

    /// Opens or makes the file and returns with it what each channel must remember, in order.
    ///
    /// `secrets`: by channel; a line of another channel is an error: the file is another simulator's.
    package static func open(
        path: String,
        secrets: [String: Secret]
    ) throws(SimulatorError) -> (file: TruthFile, memory: [String: [TruthEvent]]) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        // From here on the descriptor is the file's, which closes it if what follows fails.
        let file = TruthFile(descriptor, path: path, seals: secrets.mapValues(AccountSeal.init))
        return (file, try file.recover())
    }

    private func recover() throws(SimulatorError) -> [String: [TruthEvent]] {
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw SimulatorError(.truthFile, "\(path) is in use by another simulator; stop it or name another file")
        }
        let bytes = try WholeFile.bytes(of: descriptor, path: path, bytesMax: Self.bytesMax, as: .truthFile)
        var memory: [String: [TruthEvent]] = [:]
        let kept = try Self.forEachLine(bytes, path: path, seals: seals) { (line) throws(SimulatorError) in
            guard seals[line.channel] != nil else {
                throw SimulatorError(
                    .truthFile,
                    "\(path) tells of channel '\(line.channel)', which is not configured; name another file"
                )
            }
            memory[line.channel, default: []].append(line.event)
        }
        guard kept == bytes.count || ftruncate(descriptor, off_t(kept)) == 0 else { throw Self.failure("cut", path) }
        written = kept
        if kept == 0 { try write(TruthLine.header) }
        guard fsync(descriptor) == 0 else { throw Self.failure("sync", path) }
        try Self.syncFolder(of: path)
        durable = written
        owed = written
        return memory
    }

    private init(_ descriptor: Int32, path: String, seals: [String: AccountSeal]) {
        self.descriptor = descriptor
        self.path = path
        self.seals = seals
    }

    deinit {
        close()
    }

    /// Reads what the file at `path` proves, a simulator at work on it or not; a last line cut off is left out.
    package static func read(path: String) throws(SimulatorError) -> Truth {
        let bytes = try WholeFile.bytes(path, bytesMax: bytesMax, as: .truthFile)
        var truth = Truth()
        _ = try forEachLine(bytes, path: path, seals: [:]) { line in
            truth.channels[line.channel, default: .init()].add(line.event, accountHashes: line.accountHashes)
        }
        return truth
    }

    /// Writes the events of a channel, in order, and returns the position that any answer has to wait for from now on.
    ///
    /// That is the end of the last owed events: money moves by them, so that even a query, whose own line need not be
    /// found again, must not tell of them too early. After a failure nothing more is written: an answer whose event is
    /// lost must not leave.
    package func append(_ events: [TruthEvent], channel: String, isOwed: Bool) throws(SimulatorError) -> Position {
        guard let seal = seals[channel] else { preconditionFailure("a channel is named when the file is opened") }
        let bytes = events.flatMap { TruthLine.encode($0, channel: channel, seal: seal) }
        condition.lock()
        defer { condition.unlock() }
        try write(bytes)
        if isOwed { owed = written }
        return owed
    }

    private func write(_ bytes: [UInt8]) throws(SimulatorError) {
        if let broken { throw broken }
        guard !isClosed else { throw SimulatorError(.truthFile, "\(path) is closed; start the simulator again") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                let error = Self.failure("write", path)
                broken = error
                throw error
            }
            rest.removeFirst(count)
        }
        written += bytes.count
    }

    /// Returns once all bytes before `position` would survive a loss of power.
    package func waitUntilDurable(_ position: Position) throws(SimulatorError) {
        condition.lock()
        defer { condition.unlock() }
        while durable < position {
            if let broken { throw broken }
            guard !isSyncing else {
                condition.wait()
                continue
            }
            isSyncing = true
            let target = written
            condition.unlock()
            let status = fdatasync(descriptor)
            let error = status == 0 ? nil : Self.failure("sync", path)
            condition.lock()
            isSyncing = false
            if let error { broken = error } else { durable = max(durable, target) }
            condition.broadcast()
        }
    }

    /// Closes the file; later appends fail.
    ///
    /// Nobody may wait for durability at that time.
    package func close() {
        condition.lock()
        defer { condition.unlock() }
        guard !isClosed else { return }
        isClosed = true
        fsync(descriptor)
        Glibc.close(descriptor)
    }

    // MARK: Lines

    /// Calls `body` for each whole line after the header and returns where the last one ends.
    private static func forEachLine(
        _ bytes: [UInt8],
        path: String,
        seals: [String: AccountSeal],
        _ body: (TruthLine) throws(SimulatorError) -> Void
    ) throws(SimulatorError) -> Position {
        var start = 0
        var number = 0
        while let end = lineEnd(bytes, from: start) {
            number += 1
            if number == 1 {
                guard bytes[start...end].elementsEqual(TruthLine.header) else {
                    throw SimulatorError(.truthFile, "\(path) is not a truth file of version 1; name another file")
                }
            } else {
                guard let line = TruthLine(bytes[start..<end], seals: seals) else {
                    throw SimulatorError(
                        .truthFile,
                        "\(path): line \(number) cannot be read with these secrets; restore the file"
                    )
                }
                try body(line)
            }
            start = end + 1
        }
        return start
    }

    private static func lineEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress else { return nil }
            return memchr(base + start, 0x0A, buffer.count - start).map { UnsafeRawPointer($0) - base }
        }
    }

    private static func failure(_ action: String, _ path: String) -> SimulatorError {
        SimulatorError(.truthFile, "cannot \(action) \(path): \(String(cString: strerror(errno))); check path and disk")
    }

    /// Makes the file's name durable too.
    private static func syncFolder(of path: String) throws(SimulatorError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the folder of", path) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync the folder of", path) }
    }
}
