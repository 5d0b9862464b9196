import Glibc
import PostgresClient
import Testing

@Suite(.serialized) struct ErrorCodeTests {
    private struct Domestic: Error, Equatable {}

    @Test func `a refused statement says refused, names the constraint, and the connection serves on`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE refused_once (n int CONSTRAINT refused_once_pk PRIMARY KEY)")
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("insert twice") { transaction in
                    try transaction.execute("INSERT INTO refused_once VALUES (1)")
                    try transaction.execute("INSERT INTO refused_once VALUES (1)")
                }
            }
            #expect(error.code == .refused && error.sqlState == "23505" && error.isUniqueViolation)
            #expect(error.constraint == "refused_once_pk" && error.table == "refused_once")
            #expect(error.label == "insert twice" && error.description.contains("insert twice"))
            #expect(try await pool.backend() == backend)
            let count = try await pool.transaction("count") {
                try $0.query("SELECT count(*) FROM refused_once")[0].int64(0)
            }
            #expect(count == 0)
        }
    }

    @Test(arguments: [
        ("SELECT 1/0", "22012"), ("SELEC", "42601"), ("SELECT * FROM nowhere_at_all", "42P01"),
        ("SELECT pg_sleep(5) FROM (SELECT set_config('statement_timeout', '50', true)) s", "57014"),
    ])
    func `a server error keeps its SQLSTATE`(sql: String, state: String) async throws {
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("refused") { transaction in
                    if state == "57014" { try transaction.execute("SET LOCAL statement_timeout = '50ms'") }
                    _ = try transaction.query(sql)
                }
            }
            #expect(error.code == .refused && error.sqlState == state)
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `the body's own error is rethrown and its work rolled back`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE own_error (n int)")
            await #expect(throws: Domestic()) {
                try await pool.transaction("own") { transaction in
                    try transaction.execute("INSERT INTO own_error VALUES (1)")
                    throw Domestic()
                }
            }
            let count = try await pool.transaction("count") {
                try $0.query("SELECT count(*) FROM own_error")[0].int64(0)
            }
            #expect(count == 0)
        }
    }

    @Test func `a swallowed refusal still makes the commit refused`() async throws {
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("swallow") { transaction in
                    _ = try? transaction.execute("SELECT 1/0")
                }
            }
            #expect(error.code == .refused)
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `after a refusal a savepoint saves the transaction`() async throws {
        try await TestServer.withPool { pool in
            let value = try await pool.transaction("savepoint") { transaction in
                try transaction.execute("SAVEPOINT before")
                #expect(throws: PostgresError.self) { try transaction.execute("SELECT 1/0") }
                try transaction.execute("ROLLBACK TO before")
                return try transaction.query("SELECT 3")[0].int32(0)
            }
            #expect(value == 3)
        }
    }

    @Test func `a deferred constraint that fails at COMMIT is refused, not unknown`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE deferred_once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.run("INSERT INTO deferred_once VALUES (1), (1)")
            }
            #expect(error.code == .refused && error.isUniqueViolation)
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `a read-only transaction refuses to write`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("read", readOnly: true) {
                    _ = try $0.execute("CREATE TABLE never_made (n int)")
                }
            }
            #expect(error.code == .refused && error.sqlState == "25006")
        }
    }

    @Test(arguments: [
        ("postgresql://postgres@/x?host=/nowhere/at/all", "no such socket"),
        ("postgresql://postgres@127.0.0.1:1/x?sslmode=disable", "refused"),
        ("postgresql://[broken", "cannot be parsed"),
    ])
    func `what cannot connect is not sent, with the reason in fixed words`(uri: String, words: String) async throws {
        let pool = PostgresPool(configuration: .init(uri: uri, applicationName: "t"), connectionsMax: 1)
        let error = try await failure { try await pool.run("SELECT 1") }
        #expect(error.code == .notSent)
        #expect(error.description.contains(words))
        await pool.close()
    }

    @Test func `an unknown database or role is not sent`() async throws {
        let configuration = try TestServer.configuration().with(database: "no such database")
        let pool = PostgresPool(configuration: configuration, connectionsMax: 1)
        let error = try await failure { try await pool.run("SELECT 1") }
        #expect(error.code == .notSent && error.description.contains("no such database"))
        await pool.close()
    }

    @Test func `a server that never answers the greeting is not sent within the connect timeout`() async throws {
        let mute = try MuteServer()
        let configuration = try TestServer.configuration(
            socketDirectory: mute.directory,
            connectTimeout: .milliseconds(200)
        )
        let pool = PostgresPool(configuration: configuration, connectionsMax: 1)
        let start = ContinuousClock.now
        let error = try await failure { try await pool.run("SELECT 1") }
        #expect(error.code == .notSent)
        #expect(ContinuousClock.now - start < .seconds(5))
        await pool.close()
    }

    @Test func `a backend killed in the transaction is connection lost, and the next transaction connects again`()
        async throws
    {
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("lost") { transaction in
                    _ = try transaction.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error.code == .connectionLost)
            #expect(try await pool.backend() != backend)
        }
    }

    @Test func `a loss that the body swallows is thrown at the end all the same`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("lost") { transaction in
                    _ = try? transaction.query("SELECT pg_terminate_backend(pg_backend_pid())")
                }
            }
            #expect(error.code == .connectionLost)
        }
    }

    @Test func `an idle connection found dead is replaced before anything is sent`() async throws {
        try await TestServer.withPool { victim in
            try await TestServer.withPool { other in
                for _ in 1...5 {
                    let backend = try await victim.backend()
                    let isDone = try await other.transaction("terminate") {
                        try $0.query("SELECT pg_terminate_backend($1, 5000)", [.int32(backend)])[0].bool(0)
                    }
                    #expect(isDone)
                    #expect(try await victim.backend() != backend)
                }
            }
        }
    }

    @Test func `a passed deadline stops the statement on the server too`() async throws {
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            let start = ContinuousClock.now
            let error = try await failure {
                try await pool.transaction("late", deadline: .milliseconds(300)) {
                    _ = try $0.query("SELECT pg_sleep(30)")
                }
            }
            #expect(error.code == .deadlineExceeded)
            #expect(ContinuousClock.now - start < .seconds(10))
            let isRunning = try await pool.transaction("look") {
                try $0.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'",
                    [.int32(backend)]
                )[0]
                .int64(0)
            }
            #expect(isRunning == 0)
        }
    }

    @Test func `a deadline that passes between statements ends the transaction`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE never_filled (n int)")
            let error = try await failure {
                try await pool.transaction("late", deadline: .milliseconds(300)) { transaction in
                    try transaction.execute("INSERT INTO never_filled VALUES (1)")
                    poll(nil, 0, 400)
                }
            }
            #expect(error.code == .deadlineExceeded)
            let count = try await pool.transaction("count") {
                try $0.query("SELECT count(*) FROM never_filled")[0].int64(0)
            }
            #expect(count == 0)
        }
    }

    @Test func `a deadline of zero sends nothing`() async throws {
        try await TestServer.withPool { pool in
            _ = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("zero", deadline: .zero) { _ = try $0.query("SELECT 1") }
            }
            #expect(error.code == .notSent)
        }
    }

    @Test func `a cancelled task returns quickly with cancelled, and the pool serves on`() async throws {
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            let start = ContinuousClock.now
            let error = try await withThrowingTaskGroup(of: PostgresError?.self) { group in
                group.addTask {
                    do {
                        try await pool.transaction("long") { _ = try $0.query("SELECT pg_sleep(30)") }
                        return nil
                    } catch let error as PostgresError {
                        return error
                    }
                }
                try await TestServer.withPool { try await $0.awaitActive(backend) }
                group.cancelAll()
                return try await group.next() ?? nil
            }
            #expect(error?.code == .cancelled)
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await pool.backend() != backend)
        }
    }

    @Test func `a task cancelled before it starts sends nothing`() async throws {
        try await TestServer.withPool { pool in
            let error = await withTaskGroup(of: PostgresError.Code?.self) { group in
                group.cancelAll()
                group.addTask {
                    do { try await pool.run("SELECT 1") } catch { return (error as? PostgresError)?.code }
                    return nil
                }
                return await group.next() ?? nil
            }
            #expect(error == .cancelled)
        }
    }

    @Test func `a lock timeout and a deadlock are told apart`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE locked_once (n int)")
            try await TestServer.withPool { other in
                let error = try await failure {
                    try await pool.transaction("outer") { transaction in
                        try transaction.execute("LOCK TABLE locked_once IN ACCESS EXCLUSIVE MODE")
                        // The other connection must run while this one holds the lock.
                        try blocking {
                            try await other.transaction("inner") { inner in
                                try inner.execute("SET LOCAL lock_timeout = '50ms'")
                                try inner.execute("LOCK TABLE locked_once IN ACCESS SHARE MODE")
                            }
                        }
                    }
                }
                #expect(error.isLockTimeout && !error.isDeadlock && error.code == .refused)
            }
        }
    }
}
