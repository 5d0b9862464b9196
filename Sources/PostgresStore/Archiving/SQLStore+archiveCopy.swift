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
        // All tables of one copy, or none.
        return try await pool.transaction("copy to restored", deadline: ArchiveStep.longDeadline) { transaction in
            var rows: [HeavyTable: Int64] = [:]
            for table in HeavyTable.allCases {
                rows[table] = try transaction.query(
                    "SELECT sluice.copy_to_restored($1, $2, $3::bigint, $4::int, $5)",
                    [
                        .text(table.rawValue), .date(scope.day), .optionalInt64(batch), .optionalInt32(line),
                        .text(label),
                    ]
                ).first?.int64(0)
            }
            return RestoredCopy(label: label, rows: rows)
        }
    }

    package func dropRestored(label: String) async throws -> Int {
        try await pool.transaction("drop restored") { transaction in
            Int(try transaction.query("SELECT sluice.drop_restored($1)", [.text(label)]).first?.int32(0) ?? 0)
        }
    }
}
