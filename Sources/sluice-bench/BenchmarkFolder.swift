import Cryptography
import Foundation

/// A folder with a configuration and jobs of its own, in which the built programs work.
struct BenchmarkFolder: Sendable {
    let path: String

    /// Copies the project's configuration, with the demo's channels.
    ///
    /// The working directory must be the project's folder.
    init() throws {
        let files = FileManager.default
        guard files.fileExists(atPath: "Config/demo/channels") else {
            throw BenchmarkFailure("Config/demo is missing; start the benchmarks in the project's folder")
        }
        path = NSTemporaryDirectory() + "sluice-bench-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        try files.copyItem(atPath: "Config", toPath: "\(path)/config")
        try files.removeItem(atPath: "\(path)/config/channels")
        try files.copyItem(atPath: "\(path)/config/demo/channels", toPath: "\(path)/config/channels")
        try files.copyItem(atPath: "Jobs", toPath: "\(path)/jobs")
    }

    /// What every program is started with, a database excepted.
    func environment(channels: [String]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        environment["SLUICE_CONFIG"] = "\(path)/config"
        environment["SLUICE_JOBS"] = "\(path)/jobs"
        environment["SLUICE_DATA_KEY_1"] = Hexadecimal.encode(SecureRandom.bytes(32))
        environment["SLUICE_SEARCH_KEY"] = Hexadecimal.encode(SecureRandom.bytes(32))
        environment["SLUICE_ENVIRONMENT_NAME"] = "benchmark"
        environment["SLUICE_ENVIRONMENT_CLASS"] = "test"
        for channel in channels {
            environment["SLUICE_CHANNEL_\(channel.uppercased())_SECRET"] = Hexadecimal.encode(SecureRandom.bytes(24))
            environment["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = "http://127.0.0.1:9"
        }
        return environment
    }

    /// Changes one of its files, which must say what is replaced.
    func replace(_ text: String, by other: String, in file: String) throws {
        let before = try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
        guard before.contains(text) else { throw BenchmarkFailure("\(file) does not say: \(text)") }
        try before.replacingOccurrences(of: text, with: other)
            .write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
