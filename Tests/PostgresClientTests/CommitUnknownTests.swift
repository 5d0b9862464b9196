import EmbeddedPostgres
import PostgresClient
import Testing

@Suite(.serialized) struct CommitUnknownTests {
    @Test(arguments: CommitProxy.Fault.allCases)
    func `a COMMIT without an answer is unknown, whatever became of it`(fault: CommitProxy.Fault) async throws {
        let table = "unknown_\(fault.rawValue)"
        let proxy = try CommitProxy(serverDirectory: try TestServer.shared().socketDirectory, fault: fault)
        try await TestServer.withPool { direct in
            try await direct.run("CREATE TABLE \(table) (n int)")
            try await TestServer.withPool(socketDirectory: proxy.directory) { pool in
                // Connected beforehand: the short deadline is for COMMIT alone.
                _ = try await pool.backend()
                let error = try await failure {
                    try await pool.transaction("unknown", deadline: .seconds(2)) {
                        _ = try $0.execute("INSERT INTO \(table) VALUES (1)")
                    }
                }
                #expect(error.code == .commitUnknown)
                #expect(error.description.contains("may or may not be done"))
            }
            let count = try await direct.transaction("count") {
                try $0.query("SELECT count(*) FROM \(table)")[0].int64(0)
            }
            #expect(count == (fault == .cutBeforeCommit ? 0 : 1))
        }
    }

    @Test func `a COMMIT that returns with a warning is unknown`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("schema") { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE warned (n int);
                    CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN RAISE WARNING 'not replicated'; RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON warned DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION warn();
                    """
                )
            }
            let backend = try await pool.backend()
            let error = try await failure { try await pool.run("INSERT INTO warned VALUES (1)") }
            #expect(error.code == .commitUnknown)
            #expect(error.description.contains("warning"))
            #expect(try await pool.backend() != backend)
        }
    }

    @Test func `a warning or notice before COMMIT does not matter`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("DO $$ BEGIN RAISE WARNING 'loud'; RAISE NOTICE 'quiet'; END $$")
        }
    }

    @Test func `a backend that dies in COMMIT leaves it unknown`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("schema") { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE suicidal (n int);
                    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN
                            PERFORM pg_terminate_backend(pg_backend_pid());
                            PERFORM pg_sleep(5);
                            RETURN NULL;
                        END $$;
                    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON suicidal DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION die();
                    """
                )
            }
            let error = try await failure { try await pool.run("INSERT INTO suicidal VALUES (1)") }
            #expect(error.code == .commitUnknown)
        }
    }

    @Test func `a task cancelled during COMMIT does not cancel it`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("schema") { transaction in
                try transaction.executeScript(
                    """
                    CREATE TABLE slow_commit (n int);
                    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON slow_commit DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION dawdle();
                    """
                )
            }
            try await TestServer.withPool { other in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await pool.run("INSERT INTO slow_commit VALUES (1)") }
                    var isCommitting = false
                    while !isCommitting {
                        isCommitting = try await other.transaction("look") {
                            try $0.query(
                                "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'"
                            )[0]
                            .int64(0) > 0
                        }
                    }
                    group.cancelAll()
                    try await group.next()
                }
                let count = try await other.transaction("count") {
                    try $0.query("SELECT count(*) FROM slow_commit")[0].int64(0)
                }
                #expect(count == 1)
            }
        }
    }

    @Test func `a statement outside of a transaction commits itself, or says what is known`() async throws {
        try await TestServer.withPool { pool in
            try await pool.withoutTransaction("create", deadline: .seconds(30), "CREATE DATABASE outside")
            let again = try await failure {
                try await pool.withoutTransaction("create", deadline: .seconds(30), "CREATE DATABASE outside")
            }
            #expect(again.code == .refused && again.sqlState == "42P04")
            try await pool.withoutTransaction("vacuum", deadline: nil, "VACUUM pg_class")
            let late = try await failure {
                try await pool.withoutTransaction("sleep", deadline: .milliseconds(300), "SELECT pg_sleep(30)")
            }
            #expect(late.code == .deadlineExceeded && late.isQueryCanceled)
            let lost = try await failure {
                try await pool.withoutTransaction(
                    "lost",
                    deadline: nil,
                    "SELECT pg_terminate_backend(pg_backend_pid())"
                )
            }
            #expect(lost.code == .commitUnknown)
            let several = try await failure {
                try await pool.withoutTransaction("several", deadline: nil, "SELECT 1; SELECT 2")
            }
            #expect(several.code == .refused)
        }
    }
}
