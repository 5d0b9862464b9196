import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// What a record's columns say is judged as its bytes are, whatever the layout: nothing is amended, so nothing differs.
@Suite struct AmendedRecordPropertyTests {
    /// A format with files that are mostly bad.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let format: @Sendable () throws -> FileFormat
        let rules: @Sendable () throws -> RecordRules
        let file: @Sendable (inout SeededGenerator) throws -> [UInt8]

        var testDescription: String { name }
    }

    /// As the layouts of Config/layouts, and one with every field there is.
    static let cases = [
        Case(
            name: "payout-csv-utf8",
            format: { .delimited(try csv()) },
            rules: { try rules() },
            file: { delimited(try csv(), &$0) }
        ),
        Case(
            name: "withhold-bar-gb18030",
            format: { .delimited(try bar()) },
            rules: { try rules() },
            file: { delimited(try bar(), &$0) }
        ),
        Case(
            name: "withhold-fixed-gbk",
            format: { .fixedWidth(try fixed()) },
            rules: { try rules() },
            file: { fixedWidth(try fixed(), &$0) }
        ),
        Case(
            name: "every field",
            format: { .delimited(try everything()) },
            rules: { try rules(accounts: .iban, banks: .bic) },
            file: { delimited(try everything(), &$0) }
        ),
        Case(
            name: "pain-001",
            format: { .iso20022(try ISO20022Samples.layout(.payout)) },
            rules: { try RecordRules.usual(of: .iso20022(try ISO20022Samples.layout(.payout))) },
            file: { message(&$0) }
        ),
        Case(
            name: "pain-001 for accounts that are no IBANs",
            format: { .iso20022(try ISO20022Samples.layout(.payout)) },
            rules: { try rules() },
            file: { message(&$0) }
        ),
        Case(
            name: "nacha-ppd",
            format: { .nacha(try NACHASample.layout()) },
            rules: { try RecordRules.usual(of: .nacha(try NACHASample.layout())) },
            file: { nacha(&$0) }
        ),
    ]

    static let context = RecordContext(
        businessDate: BusinessDate(year: 2_026, month: 3, day: 2),
        channels: [
            ChannelReach(
                currencies: [.cny],
                amountMinorMax: 1_000_000,
                text: TextProfile(repertoire: .gbk, lengthUnit: .gbkBytes, lengthMax: [.purpose: 12])
            )
        ]
    )

    @Test(arguments: cases)
    func `texts are judged as the bytes were that said them`(sample: Case) throws {
        let format = try sample.format()
        let rules = try sample.rules()
        var generator = SeededGenerator(seed: 31)
        var bytesChecker = RecordChecker(form: format.form, rules: rules, context: Self.context, tellsWarnings: false)
        var textChecker = RecordChecker(ofTextsIn: format.form, rules: rules, context: Self.context)
        var (orders, bad, formless) = (0, 0, 0)
        var codes: Set<ReasonCode> = []
        for round in 0..<400 {
            var reader = BatchFileReader(format: format)
            do {
                try reader.read(try sample.file(&generator), isLast: true) { record in
                    let isOrder = bytesChecker.judge(record)
                    let sealed = bytesChecker.texts(of: record)
                    let sent = try sealed.map { try FieldTexts(json: $0, form: format.form) }
                    // What is sealed is read as it was written.
                    let again = try sent.map { try FieldTexts(json: $0.json, form: format.form) }
                    #expect(again?.changed(since: sent).isEmpty ?? true)
                    let amended = AmendedRecord(
                        line: record.ordinal,
                        sent: sent,
                        amended: nil,
                        reasons: bytesChecker.reasons
                    )
                    #expect(amended.amendedFields.isEmpty)
                    let judged = textChecker.judgement(of: amended)
                    let place = "round \(round), record \(record.ordinal): \(bytesChecker.reasons)"
                    #expect(judged.isOrder == isOrder, "\(place)")
                    #expect(Set(judged.reasons) == Set(bytesChecker.reasons), "\(place)")
                    #expect(judged.amount == bytesChecker.amount, "\(place)")
                    codes.formUnion(bytesChecker.reasons.map(\.code))
                    guard sent != nil else {
                        formless += 1
                        return
                    }
                    #expect(
                        judged.merchantOrderNumber
                            == bytesChecker.values.merchantOrderNumber.map(bytesChecker.values.text),
                        "\(place)"
                    )
                    #expect(textChecker.said == bytesChecker.said, "\(place)")
                    if isOrder { orders += 1 } else { bad += 1 }
                }
            } catch is FileDefect {
                // Its records were handed out before.
            }
        }
        #expect(orders > 20 && bad > 20, "\(orders) orders, \(bad) bad, \(formless) formless")
        #expect(codes.count > 5, "\(codes)")
    }

    // MARK: Layouts

    private static func rules(
        accounts: AccountForm = .digits,
        banks: BankCodeForm = .cnaps
    ) throws -> RecordRules {
        try RecordRules(
            accountForm: accounts,
            bankCodeForm: banks,
            currencies: Set([.cny] + [Currency(code: "EUR")].compactMap(\.self)),
            amountMinorMax: [.cny: 500_000],
            severities: [.accountCheckDigit: .quarantine, .invisibleCharacter: .quarantine]
        )
    }

    private static let columns: [LayoutColumn] = [
        LayoutColumn(title: "order_no", field: .merchantOrderNumber, lengthMax: 40),
        LayoutColumn(title: "card_no", field: .accountNumber),
        LayoutColumn(title: "name", field: .accountName, isRequired: true, lengthMax: 60),
        LayoutColumn(title: "cnaps", field: .bankCode),
        LayoutColumn(title: "amount", field: .amount),
        LayoutColumn(title: "remark", field: .purpose, lengthMax: 20),
    ]

    private static func csv() throws -> DelimitedLayout {
        try Samples.layout(header: .columnTitles, commentPrefix: "#", columns: columns)
    }

    private static func bar() throws -> DelimitedLayout {
        try Samples.layout(
            charset: .gb18030,
            separator: "|",
            quote: nil,
            trailer: .init(mark: "TRAILER", countPosition: 2, sumPosition: 3),
            amountUnit: .minor,
            columns: columns
        )
    }

    private static func everything() throws -> DelimitedLayout {
        try Samples.layout(
            separator: ";",
            defaultCurrency: nil,
            columns: columns + [
                LayoutColumn(title: "ccy", field: .currency), LayoutColumn(title: "id", field: .idNumber),
                LayoutColumn(title: "day", field: .executionDate),
                LayoutColumn(title: "branch", isRequired: true, lengthMax: 6),
            ]
        )
    }

    private static func fixed() throws -> FixedWidthLayout {
        let widths = [20, 19, 30, 12, 12, 20]
        var start = 1
        let placed = zip(columns, widths).map { column, width in
            defer { start += width }
            return FixedWidthLayout.Column(column, at: .init(start: start, width: width))
        }
        return try FixedWidthLayout(
            name: "fixed",
            charset: .gbk,
            recordBytes: 113,
            amountUnit: .minor,
            defaultCurrency: .cny,
            columns: placed
        )
    }

    // MARK: Files

    /// Mostly good values; the first one of each is.
    private static func value(of field: RecordField?, _ generator: inout SeededGenerator) -> String {
        let good = Int.random(in: 0..<10, using: &generator) > 0
        let values: [String] =
            switch field {
            case .merchantOrderNumber:
                ["N\(Int.random(in: 1...99_999, using: &generator))", "", " N-1", "N  1", "Zoë", "6228480040106028109"]
            case .accountNumber:
                ["6228480040106028109", "DE89370400440532013000", "6228480040106028108", "622 848", "", "张三", "000000"]
            case .accountName: ["张三", "Zhang, San", " 李四", "", "\u{200B}王", "a\tb", "\u{FFFD}", "   "]
            case .bankCode: ["102100099996", "DEUTDEFFXXX", "COBAFRPP", "", "12", "021000021"]
            case .amount: ["12", "12.34", "0", "-1", "1,5", "12.345", "99999999999999999999", "", "1e3", "600000"]
            case .currency: ["CNY", "EUR", "", "cny", "USD", "ZZZ"]
            case .purpose: ["", "wages", "学费", "a remark that is too long for it", "say \"hi\"", "rent \u{1F600}"]
            case .idNumber: ["", "11010519491231002X", "110105194912310021", "1234"]
            case .executionDate: ["2026-03-02", "", "2026-03-01", "2027-01-01", "soon", "20260302"]
            case nil: ["HQ", "", "a branch too long", "\u{7}"]
            }
        return good
            ? values[field == .accountNumber ? Int.random(in: 0...1, using: &generator) : 0]
            : values.randomElement(using: &generator) ?? ""
    }

    private static func bytes(_ text: String, _ charset: Charset, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = TextEncoder(charset: charset).encode(text) ?? Array("?".utf8)
        if Int.random(in: 0..<40, using: &generator) == 0, !bytes.isEmpty {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                [0xFF, 0x80, 0x00].randomElement(using: &generator) ?? 0xFF
        }
        return bytes
    }

    private static func delimited(_ layout: DelimitedLayout, _ generator: inout SeededGenerator) -> [UInt8] {
        var file: [UInt8] = []
        if layout.header == .columnTitles {
            file += Array(layout.columns.map(\.title).joined(separator: ",").utf8) + [0x0A]
        }
        for _ in 0..<8 {
            var fields = layout.columns.map { column in
                var value = value(of: column.field, &generator)
                let isQuoted = value.contains { $0 == "\"" || $0 == "," } || Bool.random(using: &generator)
                if layout.quote != nil, isQuoted { value = "\"" + value.replacing("\"", with: "\"\"") + "\"" }
                return bytes(value, layout.charset, &generator)
            }
            if Int.random(in: 0..<15, using: &generator) == 0 { fields.removeLast() }
            file += fields.joined(separator: [layout.separator]) + [0x0A]
        }
        return file
    }

    private static func fixedWidth(_ layout: FixedWidthLayout, _ generator: inout SeededGenerator) -> [UInt8] {
        var file: [UInt8] = []
        for _ in 0..<8 {
            for column in layout.columns {
                let value = bytes(value(of: column.column.field, &generator), layout.charset, &generator)
                file += (value + [UInt8](repeating: 0x20, count: column.place.width)).prefix(column.place.width)
            }
            if Int.random(in: 0..<15, using: &generator) == 0 { file.removeLast() }
            file.append(0x0A)
        }
        return file
    }

    private static func message(_ generator: inout SeededGenerator) -> [UInt8] {
        func xml(_ text: String) -> String {
            String(text.unicodeScalars.filter { $0.value >= 0x20 }.map(Character.init)).replacing("\"", with: "&quot;")
        }
        let transfers = (0..<6).map { _ in
            let account = value(of: .accountNumber, &generator)
            let form = Bool.random(using: &generator) ? "<IBAN>\(account)</IBAN>" : "<Othr><Id>\(account)</Id></Othr>"
            let bank = value(of: .bankCode, &generator)
            let agent =
                Bool.random(using: &generator)
                ? "<BICFI>\(bank)</BICFI>" : "<ClrSysMmbId><MmbId>\(bank)</MmbId></ClrSysMmbId>"
            let purpose = value(of: .purpose, &generator)
            return """
                <CdtTrfTxInf><PmtId><EndToEndId>\(value(of: .merchantOrderNumber, &generator))</EndToEndId></PmtId>\
                <Amt><InstdAmt Ccy="\(value(of: .currency, &generator))">\(value(of: .amount, &generator))</InstdAmt>\
                </Amt>\
                <CdtrAgt><FinInstnId>\(agent)</FinInstnId></CdtrAgt>\
                <Cdtr><Nm>\(xml(value(of: .accountName, &generator)))</Nm></Cdtr><CdtrAcct><Id>\(form)</Id></CdtrAcct>\
                \(purpose.isEmpty ? "" : "<RmtInf><Ustrd>\(xml(purpose))</Ustrd></RmtInf>")</CdtTrfTxInf>
                """
        }
        var payment = ISO20022Samples.payment(transfers)
        payment = payment.replacing("<Dt>2026-01-06</Dt>", with: "<Dt>2026-03-02</Dt>")
        return Array(ISO20022Samples.message([payment], count: transfers.count).utf8)
    }

    private static func nacha(_ generator: inout SeededGenerator) -> [UInt8] {
        var lines = NACHASample.usual().lines
        for index in lines.indices where lines[index].hasPrefix("6") {
            var line = Array(lines[index].utf8)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: line[Int.random(in: 1..<line.count, using: &generator)] = 0x41
            case 1: line[Int.random(in: 12..<29, using: &generator)] = 0x2D
            case 2: line[Int.random(in: 54..<76, using: &generator)] = 0x07
            case 3: line.replaceSubrange(29..<39, with: "0000000000".utf8)
            case 4: line[78] = 0x37
            default: break
            }
            lines[index] = String(decoding: line, as: UTF8.self)
        }
        var bytes = NACHASample.bytes(lines)
        if Int.random(in: 0..<10, using: &generator) == 0 {
            bytes[Int.random(in: 200..<400, using: &generator)] = 0xC3
        }
        return bytes
    }
}

extension RecordChecker {
    /// What the record judged last says, as far as an order would keep it.
    fileprivate var said: [String?] {
        [values.merchantOrderNumber, values.accountNumber, values.accountName, values.bankCode, values.purpose]
            .map { $0.map(values.text) }
    }
}
