import BatchFiles
import Logging
import PaymentCore
import Pipeline
import PostgresClient
import Testing

/// What a merchant's developers are told of a file without a database is what intake then makes of it.
@Suite(.serialized) struct `A file check and intake` {
    /// A file, and what is declared with it.
    private struct Sample {
        let name: String
        var bytes: [UInt8]
        var declaredCount: Int64?
    }

    private static let head = "order_no,card_no,name,cnaps,amount,remark"

    private static func file(_ lines: [String]) -> [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

    /// Files of chance: lines good, bad in every way and repeated, numbers of their own by `series`.
    private static func random(_ series: Int) -> Sample {
        let random = SeededRandom(seed: UInt64(series) &+ 400)
        var lines = [head]
        let count = 20 + Int(random.next() % 400)
        for number in 1...count {
            let order = "S\(series)N\(number)"
            switch random.next() % 40 {
            case 0: lines.append(EngineScene.line(number, account: "622202", order: order))
            case 1: lines.append(EngineScene.line(number, amount: "0.00", order: order))
            case 2: lines.append(EngineScene.line(number, amount: "1.234", order: order))
            case 3: lines.append(EngineScene.line(number, amount: "many", order: order))
            case 4: lines.append(EngineScene.line(number, order: order) + ",more")
            case 5: lines.append(EngineScene.line(number, order: "S\(series)N\(max(1, number / 2))"))
            case 6: lines.append("")
            case 7: lines.append("\(order),\"6222")
            case 8: lines.append(EngineScene.line(number, order: ""))
            default: lines.append(EngineScene.line(number, order: order))
            }
        }
        return Sample(
            name: "random \(series)",
            bytes: file(lines),
            declaredCount: random.next() % 4 == 0 ? Int64(count) : nil
        )
    }

    private static var samples: [Sample] {
        let good = (1...60).map { EngineScene.line($0, order: "G\($0)") }
        let bad = (1...60).map { EngineScene.line($0, amount: $0 % 3 == 0 ? "1.50" : "x", order: "B\($0)") }
        let twice = (1...60).map { EngineScene.line($0, order: "T\($0 % 50)") }
        return (1...10).map(random) + [
            Sample(name: "good", bytes: file([head] + good), declaredCount: 60),
            Sample(name: "most are bad", bytes: file([head] + bad)),
            Sample(name: "some numbers twice", bytes: file([head] + twice)),
            Sample(name: "another count", bytes: file([head] + good + ["", ""]), declaredCount: 59),
            Sample(name: "no header", bytes: file(good)),
            Sample(name: "header only", bytes: file([head])),
            Sample(name: "empty", bytes: []),
            Sample(name: "another charset", bytes: [0xFF, 0xFE] + file([head] + good)),
            Sample(name: "another layout", bytes: file([head] + (1...120).map { "\($0)|2|3" })),
            Sample(name: "no line end", bytes: Array(head.utf8) + [0x0A] + [UInt8](repeating: 0x61, count: 70_000)),
        ]
    }

    /// What both say of a file: the verdict with its code, and how many records of which kind.
    private struct Finding: Equatable {
        var verdict: String
        var records: Int64 = 0
        var orders: Int64 = 0
        var quarantined: Int64 = 0
        var amountUnreadable: Int64 = 0
        var duplicates: Int64 = 0
    }

    private static func checked(_ sample: Sample, _ configuration: EngineConfiguration) throws -> Finding {
        guard let profile = configuration.merchants[EngineScene.merchant],
            let format = configuration.formats["payout-csv"]
        else { throw SceneFailure("the scene has neither merchant nor format") }
        var check = FileCheck(
            format: format,
            rules: profile.rules,
            tolerance: profile.tolerance,
            fileBytes: Int64(sample.bytes.count),
            badRecordsMax: 10
        )
        try check.read(sample.bytes[...], isLast: true)
        if check.needsSecondReading {
            check.beginSecondReading()
            try check.read(sample.bytes[...], isLast: true)
        }
        let totals = check.totals
        let duplicates = check.reasons.first { $0.code == .duplicateInFile }?.count ?? 0
        switch check.verdict(submitted: DeclaredTotals(submittedCount: sample.declaredCount, sums: [:])) {
        case .refuse(let defect): return Finding(verdict: "refused \(defect.code.rawValue) \(defect.line)")
        case .hold(let hold):
            return Finding(
                verdict: "held \(hold.code.rawValue)",
                records: totals.records,
                amountUnreadable: totals.totals.amountUnreadable
            )
        case .load:
            return Finding(
                verdict: "split",
                records: totals.records,
                orders: totals.records - totals.quarantined,
                quarantined: totals.quarantined,
                amountUnreadable: totals.totals.amountUnreadable,
                duplicates: duplicates
            )
        }
    }

    private static func taken(_ sample: Sample, _ scene: EngineScene) async throws -> Finding {
        let batch = try await scene.queue(bytes: sample.bytes, name: sample.name, declaredCount: sample.declaredCount)
        let intake = IntakeStage(store: scene.store, configuration: scene.configuration, clock: SystemClock())
        _ = try await intake.runOnce(
            worker: WorkerIdentifier("agreement"),
            stop: StopSignal(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await scene.owner.transaction("test") { transaction in
            let rows = try transaction.query(
                """
                SELECT concat_ws(' ', f.state, CASE f.state WHEN 'split' THEN NULL ELSE f.verdict ->> 'code' END,
                        CASE f.state WHEN 'refused' THEN f.verdict ->> 'line' END),
                    coalesce(f.record_count, 0), f.amount_unreadable,
                    (SELECT count(*) FROM sluice.payment_order o WHERE o.batch_id = f.batch_id),
                    (SELECT count(*) FROM sluice.quarantine_record q WHERE q.batch_id = f.batch_id),
                    (SELECT count(*) FROM sluice.quarantine_record q WHERE q.batch_id = f.batch_id
                        AND q.reasons @> '[{"code": "duplicate_in_file"}]')
                FROM sluice.batch_file f WHERE f.batch_id = $1
                """,
                [.int64(batch.value)]
            )
            guard let row = rows.first else { throw SceneFailure("the file is gone") }
            return Finding(
                verdict: try row.text(0),
                records: try row.int64(1),
                orders: try row.int64(3),
                quarantined: try row.int64(4),
                amountUnreadable: try row.int64(2),
                duplicates: try row.int64(5)
            )
        }
    }

    @Test func `agree on verdict and counts of any file`() async throws {
        let scene = try await EngineScene.make()
        var verdicts: Set<String> = []
        for sample in Self.samples {
            let checked = try Self.checked(sample, scene.configuration)
            let taken = try await Self.taken(sample, scene)
            #expect(checked == taken, "\(sample.name)")
            verdicts.insert(String(taken.verdict.prefix { $0 != " " }))
        }
        #expect(verdicts == ["split", "held", "refused"])
        await scene.close()
    }
}
