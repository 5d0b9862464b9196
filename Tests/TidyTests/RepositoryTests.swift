import Testing

/// The rules, held against the repository itself; `…RuleTests` prove that each rule can fail.
@Suite struct RepositoryTests {
    let repository = Repository.shared

    @Test func `the repository was found and read`() {
        #expect(repository.files.contains { $0.path == "Package.swift" })
        #expect(repository.files.contains { $0.path.hasPrefix("Tests/TidyTests/") })
        #expect(repository.files.contains { $0.path == "Scripts/test" })
    }

    @Test func `targets import what the table allows`() {
        let violations = repository.files.flatMap(ImportRule.check)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `no banned word is in use`() {
        let violations = repository.files.flatMap { BanRule.check($0) }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `unchecked code names its protection and stays rare`() {
        let violations = BanRule.checkGuarded(repository.files)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `one word a concept`() {
        let violations = repository.files.flatMap { SynonymRule.check($0) }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `no exception outlives its use`() {
        let violations = BanRule.idle(in: repository.files) + SynonymRule.idle(in: repository.files)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `files have their shape`() {
        let violations = repository.files.flatMap(ShapeRule.check)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `whoever reads the history names the live table first`() {
        let violations = repository.files.flatMap(HistoryOrderRule.check)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `migrations are numbered and bounded`() {
        let violations = LayoutRules.migrations(repository.files)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `only sources are kept`() {
        let violations = LayoutRules.content(repository.entries)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `every target is tested and every test is run`() throws {
        let script = try #require(repository.text(of: "Scripts/test"))
        let paths = repository.entries.map(\.path)
        let violations = LayoutRules.testFolders(paths) + LayoutRules.stages(paths, script: script)
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `links in the documents lead somewhere`() {
        let violations = repository.files.flatMap { LayoutRules.links($0, exists: repository.exists) }
        #expect(violations.isEmpty, "\(violations.report)")
    }

    @Test func `the README names the two commands`() {
        let violations = repository.text(of: "README.md").map(LayoutRules.readme) ?? []
        #expect(violations.isEmpty, "\(violations.report)")
    }
}
