/// Intake beside a registry that holds the order numbers of earlier files already, against an empty one.
///
/// The merchant's numbers rise, as most write them, or come by chance: then each new one falls on another page of the
/// registry's index. The full registries are filled by SQL, with an index as its growth would have left it.
struct RegistryBenchmark: Sendable {
    private static let goal = 0.8
    private static let names = ["empty registry", "full registry, rising numbers", "full registry, random numbers"]
    private static let databases = ["empty", "rising", "random"]
    /// Fewer numbers are only told of.
    private static let storedToJudge = 10_000_000

    let records: Int
    /// Order numbers of earlier files.
    let stored: Int
    let rounds: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            let trial = try IntakeTrial(scene)
            let rising = PaymentFile(records: records, numbers: .rising, flaws: .none)
            try await trial.queue(rising, in: Self.databases[0])
            try await trial.queue(rising, in: Self.databases[1])
            try await fill(scene, Self.databases[1], with: .rising)
            let random = PaymentFile(records: records, numbers: .random, flaws: .none)
            try await trial.queue(random, in: Self.databases[2])
            try await fill(scene, Self.databases[2], with: .random)

            let isJudged = records >= IntakeTrial.recordsToJudge && stored >= Self.storedToJudge
            let goal: BenchmarkReport.Row.Goal = isJudged ? .atLeast(Self.goal) : .none
            var comparison = LoadComparison(
                records: records,
                sides: [
                    .init(name: Self.names[0]), .init(name: Self.names[1], goal: goal), .init(name: Self.names[2]),
                ]
            )
            for round in 0..<rounds {
                for side in comparison.order(inRound: round) {
                    let load = try await trial.load(
                        records,
                        queuedIn: Self.databases[side],
                        expecting: .init(orders: records, quarantined: 0)
                    )
                    comparison.add(load.duration, of: side)
                }
            }
            var report = comparison.report
            report.notes.append("a full registry holds \(Figure.grouped(Int64(stored))) order numbers")
            return report
        }
    }

    /// Puts the numbers of earlier files into a registry, which is left as after a vacuum.
    private func fill(_ scene: BenchmarkScene, _ database: String, with numbers: OrderNumbers) async throws {
        // Built at once, for speed; filled as far as splits leave the pages of such an index on average.
        let fillFactor = numbers == .random ? 70 : 90
        try await scene.execute(
            database,
            """
            SET LOCAL maintenance_work_mem = '512MB';
            ALTER TABLE sluice.order_number_registry DROP CONSTRAINT order_number_registry_pkey;
            INSERT INTO sluice.order_number_registry (merchant_id, order_no, state, batch_id, line_no)
                SELECT m.merchant_id, \(numbers.storedSQL(count: stored)), 'order', -1 - (n - 1) / 1000000,
                    (n - 1) % 1000000 + 1
                FROM (SELECT n, \(OrderNumbers.sqlScatter) AS x FROM generate_series(1, \(stored)::bigint) n) numbers
                CROSS JOIN sluice.merchant m WHERE m.merchant_no = '\(IntakeTrial.merchant)';
            ALTER TABLE sluice.order_number_registry ADD CONSTRAINT order_number_registry_pkey
                PRIMARY KEY (merchant_id, order_no) WITH (fillfactor = \(fillFactor));
            ALTER INDEX sluice.order_number_registry_pkey RESET (fillfactor);
            """
        )
        try await scene.withoutTransaction(database, "VACUUM (FREEZE, ANALYZE) sluice.order_number_registry")
        let found = try await scene.number(database, "SELECT count(*) FROM sluice.order_number_registry")
        guard found == Int64(stored) else {
            throw BenchmarkFailure("the registry holds \(found) numbers instead of \(stored)")
        }
    }
}
