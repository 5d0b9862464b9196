import Testing

@Suite struct SourceFileTests {
    @Test(arguments: [
        ("let a = 1 // Date()", "let a = 1"),
        ("let a = /* Date() /* x */ y */ 2", "let a = 2"),
        (#"let a = "Date() \" // x""#, #"let a = "" "#),
        (#"let a = "x \(Date()) y""#, #"let a = "\(Date())" "#),
        (#"f("x \(g("a)b")) y", h)"#, #"f("\(g(""))", h)"#),
        (##"let a = #"Date() \(x) " \#(y)"# + z"##, ##"let a = #"\#(y)"# + z"##),
        ("let a = \"\"\"\n    Date() \"quoted\"\n    \"\"\" + b", "let a = \"\"\" \"\"\" + b"),
        ("func `prints Date()`() {}", "func ``() {}"),
        ("let a = \"https://x\" + Date()", "let a = \"\" + Date()"),
    ]) func `comments and literals are blanked, interpolations stay`(_ text: String, _ expected: String) {
        let file = SourceFile(path: "Sources/X/A.swift", text: text)
        let code = file.code.joined(separator: " ")
        #expect(code.filter { $0 != " " } == expected.filter { $0 != " " })
        #expect(file.code.count == file.lines.count)
    }

    @Test func `comments are told from text that looks like one`() {
        let file = SourceFile(path: "Sources/X/A.swift", text: "let a = \"// no\" // yes\n/// doc\nlet b = 1")
        #expect(file.comments.map { $0.filter { $0 != " " } } == ["//yes", "///doc", ""])
        #expect(file.uncommented[0].contains("// no"))
    }

    @Test func `SQL comments and literals are told apart`() {
        let file = SourceFile(path: "Sources/X/a.sql", text: "select 'it''s -- text' -- note\nfrom t")
        #expect(file.comments[0].filter { $0 != " " } == "--note")
        #expect(file.code[0].hasPrefix("select '"))
        #expect(!file.code[0].contains("text"))
        #expect(file.code[1] == "from t")
    }
}
