import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// What a legal hold keeps: live rows from leaving, and archived days from being dropped.
@Suite(.serialized) struct `A legal hold` {
    /// What is held on a day of four files of fifty orders, and how many rows of each table that is.
    enum Held: String, CaseIterable, CustomTestStringConvertible {
        case merchant, batch, line

        var testDescription: String { rawValue }

        func scope(_ scene: ArchiveScene) async throws -> LegalHold.Scope {
            let batch = try await scene.batch(2, on: scene.day)
            return switch self {
            case .merchant: .merchant(TestDatabase.merchant)
            case .batch: .batch(batch)
            // The last order of its submission, with an ended attempt.
            case .line: .order(batch, LineNumber(10))
            }
        }

        var rows: [HeavyTable: Int64] {
            switch self {
            case .merchant: counts(200, 40, 20, 4)
            case .batch: counts(50, 10, 5, 1)
            case .line: counts(1, 1, 1, 0)
            }
        }

        private func counts(_ orders: Int64, _ attempts: Int64, _ sent: Int64, _ records: Int64) -> [HeavyTable: Int64]
        {
            [
                .paymentOrder: orders, .paymentAttempt: attempts, .submission: sent, .exchange: sent,
                .quarantineRecord: records,
            ]
        }
    }

    private static func rows(_ scene: ArchiveScene, in schema: String) async throws -> [HeavyTable: Int64] {
        var rows: [HeavyTable: Int64] = [:]
        for table in HeavyTable.allCases { rows[table] = try await scene.rows(table, scene.day, in: schema) }
        return rows
    }

    @Test(arguments: Held.allCases)
    func `keeps its rows live until it is lifted`(_ held: Held) async throws {
        let scene = try await ArchiveScene.make()
        let hold = try await scene.store.placeHold(try await held.scope(scene), reason: "court")
        #expect(try await scene.store.legalHolds().map(\.identifier) == [hold])
        let books = try await scene.books()
        try await scene.archive(scene.day)
        #expect(try await Self.rows(scene, in: "sluice") == held.rows)
        #expect(try await scene.entry(.paymentOrder, scene.day)?.stayedHeld == held.rows[.paymentOrder])
        for table in HeavyTable.allCases { #expect(try await scene.store.daysToPass(table) == []) }
        #expect(try await scene.store.liftHold(hold, reason: "over"))
        for table in HeavyTable.allCases where held.rows[table] != 0 {
            #expect(try await scene.pass(table, scene.day) == held.rows[table])
        }
        #expect(try await Self.rows(scene, in: "sluice").values.allSatisfy { $0 == 0 })
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        await scene.close()
    }

    @Test(arguments: Held.allCases)
    func `holds though it comes while its day is being counted`(_ held: Held) async throws {
        let scene = try await ArchiveScene.make()
        try await scene.begin(scene.day)
        let key = EntryKey(table: .paymentOrder, day: scene.day, pass: 1)
        #expect(try await scene.patiently { try await scene.store.prepare(key, path: .swap, scene.lease) } > 1)
        try await scene.store.validate(.paymentOrder, scene.day, scene.lease)
        #expect(try await !scene.store.countSlice(key, pages: 1, scene.lease))
        _ = try await scene.store.placeHold(try await held.scope(scene), reason: "court")
        while try await !scene.store.countSlice(key, pages: 1, scene.lease) {}
        #expect(try await scene.swap(key) == .held, "a part of it was counted without the hold")
        let again = try await scene.count(.paymentOrder, scene.day)
        #expect(try await scene.swap(again) == .swapped)
        #expect(try await scene.prove(again))
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == held.rows[.paymentOrder])
        await scene.close()
    }

    @Test(arguments: Held.allCases)
    func `keeps its archived day from being dropped`(_ held: Held) async throws {
        let scene = try await ArchiveScene.make()
        try await scene.archive(scene.day)
        let hold = try await scene.store.placeHold(try await held.scope(scene), reason: "court")
        #expect(try await Self.rows(scene, in: "sluice").values.allSatisfy { $0 == 0 }, "history is not changed")
        let cutoff = scene.day.advanced(byDays: 30)
        let lease = try #require(
            try await scene.store.takeArchiveLease(
                worker: ArchiveScene.worker,
                lease: .hours(1),
                asOf: cutoff.advanced(byDays: 365)
            )
        )
        @Sendable func drop(_ table: HeavyTable) async throws -> Int32? {
            try await scene.archiver.transaction("drop day") { transaction in
                try transaction.query(
                    "SELECT sluice.drop_archived_day($1, $2, $3, $4, false)",
                    [
                        .int64(lease.epoch.value), .text(table.rawValue),
                        .date(daysSince1970: scene.day.daysSince1970), .date(daysSince1970: cutoff.daysSince1970),
                    ]
                ).first?.int32(0)
            }
        }
        for table in HeavyTable.allCases where held.rows[table] != 0 {
            let refused = await #expect(throws: PostgresError.self) { try await drop(table) }
            #expect(refused?.sqlState == "SL037", "\(table)")
        }
        #expect(try await Self.rows(scene, in: "history")[.paymentOrder] == 200)
        #expect(try await scene.store.liftHold(hold, reason: "over"))
        for table in HeavyTable.allCases { #expect(try await drop(table) == 1) }
        #expect(try await Self.rows(scene, in: "history").values.allSatisfy { $0 == 0 })
        #expect(try await scene.brokenInvariants() == [])
        await scene.close()
    }
}
