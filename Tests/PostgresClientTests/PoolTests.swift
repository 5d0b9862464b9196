import PostgresClient
import Testing

@Suite(.serialized) struct PoolTests {
    @Test func `never more connections than the bound, and everyone is served`() async throws {
        try await TestServer.withPool(connectionsMax: 3) { pool in
            let backends = try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        try await pool.transaction("busy") { transaction in
                            try transaction.query("SELECT pg_backend_pid() FROM pg_sleep(0.005)")[0].int32(0)
                        }
                    }
                }
                var backends: [Int32] = []
                for try await backend in group { backends.append(backend) }
                return backends
            }
            #expect(backends.count == 60)
            #expect(Set(backends).count <= 3)
        }
    }

    @Test func `a quiet pool uses one connection`() async throws {
        try await TestServer.withPool(connectionsMax: 5) { pool in
            var backends: Set<Int32> = []
            for _ in 0..<10 { backends.insert(try await pool.backend()) }
            #expect(backends.count == 1)
        }
    }

    @Test func `waiting for a connection counts against the deadline`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("holder") { _ in
                    try blocking {
                        try await pool.transaction("waiter", deadline: .milliseconds(100)) {
                            _ = try $0.query("SELECT 1")
                        }
                    }
                }
            }
            #expect(error.code == .notSent && error.label == "waiter")
            _ = try await pool.backend()
        }
    }

    @Test func `a waiter may be cancelled`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("holder") { _ in
                    try blocking {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask { try await pool.run("SELECT 1") }
                            group.cancelAll()
                            try await group.next()
                        }
                    }
                }
            }
            #expect(error.code == .cancelled)
            _ = try await pool.backend()
        }
    }

    @Test func `a closed pool sends nothing, and closing waits for who is at work`() async throws {
        let pool = PostgresPool(configuration: try TestServer.configuration(), connectionsMax: 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let backend = try await pool.backend()
            group.addTask {
                try await pool.transaction("work") { _ = try $0.query("SELECT pg_sleep(0.3)") }
            }
            try await TestServer.withPool { try await $0.awaitActive(backend) }
            await pool.close()
            let isRunning = try await TestServer.withPool { other in
                try await other.transaction("look") {
                    // The server may still be ending the session; what counts is that nobody is at work in it.
                    try $0.query(
                        "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'",
                        [.int32(backend)]
                    ).count
                }
            }
            #expect(isRunning == 0)
            try await group.next()
        }
        let error = try await failure { try await pool.run("SELECT 1") }
        #expect(error.code == .notSent)
        await pool.close()
    }

    @Test func `a dropped pool leaves no connection`() async throws {
        try await TestServer.withPool { pool in
            let backend = try await TestServer.withPool { try await $0.backend() }
            var isGone = false
            while !isGone {
                isGone = try await pool.transaction("look") {
                    try $0.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [.int32(backend)]).isEmpty
                }
            }
        }
    }

    @Test func `a transaction used after its body traps`() async {
        await #expect(processExitsWith: .failure) {
            final class Box: @unchecked Sendable {
                // Written and read by one task after the other.
                var transaction: PostgresTransaction?
            }
            let box = Box()
            try await TestServer.withPool { pool in
                try await pool.transaction("escape") { box.transaction = $0 }
                _ = try box.transaction?.query("SELECT 1")
            }
        }
    }

    @Test func `the application name and UTF-8 are set, and nothing else of the session`() async throws {
        try await TestServer.withPool { pool in
            let settings = try await pool.transaction("settings") { transaction in
                try transaction.query(
                    "SELECT name, setting FROM pg_settings WHERE source IN ('client', 'session') ORDER BY name"
                ).map { "\(try $0.text(0))=\(try $0.text(1))" }
            }
            #expect(settings == ["application_name=client-tests", "client_encoding=UTF8"])
        }
    }

    @Test func `a configuration changes its database and never shows its password`() async throws {
        let configuration = PostgresConfiguration(
            uri: "postgresql://someone:hush-hush@host.invalid/one?sslmode=verify-full",
            applicationName: "quiet"
        )
        let other = try configuration.with(database: "two")
        for value in [configuration, other] {
            var dumped = "\(value) \(String(reflecting: value)) \([value])"
            dump(value, to: &dumped)
            #expect(!dumped.contains("hush") && !dumped.contains("someone"))
        }
        let server = try TestServer.configuration().with(database: "template1")
        let pool = PostgresPool(configuration: server, connectionsMax: 1)
        let name = try await pool.transaction("name") { try $0.query("SELECT current_database()")[0].text(0) }
        #expect(name == "template1")
        await pool.close()
    }
}
