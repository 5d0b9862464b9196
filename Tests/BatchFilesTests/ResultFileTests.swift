import BatchFiles
import PaymentCore
import Testing
import Transcoding

@Suite struct ResultFileTests {
    private static let fields = OrderFields(
        merchantOrderNumber: "A-1",
        amount: Money(minor: 1230, currency: .cny),
        accountNumber: "6228480040106028109",
        accountName: "张三",
        bankCode: nil,
        purpose: "wages"
    )

    private static func line(
        _ content: ResultLine.Content,
        _ status: ResultStatus = .succeeded,
        code: String = "",
        reason: String = "",
        finishedDate: BusinessDate? = nil
    ) -> ResultLine {
        ResultLine(
            line: LineNumber(1),
            content: content,
            status: status,
            code: code,
            reason: reason,
            finishedDate: finishedDate
        )
    }

    private static func written(_ lines: [ResultLine], _ layout: DelimitedLayout) -> [UInt8] {
        var writer = DelimitedResultWriter(layout: layout)
        var bytes: [UInt8] = []
        for line in lines {
            writer.append(line)
            if writer.pendingBytes > 100 { bytes += writer.drain() }
        }
        writer.finish()
        bytes += writer.drain()
        #expect(writer.pendingBytes == 0)
        return bytes
    }

    private static func text(_ lines: [ResultLine], _ layout: DelimitedLayout) -> String {
        String(decoding: written(lines, layout), as: UTF8.self)
    }

    @Test func `an order's line has the columns of the request and those of the result`() throws {
        let date = BusinessDate(year: 2026, month: 3, day: 9)
        let line = Self.line(.order(Self.fields), .failed, code: "E1", reason: "no, closed", finishedDate: date)
        #expect(
            Self.text([line], try Samples.layout(header: .columnTitles))
                == "order_no,account,name,bank,amount,remark,line_no,result,code,reason,finished_date\n"
                + "A-1,6228480040106028109,张三,,12.30,wages,1,FAILED,E1,\"no, closed\",2026-03-09\n"
        )
    }

    @Test func `a trailer counts lines and sums the amounts that can be read`() throws {
        let layout = try Samples.layout(
            separator: "|",
            quote: nil,
            trailer: .init(mark: "T", countPosition: 2, sumPosition: 4),
            amountUnit: .minor
        )
        let raw = Array("A-2|x|y|z|-30|w".utf8)
        let lines = [
            Self.line(.order(Self.fields)),
            Self.line(.record(raw: raw, merchantOrderNumber: nil, amount: nil), .underReview),
        ]
        #expect(
            Self.text(lines, layout)
                == "A-1|6228480040106028109|张三||1230|wages|1|SUCCEEDED|||\n"
                + "A-2|x|y|z|-30|w|1|UNDER_REVIEW|||\nT|2||1200\n"
        )
    }

    @Test(
        arguments: [
            ("|", nil as Unicode.Scalar?, "a|b", "" as String?), ("|", nil, "a\nb", ""), ("|", "\"", "a|b", "\"a|b\""),
            ("|", "\"", "a\"b", "\"a\"\"b\""), ("|", nil, "a\"b", "a\"b"), (",", "\"", "a\r\nb", "\"a\r\nb\""),
            (",", "\"", "a\u{1B}b", ""), (",", "\"", "a\0b", ""), (",", "\"", "=1+1", "=1+1"),
            ("\t", "\"", "a\tb", "\"a\tb\""),
        ] as [(Unicode.Scalar, Unicode.Scalar?, String, String?)]
    )
    func `a value is quoted, or left out with a word about it`(
        separator: Unicode.Scalar,
        quote: Unicode.Scalar?,
        value: String,
        written: String?
    ) throws {
        let layout = try Samples.layout(separator: separator, quote: quote)
        let fields = OrderFields(
            merchantOrderNumber: "A-1",
            amount: Self.fields.amount,
            accountNumber: "1",
            accountName: "n",
            purpose: value
        )
        let text = Self.text([Self.line(.order(fields), reason: "why")], layout)
        let expected = ["A-1", "1", "n", "", "12.30", written ?? "", "1", "SUCCEEDED", ""].joined(
            separator: String(separator)
        )
        #expect(text.hasPrefix(expected + String(separator)))
        #expect(text.contains("left out as this layout cannot carry it: remark") == (written == ""))
    }

    @Test func `a name that the charset lacks is left out, never replaced`() throws {
        let layout = try Samples.layout(charset: .gbk, separator: "|", quote: nil)
        let fields = OrderFields(
            merchantOrderNumber: "A-1",
            amount: Self.fields.amount,
            accountNumber: "1",
            accountName: "𠮷野",
            purpose: "工资"
        )
        let bytes = Self.written([Self.line(.order(fields), reason: "完成 ✓")], layout)
        var decoder = TextDecoder(charset: .gbk)
        let text = decoder.decode(bytes)
        #expect(text == "A-1|1|||12.30|工资|1|SUCCEEDED||?? ?; left out as this layout cannot carry it: name|\n")
    }

    @Test func `a record that made no order keeps its values`() throws {
        let layout = try Samples.layout()
        let cases: [(raw: String, line: String)] = [
            ("A,\"x,y\",\"q\"\"q\",b,abc,r", "A,\"x,y\",\"q\"\"q\",b,abc,r,1,UNDER_REVIEW,c,w,\n"),
            ("A,x\u{0},,,1,", "A,,,,1,,1,UNDER_REVIEW,c,w; left out as this layout cannot carry it: account,\n"),
        ]
        for (raw, expected) in cases {
            let line = Self.line(
                .record(raw: Array(raw.utf8), merchantOrderNumber: nil, amount: nil),
                .underReview,
                code: "c",
                reason: "w"
            )
            #expect(Self.text([line], layout) == expected)
        }
        for raw in ["A,b", "A,b,c,d,e,f,g", "A,\"b,c,d,e,f", "A,\"b\"x,c,d,e,f", ""] {
            let line = Self.line(.record(raw: Array(raw.utf8), merchantOrderNumber: nil, amount: nil), .underReview)
            #expect(Self.text([line], layout).hasPrefix(",,,,,,1,UNDER_REVIEW,,left out"))
        }
    }

    @Test func `a first value that looks like a comment, the trailer or a mark is quoted or left out`() throws {
        let trailer = DelimitedLayout.Trailer(mark: "T", countPosition: 2, sumPosition: nil)
        for value in ["#1", "T", "\u{FEFF}1"] {
            let fields = OrderFields(merchantOrderNumber: value, amount: Self.fields.amount, accountNumber: "1")
            let line = Self.line(.order(fields))
            let quoted = try Samples.layout(trailer: trailer, commentPrefix: "#")
            #expect(Self.text([line], quoted).hasPrefix("\"\(value)\",1,"))
            let plain = try Samples.layout(quote: nil, trailer: trailer, commentPrefix: "#")
            #expect(Self.text([line], plain).hasPrefix(",1,"))
        }
    }

    // MARK: Writing, and reading again

    struct Case: CustomTestStringConvertible, Sendable {
        let charset: Charset
        let separator: Unicode.Scalar
        let quote: Unicode.Scalar?
        let hasFrame: Bool

        var testDescription: String { "\(charset) \(separator) \(quote.map { String($0) } ?? "plain")" }

        func layout(_ unit: AmountUnit) throws -> DelimitedLayout {
            try Samples.layout(
                charset: charset,
                separator: separator,
                quote: quote,
                header: hasFrame ? .columnTitles : .none,
                trailer: hasFrame ? .init(mark: "T", countPosition: 2, sumPosition: 3) : nil,
                commentPrefix: hasFrame ? "#" : nil,
                amountUnit: unit
            )
        }
    }

    static let cases = [
        Case(charset: .utf8, separator: ",", quote: "\"", hasFrame: true),
        Case(charset: .utf8, separator: "|", quote: nil, hasFrame: false),
        Case(charset: .gb18030, separator: "|", quote: nil, hasFrame: true),
        Case(charset: .gb18030, separator: "|", quote: "`", hasFrame: false),
        Case(charset: .gbk, separator: "^", quote: "\"", hasFrame: false),
        Case(charset: .latin1, separator: "\t", quote: "\"", hasFrame: true),
    ]

    static let nasty: [String] = [
        "a", "1", " ", ",", "|", "\"", "`", "^", "\t", "\n", "\r", "\r\n", "#", "T", "张", "晐", "乗", "丂", "𠮷", "é", "ë",
        "ÿ",
        "\u{301}", "\u{FEFF}", "\u{200D}", "\u{0}", "\u{1B}", "\u{2028}", "\u{E0041}", "=", "'", "\\",
    ]

    private static func nastyText(_ generator: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...5, using: &generator)).reduce(into: "") { text, _ in
            text.unicodeScalars.append(contentsOf: (nasty.randomElement(using: &generator) ?? "a").unicodeScalars)
        }
    }

    @Test(arguments: cases, AmountUnit.allCases)
    func `orders written are read again as they were, or said to be left out`(sample: Case, unit: AmountUnit) throws {
        let layout = try sample.layout(unit)
        var generator = SeededGenerator(seed: 11)
        for round in 0..<300 {
            let lines = (1...Int32.random(in: 1...8, using: &generator)).map { number in
                ResultLine(
                    line: LineNumber(number),
                    content: .order(
                        OrderFields(
                            merchantOrderNumber: Self.nastyText(&generator),
                            amount: Money(minor: Int64.random(in: 1...1_000_000, using: &generator), currency: .cny),
                            accountNumber: Self.nastyText(&generator),
                            accountName: Self.nastyText(&generator),
                            bankCode: nil,
                            purpose: Self.nastyText(&generator)
                        )
                    ),
                    status: ResultStatus.allCases.randomElement(using: &generator) ?? .failed,
                    code: Self.nastyText(&generator),
                    reason: Self.nastyText(&generator),
                    finishedDate: nil
                )
            }
            let bytes = Self.written(lines, layout)
            let seen = SeenFile(bytes, layout.forResults)
            #expect(seen.defect == nil, "round \(round)")
            try #require(seen.records.count == lines.count)
            var decoder = TextDecoder(charset: sample.charset)
            var expected: [ResultStatus: AmountTotals] = [:]
            for (line, record) in zip(lines, seen.records) {
                guard case .order(let fields) = line.content else { continue }
                expected[line.status, default: AmountTotals()].add(fields.amount)
                let values = record.fields.map { decoder.decode($0) }
                let reason = try #require(values[9] ?? nil)
                for (index, value) in [
                    (0, fields.merchantOrderNumber), (1, fields.accountNumber), (2, fields.accountName ?? ""),
                    (5, fields.purpose ?? ""),
                ] {
                    let isLeftOut = values[index] == ""
                    // Scalar by scalar: text that only looks the same is not the same.
                    #expect(isLeftOut || values[index].map { Array($0.unicodeScalars) } == Array(value.unicodeScalars))
                    #expect(!isLeftOut || reason.contains("left out"), "round \(round)")
                }
                #expect(values[6] == String(line.line.value) && values[7] == line.status.rawValue)
            }
            try Self.check(bytes, layout, expected)
        }
    }

    private static func check(
        _ bytes: [UInt8],
        _ layout: DelimitedLayout,
        _ expected: [ResultStatus: AmountTotals],
        partBytes: Int = 50
    ) throws {
        var check = DelimitedResultCheck(layout: layout)
        for start in stride(from: 0, to: bytes.count, by: partBytes) {
            try check.read(Array(bytes[start..<min(start + partBytes, bytes.count)]), isLast: false)
        }
        try check.read([], isLast: true)
        try check.compare(with: expected)
    }

    @Test(arguments: cases, AmountUnit.allCases)
    func `the result of any request file adds up to what its intake counted`(sample: Case, unit: AmountUnit) throws {
        let layout = try sample.layout(unit)
        let rules = try RecordRules(accountForm: .lettersAndDigits)
        let separator = [UInt8(ascii: sample.separator)]
        let clean: [[UInt8]] = ["A-1", "62220", "n", "", "12", ""].map { Array($0.utf8) }
        let alphabet: [[UInt8]] = [
            separator, separator, [0x0A], [0x0D], [0x22], [0x60], [0x31], [0x2E], [0x2D], [0x81], [0x95, 0x7C], [0x00],
            [0x61],
            [0xC3, 0xA9], [0x22, 0x22], [0xFF],
        ]
        var generator = SeededGenerator(seed: 12)
        var orders = 0
        var quarantined = 0
        for round in 0..<400 {
            var file =
                sample.hasFrame
                ? Array(layout.columns.map(\.title).joined(separator: String(sample.separator)).utf8) + [0x0A] : []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                var fields = clean
                for _ in 0..<Int.random(in: 0...2, using: &generator) {
                    let column = Int.random(in: 0..<6, using: &generator)
                    fields[column] = (0..<Int.random(in: 0...4, using: &generator))
                        .flatMap { _ in alphabet.randomElement(using: &generator) ?? [] }
                }
                file += Array(fields.joined(separator: separator)) + [0x0A]
            }
            if sample.hasFrame { file += Array("T".utf8) + separator + [0x30] + separator + [0x30, 0x0A] }
            var reader = DelimitedReader(layout: layout)
            var checker = RecordChecker(form: layout.form, rules: rules)
            var lines: [ResultLine] = []
            var expected: [ResultStatus: AmountTotals] = [:]
            do {
                try reader.read(file, isLast: true) { record in
                    switch checker.checkBothWays(record) {
                    case .order(let draft):
                        orders += 1
                        expected[.succeeded, default: AmountTotals()].add(draft.fields.amount)
                        lines.append(Self.line(.order(draft.fields)))
                    case .quarantined(let draft):
                        quarantined += 1
                        expected[.underReview, default: AmountTotals()].add(draft.amount)
                        lines.append(
                            Self.line(
                                .record(raw: draft.source.raw, merchantOrderNumber: nil, amount: nil),
                                .underReview,
                                code: "bad"
                            )
                        )
                    }
                }
            } catch is FileDefect { continue }
            let bytes = Self.written(lines, layout)
            do { try Self.check(bytes, layout, expected) } catch { Issue.record("round \(round): \(error)") }
        }
        #expect(orders > 100 && quarantined > 100)
    }

    @Test func `a result file that was changed is noticed`() throws {
        let layout = try Samples.layout(trailer: .init(mark: "T", countPosition: 2, sumPosition: 3))
        let lines = [Self.line(.order(Self.fields)), Self.line(.order(Self.fields), .failed)]
        let good = Self.text(lines, layout)
        let one = AmountTotals(amounts: [.cny: Tally(count: 1, amountMinor: 1230)])
        let expected: [ResultStatus: AmountTotals] = [.succeeded: one, .failed: one]
        try Self.check(Array(good.utf8), layout, expected)
        for (found, put) in [
            ("12.30,wages,1,SUCCEEDED", "12.31,wages,1,SUCCEEDED"), ("FAILED", "SUCCEEDED"), ("T,2,", "T,3,"),
            ("T,2,24.60", "T,2,24.61"), ("FAILED", "failed"), (",FAILED,", ",FAILED"), ("\nT,2,24.60\n", "\n"),
            ("12.30,wages,1,SUCCEEDED", "\u{7F}12.30,wages,1,SUCCEEDED"),
        ] {
            let changed = good.replacing(found, with: put)
            #expect(changed != good)
            #expect(throws: (any Error).self) { try Self.check(Array(changed.utf8), layout, expected) }
        }
        #expect(throws: ResultFileDefect.self) { try Self.check(Array(good.utf8), layout, [.succeeded: one]) }
    }
}
