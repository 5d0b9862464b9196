import Foundation
import StrictYAML
import Testing

@Suite struct FileTests {
    struct BadText: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let place: String
        let what: String

        init(_ name: String, _ text: String, _ place: String, _ what: String) {
            testDescription = name
            self.text = text
            self.place = place
            self.what = what
        }
    }

    static let badTexts: [BadText] = [
        BadText("nothing", "", "0:0", "no document"),
        BadText("only a comment", "# nothing\n", "0:0", "no document"),
        BadText("a list at the top", "- a\n", "1:1", "must be a mapping"),
        BadText("a word at the top", "hello\n", "1:1", "must be a mapping"),
        BadText(
            "a duplicate key",
            "a: 1\nb:\n  c: 1\n  d: 2\n  # c: 3\n  c: 3\n",
            "6:3",
            "`c` appears twice (first on line 3)"
        ),
        BadText("a duplicate in a list item", "l:\n  - a: 1\n    b: 2\n    a: 3\n", "4:5", "`a` appears twice"),
        BadText("a quoted duplicate", "a: 1\n\"a\": 2\n", "2:1", "`a` appears twice"),
        BadText("a duplicate across kinds", "1: x\n\"1\": y\n", "2:1", "`1` appears twice"),
        BadText("a duplicate in braces", "m: {k: 1, k: 2}\n", "1:5", "`k` appears twice"),
        BadText("an anchor", "a: &x 1\nb: 2\n", "1:4", "anchors"),
        BadText("an anchored mapping", "a: 1\nb: &x\n  c: 1\n", "2:4", "anchors"),
        BadText("an anchored key", "&x a: 1\n", "1:1", "anchors"),
        BadText("an alias", "a: &x 1\nb: *x\n", "1:4", "anchors"),
        BadText("an undefined alias", "a: 1\nb: *x\n", "2:4", "anchors"),
        BadText("a tag", "a: !!binary aGk=\n", "1:4", "tags"),
        BadText("a tag on quoted text", "a: !secret \"x\"\n", "1:4", "tags"),
        BadText("a tagged mapping", "a: !m\n  b: 1\n", "1:4", "tags"),
        BadText("a tagged key", "!m a: 1\n", "1:1", "tags"),
        BadText("a second document", "a: 1\n---\nb: 2\n", "2:1", "second document"),
        BadText("a tab as indentation", "a:\n\tb: 1\n", "2:1", "tab"),
        BadText("a tab after a value", "a: 1\t# one\n", "1:5", "tab"),
        BadText("a NUL byte", "a: 1\nb: x\u{0}y\n", "2:5", "U+0000"),
        BadText("a lone carriage return", "a: 1\rb: 2\n", "1:5", "U+000D"),
        BadText("a direction override", "a: x\u{202E}y\n", "1:5", "U+202E"),
        BadText("an unclosed quote", "a: \"x\nb: 1\n", "3:1", "not valid YAML"),
        BadText("an unclosed bracket", "a: [1, 2\nb: 1\n", "2:2", "not valid YAML"),
        BadText("a key without colon", "a: 1\nb\nc: 1\n", "3:1", "not valid YAML"),
        BadText("a colon in a value", "a: b: c\n", "1:5", "not valid YAML"),
        BadText("a list as key", "? [a, b]\n: 1\n", "1:3", "a key must be a word"),
        BadText("a truth value as key", "codes:\n  NO: done\n", "2:3", "the key `NO`"),
    ]

    @Test(arguments: badTexts) func `a loose form is refused at its place`(_ bad: BadText) throws {
        let error = try refusal(of: bad.text) { mapping in _ = mapping.entries() }
        #expect(place(error) == bad.place, "\(error)")
        #expect(error.what.contains(bad.what), "\(error)")
        #expect(!error.mend.isEmpty)
    }

    @Test func `an alias bomb is refused before it is expanded`() throws {
        var text = "a0: &a0 {k: v}\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) {? *a\(level - 1) : *a\(level - 1), ? [*a\(level - 1)] : 1}\n"
        }
        let error = try refusal(of: text)
        #expect(error.what.contains("begin with `*`"))
    }

    @Test func `the worst nesting below the limit is refused in no time`() throws {
        var text = "a0: &a0 {k: v}\n"
        for level in 1...10 {
            let inner = "*a\(level - 1)"
            text += "a\(level): &a\(level) {? [\(inner), \(inner), \(inner)] : 1}\n"
        }
        let error = try refusal(of: text)
        #expect(error.what.contains("anchors"))
        #expect(place(error) == "1:5")
    }

    @Test(arguments: ["[", "{a: "]) func `deep nesting is refused, not a crash`(_ opening: String) async throws {
        let error = try refusal(of: "a: " + String(repeating: opening, count: 20_000))
        #expect(error.what.contains("not valid YAML"))
    }

    @Test func `a byte order mark and CRLF change neither values nor places`() throws {
        let mapping = try YAMLMapping.parse("\u{FEFF}a: x\r\nb: y\r\n", file: "x.yaml")
        #expect(try mapping.string("a") == "x")
        #expect(place(mapping.error(at: "b", what: "", mend: "")) == "2:4")
    }

    @Test func `a file is read and its path names the error`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("strict-\(getpid())-a.yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("poll:\n  frist: 10s\n".utf8).write(to: URL(fileURLWithPath: path))
        let poll = try YAMLMapping.load(file: path).mapping("poll")
        let error = try #require(throws: YAMLError.self) { try poll.duration("first") }
        #expect(error.description == "\(path):2:3: `first` is missing, and `frist` looks like it; write `first`")
    }

    @Test func `bytes that are no UTF-8 are refused at their place`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("strict-\(getpid())-b.yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0x61, 0x3A, 0x20, 0x62, 0x0A, 0x63, 0x3A, 0x20, 0xD6, 0xD0, 0x0A]).write(
            to: URL(fileURLWithPath: path)
        )
        let error = try #require(throws: YAMLError.self) { try YAMLMapping.load(file: path) }
        #expect(place(error) == "2:4")
        #expect(error.what.contains("not UTF-8"))
    }

    @Test func `what is no file of a fit size is refused without a place`() throws {
        let folder = FileManager.default.temporaryDirectory
        let large = folder.appendingPathComponent("strict-\(getpid())-c.yaml").path
        let pipe = folder.appendingPathComponent("strict-\(getpid())-d.yaml").path
        defer {
            try? FileManager.default.removeItem(atPath: large)
            try? FileManager.default.removeItem(atPath: pipe)
        }
        try Data(repeating: 0x23, count: 1 << 20 + 1).write(to: URL(fileURLWithPath: large))
        try #require(mkfifo(pipe, 0o600) == 0)
        let cases = [
            (large, "larger than 1048576 bytes"), (pipe, "not a regular file"), (folder.path, "not a regular file"),
            (large + ".none", "cannot be read"),
        ]
        for (path, what) in cases {
            let error = try #require(throws: YAMLError.self) { try YAMLMapping.load(file: path) }
            #expect(error.description.hasPrefix("\(path): \(what)"), "\(error)")
        }
    }
}
