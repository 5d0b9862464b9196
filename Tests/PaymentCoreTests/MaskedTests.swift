import PaymentCore
import Testing

@Suite struct MaskedTests {
    @Test(arguments: [
        ("6222020200112233445", "622202*********3445"), ("62220202001122", "622202****1122"),
        ("6222020200112", "*************"), ("", ""), ("张三丰的工资卡备注一二三四五六", "***************"),
        ("6222020200112233445张三", "*********************"), ("62220202001122\u{1B}[2J", "******************"),
        ("DE89370400440532013000", "DE8937************3000"),
        (String(repeating: "1", count: 500), String(repeating: "*", count: 32)),
    ])
    func `of an account number six and four characters are shown at most`(number: String, shown: String) {
        #expect(Masked.account(number) == shown)
    }

    @Test(arguments: [
        ("张三", "张*"), ("欧阳娜娜", "欧*"), ("张", "*"), ("", ""), ("John Smith", "J*"), ("\u{1B}[31m", "\\u{1B}*"),
        ("\u{202E}abc", "\\u{202E}*"), ("𠮷野", "𠮷*"),
    ])
    func `of a name the first character is shown`(name: String, shown: String) {
        #expect(Masked.name(name) == shown)
    }

    @Test(arguments: [
        ("A-001", "A-001"), ("a\u{1B}[2Jb", "a\\u{1B}[2Jb"), ("a\nb\tc\0", "a\\u{A}b\\u{9}c\\u{0}"),
        ("abc\u{202E}321", "abc\\u{202E}321"), ("a\u{200B}b", "a\\u{200B}b"), ("a\u{2028}b", "a\\u{2028}b"),
        ("\u{9B}31m", "\\u{9B}31m"), ("\u{E000}", "\\u{E000}"), ("\u{E0041}", "\\u{E0041}"), ("收款", "收款"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"), ("\u{FEFF}", "\\u{FEFF}"),
    ])
    func `a value is made safe for a terminal`(value: String, shown: String) {
        #expect(Masked.visible(value) == shown)
    }

    @Test func `a long value is cut`() {
        #expect(Masked.visible("abcdef", scalarsMax: 3) == "abc…")
        #expect(Masked.visible("abc", scalarsMax: 3) == "abc")
    }

    /// Of an order to 张三, account 12345678.
    @Test(arguments: [
        ("letter of the bank, 12 May", "letter of the bank, 12 May"), ("", ""),
        ("paid to 张三 on 2026-05-12 10:30", "paid to 张* on 2026-05-12 10:30"),
        ("account 12345678, reference 20260512-17", "account ********, reference 20260512-17"),
        ("6222020200112233445 was paid", "622202*********3445 was paid"),
        ("6222 0202 0011 2233 445", "6222 02** **** ***3 445"), ("6222-0202-0011", "****-****-****"),
        ("DE89 3704 0044 0532 0130 00", "DE89 3704 **** **** **30 00"), ("６２２２０２０２００１１", "************"),
        ("no 123456789", "no ********9"),
        ("1 2 3, 4 5 6; 7 8 9 and 10, 11, 12, 13", "1 2 3, 4 5 6; 7 8 9 and 10, 11, 12, 13"),
        ("98765432109", "98765432109"), ("987654321098x76543210987", "************x76543210987"),
    ])
    func `what a person wrote is shown without account and name`(words: String, shown: String) {
        #expect(Masked.prose(words, account: "12345678", name: "张三") == shown)
    }

    @Test func `an empty or one-letter name hides nothing of what a person wrote`() {
        #expect(Masked.prose("a letter", account: "", name: "") == "a letter")
        #expect(Masked.prose("a letter", account: "", name: "a") == "a letter")
    }

    @Test func `no value of one character is shown with a control or format character`() {
        for number in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(number) else { continue }
            let shown = Masked.visible(String(scalar))
            let isSafe = shown.unicodeScalars.allSatisfy { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
            if !isSafe { Issue.record("U+\(String(number, radix: 16)) is shown as it is") }
        }
    }
}
