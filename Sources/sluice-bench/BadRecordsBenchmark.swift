import Foundation

/// Intake of files with bad records, and with numbers that an earlier file brought, against a clean one.
struct BadRecordsBenchmark: Sendable {
    private static let goal = 0.8
    private static let databases = ["clean", "bad", "repeated"]
    /// Every so many-th record of the file that repeats numbers has one of the earlier file.
    private static let repeatStep = 1_000

    let records: Int
    let rounds: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            let trial = try IntakeTrial(scene)
            // Else the file with so many bad records would be held for a person.
            try scene.replace(
                "bad_per_ten_thousand_max: 500",
                by: "bad_per_ten_thousand_max: 2000",
                in: "config/merchants/\(IntakeTrial.merchant).yaml"
            )
            let clean = PaymentFile(records: records, flaws: .none)
            let bad = PaymentFile(records: records, flaws: .mixed)
            try await trial.queue(clean, in: Self.databases[0])
            try await trial.queue(bad, in: Self.databases[1])
            try await queueRepeating(clean, trial)

            let goal: BenchmarkReport.Row.Goal =
                records >= IntakeTrial.recordsToJudge ? .atLeast(Self.goal) : .none
            var comparison = LoadComparison(
                records: records,
                sides: [
                    .init(name: "clean file"), .init(name: "1 record in 10 bad", goal: goal),
                    .init(name: "1 number in 1,000 stored before", goal: goal),
                ]
            )
            let expected: [IntakeTrial.Expected] = [
                .init(orders: records, quarantined: 0),
                .init(orders: records - bad.badRecords, quarantined: bad.badRecords),
                // The orders of the earlier file, and as many fewer of this one.
                .init(orders: records, quarantined: records / Self.repeatStep),
            ]
            for round in 0..<rounds {
                for side in comparison.order(inRound: round) {
                    let load = try await trial.load(
                        records,
                        queuedIn: Self.databases[side],
                        expecting: expected[side]
                    )
                    comparison.add(load.duration, of: side)
                }
            }
            return comparison.report
        }
    }

    /// Loads some of the file's records as a file of their own, and queues the whole file behind it.
    private func queueRepeating(_ file: PaymentFile, _ trial: IntakeTrial) async throws {
        let earlier = "\(trial.scene.folder)/earlier.csv"
        try file.write(to: earlier, every: Self.repeatStep)
        try await trial.scene.makeDatabase("earlier")
        try await trial.submit(earlier, to: "earlier")
        try await trial.run(in: "earlier")
        try await trial.queue(file, in: Self.databases[2], like: "earlier")
        try await trial.scene.dropDatabase("earlier")
    }
}
