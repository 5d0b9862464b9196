/// How a merchant numbers its orders, in a file and in the files before it.
package enum OrderNumbers: String, Sendable, CaseIterable {
    /// A serial alone.
    case serial
    /// The date and a serial of the day, as most merchants write them: each file lies behind all earlier ones.
    case rising
    /// Digits by chance, so that each number falls anywhere among those stored.
    case random

    /// The most numbers of earlier files that are told apart from those of the file.
    package static let storedMax = 100_000_000
    /// How many numbers the earlier files of one day have.
    private static let storedADay = 100_000
    /// A prime of which cubing is one to one, as three does not divide it less one.
    private static let modulus: Int64 = 1_000_000_007
    private static let factor: Int64 = 387_420_489
    /// What the file's random numbers are made of; those of earlier files come from smaller ones.
    private static let fileStart = 500_000_000

    /// The number of a line, from 1, of the file.
    package func text(line: Int) -> String {
        switch self {
        case .serial: "B" + Figure.padded(Int64(line), 10)
        case .rising: "B20260301" + Figure.padded(Int64(line), 10)
        case .random: Self.scattered(Int64(Self.fileStart + line))
        }
    }

    /// In SQL, the number of an order of earlier files; the table `numbers` has the columns `n`, from 1 to `count`, and
    /// `x`, which is `sqlScatter`.
    func storedSQL(count: Int) -> String {
        switch self {
        case .serial: "'A' || lpad(n::text, 10, '0')"
        case .rising:
            "'B' || to_char(date '2026-02-28' - ((\(count) - n) / \(Self.storedADay))::int, 'YYYYMMDD')"
                + " || lpad((\(Self.storedADay) - (\(count) - n) % \(Self.storedADay))::text, 10, '0')"
        case .random:
            "'B' || lpad((x * x % \(Self.modulus) * x % \(Self.modulus))::text, 10, '0')"
                + " || lpad((n * 48271 % 99999989)::text, 8, '0')"
        }
    }

    /// In SQL, what random numbers are made of.
    static var sqlScatter: String { "n * \(factor) % \(modulus)" }

    private static func scattered(_ n: Int64) -> String {
        let x = n * factor % modulus
        let cube = x * x % modulus * x % modulus
        return "B" + Figure.padded(cube, 10) + Figure.padded(n * 48_271 % 99_999_989, 8)
    }
}
