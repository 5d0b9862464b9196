import StrictYAML
import Testing

@Suite struct ValueTests {
    enum Colour: String, CaseIterable {
        case red
        case off
    }

    @Test func `a whole mapping reads as written`() throws {
        let text = """
            name: "no"
            code: 0000
            sentence: a 'plain' text, with C# and [brackets]
            count: -7
            ready: true
            wait: 5m
            colour: off
            list: [a, "yes", 3]
            empty: []
            inner:
              k: v
            table:
              - n: 1
              - n: 2
            codes:
              "0000": {meaning: done}
              E1: plain
            """
        let mapping = try YAMLMapping.parse(text, file: "x.yaml")
        #expect(try mapping.string("name") == "no")
        #expect(try mapping.string("code") == "0000")
        #expect(try mapping.optionalString("sentence") == "a 'plain' text, with C# and [brackets]")
        #expect(try mapping.int("count", in: -10...10) == -7)
        #expect(try mapping.bool("ready", default: false))
        #expect(try mapping.duration("wait") == .seconds(300))
        #expect(try mapping.enumeration("colour", as: Colour.self) == .off)
        #expect(try mapping.strings("list") == ["a", "yes", "3"])
        #expect(try mapping.strings("empty").isEmpty)
        #expect(try mapping.mapping("inner").string("k") == "v")
        #expect(try mapping.mappings("table").map { try $0.int("n", in: 0...9) } == [1, 2])
        let codes = try mapping.mapping("codes").entries()
        #expect(codes.map(\.key) == ["0000", "E1"])
        #expect(codes.map(\.value.kind) == [.mapping, .scalar])
        #expect(try codes[0].value.mapping().string("meaning") == "done")
        #expect(try codes[1].value.string() == "plain")
        try mapping.finish()
    }

    @Test func `keys left out read as nothing`() throws {
        let mapping = try YAMLMapping.parse("{}", file: "x.yaml")
        #expect(try mapping.optionalString("a") == nil)
        #expect(try mapping.optionalInt("a", in: 0...1) == nil)
        #expect(try mapping.bool("a", default: true))
        #expect(try mapping.optionalDuration("a") == nil)
        #expect(try mapping.optionalEnumeration("a", as: Colour.self) == nil)
        #expect(try mapping.optionalEnumeration("a", ["x": 1]) == nil)
        #expect(try mapping.optionalStrings("a") == nil)
        #expect(try mapping.optionalMapping("a") == nil)
        #expect(try mapping.optionalMappings("a") == nil)
        try mapping.finish()
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("5m", .seconds(300)), ("2h", .seconds(7_200)),
        ("1d", .seconds(86_400)), ("0s", .zero), ("\"10s\"", .seconds(10)),
    ]) func `a duration reads in its unit`(_ text: String, _ expected: Duration) throws {
        #expect(try YAMLMapping.parse("d: \(text)", file: "x.yaml").duration("d") == expected)
    }

    @Test(arguments: [
        "10", "s", "1.5s", "-1s", "+1s", "1 s", "010s", "10S", "1w", "999999999999999999999s", "99999999999999999d",
        "40000d", "١s", "\"\"", "[1s]", "", "{a: 1s}",
    ]) func `what is no duration is refused`(_ text: String) throws {
        let error = try refusal(of: "d: \(text)") { _ = try $0.duration("d") }
        #expect(error.line == 1)
        #expect(error.what.contains("`d`"))
    }

    @Test(arguments: [
        "1.0", "0x10", "010", "1_000", "+1", "-0", "\"5\"", "11", "-1", "ten", "", "~", "[1]", "{a: 1}", "1e1",
    ])
    func `what is no integer of the range is refused`(_ text: String) throws {
        let error = try refusal(of: "n: \(text)") { _ = try $0.int("n", in: 0...10) }
        #expect(error.line == 1)
        #expect(error.what.contains("`n`"))
    }

    @Test(arguments: ["yes", "on", "True", "1", "\"true\"", "", "[true]"])
    func `what is no truth value is refused`(_ text: String) throws {
        let error = try refusal(of: "b: \(text)") { _ = try $0.bool("b") }
        #expect(error.what.contains("`b`"))
    }

    @Test(arguments: ["no", "NO", "Yes", "on", "OFF", "true", "False", "y", "N", "~", "null", "", "[a]", "{a: b}"])
    func `a plain word that reads as something else is no text`(_ text: String) throws {
        let error = try refusal(of: "s: \(text)") { _ = try $0.string("s") }
        #expect(error.what.contains("`s`"))
        let inList = try refusal(of: "s: [\(text.isEmpty ? "~" : text)]") { _ = try $0.strings("s") }
        #expect(inList.what.contains("`s[0]`"))
    }

    @Test func `the Norway error says to quote`() throws {
        let error = try refusal(of: "country: no\n") { _ = try $0.string("country") }
        let expected =
            "x.yaml:1:10: `country` must be text, and the plain word `no` reads as a truth value; quote it: \"no\""
        #expect(error.description == expected)
    }

    @Test func `an unlisted word is refused with the list and a guess`() throws {
        let error = try refusal(of: "a: 1\nmode:  redd\n") { _ = try $0.enumeration("mode", as: Colour.self) }
        #expect(error.description == "x.yaml:2:8: `mode` cannot be `redd`; did you mean `red`? allowed: `off`, `red`")
        let other = try refusal(of: "mode: green\n") { _ = try $0.enumeration("mode", ["x": 1, "w": 2]) }
        #expect(other.mend == "allowed: `w`, `x`")
    }

    @Test func `a value out of range is named with its limits`() throws {
        let count = try refusal(of: "n: 11\n") { _ = try $0.int("n", in: 0...10) }
        #expect(count.description == "x.yaml:1:4: `n` is 11, out of range; choose an integer from 0 to 10")
        let wait = try refusal(of: "d: 2d\n") { _ = try $0.duration("d", in: .milliseconds(500) ... .seconds(7_200)) }
        #expect(wait.description == "x.yaml:1:4: `d` is `2d`, out of range; choose a duration from 500ms to 2h")
    }

    @Test func `text is never quoted in an error`() throws {
        let error = try refusal(of: "url: postgres://u:hidden@h\n") { _ = try $0.mapping("url") }
        #expect(!error.description.contains("hidden"))
        #expect(error.description.hasPrefix("x.yaml:1:6: `url` must be a mapping"))
    }
}
