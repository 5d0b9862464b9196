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
