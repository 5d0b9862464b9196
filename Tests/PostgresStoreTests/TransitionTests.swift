import PaymentCore
import PostgresClient
import Store
import Testing

struct `The database's transition table` {
    @Test func `is the one of the core`() async throws {
        let database = try await TestDatabase.make()
        let stored: Set<String> = try await database.owner.transaction("transitions") { transaction in
            Set(
                try transaction.query("SELECT from_state, to_state FROM sluice.order_transition").map {
                    "\(try $0.text(0)) → \(try $0.text(1))"
                }
            )
        }
        #expect(stored == Set(OrderTransition.table.map { "\($0.from.rawValue) → \($0.to.rawValue)" }))
        await database.close()
    }

    @Test func `is held by a trigger for every pair of states, whoever writes`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 100, worker: WorkerIdentifier("loader"))
        let today = file.businessDate
        var line: Int32 = 0
        for from in OrderState.allCases {
            for to in OrderState.allCases where to != from {
                line += 1
                try await insert(from, line: line, date: today, database)
                let isRefused = try await refuses(line: line, date: today, to: to, database)
                #expect(isRefused == !OrderTransition.isLegal(from: from, to: to), "\(from) → \(to)")
            }
        }
        await database.close()
    }

    @Test(arguments: ["succeeded", "failed"])
    func `lets no order be final without evidence`(_ state: String) async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 100, worker: WorkerIdentifier("loader"))
        let today = file.businessDate
        try await insert(.processing, line: 1, date: today, database)
        await #expect(throws: PostgresError.self) {
            try await database.execute(
                """
                UPDATE sluice.payment_order SET state = $1::sluice.order_state, evidence_day = NULL,
                    cause = CASE $1 WHEN 'failed' THEN 'customer'::sluice.failure_cause END
                """,
                [.text(state)]
            )
        }
        await database.close()
    }

    /// An order in this state, with all that the state needs.
    private func insert(_ state: OrderState, line: Int32, date: BusinessDate, _ database: TestDatabase) async throws {
        try await database.execute(
            """
            INSERT INTO sluice.payment_order (batch_id, line_no, business_date, state, cause, amount_minor, attempt_no,
                item_no,
                submission_no, data_key_id, currency, merchant_order_no, channel, personal, account_hash, evidence_day,
                evidence_ordinal)
            VALUES ((SELECT max(f.batch_id) FROM sluice.batch_file f), $1, $2, $3::sluice.order_state, CASE $3 WHEN
                'failed' THEN 'customer'::sluice.failure_cause END,
                1, 1, 1, 1, 1, 'CNY', 'N', 'c', '', '', $2, 1)
            """,
            [.int32(line), .date(daysSince1970: date.daysSince1970), .text(state.rawValue)]
        )
    }

    /// Whether the trigger, and nothing else, refuses the move.
    private func refuses(
        line: Int32,
        date: BusinessDate,
        to: OrderState,
        _ database: TestDatabase
    ) async throws -> Bool {
        do {
            try await database.execute(
                """
                UPDATE sluice.payment_order SET state = $3::sluice.order_state,
                    cause = CASE $3 WHEN 'failed' THEN 'customer'::sluice.failure_cause END
                WHERE line_no = $1 AND business_date = $2
                """,
                [.int32(line), .date(daysSince1970: date.daysSince1970), .text(to.rawValue)]
            )
            return false
        } catch let error as PostgresError where error.sqlState == "SL010" {
            return true
        }
    }
}
