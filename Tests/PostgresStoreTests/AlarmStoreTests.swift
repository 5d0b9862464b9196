import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

@Suite struct `Alarms on PostgreSQL` {
    @Test(arguments: AlarmStoreContract.cases)
    func `keep the contract`(_ contractCase: AlarmStoreContract.Case) async throws {
        let database = try await TestDatabase.make()
        let scene = AlarmStoreContract.Scene(store: database.store, person: try await database.otto()) { span in
            try await database.execute(
                """
                UPDATE sluice.alarm SET next_delivery_at = next_delivery_at - $1 * interval '1 microsecond',
                    first_at = first_at - $1 * interval '1 microsecond',
                    last_at = last_at - $1 * interval '1 microsecond'
                """,
                [.int64(span.microseconds)]
            )
        }
        await #expect(throws: Never.self) { try await contractCase.run(scene) }
        await database.close()
    }

    @Test func `are acknowledged in a person's name, by nobody's hand but the function's`() async throws {
        let database = try await TestDatabase.make()
        try await database.store.raise([RaisedAlarm(kind: .laneOpen, code: "a", message: "m")])
        let open = try await database.store.alarms(AlarmFilter())
        for column in ["acknowledged_at = now()", "acknowledged_by = 'somebody'", "acknowledged_note = 'x'"] {
            await #expect(throws: PostgresError.self) {
                try await database.worker.transaction("forbidden") {
                    try $0.execute("UPDATE sluice.alarm SET \(column)")
                }
            }
        }
        let reader = database.pool(role: "sluice_reader")
        await #expect(throws: PostgresError.self) {
            try await reader.transaction("forbidden") {
                _ = try $0.query("SELECT sluice.acknowledge_alarms('x', '{1}', 'x')")
            }
        }
        await reader.close()
        let otto = try await database.otto()
        let numbers = open.map(\.identifier)
        _ = try await database.store.acknowledgeAlarms(numbers, note: "called the bank", by: otto, isDry: false)
        _ = try await database.store.acknowledgeAlarms(numbers, note: "again", by: otto, isDry: false)
        let rows = try await database.store.alarms(AlarmFilter(includesAcknowledged: true))
        #expect(rows.map { $0.acknowledgement?.by } == ["otto"])
        #expect(rows.map { $0.acknowledgement?.note } == ["called the bank"])
        let audit = try await database.text(
            """
            SELECT string_agg(concat_ws(' ', action, login, subject, details ->> 'note'), '; ') FROM sluice.audit_entry
            WHERE action = 'acknowledge'
            """
        )
        #expect(audit == "acknowledge otto alarm \(numbers[0]) called the bank", "once")
        await database.close()
    }

    @Test(arguments: ["", String(repeating: "n", count: 401)])
    func `need a note of bounded length`(_ note: String) async throws {
        let database = try await TestDatabase.make()
        try await database.store.raise([RaisedAlarm(kind: .laneOpen, code: "a", message: "m")])
        let open = try await database.store.alarms(AlarmFilter()).map(\.identifier)
        let error = await #expect(throws: PostgresError.self) {
            try await database.store.acknowledgeAlarms(open, note: note, by: database.otto(), isDry: false)
        }
        #expect(error?.sqlState == "SL005")
        #expect(try await database.store.alarms(AlarmFilter()).map(\.identifier) == open)
        await database.close()
    }

    @Test func `are claimed by one of many at once`() async throws {
        let database = try await TestDatabase.make()
        try await database.store.raise(
            (1...20).map { RaisedAlarm(kind: .laneOpen, code: "c\($0)", message: "m") }
        )
        let claimed = try await withThrowingTaskGroup(of: [AlarmIdentifier].self) { group in
            for _ in 1...8 {
                group.addTask {
                    try await database.store.claimAlarms(limit: 5, lease: .minutes(1)).map(\.identifier)
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(claimed).count == claimed.count, "an alarm was claimed twice: \(claimed.sorted())")
        let rest = try await database.store.claimAlarms(limit: 100, lease: .minutes(1)).map(\.identifier)
        #expect(Set(claimed + rest).count == 20)
        await database.close()
    }
}
