import BatchFiles
import PaymentCore
import Testing

/// Texts of fields as they are sealed.
@Suite struct FieldTextsTests {
    private static let strings = [
        "", "plain", "\"quoted\" \\ and / back", "\u{0}\u{1}\u{1F}\u{7F}", "line\nend\r\n\ttab",
        "张三 \u{1F600} é e\u{301}", "\u{2028}\u{FEFF}\u{202E}", "{\"amount\":\"1\"}", "=cmd|' /C calc'!A0",
    ]

    @Test func `what is written is read again, whatever the texts hold`() throws {
        let form = try Samples.layout().form
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var texts = FieldTexts()
            for field in RecordField.allCases where Bool.random(using: &generator) {
                texts[field] = (0..<Int.random(in: 1...4, using: &generator))
                    .map { _ in Self.strings.randomElement(using: &generator) ?? "" }.joined()
            }
            let read = try FieldTexts(json: texts.json, form: form)
            #expect(read.changed(since: texts).isEmpty)
            #expect(read.fields == texts.fields)
        }
    }

    @Test(arguments: [
        "", "{", "{}x", "[]", "null", #"{"amount":1}"#, #"{"amount":null}"#, #"{"amount":"1",}"#, #"{ "amount":"1"}"#,
        #"{"amount":"1","amount":"2"}"#, #"{"salary":"1"}"#, #"{"amount":"1"#, #"{"amount":"\x"}"#,
        #"{"amount":"\ud800"}"#, #"{"amount":"\u12g4"}"#, #"{"amount":"\u+123"}"#, "{\"amount\":\"a\nb\"}",
        #"{"account_form":"card"}"#, #"{"amount_minor":"1"}"#, #"{"amount_minor":"x","currency":"CNY"}"#,
        #"{"amount_minor":"1","amount":"1","currency":"CNY"}"#, #"{"amount_minor":"1","currency":"XYZ"}"#,
    ])
    func `nothing but an object of known strings is taken`(text: String) throws {
        let form = try Samples.layout().form
        let defect = #expect(throws: FieldTexts.Defect.self) { try FieldTexts(json: Array(text.utf8), form: form) }
        #expect(defect?.description.contains("salary") == false)
    }

    @Test func `escapes are read as JSON has them`() throws {
        let json = #"{"account_name":"\u5f20\u4e09 \ud83d\ude00 \"\\\/\b\f\n\r\t"}"#
        let texts = try FieldTexts(json: Array(json.utf8), form: try Samples.layout().form)
        #expect(texts[.accountName] == "张三 \u{1F600} \"\\/\u{8}\u{C}\n\r\t")
    }

    @Test func `bytes that are not UTF-8 are no text`() throws {
        let form = try Samples.layout().form
        #expect(throws: FieldTexts.Defect.self) {
            try FieldTexts(json: Array(#"{"account_name":""#.utf8) + [0xFF] + Array(#""}"#.utf8), form: form)
        }
    }

    @Test(arguments: [
        (AmountUnit.major, "CNY", "1234", "12.34"), (.minor, "CNY", "1234", "1234"), (.major, "CNY", "5", "0.05"),
        (.major, "JPY", "5", "5"), (.major, "CNY", "-150", "-1.50"),
    ])
    func `an amount in minor units is read as the layout writes it`(
        unit: AmountUnit,
        currency: String,
        minor: String,
        amount: String
    ) throws {
        let columns = Samples.columns + [LayoutColumn(title: "ccy", field: .currency)]
        let form = try Samples.layout(amountUnit: unit, columns: columns).form
        let json = #"{"amount_minor":"\#(minor)","currency":"\#(currency)"}"#
        let texts = try FieldTexts(json: Array(json.utf8), form: form)
        #expect(texts[.amount] == amount && texts[.currency] == currency)
        // Where the layout has no column for it, it is the currency of all.
        let without = try Samples.layout(amountUnit: unit).form
        let plain = try FieldTexts(json: Array(json.utf8), form: without)
        #expect(plain[.currency] == (currency == "CNY" ? nil : currency))
    }
}
