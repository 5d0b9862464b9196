import Foundation

/// Loads of queued files by the built program, each into a database made for it.
struct IntakeTrial: Sendable {
    static let merchant = "MER-PAYOUT"
    /// A smaller file is loaded before the process has warmed up: its ratio is only told.
    static let recordsToJudge = 200_000

    /// One load.
    struct Load: Sendable {
        let records: Int
        let duration: Duration
        let peakKibibytes: Int

        var recordsPerSecond: Double { Double(records) / Figure.seconds(of: duration) }
    }

    /// What a load must leave behind.
    struct Expected: Sendable {
        let orders: Int
        let quarantined: Int
    }

    let scene: BenchmarkScene

    /// In a scene whose intake plans nothing from now on: planning is no part of loading.
    init(_ scene: BenchmarkScene) throws {
        self.scene = scene
        try scene.replace("stages: [intake, plan]", by: "stages: [intake]", in: "jobs/intake.yaml")
    }

    /// Makes a database with the file queued.
    func queue(_ file: PaymentFile, in database: String, like template: String = BenchmarkScene.template) async throws {
        let path = "\(scene.folder)/payout.csv"
        try file.write(to: path)
        try await scene.makeDatabase(database, like: template)
        try await submit(path, to: database)
        try FileManager.default.removeItem(atPath: path)
    }

    func submit(_ path: String, to database: String) async throws {
        try await scene.sluice(
            [
                "file", "submit", path, "--merchant", Self.merchant, "--direction", "payout", "--format",
                "payout-csv-utf8",
            ],
            database: database
        )
    }

    /// Runs intake once.
    @discardableResult
    func run(in database: String) async throws -> ProgramRun {
        // Records set aside wait for a person: that is exit code 3.
        try await scene.sluice(["run", "intake"], database: database, accepted: [0, 3])
    }

    /// Loads what is queued, `records` of them, in a copy of a database; `body` may look at that before it goes.
    func load(
        _ records: Int,
        queuedIn template: String,
        expecting expected: Expected,
        _ body: (_ database: String) async throws -> Void = { _ in }
    ) async throws -> Load {
        let database = "loaded"
        try await scene.makeDatabase(database, like: template)
        try await scene.checkpoint()
        let run = try await run(in: database)
        let orders = try await scene.number(database, "SELECT count(*) FROM sluice.payment_order")
        let quarantined = try await scene.number(database, "SELECT count(*) FROM sluice.quarantine_record")
        guard orders == Int64(expected.orders), quarantined == Int64(expected.quarantined) else {
            throw BenchmarkFailure(
                "\(orders) orders and \(quarantined) quarantined records instead of \(expected.orders) and "
                    + "\(expected.quarantined): \(run.log.suffix(2_000))"
            )
        }
        guard let peak = run.logged("peak_resident_kib", message: "run ended") else {
            throw BenchmarkFailure("the run did not say what it took of memory: \(run.log.suffix(2_000))")
        }
        try await body(database)
        try await scene.dropDatabase(database)
        return Load(records: records, duration: run.duration, peakKibibytes: peak)
    }
}
