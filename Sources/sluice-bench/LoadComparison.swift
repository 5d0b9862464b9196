/// Loads of different kinds, round by round, each compared with the first kind's load of the same round.
package struct LoadComparison: Sendable {
    /// One kind of load.
    package struct Side: Sendable {
        package let name: String
        package let goal: BenchmarkReport.Row.Goal
        /// Seconds, one a round.
        package private(set) var seconds: [Double] = []

        package init(name: String, goal: BenchmarkReport.Row.Goal = .none) {
            self.name = name
            self.goal = goal
        }

        fileprivate mutating func add(_ duration: Duration) { seconds.append(Figure.seconds(of: duration)) }
    }

    /// How many records each load has.
    package let records: Int
    /// The first is what the others are compared with.
    package private(set) var sides: [Side]
    /// What the notes are about.
    private let what: String

    package init(records: Int, sides: [Side], what: String = "intake") {
        precondition(sides.count > 1, "one kind of load is compared with another")
        self.records = records
        self.sides = sides
        self.what = what
    }

    /// The sides of a round in their order: each begins one further, so that none always comes after the same one.
    package func order(inRound round: Int) -> [Int] {
        sides.indices.map { (round + $0) % sides.count }
    }

    /// Takes the next load of a side.
    package mutating func add(_ duration: Duration, of side: Int) { sides[side].add(duration) }

    /// A row for each side but the first, and the single loads.
    package var report: BenchmarkReport {
        let base = sides[0]
        var report = BenchmarkReport()
        for side in sides.dropFirst() {
            let ratios = zip(side.seconds, base.seconds).map { $1 / $0 }
            report.rows.append(
                BenchmarkReport.Row(
                    benchmark: side.name,
                    measured: rate(side),
                    against: "\(base.name), \(rate(base))",
                    ratio: Figure.middle(ratios),
                    goal: side.goal
                )
            )
        }
        for round in base.seconds.indices {
            let words = sides.map { "\($0.name) \(Figure.seconds(.seconds($0.seconds[round])))" }
            report.notes.append("\(what), round \(round + 1): \(words.joined(separator: ", "))")
        }
        return report
    }

    private func rate(_ side: Side) -> String {
        Figure.perSecond(Figure.middle(side.seconds.map { Double(records) / $0 }))
    }
}
