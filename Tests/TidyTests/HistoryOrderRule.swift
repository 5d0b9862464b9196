/// Whoever reads the history names the live table before it, in the same SQL text.
///
/// A day leaves under a lock on the live table. A statement that names it first waits there, and sees every row once;
/// one that reads the history first, or alone, may miss a row that leaves between two looks.
enum HistoryOrderRule {
    /// Where days and their receipts are handled themselves; and measured.
    static let exempt = [
        "Sources/PostgresStore/Archiving/", "Sources/PostgresStore/Migrations/", "Sources/sluice-bench/",
        "Sources/PostgresStore/Inspection/Invariant+archiveBreaches.swift",
    ]

    static func check(_ file: SourceFile) -> [Violation] {
        let isView = file.isSQL && file.path.hasPrefix("Sources/")
        guard file.path.hasPrefix("Sources/"), isView || !exempt.contains(where: file.path.hasPrefix) else { return [] }
        return (isView ? views(file) : texts(file)).flatMap { text in
            violations(of: text).map { table in
                Violation(
                    file.path,
                    line: text.line,
                    "`history.\(table)` without `sluice.\(table)` before it in one SQL text"
                )
            }
        }
    }

    /// A text that is one statement, or a part of one.
    struct Text {
        let line: Int
        let words: String
    }

    /// The tables of a text whose history stands before the live one, or alone.
    static func violations(of text: Text) -> [String] {
        var live: Set<String> = []
        var found: [String] = []
        for (schema, table) in tables(text.words) {
            if schema == "sluice" { live.insert(table) } else if !live.contains(table) { found.append(table) }
        }
        return found
    }

    /// The tables whose days leave.
    private static let heavy: Set<Substring> = [
        "payment_order", "payment_attempt", "submission", "quarantine_record", "exchange",
    ]

    /// `schema.table` in the order in which they stand, a table that is interpolated by the expression for it.
    private static func tables(_ words: String) -> [(schema: String, table: String)] {
        var found: [(schema: String, table: String)] = []
        var rest = words[...]
        while let dot = rest.firstIndex(of: ".") {
            let schema = String(rest[..<dot].reversed().prefix { isOfName($0) }.reversed())
            rest = rest[rest.index(after: dot)...]
            guard schema == "sluice" || schema == "history" else { continue }
            let interpolation = rest.hasPrefix("\\(") ? rest.firstIndex(of: ")").map { rest[...$0] } : nil
            let table = interpolation ?? rest.prefix { isOfName($0) }
            if interpolation != nil || heavy.contains(table) { found.append((schema, String(table))) }
        }
        return found
    }

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// Literals of several lines are one text each; of single-line literals, those of one line are.
    private static func texts(_ file: SourceFile) -> [Text] {
        var texts: [Text] = []
        var open: Text?
        for (index, line) in file.uncommented.enumerated() {
            let marks = line.ranges(of: "\"\"\"").count
            if let begun = open {
                open = Text(line: begun.line, words: begun.words + "\n" + line)
                if marks % 2 == 1 {
                    texts += [open].compactMap(\.self)
                    open = nil
                }
            } else if marks % 2 == 1 {
                open = Text(line: index + 1, words: line)
            } else {
                texts.append(Text(line: index + 1, words: line))
            }
        }
        return texts
    }

    /// The views of a migration: everything else there is a step of its own.
    private static func views(_ file: SourceFile) -> [Text] {
        var texts: [Text] = []
        var open: Text?
        for (index, line) in file.uncommented.enumerated() {
            if line.hasPrefix("CREATE VIEW") || line.hasPrefix("CREATE OR REPLACE VIEW") {
                open = Text(line: index + 1, words: line)
            } else if let begun = open {
                open = Text(line: begun.line, words: begun.words + "\n" + line)
            }
            guard let begun = open, line.hasSuffix(";") else { continue }
            texts.append(begun)
            open = nil
        }
        return texts
    }
}
