import PostgresClient

extension SQLStore {
    /// What a person does may be about a whole file of a million orders.
    static let actDeadline = Duration.seconds(60)

    /// Does something in a person's name, or does it and takes it back: so a look says exactly what would be done, or
    /// why it would be refused.
    func carryOut<Value: Sendable>(
        _ name: String,
        isDry: Bool,
        _ work: @Sendable (PostgresTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.transaction(name, deadline: Self.actDeadline) { transaction in
                let value = try work(transaction)
                if isDry { throw TakenBack(value: value) }
                return value
            }
        } catch let takenBack as TakenBack<Value> {
            return takenBack.value
        }
    }
}

/// Thrown to take back what was only looked at.
private struct TakenBack<Value: Sendable>: Error {
    let value: Value
}
