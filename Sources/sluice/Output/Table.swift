import PaymentCore

/// A plain table for people: columns as wide as their content.
///
/// Where the terminal is too narrow the widest texts give way.
package struct Table {
    /// A column of texts that gives way keeps so many places.
    private static let leastWidth = 10

    /// How a column stands.
    private enum Alignment {
        case left
        case right
    }

    private let titles: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// A title that begins with `#` is a column of numbers, which stand to the right.
    package init(_ titles: String...) {
        alignments = titles.map { $0.hasPrefix("#") ? .right : .left }
        self.titles = titles.map { $0.hasPrefix("#") ? String($0.dropFirst()) : $0 }
    }

    /// Adds a row; control characters are escaped, nothing is shown for nil.
    package mutating func add(_ cells: String?...) {
        precondition(cells.count == titles.count, "a row has a cell for each column")
        rows.append(cells.map { Masked.visible($0 ?? "", scalarsMax: 400) })
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// The table's lines.
    ///
    /// `columns`: the terminal's; nil cuts nothing.
    package func text(columns: Int? = Terminal.columns) -> String {
        let all = [titles.map { $0.uppercased() }] + rows
        let widths = fitted(titles.indices.map { column in all.map { Self.width($0[column]) }.max() ?? 0 }, columns)
        return all.map { cells in
            var line = ""
            for (index, whole) in cells.enumerated() {
                let cell = Self.cut(whole, columns: widths[index])
                let padding = String(repeating: " ", count: widths[index] - Self.width(cell))
                if index > 0 { line += "  " }
                line += alignments[index] == .right ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            return Self.cut(line, columns: columns)
        }.joined(separator: "\n")
    }

    /// The widths with the widest columns of texts narrowed, place by place, until the line fits.
    ///
    /// Numbers are never cut, nor is a column narrower than its title; the first column, by which rows are known, gives
    /// way last.
    private func fitted(_ widths: [Int], _ columns: Int?) -> [Int] {
        guard let columns else { return widths }
        var widths = widths
        var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - columns
        while excess > 0 {
            let wide = widths.indices.filter {
                alignments[$0] == .left && widths[$0] > max(Self.leastWidth, Self.width(titles[$0]))
            }
            let widest = wide.dropFirst(wide.first == 0 && wide.count > 1 ? 1 : 0).max { widths[$0] < widths[$1] }
            guard let widest else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private static func cut(_ line: String, columns: Int?) -> String {
        guard let columns, width(line) > columns else { return line }
        var shown = ""
        var used = 1
        for scalar in line.unicodeScalars {
            used += width(scalar)
            if used > columns { break }
            shown.unicodeScalars.append(scalar)
        }
        return shown + "…"
    }

    private static func width(_ text: String) -> Int { text.unicodeScalars.reduce(0) { $0 + width($1) } }

    /// East Asian wide characters take two columns.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            2
        default: scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}
