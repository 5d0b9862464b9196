import Cryptography
import Foundation
import Glibc
package import PaymentCore

/// The file in which a logged-in person's session lies: only its owner can read it, in a folder of their own.
package struct SessionFile: Sendable {
    /// A session as the file has it.
    package struct Content: Sendable, Hashable {
        /// The name of the environment that it was opened in.
        package let environment: String
        package let login: LoginName
        package let secret: SessionSecret

        package init(environment: String, login: LoginName, secret: SessionSecret) {
            (self.environment, self.login, self.secret) = (environment, login, secret)
        }
    }

    private static let firstLine = "sluice session 1"
    private static let bytesMax = 4_096

    package let path: String

    package init(path: String) { self.path = path }

    /// `$SLUICE_SESSION_FILE`, else `sluice/session` in `$XDG_STATE_HOME` or `~/.local/state`.
    package static func standard(_ variables: [String: String]) throws -> SessionFile {
        if let path = variables["SLUICE_SESSION_FILE"] {
            guard path.hasPrefix("/"), !path.hasSuffix("/") else {
                throw CommandFailure(
                    "SLUICE_SESSION_FILE is no absolute path of a file",
                    mend: "write it as in /home/rita/.sluice-session, or leave it out",
                    status: .configuration
                )
            }
            return SessionFile(path: path)
        }
        // A relative folder is none (XDG Base Directory Specification).
        if let state = variables["XDG_STATE_HOME"], state.hasPrefix("/") {
            return SessionFile(path: "\(state)/sluice/session")
        }
        let home = variables["HOME"] ?? getpwuid(geteuid())?.pointee.pw_dir.map { String(cString: $0) }
        guard let home, home.hasPrefix("/") else {
            throw CommandFailure(
                "this user has no home, where a session could lie",
                mend: "set SLUICE_SESSION_FILE to a file that only this user can read",
                status: .configuration
            )
        }
        return SessionFile(path: "\(home)/.local/state/sluice/session")
    }

    /// What it holds; nil if there is none.
    ///
    /// Refused where somebody else could have read or written it.
    package func read() throws -> Content? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw failure("read \(path): \(Self.systemWords)")
        }
        defer { close(descriptor) }
        var entry = stat()
        guard fstat(descriptor, &entry) == 0, entry.st_mode & S_IFMT == S_IFREG else {
            throw failure("use \(path): it is no file")
        }
        guard entry.st_uid == geteuid() else { throw failure("use \(path): another user owns it") }
        guard entry.st_mode & (S_IRWXG | S_IRWXO) == 0 else {
            throw failure("use \(path): others than its owner may read or write it")
        }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0, count < Self.bytesMax, let content = Self.content(of: bytes[..<count]) else {
            throw failure("use \(path): it holds no session")
        }
        return content
    }

    /// Puts a session into it, in place of another one; nobody sees half of it.
    package func write(_ content: Content) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try makeFolder(folder)
        let unfinished = "\(folder)/.session-\(Hexadecimal.encode(SecureRandom.bytes(8)))"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)
        guard descriptor >= 0 else { throw failure("write into \(folder): \(Self.systemWords)") }
        defer { close(descriptor) }
        do {
            let text = """
                \(Self.firstLine)
                environment: \(content.environment)
                login: \(content.login)
                secret: \(Hexadecimal.encode(content.secret.bytes))

                """
            try Terminal.write(Array(text.utf8), descriptor: descriptor)
            guard fsync(descriptor) == 0, rename(unfinished, path) == 0 else {
                throw failure("write \(path): \(Self.systemWords)")
            }
        } catch {
            unlink(unfinished)
            throw error
        }
    }

    /// Takes it away; answers whether there was one.
    @discardableResult
    package func remove() throws -> Bool {
        if unlink(path) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else { throw failure("remove \(path): \(Self.systemWords)") }
        return false
    }

    /// A folder that is there is refused where others may put files into it.
    private func makeFolder(_ folder: String) throws {
        if mkdir(folder, S_IRWXU) != 0, errno != EEXIST {
            guard errno == ENOENT else { throw failure("make \(folder): \(Self.systemWords)") }
            let parent = (folder as NSString).deletingLastPathComponent
            do {
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            } catch {
                throw failure("make \(parent)")
            }
            guard mkdir(folder, S_IRWXU) == 0 || errno == EEXIST else {
                throw failure("make \(folder): \(Self.systemWords)")
            }
        }
        var entry = stat()
        guard stat(folder, &entry) == 0, entry.st_mode & S_IFMT == S_IFDIR, entry.st_uid == geteuid(),
            entry.st_mode & (S_IWGRP | S_IWOTH) == 0
        else { throw failure("use \(folder): others than this user may write into it") }
    }

    private static func content(of bytes: ArraySlice<UInt8>) -> Content? {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        func value(_ line: Int, _ name: String) -> String? {
            lines[line].hasPrefix("\(name): ") ? String(lines[line].dropFirst(name.count + 2)) : nil
        }
        guard lines.count == 5, lines[0] == firstLine, lines[4].isEmpty, let environment = value(1, "environment"),
            let login = value(2, "login").flatMap({ LoginName($0) }),
            let secret = value(3, "secret").flatMap(Hexadecimal.decode).flatMap({ SessionSecret(bytes: $0) })
        else { return nil }
        return Content(environment: environment, login: login, secret: secret)
    }

    private static var systemWords: String { String(cString: strerror(errno)) }

    private func failure(_ deed: String) -> CommandFailure {
        CommandFailure(
            "cannot \(deed)",
            mend: "the session of a person lies in a file that only they can read (mode 0600, folder 0700); mend or"
                + " remove it, then: sluice login LOGIN",
            status: .configuration
        )
    }
}
