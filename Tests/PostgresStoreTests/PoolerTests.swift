import PostgresClient
import Store
import Testing

/// What the engine relies on behind PgBouncer in transaction mode, where a session belongs to nobody.
@Suite struct PoolerTests {
    @Test func `connections share fewer sessions, and the role's limits hold in each`() async throws {
        let database = try await TestDatabase.make(.pooled)
        let answers = try await withThrowingTaskGroup(of: (session: Int32, limits: String).self) { group in
            for _ in 0..<TestDatabase.workerConnections * 4 {
                group.addTask {
                    try await database.worker.transaction("look") { transaction in
                        let rows = try transaction.query(
                            """
                            SELECT pg_backend_pid(), concat_ws(' ', current_setting('application_name'), session_user,
                                current_setting('statement_timeout'), current_setting('lock_timeout')),
                                pg_sleep(0.01)::text
                            """
                        )
                        guard let row = rows.first else { throw TestFailure("no row") }
                        return (try row.int32(0), try row.text(1))
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(answers.map(\.session)).count <= TestDatabase.pooledSessions)
        #expect(Set(answers.map(\.limits)) == ["test-worker sluice_worker 1min 5s"])
        await database.close()
    }

    @Test func `a statement that is cancelled stops on the server, and its session serves the next`() async throws {
        let database = try await TestDatabase.make(.pooled)
        // The deadline below is for the statement, not for opening a connection.
        _ = try await database.worker.transaction("first") { try $0.execute("SELECT 1") }
        let error = await #expect(throws: PostgresError.self) {
            try await database.worker.transaction("long", deadline: .milliseconds(300)) { transaction in
                _ = try transaction.query("SELECT pg_sleep(30)::text")
            }
        }
        #expect(error?.code == .deadlineExceeded)
        // The request to stop travels on a connection of its own: it may come a little later than the deadline.
        let limit = ContinuousClock.now.advanced(by: .seconds(20))
        var asleep: Int64 = 1
        while asleep > 0, ContinuousClock.now < limit {
            asleep = try await database.number(
                """
                SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
                    AND query LIKE 'SELECT pg_sleep(30)%'
                """
            )
        }
        #expect(asleep == 0, "the statement goes on after its caller has given up")
        let one = try await database.worker.transaction("next") { try $0.query("SELECT 1").first?.int32(0) }
        #expect(one == 1)
        await database.close()
    }

    @Test func `a COMMIT whose session dies under the pooler is unknown, never done`() async throws {
        let database = try await TestDatabase.make(.pooled)
        try await database.execute(
            """
            CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$
            """
        )
        try await database.execute("CREATE TABLE public.fragile (n int)")
        try await database.execute("GRANT INSERT ON public.fragile TO sluice_worker")
        try await database.execute(
            """
            CREATE CONSTRAINT TRIGGER die AFTER INSERT ON public.fragile DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION public.die()
            """
        )
        let error = await #expect(throws: PostgresError.self) {
            try await database.worker.transaction("fragile") { transaction in
                _ = try transaction.execute("INSERT INTO public.fragile VALUES (1)")
            }
        }
        #expect(error?.code == .commitUnknown)
        #expect(try await database.number("SELECT count(*) FROM public.fragile") == 0)
        await database.close()
    }
}
