import Foundation

/// What the benchmarks found: one row a budget, each a ratio of two things measured in the same run, or of one thing
/// and its limit.
package struct BenchmarkReport: Sendable {
    /// One budget.
    package struct Row: Sendable, Equatable {
        /// What the ratio must be.
        package enum Goal: Sendable, Equatable {
            /// The ratio is no smaller.
            case atLeast(Double)
            /// The ratio is no greater.
            case atMost(Double)
            /// Told, not judged.
            case none

            func holds(_ ratio: Double) -> Bool? {
                switch self {
                case .atLeast(let limit): ratio >= limit
                case .atMost(let limit): ratio <= limit
                case .none: nil
                }
            }

            var words: String {
                switch self {
                case .atLeast(let limit): "≥ \(Figure.ratio(limit))"
                case .atMost(let limit): "≤ \(Figure.ratio(limit))"
                case .none: ""
                }
            }
        }

        /// What was measured, under which conditions.
        package let benchmark: String
        /// The figure, with its unit.
        package let measured: String
        /// The peer's figure or the limit, with its unit.
        package let against: String
        /// The one divided by the other, such that the goal reads naturally.
        package let ratio: Double
        /// What the ratio must be.
        package let goal: Goal

        /// A budget from its parts.
        package init(benchmark: String, measured: String, against: String, ratio: Double, goal: Goal) {
            self.benchmark = benchmark
            self.measured = measured
            self.against = against
            self.ratio = ratio
            self.goal = goal
        }

        /// Whether the goal is met; nil where nothing is judged.
        package var holds: Bool? { goal.holds(ratio) }
    }

    /// In the order of their measurement.
    package var rows: [Row]
    /// Lines for those who want to know more: single runs, distributions, where the time went.
    package var notes: [String]

    /// A report of what there is so far.
    package init(rows: [Row] = [], notes: [String] = []) {
        self.rows = rows
        self.notes = notes
    }

    /// Whether every budget holds.
    package var isWithinBudget: Bool { rows.allSatisfy { $0.holds != false } }

    /// Puts another report's rows and notes behind the own ones.
    package mutating func add(_ other: BenchmarkReport) {
        rows += other.rows
        notes += other.notes
    }

    /// A table for people, and the notes below it.
    package var text: String {
        let cells =
            [["BENCHMARK", "MEASURED", "AGAINST", "RATIO", "GOAL", "HOLDS"]]
            + rows.map { row in
                [
                    row.benchmark, row.measured, row.against, Figure.ratio(row.ratio), row.goal.words,
                    row.holds.map { $0 ? "yes" : "NO" } ?? "",
                ]
            }
        let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        let table = cells.map { row in
            var line = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                .joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        return (table + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n") + "\n"
    }

    /// One object for machines.
    package func json() throws -> String {
        struct Budget: Encodable {
            let benchmark: String
            let measured: String
            let against: String
            let ratio: Double
            let goal: String
            let holds: Bool?
        }
        struct Object: Encodable {
            let rows: [Budget]
            let notes: [String]
            let withinBudget: Bool
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let budgets = rows.map {
            Budget(
                benchmark: $0.benchmark,
                measured: $0.measured,
                against: $0.against,
                ratio: $0.ratio,
                goal: $0.goal.words,
                holds: $0.holds
            )
        }
        let object = Object(rows: budgets, notes: notes, withinBudget: isWithinBudget)
        return String(decoding: try encoder.encode(object), as: UTF8.self) + "\n"
    }
}
