import BatchFiles
import PaymentCore
import Testing

/// Spaces and other characters that nobody sees, in numbers, accounts and texts.
@Suite struct RecordSpacesTests {
    private static let account = "6228480040106028109"

    private static func check(_ line: String, rules: RecordRules? = nil) throws -> CheckedRecord {
        let bytes = Array("\(Samples.line)\n\(line)\n".utf8)
        return try #require(
            try RecordCheckerTests.check(bytes, Samples.layout(), try rules ?? RecordRules()).last
        )
    }

    private static func codes(_ record: CheckedRecord) -> [ReasonCode] {
        switch record {
        case .order(let draft): draft.warnings.map(\.code)
        case .quarantined(let draft): draft.reasons.map(\.code)
        }
    }

    @Test(arguments: [
        ("P1 ", [ReasonCode.numberNotPlain]), (" P1", [.numberNotPlain]), ("P  1", [.numberNotPlain]),
        ("Ｐ1", [.numberNotPlain]), ("P\u{A0}1", [.numberNotPlain]), ("李四1", [.numberNotPlain]),
        ("P\u{200B}1", [.invisibleCharacter, .numberNotPlain]), ("P1\u{3000}", [.numberNotPlain]),
        ("Pe\u{301}1", [.numberNotPlain]), ("P\t1", [.controlCharacter]), (" ", [.missingField]),
        ("\u{A0}", [.missingField]), ("\u{200B}", [.missingField]),
    ])
    func `a number that only looks like another sets the record aside, and is not kept`(
        number: String,
        codes: [ReasonCode]
    ) throws {
        let checked = try Self.check("\(number),\(Self.account),张三,,1,")
        #expect(Self.codes(checked) == codes)
        guard case .quarantined(let draft) = checked else {
            Issue.record("it became an order")
            return
        }
        #expect(draft.merchantOrderNumber == nil)
    }

    @Test(arguments: ["P1", "SDD SIT 024-1", "P-1/2026#3", "(1)"])
    func `a plain number passes`(number: String) throws {
        #expect(try Self.codes(Self.check("\(number),\(Self.account),张三,,1,")) == [])
    }

    @Test func `a merchant may let such numbers pass, as they are`() throws {
        let rules = try RecordRules(severities: [.numberNotPlain: .warn])
        let checked = try Self.check("P1 ,\(Self.account),张三,,1,", rules: rules)
        guard case .order(let draft) = checked else {
            Issue.record("it was quarantined")
            return
        }
        #expect(draft.fields.merchantOrderNumber == "P1 ")
        #expect(draft.warnings.map(\.code) == [.numberNotPlain])
    }

    @Test(arguments: [
        (" Anna", "rent", [ReasonCode.surroundingSpace]), ("Anna ", "rent", [.surroundingSpace]),
        ("张三\u{3000}", "rent", [.surroundingSpace]),
        ("\u{A0}张三", "rent\u{A0}", [.surroundingSpace, .surroundingSpace]),
        ("Anna Li", "the rent", []), ("欧阳 娜娜", "", []),
    ])
    func `spaces around a name or a purpose are a warning, and stay`(
        name: String,
        purpose: String,
        codes: [ReasonCode]
    ) throws {
        let checked = try Self.check("P1,\(Self.account),\(name),,1,\(purpose)")
        #expect(Self.codes(checked) == codes)
        guard case .order(let draft) = checked else {
            Issue.record("it was quarantined")
            return
        }
        #expect(draft.fields.accountName == name)
        #expect(draft.fields.purpose ?? "" == purpose)
    }

    @Test func `a value of spaces alone is none`() throws {
        // The sample wants a name.
        for blank in [" ", "   ", "\u{3000}", "\u{A0} ", "\u{200B}"] {
            #expect(try Self.codes(Self.check("P1,\(Self.account),\(blank),,1,")) == [.missingField])
        }
        #expect(try Self.codes(Self.check("P1, ,张三,,1,")) == [.missingField])
        #expect(try Self.codes(Self.check("P1,\(Self.account),张三,, ,")) == [.missingField])
        guard case .order(let draft) = try Self.check("P1,\(Self.account),张三,,1,  ") else {
            Issue.record("it was quarantined")
            return
        }
        #expect(draft.fields.purpose == nil)
        #expect(draft.warnings.map(\.code) == [.surroundingSpace])
    }

    @Test func `an account in spaces is malformed`() throws {
        #expect(try Self.codes(Self.check("P1, \(Self.account),张三,,1,")) == [.accountMalformed])
    }
}
