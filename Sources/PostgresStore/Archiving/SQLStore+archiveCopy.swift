import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func copyToRestored(_ scope: RestoredScope, label: String) async throws -> RestoredCopy {
        let (batch, line): (Int64?, Int32?) =
            switch scope {
            case .order(let key): (key.batch.value, key.line.value)
            case .batch(let batch, _): (batch.value, nil)
            case .day: (nil, nil)
            }
        // All tables of one copy, or none; and judged by the snapshot that they were made from.
        return try await pool.transaction("copy to restored", deadline: ArchiveStep.longDeadline) { transaction in
            _ = try transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            var tables: [HeavyTable: RestoredCopy.Table] = [:]
            for table in HeavyTable.allCases {
                let parameters: [PostgresValue] = [
                    .text(table.rawValue), .date(scope.day), .optionalInt64(batch), .optionalInt32(line), .text(label),
                ]
                let copied = try transaction.query(
                    "SELECT sluice.copy_to_restored($1, $2, $3::bigint, $4::int, $5)",
                    parameters
                ).first?.int64(0)
                let judged = try transaction.query(
                    "SELECT strays, is_alike, is_told FROM sluice.judge_restored($1, $2, $3::bigint, $4::int, $5)",
                    parameters
                ).first
                guard let copied, let judged else { throw StoreDefect("a copy for people has no answer") }
                tables[table] = RestoredCopy.Table(
                    rows: copied,
                    strays: try judged.int64(0),
                    isAlike: try judged.bool(1),
                    isTold: try judged.optionalBool(2)
                )
            }
            let days = try transaction.query(
                "SELECT DISTINCT exchange_day FROM restored.exchange_\(label) ORDER BY exchange_day"
            )
            return RestoredCopy(label: label, tables: tables, callDays: try days.map { try $0.date(0) })
        }
    }

    package func dropRestored(label: String) async throws -> Int {
        try await pool.transaction("drop restored") { transaction in
            Int(try transaction.query("SELECT sluice.drop_restored($1)", [.text(label)]).first?.int32(0) ?? 0)
        }
    }
}
