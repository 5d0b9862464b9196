import StrictYAML
import Testing

@Suite struct UnknownKeyTests {
    @Test func `a misspelt optional key is named with the one that was meant`() throws {
        let error = try refusal(of: "name: x\n\n    \npol:\n  first: 1s\n") { mapping in
            _ = try mapping.string("name")
            _ = try mapping.optionalMapping("poll")
        }
        #expect(error.description == "x.yaml:4:1: unknown key `pol`; did you mean `poll`?")
    }

    @Test func `an unknown key far from all others is refused with the known ones`() throws {
        let error = try refusal(of: "name: x\n  \nzebra: 1\n") { _ = try $0.string("name") }
        #expect(error.description == "x.yaml:3:1: unknown key `zebra`; known here: `name`")
    }

    @Test func `the root looks into every mapping that was handed out`() throws {
        let text = """
            lanes:
              - slots: 1
              - slots: 2
                slot: 3
            inner: {deeper: {k: 1, extra: 2}}
            """
        let inList = try refusal(of: text) { mapping in
            for lane in try mapping.mappings("lanes") { _ = try lane.int("slots", in: 0...9) }
            _ = try mapping.mapping("inner").mapping("deeper").int("k", in: 0...9)
        }
        #expect(inList.description == "x.yaml:4:5: unknown key `slot`; did you mean `slots`?")
        let deep = try refusal(of: text) { mapping in
            for lane in try mapping.mappings("lanes") { _ = lane.entries() }
            _ = try mapping.mapping("inner").mapping("deeper").int("k", in: 0...9)
        }
        #expect(place(deep) == "5:24")
        #expect(deep.what == "unknown key `extra`")
    }

    @Test func `a mapping asked for twice remembers both readers`() throws {
        let mapping = try YAMLMapping.parse("m: {a: x, b: z}", file: "x.yaml")
        #expect(try mapping.mapping("m").string("a") == "x")
        #expect(try mapping.mapping("m").string("b") == "z")
        try mapping.finish()
    }

    @Test func `a missing key is an error at its mapping`() throws {
        let inner = try refusal(of: "a: 1\nm:\n  other: 1\n") { _ = try $0.mapping("m").string("name") }
        #expect(inner.description == "x.yaml:2:1: `name` is missing; add `name:` to this mapping")
        let root = try refusal(of: "# c\na: 1\n") { _ = try $0.string("name") }
        #expect(place(root) == "2:1")
    }

    @Test(arguments: [
        ("swapped", "frist", "first", true), ("left out", "pol", "poll", true),
        ("two slips", "intervall_s", "interval", false),
        ("two slips in a long word", "intrevals", "interval", true), ("short words", "min", "max", false),
    ]) func `only near words are guessed`(_ name: String, _ written: String, _ known: String, _ near: Bool) throws {
        let error = try refusal(of: "\(written): 1\n") { _ = $0.optionalNode(known) }
        #expect(error.mend.contains("did you mean `\(known)`?") == near, "\(error)")
    }

    @Test func `an error of meaning stands at the value`() throws {
        let mapping = try YAMLMapping.parse("a: 1\nm:\n  - x\nt:   y\n", file: "x.yaml")
        #expect(place(mapping.error(at: "t", what: "w", mend: "m")) == "4:6")
        #expect(place(mapping.error(at: "m", what: "w", mend: "m")) == "2:1")
        #expect(place(mapping.error(at: "absent", what: "w", mend: "m")) == "1:1")
        #expect(place(mapping.error(what: "w", mend: "m")) == "1:1")
    }
}
