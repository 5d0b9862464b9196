import Foundation
import Testing

/// The `openssl` program: makes certificates and serves files of a folder over TLS.
///
/// The files hold whole HTTP answers, head included (`s_server -HTTP`).
final class OpenSSLServer: Sendable {
    static let isInstalled = ["/usr/bin/openssl", "/usr/local/bin/openssl"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let port: UInt16
    private let process: ChildProcess

    /// Serves `folder` with the certificate `name.pem` and the key `name.key` in it, until `stop()`.
    init(folder: URL, certificate name: String, options: [String] = []) throws {
        process = try ChildProcess(
            script: "cd \"$1\" || exit 1; shift; openssl s_server \"$@\" & read -r line; kill $!; wait",
            arguments: [folder.path, "-accept", "127.0.0.1:0", "-key", "\(name).key", "-cert", "\(name).pem", "-HTTP"]
                + options
        )
        var port: UInt16?
        while port == nil, let line = process.readLine() {
            guard line.hasPrefix("ACCEPT") else { continue }
            port = line.split(separator: ":").last.flatMap { UInt16($0) }
        }
        self.port = try #require(port, "s_server did not start")
    }

    /// Keeps the server running up to the call; it ends when nobody refers to it any more.
    func stop() {
        withExtendedLifetime(process) {}
    }

    /// Runs one command of the program in `folder`.
    static func run(_ arguments: [String], in folder: URL) throws {
        let process = try ChildProcess(
            script: "cd \"$1\" && shift && exec openssl \"$@\"",
            arguments: [folder.path] + arguments
        )
        while process.readLine() != nil {}
        try #require(process.wait() == 0, "openssl \(arguments.joined(separator: " ")) failed")
    }
}
