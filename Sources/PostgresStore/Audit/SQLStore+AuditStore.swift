import PaymentCore
import PostgresClient
package import Store

extension SQLStore: AuditStore {
    package func auditEnd() async throws -> AuditEnd {
        try await pool.transaction("end of the audit chain", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT clock_timestamp(), h.entry_no, h.hash, (SELECT min(e.entry_no) FROM sluice.audit_entry e),
                    (SELECT max(e.entry_no) FROM sluice.audit_entry e)
                FROM sluice.audit_head h
                """
            )
            guard let row = rows.first else { throw StoreDefect("the audit chain has no head") }
            let head = AuditHead(entryNumber: try row.int64(1), hash: try row.bytes(2))
            let numbers = row.isNull(3) ? nil : try row.int64(3)...row.int64(4)
            return AuditEnd(at: try row.timestamp(0), head: head, numbers: numbers)
        }
    }

    package func auditRows(after number: Int64, upTo last: Int64, limit: Int) async throws -> [AuditRow] {
        try await pool.transaction("audit rows", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT e.entry_no, sluice.audit_words(e), e.previous, e.hash FROM sluice.audit_entry e
                WHERE e.entry_no > $1 AND e.entry_no <= $2 ORDER BY e.entry_no FETCH FIRST $3 ROWS WITH TIES
                """,
                [.int64(number), .int64(last), .int64(Int64(limit))]
            ).map { row in
                AuditRow(
                    entryNumber: try row.int64(0),
                    words: try row.text(1),
                    previous: try row.bytes(2),
                    hash: try row.bytes(3)
                )
            }
        }
    }

    package func auditHashes(of numbers: [Int64]) async throws -> [Int64: [UInt8]] {
        try await pool.transaction("audit hashes", readOnly: true) { transaction in
            var hashes: [Int64: [UInt8]] = [:]
            for row in try transaction.query(
                "SELECT e.entry_no, e.hash FROM sluice.audit_entry e WHERE e.entry_no = ANY ($1)",
                [.bigintArray(numbers)]
            ) {
                hashes[try row.int64(0)] = try row.bytes(1)
            }
            return hashes
        }
    }
}
