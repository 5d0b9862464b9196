import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// A month of history, more than a year old: merged, exported, dropped, each only if it is what was proven.
@Suite(.serialized) struct `A month of history` {
    /// Files of days kept in memory.
    private final class Exports: ArchiveExports {
        final class File: ArchiveExportFile {
            let name: String
            private let exports: Exports
            private let bytes = Mutex<[UInt8]>([])

            init(_ name: String, _ exports: Exports) { (self.name, self.exports) = (name, exports) }

            func append(_ piece: [UInt8]) throws { bytes.withLock { $0 += piece } }

            func finish(columns: [String], totals: ArchiveTotals) async throws -> ArchiveExport {
                let content = bytes.withLock { $0 }
                if exports.isBroken { throw ArchiveExportFailed("the disk is full") }
                exports.files.withLock { $0[name] = content }
                return ArchiveExport(
                    file: name,
                    bytes: 1,
                    sha256: [1],
                    rows: Int64(content.count { $0 == 0x0A }),
                    contentBytes: Int64(content.count),
                    contentSHA256: [2],
                    columns: columns
                )
            }

            func abandon() {}
        }

        let files = Mutex<[String: [UInt8]]>([:])
        let isBroken: Bool

        init(isBroken: Bool = false) { self.isBroken = isBroken }

        func begin(_ table: HeavyTable, _ day: BusinessDate) throws -> any ArchiveExportFile {
            File("\(table) \(day)", self)
        }
    }

    private static let files: Int64 = 2

    /// A scene whose oldest live days are a whole month, fourteen months ago, and the day after it; files on the second
    /// and the last day of the month.
    private static func scene() async throws -> ArchiveRunScene {
        let runs = try await ArchiveRunScene.make(files: 0)
        let scene = runs.scene
        let today = try await scene.database.today()
        let first = first(of: ArchiveRules.cutoff(asOf: today, months: 14))
        try await scene.database.owner.transaction("old month") { transaction in
            try transaction.executeScript(
                """
                SET LOCAL ROLE sluice_owner;
                DO $$
                DECLARE
                    heavy sluice.heavy_table;
                    part text;
                    day date;
                BEGIN
                    FOR heavy IN SELECT * FROM sluice.heavy_table LOOP
                        EXECUTE format('ALTER TABLE sluice.%1$I DETACH PARTITION sluice.%2$I', heavy.table_name,
                            heavy.table_name || '_carry_over');
                        EXECUTE format('ALTER TABLE sluice.%1$I ATTACH PARTITION sluice.%2$I
                            FOR VALUES FROM (MINVALUE) TO (''\(first)'')', heavy.table_name,
                            heavy.table_name || '_carry_over');
                        FOR day IN SELECT '\(first)'::date + n FROM generate_series(0, \(days(first).count)) n LOOP
                            part := sluice.day_name(heavy.table_name, day);
                            EXECUTE format('CREATE TABLE sluice.%I (LIKE sluice.%I INCLUDING ALL, CONSTRAINT day_bounds
                                CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = %s)', part,
                                heavy.table_name, heavy.day_column, heavy.day_column, day, heavy.day_column, day + 1,
                                heavy.fill_factor);
                            EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (%L)
                                TO (%L)', heavy.table_name, part, day, day + 1);
                            IF heavy.is_loaded THEN PERFORM sluice.open_partition_for_load(part); END IF;
                        END LOOP;
                    END LOOP;
                    UPDATE sluice.live_days SET oldest = '\(first)';
                END
                $$;
                """
            )
        }
        for day in [days(first)[1], days(first).last ?? first] { try await scene.fill(day, files: files) }
        return runs
    }

    private static func first(of day: BusinessDate) -> BusinessDate {
        day.advanced(byDays: Int32(1 - day.civil.day))
    }

    private static func days(_ first: BusinessDate) -> [BusinessDate] {
        (0..<Int32(BusinessDate.daysInMonth(year: first.civil.year, month: first.civil.month))).map {
            first.advanced(byDays: $0)
        }
    }

    private static func first(_ runs: ArchiveRunScene) async throws -> BusinessDate {
        first(of: ArchiveRules.cutoff(asOf: try await runs.database.today(), months: 14))
    }

    /// Runs until the days have left, and history is what it is to become.
    private static func run(
        _ runs: ArchiveRunScene,
        days: Int,
        exports: Exports? = nil,
        _ change: @escaping (inout ArchiveConfiguration) -> Void
    ) async throws -> ArchiveReport {
        var stage = runs.stage(on: nil, change)
        let retention = ArchiveRetention(stage, store: runs.store, exports: exports)
        stage.upkeep = { try await retention.keep($0) }
        let first = try await first(runs)
        return try await runs.leave(until: first.advanced(byDays: Int32(days)), by: stage, asOf: nil)
    }

    /// Partitions of history of a table, by name.
    private static func partitions(_ runs: ArchiveRunScene, _ table: HeavyTable) async throws -> [String] {
        try await runs.database.owner.transaction("partitions") { transaction in
            try transaction.query(
                """
                SELECT relname::text FROM pg_class WHERE relnamespace = 'history'::regnamespace AND relkind = 'r'
                    AND relname LIKE '\(table)\\_%' ORDER BY 1
                """
            ).map { try $0.text(0) }
        }
    }

    private static func month(_ table: HeavyTable, _ first: BusinessDate) -> String {
        "\(table)_\(first.compact.prefix(6))"
    }

    private static func broken(_ runs: ArchiveRunScene) async throws -> [ArchivedDay] {
        let verification = ArchiveVerification(store: runs.store, clock: ImpatientClock())
        var broken: [ArchivedDay] = []
        for one in try await runs.store.archivedDays(nil) {
            let verified = try await verification.verify(one.table, one.day, stop: StopSignal())
            if !verified.holds { broken.append(one) }
        }
        return broken
    }

    @Test func `becomes one partition, is exported, and is dropped whole`() async throws {
        let runs = try await Self.scene()
        let (scene, first) = (runs.scene, try await Self.first(runs))
        let days = Self.days(first)
        let books = try await scene.books()
        let merged = try await Self.run(runs, days: days.count) { $0.mergeAfter = 13 }
        #expect(merged.outcome == .done, "\(merged.reasons)")
        for table in HeavyTable.allCases {
            #expect(try await Self.partitions(runs, table) == [Self.month(table, first)])
            #expect(try await runs.store.mergedMonths(table) == [first])
        }
        #expect(try await scene.books() == books)
        #expect(try await Self.broken(runs) == [])
        let again = try await Self.run(runs, days: days.count) { $0.mergeAfter = 13 }
        #expect(again.outcome == .done && again.rows == 0, "\(again.reasons)")

        // A merged day comes back neither by itself nor in part.
        let restoration = ArchiveRestoration(runs.stage(), store: runs.store)
        let copied = try await restoration.copy(.day(days[1]), label: "merged", stop: StopSignal())
        #expect(copied.isRight && copied.copy.tables[.paymentOrder]?.rows == Self.files * ArchiveScene.linesPerFile)

        let exports = Exports()
        let dropped = try await Self.run(runs, days: days.count, exports: exports) { $0.retention = 12 }
        #expect(dropped.outcome == .done, "\(dropped.reasons)")
        let orders = exports.files.withLock { $0["payment_order \(days[1])"] } ?? []
        #expect(orders.count { $0 == 0x0A } == Int(Self.files * ArchiveScene.linesPerFile))
        #expect(exports.files.withLock(\.count) >= days.count * 5)
        for table in HeavyTable.allCases {
            #expect(try await !Self.partitions(runs, table).contains(Self.month(table, first)))
        }
        let states = Set(try await runs.store.entries(of: days[1]).map(\.state))
        #expect(states == [.dropped])
        #expect(try await scene.books() != books)
        await runs.close()
    }

    @Test func `stays where a person holds a part of it, or its export fails`() async throws {
        let runs = try await Self.scene()
        let (scene, first) = (runs.scene, try await Self.first(runs))
        let days = Self.days(first)
        #expect(try await Self.run(runs, days: 2) { _ in }.outcome == .done)
        let hold = try await runs.store.placeHold(.batch(scene.batch(1, on: days[1])), reason: "court")
        let kept = try await Self.run(runs, days: 2) { $0.retention = 12 }
        #expect(kept.outcome == .done, "\(kept.reasons)")
        // The first day is nobody's, and gone; of the second all that the held file is in stays.
        #expect(Set(try await runs.store.entries(of: days[0]).map(\.state)) == [.dropped])
        let held = try await runs.store.entries(of: days[1])
        #expect(held.allSatisfy { $0.state == .closed })
        #expect(try await runs.store.liftHold(hold, reason: "over"))
        let failed = try await Self.run(runs, days: 2, exports: Exports(isBroken: true)) { $0.retention = 12 }
        #expect(failed.outcome == .done && failed.reasons.contains { $0.contains("the disk is full") })
        #expect(try await runs.store.entries(of: days[1]).allSatisfy { $0.state == .closed })
        #expect(try await Self.run(runs, days: 2) { $0.retention = 12 }.outcome == .done)
        #expect(try await runs.store.entries(of: days[1]).allSatisfy { $0.state == .dropped })
        #expect(try await runs.database.number("SELECT count(*) FROM history.payment_order") == 0)
        await runs.close()
    }

    @Test func `stops everything where a row of it is not what was proven`() async throws {
        let runs = try await Self.scene()
        let (scene, first) = (runs.scene, try await Self.first(runs))
        let days = Self.days(first)
        #expect(try await Self.run(runs, days: 2) { _ in }.outcome == .done)
        try await scene.meddle("UPDATE history.payment_order SET code = '0009' WHERE line_no = 3")
        let report = try await Self.run(runs, days: 2) { $0.retention = 12 }
        #expect(report.outcome == .mismatch && report.reasons.contains { $0.contains("payment_order \(days[1])") })
        #expect(try await runs.store.archiveSwitch().stop?.reason.contains("\(days[1])") == true)
        #expect(try await runs.alarms().contains("archive_mismatch/payment_order/\(days[1])"))
        #expect(try await runs.store.archiveStatus().isMismatch)
        #expect(try await runs.store.entries(of: days[1]).allSatisfy { $0.state == .closed }, "nothing is dropped")
        await runs.close()
    }
}
