import Testing

/// Plants a repository that lacks something and expects it to be found.
@Suite struct LayoutRulesTests {
    func migration(_ name: String, _ text: String = "SET LOCAL lock_timeout = '2s';\nselect 1;\n") -> SourceFile {
        SourceFile(path: "Sources/PostgresStore/Migrations/\(name)", text: text)
    }

    @Test func `migrations in order pass`() {
        #expect(LayoutRules.migrations([migration("0001_base.sql"), migration("0002_roles.sql")]).isEmpty)
        #expect(LayoutRules.migrations([]).isEmpty)
    }

    @Test(arguments: [
        ["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"], ["0001-a.sql"],
        ["0001_.sql"], ["0001_Upper.sql"], ["base.sql"],
    ]) func `a gap or a bad name is found`(_ names: [String]) {
        let violations = LayoutRules.migrations(names.map { migration($0) })
        #expect(violations.count == 1, "\(violations.report)")
    }

    @Test(arguments: ["select 1;", "-- SET lock_timeout = '2s';", "select 'set lock_timeout';", "show lock_timeout;"])
    func `a migration that may wait for ever is found`(_ text: String) {
        #expect(LayoutRules.migrations([migration("0001_a.sql", text)]).map(\.what) == ["must set `lock_timeout`"])
    }

    @Test(arguments: [
        ".build/x", ".build-tsan/x", "a/.sluice/data/PG_VERSION", "Package.resolved", "default.profraw",
        "web/node_modules/a.js", ".swiftpm/x", "a.xctest/b",
    ]) func `what a build leaves is found`(_ path: String) {
        #expect(LayoutRules.content([Repository.Entry(path: path, bytes: 1)]).count == 1)
    }

    @Test func `a large file is found`() {
        #expect(LayoutRules.content([Repository.Entry(path: "a.bin", bytes: 1 << 20)]).isEmpty)
        #expect(LayoutRules.content([Repository.Entry(path: "a.bin", bytes: 1 << 20 + 1)]).count == 1)
    }

    @Test func `a target without tests is found`() {
        let tested = ["Sources/Store/A.swift", "Sources/sluice/A.swift", "Sources/CLibPQ/shim.h"]
        let tests = ["Tests/PostgresStoreTests/A.swift", "Tests/CommandTests/A.swift"]
        #expect(LayoutRules.testFolders(tested + tests).isEmpty)
        #expect(LayoutRules.testFolders(tested + ["Sources/Review/A.swift"] + tests).map(\.path) == ["Sources/Review"])
        #expect(LayoutRules.testFolders(tested).count == 2)
    }

    @Test func `tests that no stage runs are found`() {
        let paths = ["Tests/StoreTests/A.swift", "Tests/ReviewTests/A.swift", "Tests/StoreContract/A.swift"]
        #expect(LayoutRules.stages(paths, script: "unit=(StoreTests ReviewTests)").isEmpty)
        #expect(LayoutRules.stages(paths, script: "unit=(StoreTests)\n").map(\.path) == ["Tests/ReviewTests"])
        #expect(
            LayoutRules.stages(paths, script: "unit=(MyStoreTests ReviewTests)").map(\.path) == ["Tests/StoreTests"]
        )
    }

    @Test(arguments: [
        ("Docs/a.md", "[x](b.md)", true), ("Docs/a.md", "[x](c.md)", false),
        ("Docs/a.md", "[x](../README.md#top)", true),
        ("Docs/a.md", "see [x](b.md) and [y](none/b.md)", false), ("README.md", "[x](Docs/b.md \"title\")", true),
        ("README.md", "[x](../outside.md)", false), ("README.md", "[x](https://example.org/none)", true),
        ("README.md", "[x](#top)", true), ("README.md", "[x](/Docs/b.md)", true), ("Docs/a.swift", "[x](none)", true),
    ]) func `a link must lead somewhere`(_ path: String, _ text: String, _ isGood: Bool) {
        let there: Set<String> = ["Docs/b.md", "README.md", "Docs"]
        let violations = LayoutRules.links(SourceFile(path: path, text: "\n\(text)\n"), exists: there.contains)
        #expect(violations.isEmpty == isGood)
        #expect(violations.allSatisfy { $0.line == 2 })
    }

    @Test func `a README without the commands is found`() {
        #expect(LayoutRules.readme("Run `Scripts/demo`, then `Scripts/test`.").isEmpty)
        #expect(LayoutRules.readme("Run `Scripts/demo`.").map(\.what) == ["must name `Scripts/test`"])
        #expect(LayoutRules.readme("").count == 2)
    }
}
