/// Numbers as a report shows them.
package enum Figure {
    /// Microseconds as milliseconds with three decimals.
    package static func milliseconds(_ microseconds: Int64) -> String {
        "\(microseconds / 1_000).\(padded(microseconds % 1_000, 3)) ms"
    }

    /// A duration in seconds with two decimals.
    package static func seconds(_ duration: Duration) -> String {
        let hundredths = duration.components.seconds * 100 + duration.components.attoseconds / 10_000_000_000_000_000
        return "\(hundredths / 100).\(padded(hundredths % 100, 2)) s"
    }

    /// A ratio with two decimals, rounded down, so that none looks better than it is.
    static func ratio(_ value: Double) -> String {
        let hundredths = Int64((value * 100).rounded(.down))
        return "\(hundredths / 100).\(padded(hundredths % 100, 2))"
    }

    static func seconds(of duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// Whole digits in groups of three.
    package static func grouped(_ value: Int64) -> String {
        var text = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0, digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// As in `120,000 records/s`.
    static func perSecond(_ records: Double) -> String { "\(grouped(Int64(records))) records/s" }

    /// The middle one of some values, the greater of two.
    package static func middle(_ values: [Double]) -> Double {
        precondition(!values.isEmpty, "nothing has no middle")
        return values.sorted()[values.count / 2]
    }

    /// Digits with zeros before them.
    static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}
