import EmbeddedPostgres
import Foundation
import Glibc
import Testing

@Suite(.serialized) struct EmbeddedPostgresTests {
    @Test func `a server starts, answers in UTF-8 and leaves nothing behind`() throws {
        let server = try EmbeddedCluster.start()
        let answer = try psql(
            server,
            "SELECT current_user || ' ' || pg_encoding_to_char(encoding) || ' ' || datcollate "
                + "FROM pg_database WHERE datname = 'template1'"
        )
        #expect(answer == "postgres UTF8 C.UTF-8")
        #expect(try psql(server, "SHOW fsync") == "on")
        #expect(try psql(server, "SHOW synchronous_commit") == "on")
        #expect(try psql(server, "SHOW listen_addresses") == "")
        #expect(server.socketDirectory.utf8.count < 80)
        server.stop()
        #expect(!isAlive(server.processIdentifier))
        #expect(access(server.socketDirectory, F_OK) != 0)
        server.stop()
        #expect(throws: EmbeddedPostgresError.stopped) { try server.restart() }
        #expect(throws: EmbeddedPostgresError.stopped) { try server.kill9() }
    }

    @Test func `any local user may use the socket`() throws {
        let server = try EmbeddedCluster.start()
        defer { server.stop() }
        let stepDown = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups -- " : ""
        #expect(try psql(server, "SELECT 7", prefix: stepDown) == "7")
    }

    @Test func `settings are handed to the server`() throws {
        let server = try EmbeddedCluster.start(.init(settings: ["max_connections": "17", "work_mem": "5MB"]))
        defer { server.stop() }
        #expect(try psql(server, "SHOW max_connections") == "17")
        #expect(try psql(server, "SHOW work_mem") == "5MB")
    }

    @Test func `a refused setting is reported in the server's own words and leaves nothing behind`() throws {
        let value = "many-\(getpid())"
        let error = #expect(throws: EmbeddedPostgresError.self) {
            _ = try EmbeddedCluster.start(.init(settings: ["max_connections": value]))
        }
        #expect(error?.description.contains("max_connections") == true)
        #expect(temporaryFiles(named: "server.log").allSatisfy { !$0.contains(value) })
    }

    @Test func `committed rows survive a kill and a restart`() throws {
        let server = try EmbeddedCluster.start()
        defer { server.stop() }
        _ = try psql(server, "CREATE TABLE kept (n int)")
        for round in 1...3 {
            _ = try psql(server, "INSERT INTO kept VALUES (\(round))")
            let before = server.processIdentifier
            try server.kill9()
            #expect(!isAlive(before))
            try server.restart()
            #expect(server.processIdentifier != before)
            #expect(try psql(server, "SELECT count(*) FROM kept") == "\(round)")
        }
        try server.restart()
        #expect(try psql(server, "SELECT count(*) FROM kept") == "3")
    }

    @Test func `a named directory keeps its cluster, and a foreign one is refused`() throws {
        let parent = "/tmp/sluice-pg-test-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: parent) }
        let first = try EmbeddedCluster.start(.init(directory: "\(parent)/cluster"))
        _ = try psql(first, "CREATE TABLE kept AS SELECT 5 AS n")
        first.stop()
        #expect(access(first.socketDirectory, F_OK) != 0)
        let second = try EmbeddedCluster.start(.init(directory: "\(parent)/cluster"))
        #expect(try psql(second, "SELECT n FROM kept") == "5")
        second.stop()

        let foreign = "\(parent)/foreign"
        try FileManager.default.createDirectory(atPath: foreign, withIntermediateDirectories: true)
        try "other".write(toFile: "\(foreign)/PG_VERSION", atomically: true, encoding: .utf8)
        #expect(throws: EmbeddedPostgresError.foreignDirectory(path: foreign)) {
            _ = try EmbeddedCluster.start(.init(directory: foreign))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: foreign) == ["PG_VERSION"])
    }

    @Test func `a parent killed without warning leaves no server and no directory`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
            let server = try EmbeddedCluster.start()
            let line = Array("PARENT \(server.processIdentifier) \(server.socketDirectory)\n".utf8)
            _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            kill(getpid(), SIGKILL)
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        let line = try #require(output.split(separator: "\n").first { $0.contains("PARENT ") })
        let words = line.split(separator: " ")
        let process = try #require(Int32(words[words.count - 2]))
        let directory = String(words[words.count - 1])
        #expect(await holds(within: .seconds(30)) { !isAlive(process) && access(directory, F_OK) != 0 })
    }

    @Test func `a pooler stands before the server and leaves nothing behind`() throws {
        let server = try EmbeddedCluster.start()
        defer { server.stop() }
        _ = try psql(server, "CREATE ROLE clerk LOGIN")
        let pooler = try EmbeddedPooler.start(before: server, .init(sessionsMax: 1, roles: ["clerk"]))
        let uri = pooler.uri(database: "postgres", user: "clerk")
        let first = try psql(server, "SELECT session_user || ' ' || pg_backend_pid()", uri: uri)
        #expect(first.hasPrefix("clerk "))
        // Another connection, the same session: it is the pooler's.
        #expect(try psql(server, "SELECT session_user || ' ' || pg_backend_pid()", uri: uri) == first)
        #expect(isAlive(pooler.processIdentifier))
        pooler.stop()
        #expect(!isAlive(pooler.processIdentifier))
        #expect(access(pooler.socketDirectory, F_OK) != 0)
        #expect(try psql(server, "SELECT 7") == "7")
        pooler.stop()
    }

    @Test func `a pooler that cannot start says why and leaves nothing behind`() throws {
        let server = try EmbeddedCluster.start()
        defer { server.stop() }
        let role = "clerk-\(getpid())"
        let error = #expect(throws: EmbeddedPostgresError.self) {
            _ = try EmbeddedPooler.start(before: server, .init(sessionsMax: 1, roles: [role], idleSeconds: -1))
        }
        #expect(error?.description.contains("server_idle_timeout") == true, "\(String(describing: error))")
        #expect(temporaryFiles(named: "roles.txt").allSatisfy { !$0.contains(role) })
    }

    @Test func `a parent killed without warning leaves no pooler and no directory`() async throws {
        let result = await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
            let server = try EmbeddedCluster.start()
            let pooler = try EmbeddedPooler.start(before: server, .init(sessionsMax: 1, roles: ["postgres"]))
            let line = Array("PARENT \(pooler.processIdentifier) \(pooler.socketDirectory)\n".utf8)
            _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            kill(getpid(), SIGKILL)
        }
        let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
        let line = try #require(output.split(separator: "\n").first { $0.contains("PARENT ") })
        let words = line.split(separator: " ")
        let process = try #require(Int32(words[words.count - 2]))
        let directory = String(words[words.count - 1])
        #expect(await holds(within: .seconds(30)) { !isAlive(process) && access(directory, F_OK) != 0 })
    }

    @Test func `the programs are found`() throws {
        let directory = try EmbeddedCluster.binaryDirectory()
        #expect(access("\(directory)/postgres", X_OK) == 0)
    }

    @Test(arguments: [
        EmbeddedPostgresError.binariesMissing, .toolMissing(name: "setpriv", package: "util-linux"),
    ])
    func `an error names the missing Debian package`(error: EmbeddedPostgresError) {
        #expect(error.description.contains("install the Debian package"))
    }
}

/// Runs one statement through psql and returns its answer.
private func psql(
    _ server: EmbeddedCluster,
    _ sql: String,
    prefix: String = "",
    uri: String? = nil
) throws -> String {
    let program = "\(try EmbeddedCluster.binaryDirectory())/psql"
    let command = "\(prefix)\(program) -XAtq -v ON_ERROR_STOP=1 '\(uri ?? server.uri())' 2>&1 <<'SQL'\n\(sql);\nSQL"
    let stream = try #require(popen(command, "re"))
    var text = ""
    var line = [CChar](repeating: 0, count: 4_096)
    while fgets(&line, Int32(line.count), stream) != nil {
        text += String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    #expect(pclose(stream) == 0, "psql failed: \(text)")
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
}

private func isAlive(_ process: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return !stat.contains(") Z ")
}

/// The files of this name in the directories of all servers that run from a temporary directory.
private func temporaryFiles(named name: String) -> [String] {
    let directories = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
    return directories.filter { $0.hasPrefix("sluice-pg-") }.compactMap {
        try? String(contentsOfFile: "/tmp/\($0)/\(name)", encoding: .utf8)
    }
}

/// Looks until a condition that another process brings about holds.
private func holds(within limit: Duration, _ condition: () -> Bool) async -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < end else { return false }
        poll(nil, 0, 20)
    }
    return true
}
