import EmbeddedPostgres
import Glibc
import PostgresClient
import Testing

/// The one server of this test process; it ends with the process.
enum TestServer {
    private static let started = Result { try EmbeddedCluster.start(.init(settings: ["max_connections": "100"])) }

    static func shared() throws -> EmbeddedCluster { try started.get() }

    static func configuration(
        socketDirectory: String? = nil,
        connectTimeout: Duration = .seconds(10),
        transactionDeadline: Duration = .seconds(30),
        keepsPlans: Bool = false
    ) throws -> PostgresConfiguration {
        let server = try shared()
        let uri = socketDirectory.map { "postgresql://postgres@/postgres?host=\($0)&port=5432" } ?? server.uri()
        return PostgresConfiguration(
            uri: uri,
            applicationName: "client-tests",
            connectTimeout: connectTimeout,
            transactionDeadline: transactionDeadline,
            keepsPlans: keepsPlans
        )
    }

    /// Runs `body` with a pool that is closed afterwards.
    static func withPool<Value>(
        connectionsMax: Int = 1,
        socketDirectory: String? = nil,
        transactionDeadline: Duration = .seconds(30),
        keepsPlans: Bool = false,
        _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let configuration = try configuration(
            socketDirectory: socketDirectory,
            transactionDeadline: transactionDeadline,
            keepsPlans: keepsPlans
        )
        let pool = PostgresPool(configuration: configuration, connectionsMax: connectionsMax)
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }
}

extension PostgresPool {
    /// The process of the backend that serves the pool's next transaction.
    func backend() async throws -> Int32 {
        try await transaction("backend") { try $0.query("SELECT pg_backend_pid()")[0].int32(0) }
    }

    /// Runs one statement in a transaction of its own.
    func run(_ sql: String) async throws {
        try await transaction("run") { _ = try $0.execute(sql) }
    }
}

/// The error of an operation that must fail with a `PostgresError`.
func failure(
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async throws -> PostgresError {
    try #require(
        await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { try await body() },
        sourceLocation: sourceLocation
    )
}
