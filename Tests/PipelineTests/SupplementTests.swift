import BatchFiles
import ChannelSimulator
import Cryptography
import Logging
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// Released records on their way: the supplement is loaded, planned and paid like any file, and its original tells it.
@Suite(.serialized) struct SupplementTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: What is looked at

    /// The newest result of a file: how each line stands, as in `SUCCEEDED E102`, its words, and the version.
    private struct Result {
        var version: Int32 = 0
        var isFinal = false
        var lines: [Int: String] = [:]
        var words: [Int: String] = [:]
        var text = ""
    }

    private static func result(_ scene: EngineScene, _ batch: BatchIdentifier) async throws -> Result {
        let bytes = Mutex<[UInt8]>([])
        let written = try await scene.store.readResultFile(of: batch, version: nil) { part in
            bytes.withLock { $0 += part }
        }
        guard let written else { throw SceneFailure("batch \(batch) has no result") }
        var result = Result(version: written.version, isFinal: written.isFinal)
        result.text = bytes.withLock { String(decoding: $0, as: UTF8.self) }
        for line in result.text.split(separator: "\n").dropFirst() {
            // No value of these files holds a comma, but words may.
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 11, let number = Int(fields[6]) else { continue }
            result.lines[number] = fields[8].isEmpty ? fields[7] : "\(fields[7]) \(fields[8])"
            result.words[number] = fields[9..<fields.count - 1].joined(separator: ",")
        }
        return result
    }

    private static func breaches(_ scene: EngineScene) async throws -> [String] {
        var found: [String] = []
        for invariant in Invariant.allCases {
            let finding = try await scene.store.check(invariant)
            if !finding.holds { found.append("\(invariant.rawValue): \(finding.examples)") }
        }
        return found
    }

    /// Counts of a file, as in `records 6 orders 2 …`.
    private static func totals(_ scene: EngineScene, _ batch: BatchIdentifier) async throws -> String {
        try await scene.text(
            """
            SELECT format('records %s orders %s quarantined %s rejected %s released %s succeeded %s failed %s',
                sum(records), sum(orders), sum(quarantined), sum(rejected), sum(released), sum(succeeded), sum(failed))
            FROM sluice.batch_totals WHERE batch_id = $1
            """,
            [.int64(batch.value)]
        )
    }

    private static func state(_ scene: EngineScene, _ batch: BatchIdentifier) async throws -> String {
        try await scene.text("SELECT state::text FROM sluice.batch_file WHERE batch_id = $1", [.int64(batch.value)])
    }

    /// Who has a number, as in `order 2-1`.
    private static func owner(_ scene: EngineScene, _ number: String) async throws -> String {
        try await scene.text(
            "SELECT state || ' ' || batch_id || '-' || line_no FROM sluice.order_number_registry WHERE order_no = $1",
            [.text(number)]
        )
    }

    private static func isFinished(_ batch: BatchIdentifier) -> String {
        "SELECT state = 'finished' AND news_at IS NULL FROM sluice.batch_file WHERE batch_id = \(batch)"
    }

    /// A line whose account has a wrong check digit.
    private static func spoiled(_ number: Int) -> String {
        let card = EngineScene.card(number)
        return EngineScene.line(number, account: String(card.dropLast()) + (card.hasSuffix("0") ? "1" : "0"))
    }

    // MARK: The whole way

    @Test func `what is amended and released is paid, and the original's next result says so`() async throws {
        var plan = BehaviourPlan()
        var rule = BehaviourPlan.AccountRule()
        rule.outcome = .refuse(.nameDiffers)
        plan.accounts[String(EngineScene.card(6).suffix(6))] = rule
        let scene = try await EngineScene.make(plan: plan)
        let desk = try await ReviewDesk.open(scene)
        let batch = try await scene.queue([
            EngineScene.line(1), Self.spoiled(2), EngineScene.line(3, amount: "1x0"),
            EngineScene.line(4).replacing("102100099996", with: ""), Self.spoiled(5), EngineScene.line(6),
            EngineScene.line(7), EngineScene.line(8), EngineScene.line(9),
        ])
        try await scene.workToRest(try scene.engine())
        let first = try await Self.result(scene, batch)
        #expect(!first.isFinal)
        #expect(first.lines[1]?.hasPrefix("SUCCEEDED") == true)
        #expect((2...6).allSatisfy { first.lines[$0]?.hasPrefix("UNDER_REVIEW") == true }, "\(first.lines)")

        let supplement = try #require(
            try await desk.release([
                try await desk.amend(batch, 2, [.accountNumber: EngineScene.card(2)]),
                try await desk.amend(batch, 3, [.amount: "77.70"]),
                try await desk.amend(batch, 4, [.bankCode: "102100099996", .merchantOrderNumber: "N-NEW-4"]),
                try await desk.amend(batch, 6, [.accountNumber: EngineScene.card(60)]),
            ]).first
        )
        try await desk.reject([ReviewDesk.Record(batch: batch, line: 5)])
        #expect(
            try await scene.number(
                """
                SELECT count(*) FROM sluice.quarantine_record q JOIN sluice.payment_order o USING (batch_id, line_no)
                WHERE q.origin = 'failed_order' AND q.account_hash = o.account_hash
                """
            ) == 1
        )
        #expect(try await Self.breaches(scene).isEmpty)
        #expect(try await Self.owner(scene, "N1000002") == "quarantine \(supplement)-1")

        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let last = try await Self.result(scene, batch)
        #expect(last.isFinal && last.version > 1)
        #expect((1...9).allSatisfy { $0 == 5 || last.lines[$0]?.hasPrefix("SUCCEEDED") == true }, "\(last.lines)")
        #expect(last.lines[5] == "FAILED rejected_by_person")
        // The line stays as it was sent, and says what was paid.
        #expect(last.text.contains("N1000003,\(EngineScene.card(3)),Payee 3,102100099996,1x0,rent,3,SUCCEEDED"))
        #expect(last.words[3] == "mended in review: the amount is 77.70 CNY")
        #expect(last.words[4] == "mended in review: the number is N-NEW-4")
        #expect(last.words[2]?.isEmpty == true && last.words[6]?.isEmpty == true)

        #expect(
            try await Self.totals(scene, batch)
                == "records 9 orders 5 quarantined 0 rejected 1 released 3 succeeded 4 failed 1"
        )
        #expect(
            try await Self.totals(scene, supplement)
                == "records 4 orders 4 quarantined 0 rejected 0 released 0 succeeded 4 failed 0"
        )
        #expect(try await Self.state(scene, supplement) == "finished")
        #expect(
            try await scene.number(
                "SELECT count(*) FROM sluice.result_file WHERE batch_id = $1",
                [.int64(supplement.value)]
            ) == 0
        )
        #expect(try await Self.owner(scene, "N1000002") == "order \(supplement)-1")
        #expect(try await Self.owner(scene, "N-NEW-4") == "order \(supplement)-3")
        #expect(try await Self.owner(scene, "N1000004").hasPrefix("void"))
        #expect(try await Self.breaches(scene).isEmpty)
        let truth = try TruthFile.read(path: "\(scene.directory)/truth.jsonl")
        let payments = truth.channels.values.flatMap(\.payments.values)
        #expect(payments.count == 8 && payments.allSatisfy { $0.count == 1 })

        // Proven wrong after all: the order of the supplement says it in a further version of the finished original.
        try await desk.correct(supplement, 1, amount: 1_250, from: "succeeded", to: "failed")
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let corrected = try await Self.result(scene, batch)
        #expect(corrected.version == last.version + 1 && corrected.isFinal)
        #expect(corrected.lines[2] == "FAILED corrected")
        // And an order of the original itself.
        try await desk.correct(batch, 1, amount: 1_150, from: "succeeded", to: "failed")
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let again = try await Self.result(scene, batch)
        #expect(again.version == last.version + 2 && again.lines[1] == "FAILED corrected")
        #expect(try await Self.breaches(scene).isEmpty)
        await scene.close()
    }

    @Test func `what does not pass waits in the supplement, and is released from there`() async throws {
        let scene = try await EngineScene.make()
        let desk = try await ReviewDesk.open(scene)
        let batch = try await scene.queue([EngineScene.line(1), Self.spoiled(2), Self.spoiled(3), EngineScene.line(4)])
        let other = try await scene.queue([EngineScene.line(5), EngineScene.line(6)], name: "other.csv")
        try await scene.workToRest(try scene.engine())
        // Nobody amends line 2, so it fails again; the number of line 3 is another file's by the time it is loaded.
        let first = try #require(
            try await desk.release([
                ReviewDesk.Record(batch: batch, line: 2),
                try await desk.amend(batch, 3, [.accountNumber: EngineScene.card(3)]),
            ]).first
        )
        let taken = try await scene.owner.transaction("take") { transaction in
            try transaction.execute(
                "UPDATE sluice.order_number_registry SET batch_id = $1, line_no = 1, state = 'order' "
                    + "WHERE order_no = 'N1000003'",
                [.int64(other.value)]
            )
        }
        #expect(taken == 1)
        try await scene.work(
            try scene.engine(),
            until: "SELECT result_seen_at IS NOT NULL FROM sluice.batch_file WHERE batch_id = \(first)"
        )
        #expect(
            try await scene.text(
                """
                SELECT string_agg(line_no || ' ' || state || ' ' || (reasons -> 0 ->> 'code'), ', ' ORDER BY line_no)
                FROM sluice.quarantine_record WHERE batch_id = $1
                """,
                [.int64(first.value)]
            ) == "1 open account_check_digit, 2 open duplicate_of_earlier_file"
        )
        // What the columns were to say is kept, and the bytes are those of the merchant.
        let form = try #require(scene.configuration.formats["payout-csv"]).form
        let texts = try await desk.texts(first, 2, form: form)
        #expect(texts?[.accountNumber] == EngineScene.card(3) && texts?[.amount] == "13.50")
        #expect(try await Self.state(scene, first) == "working")
        let between = try await Self.result(scene, batch)
        #expect(between.lines[2] == "UNDER_REVIEW account_check_digit")
        #expect(!between.isFinal)

        let second = try #require(
            try await desk.release([
                try await desk.amend(first, 1, [.accountNumber: EngineScene.card(2)]),
                try await desk.amend(first, 2, [.merchantOrderNumber: "N-OTHER"]),
            ]).first
        )
        #expect(
            try await scene.number(
                "SELECT parent_batch_id FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(second.value)]
            ) == batch.value
        )
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let last = try await Self.result(scene, batch)
        #expect(last.isFinal && last.lines.values.allSatisfy { $0.hasPrefix("SUCCEEDED") }, "\(last.lines)")
        #expect(last.words[3] == "mended in review: the number is N-OTHER")
        try await scene.work(try scene.engine(), until: Self.isFinished(first))
        #expect(try await Self.state(scene, second) == "finished")
        await scene.close()
    }

    @Test func `a supplement goes on where it was left, and each of its records is loaded once`() async throws {
        let scene = try await EngineScene.make()
        let desk = try await ReviewDesk.open(scene)
        let batch = try await scene.queue((1...1_300).map { $0 % 2 == 0 ? EngineScene.line($0) : Self.spoiled($0) })
        try await scene.workToRest(try scene.engine())
        let records = stride(from: Int32(1), through: 1_299, by: 2).map { ReviewDesk.Record(batch: batch, line: $0) }
        let supplement = try #require(
            try await desk.release(records, accepting: ["account_check_digit"]).first
        )
        // The second slice of 300 dies with the worker's transaction.
        try await scene.owner.transaction("fault") { transaction in
            _ = try transaction.execute(
                """
                CREATE FUNCTION sluice.fault() RETURNS trigger LANGUAGE plpgsql AS $$
                    BEGIN RAISE EXCEPTION 'the worker dies'; END $$
                """
            )
            _ = try transaction.execute(
                """
                CREATE TRIGGER fault BEFORE UPDATE OF load_position ON sluice.batch_file FOR EACH ROW
                    WHEN (NEW.loaded_count > 300) EXECUTE FUNCTION sluice.fault()
                """
            )
        }
        let intake = IntakeStage(store: scene.store, configuration: scene.configuration, clock: SystemClock())
        let worker = WorkerIdentifier(String(repeating: "a", count: 32))
        await #expect(throws: PostgresError.self) {
            try await intake.runOnce(worker: worker, stop: StopSignal(), logger: Self.logger)
        }
        #expect(try await Self.state(scene, supplement) == "splitting")
        #expect(try await scene.states(of: supplement) == ["ready": 300])
        #expect(try await Self.owner(scene, "N1000001") == "order \(supplement)-1")
        #expect(try await Self.owner(scene, "N1001299") == "quarantine \(supplement)-650")
        #expect(try await Self.breaches(scene).isEmpty)
        #expect(try await Self.result(scene, batch).lines[1]?.hasPrefix("UNDER_REVIEW") == true)

        try await scene.owner.transaction("mend") { transaction in
            _ = try transaction.execute("DROP TRIGGER fault ON sluice.batch_file")
            _ = try transaction.execute(
                "UPDATE sluice.batch_file SET due_at = now() WHERE batch_id = $1",
                [.int64(supplement.value)]
            )
        }
        #expect(try await intake.runOnce(worker: worker, stop: StopSignal(), logger: Self.logger))
        #expect(try await Self.state(scene, supplement) == "split")
        #expect(try await scene.states(of: supplement) == ["ready": 650])
        #expect(try await Self.breaches(scene).isEmpty)
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        #expect(try await Self.result(scene, batch).lines.values.allSatisfy { $0.hasPrefix("SUCCEEDED") })
        let truth = try TruthFile.read(path: "\(scene.directory)/truth.jsonl")
        let payments = truth.channels.values.flatMap(\.payments.values)
        #expect(payments.count == 1_300 && payments.allSatisfy { $0.count == 1 })
        await scene.close()
    }

    @Test func `a record that may have been paid since its release is set aside when it is loaded`() async throws {
        let scene = try await EngineScene.make()
        let desk = try await ReviewDesk.open(scene)
        // Not so many bad ones that the file is refused.
        let lines = [EngineScene.line(1), Self.spoiled(2), Self.spoiled(3), EngineScene.line(4)]
        let batch = try await scene.queue(lines)
        try await scene.workToRest(try scene.engine())
        let supplement = try #require(
            try await desk.release(
                [ReviewDesk.Record(batch: batch, line: 2), ReviewDesk.Record(batch: batch, line: 3)],
                accepting: ["account_check_digit"]
            ).first
        )
        // As a late answer would raise it, were the line a failed order.
        try await scene.owner.transaction("contradiction") { transaction in
            _ = try transaction.execute(
                """
                INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
                SELECT 'contradiction/harbor', 'contradiction', '0000', batch_id, business_date, 2
                FROM sluice.batch_file WHERE batch_id = $1
                """,
                [.int64(batch.value)]
            )
        }
        let intake = IntakeStage(store: scene.store, configuration: scene.configuration, clock: SystemClock())
        let worker = WorkerIdentifier(String(repeating: "a", count: 32))
        #expect(try await intake.runOnce(worker: worker, stop: StopSignal(), logger: Self.logger))
        #expect(try await scene.states(of: supplement) == ["ready": 1])
        let aside = try await scene.text(
            """
            SELECT string_agg(q.line_no || ' ' || q.state || ' ' || (q.reasons -> 0 ->> 'code'), ', ')
            FROM sluice.quarantine_record q WHERE q.batch_id = $1
            """,
            [.int64(supplement.value)]
        )
        #expect(aside == "1 open may_be_paid")
        // Nor is it released from there.
        await #expect(throws: SceneFailure.self) {
            try await desk.release([ReviewDesk.Record(batch: supplement, line: 1)])
        }
        await scene.close()
    }

    @Test func `a supplement that waits to be loaded cannot be cancelled, and its orders can`() async throws {
        let scene = try await EngineScene.make()
        let desk = try await ReviewDesk.open(scene)
        let batch = try await scene.queue([EngineScene.line(1), Self.spoiled(2)])
        try await scene.workToRest(try scene.engine())
        let supplement = try #require(
            try await desk.release(
                [ReviewDesk.Record(batch: batch, line: 2)],
                accepting: ["account_check_digit"]
            ).first
        )
        let error = await #expect(throws: PostgresError.self) {
            try await scene.number("SELECT sluice.cancel_order($1)", [.int64(supplement.value)])
        }
        #expect(error?.sqlState == "SL012")
        let intake = IntakeStage(store: scene.store, configuration: scene.configuration, clock: SystemClock())
        let worker = WorkerIdentifier(String(repeating: "a", count: 32))
        #expect(try await intake.runOnce(worker: worker, stop: StopSignal(), logger: Self.logger))
        #expect(try await scene.number("SELECT sluice.cancel_order($1)", [.int64(supplement.value)]) == 1)
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        #expect(try await Self.result(scene, batch).lines[2] == "FAILED cancelled_by_person")
        #expect(try await Self.breaches(scene).isEmpty)
        await scene.close()
    }
}
