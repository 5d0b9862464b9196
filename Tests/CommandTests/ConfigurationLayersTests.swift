import Foundation
import Logging
import PaymentCore
import Pipeline
import PostgresStore
import Store
import Testing
import sluice

/// A folder of its own with a `sluice.yaml`, gone with the test.
struct ConfigurationFixture: ~Copyable {
    let folder: String

    init(_ text: String = Self.complete) throws {
        folder = NSTemporaryDirectory() + "sluice-configuration-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write(text, to: "sluice.yaml")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ text: String, to path: String) throws {
        let file = "\(folder)/\(path)"
        let parent = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    func load(_ variables: [String: String] = [:], flags: [String: String] = [:]) throws -> Configuration {
        try Configuration.load(directory: folder, variables: variables, flags: flags)
    }

    static let complete = """
        environment:
          name: check
          class: test
        database:
          url: postgresql://file@/one
          connections: 3
        keys:
          current: 2
          data:
            - {id: 1, secret: env:OLD_KEY}
            - {id: 2, secret: env:NEW_KEY}
          search: env:FIND_KEY
        limits:
          idle: 100ms
        """
}

@Suite struct ConfigurationLayersTests {
    let key = String(repeating: "ab", count: 32)

    @Test func `the environment wins over the file, and a flag over both`() throws {
        let fixture = try ConfigurationFixture()
        #expect(try fixture.load().databaseURL() == "postgresql://file@/one")
        #expect(try fixture.load().database.connections == 3)
        #expect(try fixture.load().limits.idle == .milliseconds(100))
        let variables = [
            "SLUICE_DATABASE_URL": "postgresql://a:b@/two", "SLUICE_DATABASE_CONNECTIONS": "7",
            "SLUICE_LIMITS_IDLE": "2s", "SLUICE_ENVIRONMENT_CLASS": "production", "SLUICE_LOG_LEVEL": "error",
            "SLUICE_DATABASE_POOLED": "true", "SLUICE_CEILINGS_DAY": "CNY=5000", "SLUICE_LIMITS_CALLS_IN_FLIGHT": "9",
        ]
        let configuration = try fixture.load(variables)
        #expect(try configuration.databaseURL() == "postgresql://a:b@/two")
        #expect(configuration.database.connections == 7)
        #expect(configuration.database.isPooled)
        #expect(configuration.limits.idle == .seconds(2))
        #expect(try fixture.load().limits.callsInFlight == 64 && configuration.limits.callsInFlight == 9)
        #expect(configuration.environment.environmentClass == .production)
        #expect(configuration.logLevel == .error)
        #expect(configuration.dayCeilings == [.cny: 5_000])
        let flagged = try fixture.load(variables, flags: ["database.url": "postgresql://c@/three"])
        #expect(try flagged.databaseURL() == "postgresql://c@/three")
    }

    @Test(arguments: [
        ("  class: test", "  clas: test", ":3:3: ", "SLUICE_ENVIRONMENT_CLASS"),
        ("  connections: 3", "  connections: none", ":6:16: ", "integer"),
        ("  connections: 3", "  connections: 3\n  connections: 4", ":7:3: ", "twice"),
        ("  name: check", "  name: Not A Name", ":2:9: ", "small letters"),
        ("  url: postgresql://file@/one", "  url: postgresql://a:secret@/one", ":5:8: ", "password"),
        ("  search: env:FIND_KEY", "  search: 616161", ":12:11: ", "env:NAME"),
        ("  idle: 100ms", "  idle: 100", ":14:9: ", "unit"),
        ("  current: 2", "  current: 3", ":8:12: ", "current"),
        ("  idle: 100ms", "  idle: 100ms\n  silence: 2s", ":15:12: ", "heartbeats"),
        ("  idle: 100ms", "  calls_in_flight: 0", ":14:20: ", "range"),
    ]) func `a mistake is refused with its place and a mend`(
        _ right: String,
        _ wrong: String,
        _ place: String,
        _ word: String
    ) throws {
        let fixture = try ConfigurationFixture(
            ConfigurationFixture.complete.replacingOccurrences(of: right, with: wrong)
        )
        let error = #expect(throws: (any Error).self) { try fixture.load() }
        let words = error.map { ErrorReport($0) }
        #expect(words?.status == .configuration)
        #expect(words?.words?.contains("sluice.yaml\(place)") == true, "\(words?.words ?? "")")
        #expect(words?.words?.contains(word) == true, "\(words?.words ?? "")")
        #expect(words?.words?.contains("secret@") == false)
    }

    @Test(arguments: [
        ("SLUICE_DATABASE_CONNECTIONS", "many"), ("SLUICE_DATABASE_CONNECTIONS", "3\nurl: x"),
        ("SLUICE_ENVIRONMENT_CLASS", "staging"), ("SLUICE_LIMITS_IDLE", "5"), ("SLUICE_DATABASE_URI", "x"),
        ("SLUICE_KEYS_DATA", "1"), ("SLUICE_KEYS_SEARCH", "abc"), ("SLUICE_LIMIT_IDLE_", "1"),
        ("SLUICE_CEILINGS_DAY", "5"), ("SLUICE_CEILINGS_DAY", "CNY=0"), ("SLUICE_CEILINGS_DAY", "RMB=5"),
    ]) func `a variable that cannot be used is refused by its name`(_ name: String, _ value: String) throws {
        let fixture = try ConfigurationFixture()
        guard name != "SLUICE_LIMIT_IDLE_" else {
            // Names outside of the sections belong to references.
            _ = try fixture.load([name: value])
            return
        }
        let error = #expect(throws: ConfigurationError.self) { try fixture.load([name: value]) }
        #expect(error?.description.contains(name) == true)
    }

    @Test func `keys are followed only when they are needed`() throws {
        let fixture = try ConfigurationFixture()
        let without = try fixture.load()
        let error = #expect(throws: ConfigurationError.self) { try without.keyRing() }
        #expect(error?.description.contains("set OLD_KEY") == true)
        let variables = ["OLD_KEY": key, "NEW_KEY": key, "FIND_KEY": key]
        #expect(try fixture.load(variables).keyRing().currentIdentifier == 2)
        let short = try fixture.load(["OLD_KEY": key, "NEW_KEY": "abcd", "FIND_KEY": key])
        let malformed = #expect(throws: ConfigurationError.self) { try short.keyRing() }
        #expect(malformed?.description.contains("64 hexadecimal digits") == true)
        #expect(malformed?.description.contains("abcd") == false)
    }

    @Test func `a key may lie in a file`() throws {
        let fixture = try ConfigurationFixture()
        try fixture.write(key + "\n", to: "one.key")
        let path = "file:\(fixture.folder)/one.key"
        let configuration = try fixture.load(["SLUICE_KEYS_DATA": "2=\(path)", "SLUICE_KEYS_SEARCH": path])
        #expect(try configuration.keyRing().currentIdentifier == 2)
        let missing = try fixture.load(["SLUICE_KEYS_DATA": "2=file:/nowhere/key", "SLUICE_KEYS_SEARCH": path])
        #expect(throws: ConfigurationError.self) { try missing.keyRing() }
    }

    @Test func `without a database the error names the variable to set`() throws {
        let fixture = try ConfigurationFixture("environment: {name: check, class: test}")
        let error = #expect(throws: ConfigurationError.self) { try fixture.load().databaseURL() }
        #expect(error?.description.contains("SLUICE_DATABASE_URL") == true)
    }

    @Test func `a missing folder and an empty file are refused`() throws {
        #expect(throws: (any Error).self) {
            try Configuration.load(directory: "/nowhere", variables: [:])
        }
        let fixture = try ConfigurationFixture("")
        #expect(throws: (any Error).self) { try fixture.load() }
    }
}
