/// The place of one connection in a pool: it connects when first needed, and again after a connection was dropped.
///
/// All work runs on the host's own queue, one call a transaction.
actor ConnectionHost {
    private nonisolated let executor = QueueExecutor(label: "postgres-connection")
    private let configuration: PostgresConfiguration
    private var connection: PostgresConnection?

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
    }

    /// What a call came to, and whether the connection stays open for the next one.
    struct Outcome<Value: Sendable>: Sendable {
        let result: Result<Value, any Error>
        let isConnected: Bool
    }

    func transaction<Value: Sendable>(
        _ scope: sending PostgresConnection.Scope,
        readOnly: Bool,
        _ body: @Sendable (PostgresTransaction) throws -> Value
    ) -> Outcome<Value> {
        run(scope) { try $0.transaction(readOnly: readOnly, body) }
    }

    func withoutTransaction(_ scope: sending PostgresConnection.Scope, _ sql: String) -> Outcome<Void> {
        run(scope) { try $0.runWithoutTransaction(sql) }
    }

    func close() {
        connection = nil
    }

    private func run<Value: Sendable>(
        _ scope: PostgresConnection.Scope,
        _ body: (PostgresConnection) throws -> Value
    ) -> Outcome<Value> {
        let result = Result { try body(try connected(scope)) }
        // The connection must have ended cleanly: nothing failed on it and the server holds no transaction open.
        if let connection, connection.failure != nil || !connection.isIdle { self.connection = nil }
        return Outcome(result: result, isConnected: connection != nil)
    }

    /// The open connection, or a new one when it was found dead: nothing was sent yet, so nothing can be lost.
    private func connected(_ scope: PostgresConnection.Scope) throws -> PostgresConnection {
        if scope.signal?.isCancelled == true { throw PostgresError(.cancelled, label: scope.label) }
        if let connection, connection.isReusable() {
            connection.scope = scope
            return connection
        }
        connection = nil
        let opened = try PostgresConnection(configuration, scope: scope)
        connection = opened
        return opened
    }
}
