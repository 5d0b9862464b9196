import Foundation
import Glibc
import PaymentCore
import Testing
import sluice

/// Where the session of a person lies, and when it is not believed.
@Suite struct SessionFileTests {
    private static func content(_ login: String = "rita", environment: String = "check") throws -> SessionFile.Content {
        SessionFile.Content(
            environment: environment,
            login: try #require(LoginName(login)),
            secret: try #require(SessionSecret(bytes: [UInt8](repeating: 0xAB, count: 32)))
        )
    }

    private static func mode(_ path: String) -> mode_t? {
        var entry = stat()
        return lstat(path, &entry) == 0 ? entry.st_mode & 0o7777 : nil
    }

    @Test func `lies where the variables say, and in a folder of the person's own without one`() throws {
        func path(_ variables: [String: String]) throws -> String { try SessionFile.standard(variables).path }
        #expect(try path(["HOME": "/home/rita"]) == "/home/rita/.local/state/sluice/session")
        #expect(try path(["HOME": "/home/rita", "XDG_STATE_HOME": "/state"]) == "/state/sluice/session")
        #expect(try path(["HOME": "/h", "XDG_STATE_HOME": "state"]) == "/h/.local/state/sluice/session")
        #expect(try path(["XDG_STATE_HOME": "/state", "SLUICE_SESSION_FILE": "/tmp/s"]) == "/tmp/s")
        #expect(throws: CommandFailure.self) { try path(["SLUICE_SESSION_FILE": "session"]) }
    }

    @Test func `is written for nobody else, in a folder that is made for it`() throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/state/deep/sluice/session")
        #expect(try file.read() == nil)
        #expect(try !file.remove())
        umask(0)
        defer { umask(0o022) }
        try file.write(try Self.content())
        #expect(Self.mode(file.path) == 0o600 && Self.mode("\(fixture.folder)/state/deep/sluice") == 0o700)
        #expect(try file.read() == (try Self.content()))
        try file.write(try Self.content("ada", environment: "other"))
        #expect(try file.read()?.login.value == "ada")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(fixture.folder)/state/deep/sluice")
        #expect(names == ["session"], "nothing unfinished is left")
        #expect(try file.remove())
        #expect(try file.read() == nil)
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o644, 0o660] as [mode_t])
    func `is not believed when others may read or write it`(_ mode: mode_t) throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/own/session")
        try file.write(try Self.content())
        chmod(file.path, mode)
        let error = #expect(throws: CommandFailure.self) { try file.read() }
        #expect(error?.status == .configuration && error?.description.contains("0600") == true)
    }

    @Test(.enabled(if: geteuid() == 0)) func `is not believed when another user owns it`() throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/own/session")
        try file.write(try Self.content())
        #expect(chown(file.path, 65_534, 65_534) == 0)
        let error = #expect(throws: CommandFailure.self) { try file.read() }
        #expect(error?.description.contains("another user") == true)
    }

    @Test func `is not believed behind a link, nor as anything but a file`() throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/own/session")
        try file.write(try Self.content())
        let link = SessionFile(path: "\(fixture.folder)/own/link")
        #expect(symlink(file.path, link.path) == 0)
        #expect(throws: CommandFailure.self) { try link.read() }
        #expect(throws: CommandFailure.self) { try SessionFile(path: "\(fixture.folder)/own").read() }
        let pipe = SessionFile(path: "\(fixture.folder)/own/pipe")
        #expect(mkfifo(pipe.path, 0o600) == 0)
        #expect(throws: CommandFailure.self) { try pipe.read() }
    }

    @Test func `is not put where others may exchange it`() throws {
        let fixture = try ConfigurationFixture()
        let folder = "\(fixture.folder)/shared"
        #expect(mkdir(folder, 0o700) == 0 && chmod(folder, 0o777) == 0)
        #expect(throws: CommandFailure.self) {
            try SessionFile(path: "\(folder)/session").write(try Self.content())
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test(arguments: [
        "", "sluice session 1\n", "sluice session 2\nenvironment: check\nlogin: rita\nsecret: \(Self.digits)\n",
        "sluice session 1\nenvironment: check\nlogin: Rita\nsecret: \(Self.digits)\n",
        "sluice session 1\nenvironment: check\nlogin: rita\nsecret: \(Self.digits)\nmore\n",
        "sluice session 1\nenvironment: check\nlogin: rita\nsecret: \(Self.digits.dropLast(2))\n",
        "sluice session 1\nenvironment: check\nlogin: rita\nsecret: \(Self.digits)",
        String(repeating: "x", count: 5_000),
    ]) func `holds a session whole, or none, and is not repeated in the error`(_ text: String) throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/own/session")
        try file.write(try Self.content())
        try text.write(toFile: file.path, atomically: false, encoding: .utf8)
        #expect(Self.mode(file.path) == 0o600)
        let error = #expect(throws: CommandFailure.self) { try file.read() }
        #expect(error?.description.contains(Self.digits.prefix(8)) == false)
    }

    private static let digits = String(repeating: "ab", count: 32)

    @Test func `counts in the environment that it was opened in`() throws {
        let fixture = try ConfigurationFixture()
        let file = SessionFile(path: "\(fixture.folder)/own/session")
        let configuration = try fixture.load(["SLUICE_SESSION_FILE": file.path])
        let nobody = #expect(throws: CommandFailure.self) { try SignedIn.secret(configuration) }
        #expect(nobody?.description == "nobody is logged in; run: sluice login LOGIN")
        #expect(nobody?.status == .configuration)
        try file.write(try Self.content())
        #expect(try SignedIn.secret(configuration) == (try Self.content().secret))
        try file.write(try Self.content(environment: "other"))
        let elsewhere = #expect(throws: CommandFailure.self) { try SignedIn.secret(configuration) }
        #expect(elsewhere?.description.contains("not to check") == true)
    }
}
