import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing
import Transcoding

/// Bad input gathered elsewhere: each file has its outcome, and none does harm.
@Suite struct CorpusTests {
    /// What a file of the corpus of encodings becomes: the reasons of each record, or the defect of the file.
    enum Outcome: Sendable {
        case records([[ReasonCode]])
        case defect(FileDefect.Code)
    }

    static let encodings: [(name: String, charset: Charset, outcome: Outcome)] = [
        ("arabic_digits", .utf8, .records([[.amountMalformed]])),
        ("bidi_name", .utf8, .records([[.invisibleCharacter]])),
        ("cr_only", .utf8, .defect(.layoutMismatch)),
        ("fullwidth_digits", .utf8, .records([[.amountMalformed]])),
        ("gb18030_four_byte_ok", .gb18030, .records([[], [], [], [], []])),
        ("gbk_bad_trail", .gbk, .records([[.undecodableBytes], [], [], []])),
        ("gbk_cut_mid_char", .gbk, .defect(.layoutMismatch)),
        ("gbk_ok", .gbk, .records([[], [], [], []])),
        ("gbk_trail_is_backslash", .gbk, .records([[]])),
        ("gbk_trail_is_bar", .gbk, .records([[]])),
        ("line_sep", .utf8, .records([[.invisibleCharacter]])),
        ("mixed_gbk_utf8", .utf8, .records([[.undecodableBytes], []])),
        ("nbsp_amount", .utf8, .records([[.amountMalformed]])),
        ("nfc_nfd", .utf8, .records([[], []])),
        ("utf16le_bom", .utf8, .defect(.charsetMismatch)),
        ("utf8_above_max", .utf8, .records([[.undecodableBytes]])),
        ("utf8_bom", .utf8, .records([[], [], [], []])),
        ("utf8_cut", .utf8, .records([[], [], [], [.wrongColumnCount]])),
        ("utf8_ok", .utf8, .records([[], [], [], []])),
        ("utf8_overlong", .utf8, .records([[.undecodableBytes]])),
        ("utf8_surrogate", .utf8, .records([[.undecodableBytes]])),
        ("vt_ff", .utf8, .records([[.controlCharacter]])),
        ("zero_width_order", .utf8, .records([[.invisibleCharacter]])),
    ]

    @Test(.enabled(if: SharedFiles.exist("corpora/encodings-own"), "needs the corpus encodings-own"))
    func `the table of encodings covers the corpus`() throws {
        let names = try SharedFiles.names(in: "corpora/encodings-own/files")
        #expect(names == Self.encodings.map { $0.name + ".txt" }.sorted())
    }

    @Test(
        .enabled(if: SharedFiles.exist("corpora/encodings-own"), "needs the corpus encodings-own"),
        arguments: encodings
    )
    func `a file of the corpus of encodings has its outcome`(
        name: String,
        charset: Charset,
        outcome: Outcome
    ) throws {
        let layout = try Samples.layout(
            charset: charset,
            separator: "|",
            quote: nil,
            amountUnit: .minor,
            columns: [
                .init(title: "kind"), .init(title: "no", field: .merchantOrderNumber),
                .init(title: "name", field: .accountName), .init(title: "fen", field: .amount),
                .init(title: "account", field: .accountNumber),
            ]
        )
        let bytes = try SharedFiles.bytes("corpora/encodings-own/files/\(name).txt")
        switch outcome {
        case .records(let expected):
            let found = try RecordCheckerTests.check(bytes, layout, try RecordRules()).map { checked in
                // The corpus has no accounts: its last column is a letter.
                Self.reasons(checked).map(\.code).filter { $0 != .accountMalformed }
            }
            #expect(found == expected)
        case .defect(let code):
            let defect = #expect(throws: FileDefect.self) {
                try RecordCheckerTests.check(bytes, layout, try RecordRules())
            }
            #expect(defect?.code == code)
        }
    }

    @Test(
        .enabled(if: SharedFiles.exist("formats/charset/gbk-cases.csv"), "needs the cases of GBK"),
        arguments: [(Charset.gbk, 2), (.gb18030, 3)]
    )
    func `a name in GBK or GB 18030 is read as the character it is`(charset: Charset, column: Int) throws {
        let layout = try Samples.layout(charset: charset, separator: "|", quote: nil)
        var names = 0
        for row in try SharedFiles.text("formats/charset/gbk-cases.csv").split(whereSeparator: \.isNewline).dropFirst()
        {
            let cells = row.split(separator: ",", omittingEmptySubsequences: false)
            // Converters differ on U+4DAE, as the file says.
            guard cells[0] != "䶮", cells[column] != "NOT_ENCODABLE" else { continue }
            let name = stride(from: 0, to: cells[column].count, by: 2).compactMap { offset in
                UInt8(cells[column].dropFirst(offset).prefix(2), radix: 16)
            }
            let bytes = Array("A-1|6228480040106028109|N".utf8) + name + Array("N||1|\n".utf8)
            guard case .order(let draft)? = try RecordCheckerTests.check(bytes, layout, try RecordRules()).first else {
                Issue.record("\(cells[0]) was quarantined")
                continue
            }
            #expect(draft.fields.accountName == "N\(cells[0])N")
            names += 1
        }
        #expect(names >= 9)
    }

    static let strings: [(corpus: String, countMin: Int)] = [
        ("naughty-strings", 200), ("injection-strings", 300), ("csv-formula", 2),
    ]

    @Test(
        .enabled(if: SharedFiles.exist("corpora/naughty-strings"), "needs the corpora of strings"),
        arguments: strings
    )
    func `naughty strings in every column stay in their record and are shown safely`(
        corpus: String,
        countMin: Int
    ) throws {
        let clean = Samples.line
        let layout = try Samples.layout(columns: Samples.columns + [.init(title: "id", field: .idNumber)])
        // Every rule that looks at text has something to say.
        let context = RecordContext(
            businessDate: BusinessDate(year: 2026, month: 11, day: 20),
            channels: [
                ChannelReach(
                    currencies: [.cny],
                    amountMinorMax: .max,
                    text: TextProfile(repertoire: .gbk, lengthUnit: .gbkBytes, lengthMax: [.accountName: 20])
                )
            ]
        )
        var strings: [String] = []
        for name in try SharedFiles.names(in: "corpora/\(corpus)/files") {
            strings += try SharedFiles.text("corpora/\(corpus)/files/\(name)").split(separator: "\n").map { String($0) }
        }
        #expect(strings.count >= countMin)
        for string in strings {
            let quoted = "\"" + string.replacing("\"", with: "\"\"") + "\""
            for column in 0..<7 {
                var fields = clean.split(separator: ",").map { String($0) } + [""]
                fields[column] = quoted
                let file = [clean + ",", fields.joined(separator: ","), clean + ","].joined(separator: "\n")
                let checked = try Self.check(Array(file.utf8), layout, context)
                try #require(checked.count == 3)
                let reasons = Self.reasons(checked[1])
                for reason in reasons { Self.expectSafe(reason.maskedValue) }
                #expect(try reasons == Self.reasons(Self.check(Array(file.utf8), layout, context)[1]))
                // What has a form of its own is none of these strings; text may be.
                if column == 3 || column == 6 { try #require(!reasons.isEmpty, "\(string)") }
            }
        }
    }

    private static func check(
        _ bytes: [UInt8],
        _ layout: DelimitedLayout,
        _ context: RecordContext
    ) throws -> [CheckedRecord] {
        var reader = DelimitedReader(layout: layout)
        var checker = RecordChecker(form: layout.form, rules: try RecordRules(), context: context)
        var checked: [CheckedRecord] = []
        try reader.read(bytes, isLast: true) { checked.append(checker.checkBothWays($0)) }
        return checked
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/value-tables-own"), "needs the tables of values"))
    func `an amount of the table is what it says, or is refused, and never rounded`() throws {
        let rows = try SharedFiles.text("corpora/value-tables-own/files/amounts.tsv").split(separator: "\n").dropFirst()
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) } }
        #expect(rows.count == 20)
        for row in rows {
            let code = try #require(["0": "JPY", "2": "CNY", "4": "CLF"][row[1]])
            let currency = try #require(Currency(code: code))
            let layout = try Samples.layout(separator: "|", defaultCurrency: currency)
            let line = "A-1|6228480040106028109|Anna||\(row[0])|"
            let checked = try RecordCheckerTests.check(Array(line.utf8), layout, try RecordRules())
            let words = row[2].split(separator: " ").map { String($0) }
            let expected = words.firstIndex(of: "ok").flatMap { Int64(words[$0 + 1]) }
            switch try #require(checked.first) {
            case .order(let draft):
                try #require(row[2] != "reject", "\(row[0])")
                #expect(draft.fields.amount.minor == expected, "\(row[0])")
            case .quarantined: #expect(words[0] != "ok" || row[0] == "0", "\(row[0])")
            }
        }
    }

    @Test(
        .enabled(if: SharedFiles.exist("corpora/utf8-sequences"), "needs the corpus utf8-sequences"),
        arguments: [Charset.utf8, .gbk, .gb18030, .latin1]
    )
    func `any byte sequence is read to its end in every charset`(charset: Charset) throws {
        for name in try SharedFiles.names(in: "corpora/utf8-sequences/files") {
            let bytes = try SharedFiles.bytes("corpora/utf8-sequences/files/\(name)")
            for quote: Unicode.Scalar? in ["\"", nil] {
                let layout = try Samples.layout(charset: charset, quote: quote)
                var reader = DelimitedReader(layout: layout)
                var checker = RecordChecker(form: layout.form, rules: try RecordRules())
                var totals = FileTotals()
                do {
                    try reader.read(Array(Samples.line.utf8.map { $0 < 0x80 ? $0 : 0x41 }) + [0x0A], isLast: false) {
                        totals.add(checker.checkBothWays($0))
                    }
                    try reader.read(bytes, isLast: true) { record in
                        let checked = checker.checkBothWays(record)
                        totals.add(checked)
                        for reason in Self.reasons(checked) { Self.expectSafe(reason.maskedValue) }
                    }
                } catch let defect as FileDefect {
                    #expect(defect.code == .recordTooLong)
                }
                #expect(totals.records >= 1)
            }
        }
    }

    private static func reasons(_ record: CheckedRecord) -> [RecordReason] {
        switch record {
        case .order(let draft): draft.warnings
        case .quarantined(let draft): draft.reasons
        }
    }

    private static func expectSafe(_ shown: String) {
        let isSafe = shown.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        #expect(isSafe && shown.unicodeScalars.count <= Masked.shownMax * 10)
    }
}
