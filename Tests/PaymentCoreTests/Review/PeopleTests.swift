import PaymentCore
import Testing

@Suite struct PeopleTests {
    @Test(arguments: [
        ("rita", true), ("r", true), ("rita.b-2_x", true), (String(repeating: "a", count: 40), true), ("", false),
        ("Rita", false), ("1rita", false), ("ri ta", false), ("rità", false), ("rita\n", false),
        (String(repeating: "a", count: 41), false),
    ]) func `a login is written one way only`(_ text: String, _ isLogin: Bool) {
        #expect((LoginName(text) != nil) == isLogin)
    }

    @Test(arguments: [
        ("S1", "S1"), ("s-1.b_c", "S-1.B_C"), ("007", "007"), ("", nil), ("-1", nil), ("ß1", nil), ("S 1", nil),
        (String(repeating: "1", count: 41), nil),
    ]) func `one staff number cannot stand for two people`(_ text: String, _ value: String?) {
        #expect(StaffNumber(text)?.value == value)
    }

    @Test(arguments: [
        ("twelve chars", true), ("eleven char", false), (String(repeating: "x", count: 1_024), true),
        (String(repeating: "x", count: 1_025), false), ("twelve\tchars", false), ("密码密码密码密码密码密码", true), ("", false),
    ]) func `a password that is chosen has twelve characters, and none that cannot be typed`(
        _ text: String,
        _ isChosen: Bool
    ) {
        #expect((Password(chosen: text)?.bytes == Array(text.utf8)) == isChosen)
    }

    @Test func `a one-time password shows all of its bits, and can be typed`() throws {
        let zero = Password.oneTime(random: [UInt8](repeating: 0, count: 15))
        #expect(zero.text == "000000-000000-000000-000000")
        let high = Password.oneTime(random: [UInt8](repeating: 0xFF, count: 15))
        #expect(high.text == "zzzzzz-zzzzzz-zzzzzz-zzzzzz")
        var texts: Set<String> = []
        for bit in 0..<120 {
            var random = [UInt8](repeating: 0, count: 15)
            random[bit / 8] = 1 << UInt8(bit % 8)
            let drawn = Password.oneTime(random: random)
            #expect(Password(typed: drawn.text) == drawn.password)
            texts.insert(drawn.text)
        }
        #expect(texts.count == 120)
    }

    @Test func `no secret shows itself`() throws {
        let secret = try #require(SessionSecret(bytes: [UInt8](repeating: 0xAB, count: 32)))
        let password = try #require(Password(typed: "correct horse battery"))
        for shown in ["\(secret)", String(reflecting: secret), "\(password)", String(reflecting: [password])] {
            #expect(!shown.contains("171") && !shown.contains("ab") && !shown.contains("horse"), "\(shown)")
            #expect(!shown.contains("99"))
        }
        var dumped = ""
        dump(secret, to: &dumped)
        dump(password, to: &dumped)
        #expect(!dumped.contains("171") && !dumped.contains("99"))
        #expect(SessionSecret(bytes: [1]) == nil)
    }

    @Test func `who decides about money administers nothing, and who administers decides nothing`() {
        for role in PeopleRole.allCases {
            #expect(role.actions.contains(.look))
            #expect(!role.actions.contains(.administer) || role.actions.isDisjoint(with: [.amend, .propose, .approve]))
        }
        #expect(PeopleAction.approve.roles == [.approver])
        #expect(PeopleAction.administer.roles == [.administrator])
    }
}
