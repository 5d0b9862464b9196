import Testing

/// Plants misshapen files and expects them to be found.
@Suite struct ShapeRuleTests {
    struct Planted: Sendable, CustomTestStringConvertible {
        let path: String
        let text: String
        let line: Int
        let what: String
        var testDescription: String { what }

        init(_ path: String, _ text: String, line: Int, _ what: String) {
            self.path = path
            self.text = text
            self.line = line
            self.what = what
        }
    }

    static let swift = "Sources/Store/A.swift"
    static let long = String(repeating: "x", count: 121)

    static let planted: [Planted] = [
        Planted("Sources/Store/Utils/A.swift", "", line: 0, "folder named `Utils`"),
        Planted("Sources/Store/Helpers/A.swift", "", line: 0, "folder named `Helpers`"),
        Planted("Tests/StoreTests/New/A.swift", "", line: 0, "folder named `New`"),
        Planted("Sources/Store/Models/A.swift", "", line: 0, "folder named `Models`"),
        Planted(swift, "a\n\(long)\n", line: 2, "longer than 120"),
        Planted("Sources/PostgresStore/Migrations/0001_a.sql", long, line: 1, "longer than 120"),
        Planted(swift, "a\nb \n", line: 2, "blanks at the end"),
        Planted("Docs/a.md", "a\t\n", line: 1, "blanks at the end"),
        Planted(swift, String(repeating: "a\n", count: 401), line: 0, "401 lines"),
        Planted(swift, "a\n// TODO: later", line: 2, "`TODO`"),
        Planted(swift, "/* FIXME */", line: 1, "`FIXME`"),
        Planted("Scripts/x", "# XXX\n", line: 1, "`XXX`"),
        Planted("Sources/PostgresStore/Migrations/0001_a.sql", "select 1; -- TODO\n", line: 1, "`TODO`"),
        Planted(swift, "a\npackage protocol Store {}", line: 2, "named like its module"),
        Planted(swift, "final class OrderManager {}", line: 1, "`OrderManager`"),
        Planted(swift, "enum StringUtil {}", line: 1, "`StringUtil`"),
        Planted(swift, "struct DateHelper {}", line: 1, "`DateHelper`"),
    ]

    @Test(arguments: planted) func `a misshapen file is found`(_ bad: Planted) {
        let violations = ShapeRule.check(SourceFile(path: bad.path, text: bad.text))
        #expect(violations.count == 1, "\(violations.report)")
        #expect(violations.first?.line == bad.line)
        #expect(violations.first?.what.contains(bad.what) == true, "\(violations.report)")
    }

    @Test(arguments: [
        (swift, String(repeating: "x", count: 120)), (swift, String(repeating: "a\n", count: 400)),
        (swift, "let currency = \"XXX\""), (swift, "let a = \"TODO\""), (swift, "struct StoreClock {}"),
        (swift, "let manager = FileManager.default"), (swift, "protocol TodoList {}"),
        ("Tests/StoreTests/A.swift", String(repeating: "a\n", count: 900)), ("Docs/a.md", long),
        (swift, "let a = \"" + String(repeating: "中", count: 100) + "\""),
    ]) func `a well shaped file passes`(_ path: String, _ text: String) {
        let violations = ShapeRule.check(SourceFile(path: path, text: text))
        #expect(violations.isEmpty, "\(violations.report)")
    }
}
