import Cryptography
import Foundation
import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// What reviewers wait for while many records are in quarantine: lists, single records, a tenth of all amended by rule,
/// and the same released by two people.
struct ReviewBenchmark: Sendable {
    private static let database = "review"
    private static let files = 10
    private static let looks = 60
    private static let lookLimitMicroseconds: Int64 = 200_000
    private static let amendLimit = 5.0
    private static let releaseLimit = 10.0
    /// Fewer records are only told of.
    private static let recordsToJudge = 100_000

    /// Quarantined records.
    let records: Int

    private var recordsOfFile: Int { records / Self.files }

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            try await fill(scene)
            let pool = scene.pool(Self.database, role: "sluice_worker", connections: 1)
            do {
                let report = try await measure(scene, SQLStore(pool: pool, keys: try scene.keys()))
                await pool.close()
                return report
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    /// Loads files of which every record is set aside.
    private func fill(_ scene: BenchmarkScene) async throws {
        let trial = try IntakeTrial(scene)
        try scene.replace(
            "bad_per_ten_thousand_max: 500",
            by: "bad_per_ten_thousand_max: 10000",
            in: "config/merchants/\(IntakeTrial.merchant).yaml"
        )
        try await scene.makeDatabase(Self.database)
        for number in 0..<Self.files {
            let path = "\(scene.folder)/payout-\(number).csv"
            try PaymentFile(records: recordsOfFile, flaws: .names, after: number * recordsOfFile).write(to: path)
            try await trial.submit(path, to: Self.database)
            try FileManager.default.removeItem(atPath: path)
        }
        try await trial.run(in: Self.database)
        let waiting = try await scene.number(Self.database, "SELECT count(*) FROM sluice.quarantine_record")
        guard waiting == Int64(recordsOfFile * Self.files) else {
            throw BenchmarkFailure("\(waiting) records wait instead of \(records)")
        }
        try await scene.checkpoint()
    }

    private func measure(_ scene: BenchmarkScene, _ store: SQLStore) async throws -> BenchmarkReport {
        var report = BenchmarkReport()
        let waiting = "\(Figure.grouped(Int64(records))) waiting"
        for grouping in QuarantineGrouping.allCases {
            let lists = try await Self.times { _ in
                let groups = try await store.quarantineGroups(QuarantineFilter(), by: grouping)
                let first = try await store.quarantinedRecords(QuarantineFilter())
                guard !groups.isEmpty, first.count == 50 else { throw BenchmarkFailure("the list is not whole") }
            }
            report.add(look("quarantine list --by \(grouping.rawValue), \(waiting)", lists))
        }
        let keys = try await batches(scene).flatMap { batch in
            stride(from: 1, through: recordsOfFile, by: max(1, recordsOfFile / 6)).map { line in
                RecordKey(batch: batch, line: LineNumber(Int32(line)))
            }
        }
        let shows = try await Self.times { index in
            guard try await store.recordHistory(of: keys[index % keys.count]) != nil else {
                throw BenchmarkFailure("a record is not shown")
            }
        }
        report.add(look("quarantine show, \(waiting)", shows))
        report.add(try await changes(scene))
        return report
    }

    private static func times(_ look: (Int) async throws -> Void) async throws -> Distribution {
        // The first ones pay for connections and caches.
        for index in 0..<3 { try await look(index) }
        var times: [Int64] = []
        for index in 0..<looks {
            let time = try await ContinuousClock().measure { try await look(index) }
            times.append(Int64(Figure.seconds(of: time) * 1_000_000))
        }
        return Distribution(times)
    }

    private func look(_ what: String, _ times: Distribution) -> BenchmarkReport {
        let p95 = times.percentile(perMille: 950)
        return BenchmarkReport(
            rows: [
                BenchmarkReport.Row(
                    benchmark: what,
                    measured: "p95 \(Figure.milliseconds(p95))",
                    against: Figure.milliseconds(Self.lookLimitMicroseconds),
                    ratio: Double(p95) / Double(Self.lookLimitMicroseconds),
                    goal: records >= Self.recordsToJudge ? .atMost(1) : .none
                )
            ],
            notes: ["\(what): \(times.words)"]
        )
    }

    // MARK: Amending and releasing

    /// Whole runs of the program, from the start of the process to its end.
    private func changes(_ scene: BenchmarkScene) async throws -> BenchmarkReport {
        guard let batch = try await batches(scene).first else { throw BenchmarkFailure("no file is loaded") }
        let maker = try await session("rita", staff: "S1", role: "reviewer", scene)
        let checker = try await session("carl", staff: "S2", role: "approver", scene)
        let selection = ["--batch", "\(batch)", "--comment", "measured"]
        let amended = try await sluice(["amend", "--clean", "account_name"] + selection, scene, maker)
        let asked = try await sluice(["release"] + selection, scene, maker)
        let sum = try await scene.number(
            Self.database,
            "SELECT (amounts ->> 'CNY')::bigint FROM sluice.proposal WHERE proposal_id = 1"
        )
        let approve = [
            "review", "approve", "p1", "--orders", "\(recordsOfFile)", "--amount", "CNY=\(sum)", "--comment",
            "measured",
        ]
        let approved = try await program(approve, scene, checker)
        let released = try await scene.number(
            Self.database,
            "SELECT count(*) FROM sluice.quarantine_record WHERE state = 'released'"
        )
        guard released == Int64(recordsOfFile) else {
            throw BenchmarkFailure("\(released) records were released instead of \(recordsOfFile)")
        }
        let count = Figure.grouped(Int64(recordsOfFile))
        var report = BenchmarkReport()
        report.add(change("quarantine amend, \(count) records", amended, Self.amendLimit))
        report.add(
            change("quarantine release and review approve, \(count) records", asked + approved, Self.releaseLimit)
        )
        report.notes.append("release: asked in \(Figure.seconds(asked)), approved in \(Figure.seconds(approved))")
        return report
    }

    private func change(_ what: String, _ duration: Duration, _ limit: Double) -> BenchmarkReport {
        BenchmarkReport(
            rows: [
                BenchmarkReport.Row(
                    benchmark: what,
                    measured: Figure.seconds(duration),
                    against: "\(Int(limit)) s",
                    ratio: Figure.seconds(of: duration) / limit,
                    goal: records >= Self.recordsToJudge ? .atMost(1) : .none
                )
            ]
        )
    }

    private func sluice(_ arguments: [String], _ scene: BenchmarkScene, _ session: String) async throws -> Duration {
        try await program(["quarantine"] + arguments, scene, session)
    }

    private func program(_ arguments: [String], _ scene: BenchmarkScene, _ session: String) async throws -> Duration {
        try await ProgramRun.run(
            ProgramRun.sluice,
            arguments,
            environment: scene.variables(Self.database).merging(["SLUICE_SESSION_FILE": session]) { $1 },
            folder: scene.folder
        ).duration
    }

    private func batches(_ scene: BenchmarkScene) async throws -> [BatchIdentifier] {
        let pool = scene.pool(Self.database)
        let batches = try await pool.transaction("batches") { transaction in
            try transaction.query("SELECT batch_id FROM sluice.batch_file ORDER BY batch_id").map {
                BatchIdentifier(try $0.int64(0))
            }
        }
        await pool.close()
        return batches
    }

    /// Makes a person with a login, signs it in, and writes its session file; answers the file.
    ///
    /// No password stands behind it: what a client would make of one is made up, so that nothing is spent on scrypt.
    private func session(
        _ login: String,
        staff: String,
        role: String,
        _ scene: BenchmarkScene
    ) async throws -> String {
        let proof = SecureRandom.bytes(32)
        let pool = scene.pool(Self.database)
        let secret: [UInt8] = try await pool.transaction("sign in") { transaction in
            _ = try transaction.execute("INSERT INTO sluice.person (staff_no) VALUES ($1)", [.text(staff)])
            _ = try transaction.execute(
                """
                INSERT INTO sluice.login (login, person_id, role, salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p,
                    must_change)
                SELECT $1, p.person_id, $2::sluice.people_role, $3, sha256($4), 15, 8, 1, false
                FROM sluice.person p WHERE p.staff_no = $5
                """,
                [
                    .text(login), .text(role), .bytea(SecureRandom.bytes(16)), .bytea(proof), .text(staff),
                ]
            )
            let rows = try transaction.query(
                "SELECT secret FROM sluice.open_session($1, $2) WHERE refusal IS NULL",
                [.text(login), .bytea(proof)]
            )
            guard let row = rows.first else { throw BenchmarkFailure("\(login) is not let in") }
            return try row.bytes(0)
        }
        await pool.close()
        let path = "\(scene.folder)/session-\(login)"
        let text = """
            sluice session 1
            environment: benchmark
            login: \(login)
            secret: \(Hexadecimal.encode(secret))

            """
        let isWritten = FileManager.default.createFile(
            atPath: path,
            contents: Data(text.utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard isWritten else { throw BenchmarkFailure("cannot write \(path)") }
        return path
    }
}
