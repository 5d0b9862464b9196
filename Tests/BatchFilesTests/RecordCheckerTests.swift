import BatchFiles
import PaymentCore
import Testing
import Transcoding

@Suite struct RecordCheckerTests {
    /// Checks every record of a file.
    static func check(
        _ bytes: [UInt8],
        _ layout: DelimitedLayout,
        _ rules: RecordRules
    ) throws -> [CheckedRecord] {
        var reader = DelimitedReader(layout: layout)
        var checker = RecordChecker(form: layout.form, rules: rules)
        var checked: [CheckedRecord] = []
        try reader.read(bytes, isLast: true) { checked.append(checker.checkBothWays($0)) }
        return checked
    }

    /// Checks `line` behind a clean record, so that no line alone makes the layout look wrong.
    private static func check(
        line: String,
        layout: DelimitedLayout? = nil,
        rules: RecordRules? = nil
    ) throws -> CheckedRecord {
        let file = Samples.line + "\n" + line + "\n"
        let checked = try check(
            Array(file.utf8),
            try layout ?? Samples.layout(),
            try rules ?? RecordRules()
        )
        try #require(checked.count == 2)
        return checked[1]
    }

    private static func reasons(_ record: CheckedRecord) -> [RecordReason] {
        switch record {
        case .order(let draft): draft.warnings
        case .quarantined(let draft): draft.reasons
        }
    }

    @Test func `a clean record becomes an order`() throws {
        let checked = try Self.check(line: "A-2,6228480040106028109,\"张,三\",102100099996,12.3,\"say \"\"hi\"\"\"")
        guard case .order(let draft) = checked else {
            Issue.record("it was quarantined")
            return
        }
        #expect(
            draft.fields
                == OrderFields(
                    merchantOrderNumber: "A-2",
                    amount: Money(minor: 1230, currency: .cny),
                    accountNumber: "6228480040106028109",
                    accountName: "张,三",
                    bankCode: "102100099996",
                    purpose: "say \"hi\""
                )
        )
        #expect(draft.warnings.isEmpty)
        #expect(draft.source.line == LineNumber(2))
        #expect(draft.source.physicalLine == 2)
        #expect(draft.source.charsetName == "UTF-8")
        #expect(draft.source.raw.count == draft.source.byteRange.count - 1)
    }

    @Test func `a value that may be missing and is, is no value`() throws {
        guard case .order(let draft) = try Self.check(line: "A-2,6228480040106028109,张三,,1,") else {
            Issue.record("it was quarantined")
            return
        }
        #expect(draft.fields.bankCode == nil)
        #expect(draft.fields.purpose == nil)
    }

    static let account = "6228480040106028109"

    @Test(arguments: [
        ("A-2,\(account),张三,,1", [ReasonCode.wrongColumnCount]),
        ("A-2,\(account),张三,,1,,", [.wrongColumnCount]),
        ("A-2,\(account),\"张三,,1,", [.quoteUnclosed]),
        ("A-2,\(account),\"张三\"x,,1,", [.quoteGarbled]),
        (",\(account),张三,,1,", [.missingField]),
        ("A-2,,张三,,1,", [.missingField]),
        ("A-2,\(account),,,1,", [.missingField]),
        ("A-2,\(account),张三,,,", [.missingField]),
        ("A-2,\(account),张三,,abc,", [.amountMalformed]),
        ("A-2,\(account),张三,,\"1,234.50\",", [.amountMalformed]),
        ("A-2,\(account),张三,,0,", [.amountNotPositive]),
        ("A-2,\(account),张三,,-5.00,", [.amountNotPositive]),
        ("A-2,\(account),张三,,12.340,", [.amountTooManyDecimals]),
        ("A-2,\(account),张三,,99999999999999999999,", [.amountOverLimit]),
        ("A-2,62228480040106X,张三,,1,", [.accountMalformed]),
        ("A-2,6228480040106028108,张三,,1,", [.accountCheckDigit]),
        ("A-2,\(account),张三,1234,1,", [.bankMalformed]),
        ("A-2,\(account),张三,,1,\(String(repeating: "长", count: 21))", [.fieldTooLong]),
        ("A-2,\(account),张\u{0}三,,1,", [.controlCharacter]),
        ("A-2,\(account),\"张\n三\",,1,", [.controlCharacter]),
        ("A-2,\(account),张\u{85}三,,1,", [.controlCharacter]),
        ("A-2,\(account),张\u{202E}三,,1,", [.invisibleCharacter]),
        ("A-2,\(account),张\u{FFFD},,1,", [.replacementCharacter]),
        ("A-2,\(account),张\u{E000},,1,", [.replacementCharacter]),
        (
            ",123,,1,-1.234,\u{1B}",
            [
                .missingField, .accountMalformed, .missingField, .bankMalformed, .controlCharacter,
                .amountTooManyDecimals,
            ]
        ),
    ])
    func `every reason is found`(line: String, codes: [ReasonCode]) throws {
        let checked = try Self.check(line: line)
        #expect(Self.reasons(checked).map(\.code) == codes)
        let isWarning = codes.allSatisfy { $0 == .accountCheckDigit || $0 == .invisibleCharacter }
        if case .order = checked { #expect(isWarning) } else { #expect(!isWarning) }
    }

    @Test func `the value in a reason is masked`() throws {
        let name = "上官小明"
        for line in [
            "A-2,\(Self.account)X,\(name)\u{0},\(Self.account),\(Self.account),\(name)\u{1B}[2J",
            "\(Self.account)\u{0},\(name),\(Self.account)\u{0},\(name),\(name),",
            "6228480040106028109,,\u{FFFD}\(name),\(Self.account),\(Self.account)\(name),",
        ] {
            let reasons = Self.reasons(try Self.check(line: line))
            #expect(!reasons.isEmpty)
            for reason in reasons {
                #expect(!reason.maskedValue.contains(Self.account) && !reason.maskedValue.contains(name))
                #expect(reason.maskedValue.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
            }
        }
    }

    @Test func `of a quarantined record number and amount are kept where they can be read`() throws {
        func draft(_ line: String, _ layout: DelimitedLayout? = nil) throws -> QuarantineDraft {
            guard case .quarantined(let draft) = try Self.check(line: line, layout: layout) else { throw Unexpected() }
            return draft
        }
        struct Unexpected: Error {}
        let bad = try draft("A-2,123,张三,,12.34,")
        #expect(bad.merchantOrderNumber == "A-2")
        #expect(bad.amount == Money(minor: 1234, currency: .cny))
        #expect(try draft("A-2,\(Self.account),张三,,-5,").amount == Money(minor: -500, currency: .cny))
        #expect(try draft("A-2,\(Self.account),张三,,1.234,").amount == nil)
        // Columns may have slipped: the first is where it was, the amount may not be.
        let slipped = try draft("A-2,\(Self.account),12.34,,1")
        #expect(slipped.merchantOrderNumber == "A-2")
        #expect(slipped.amount == nil)
        #expect(try draft("everything in one field").merchantOrderNumber == nil)
        #expect(try draft("A\u{0}2,\(Self.account),张三,,1,").merchantOrderNumber == nil)
        let columns = Array(Samples.columns[1...2]) + [Samples.columns[0]] + Array(Samples.columns[3...])
        let layout = try Samples.layout(columns: columns)
        #expect(try draft("\(Self.account),张三,A-2", layout).merchantOrderNumber == nil)
    }

    // MARK: Amounts

    @Test(arguments: [
        ("12.34", 2, AmountUnit.major, 1234), ("12.3", 2, .major, 1230), ("12", 2, .major, 1200),
        ("0.01", 2, .major, 1),
        ("007.50", 2, .major, 750), ("12", 0, .major, 12), ("1.234", 3, .major, 1234), ("0.0001", 4, .major, 1),
        ("1234", 2, .minor, 1234), ("92233720368547758.07", 2, .major, Int64.max),
        ("9223372036854775807", 2, .minor, Int64.max),
    ])
    func `an amount is read exactly`(text: String, decimals: Int, unit: AmountUnit, minor: Int64) throws {
        let checked = try Self.check(amount: text, decimals: decimals, unit: unit)
        guard case .order(let draft) = checked else {
            Issue.record("it was quarantined")
            return
        }
        #expect(draft.fields.amount.minor == minor)
    }

    @Test(arguments: [
        ("1,5", ReasonCode.amountMalformed), ("+1", .amountMalformed), ("1e3", .amountMalformed),
        (" 1", .amountMalformed), ("1 ", .amountMalformed), (".5", .amountMalformed), ("5.", .amountMalformed),
        ("1.2.3", .amountMalformed), ("--1", .amountMalformed), ("-", .amountMalformed), (".", .amountMalformed),
        ("1-", .amountMalformed), ("0x10", .amountMalformed), ("١٢", .amountMalformed), ("１２", .amountMalformed),
        ("1\u{A0}000", .amountMalformed), ("¥1", .amountMalformed), ("NaN", .amountMalformed), ("1.", .amountMalformed),
        ("1.000", .amountTooManyDecimals), ("-1.000", .amountTooManyDecimals), ("0", .amountNotPositive),
        ("-0", .amountNotPositive), ("0.00", .amountNotPositive), ("-0.01", .amountNotPositive),
        ("92233720368547758.08", .amountOverLimit), ("9223372036854775807", .amountOverLimit),
    ])
    func `anything else is refused`(text: String, code: ReasonCode) throws {
        #expect(Self.reasons(try Self.check(amount: text, decimals: 2, unit: .major)).map(\.code) == [code])
    }

    @Test func `an amount in minor units has no decimals`() throws {
        for text in ["12.34", "12.0"] {
            let reasons = Self.reasons(try Self.check(amount: text, decimals: 2, unit: .minor))
            #expect(reasons.map(\.code) == [.amountTooManyDecimals])
        }
    }

    private static func check(amount: String, decimals: Int, unit: AmountUnit) throws -> CheckedRecord {
        let currency = try #require(Currency(code: ["JPY", "", "CNY", "KWD", "CLF"][decimals]))
        let layout = try Samples.layout(separator: "|", amountUnit: unit, defaultCurrency: currency)
        let lines = ["A-1|\(account)|张三||1|", "A-2|\(account)|张三||\(amount)|"]
        return try check(Array(lines.joined(separator: "\n").utf8), layout, try RecordRules())[1]
    }

    // MARK: Rules

    @Test func `currencies come from their column, or the default`() throws {
        let layout = try Samples.layout(columns: Samples.columns + [.init(title: "ccy", field: .currency)])
        let rules = try RecordRules(currencies: [.cny, try #require(Currency(code: "JPY"))])
        let head = "A-1,\(Self.account),张三,,1,,\n"
        func reasons(_ amount: String, _ currency: String) throws -> [ReasonCode] {
            let file = head + "A-2,\(Self.account),张三,,\(amount),,\(currency)\n"
            return Self.reasons(try Self.check(Array(file.utf8), layout, rules)[1]).map(\.code)
        }
        #expect(try reasons("1.50", "") == [])
        #expect(try reasons("1.50", "CNY") == [])
        #expect(try reasons("1", "JPY") == [])
        #expect(try reasons("1.50", "JPY") == [.amountTooManyDecimals])
        #expect(try reasons("1", "USD") == [.currencyNotAllowed])
        #expect(try reasons("1.2345", "RMB") == [.currencyUnknown])
        #expect(try reasons("x", "XAU") == [.currencyUnknown, .amountMalformed])
        #expect(try reasons("1", "cny") == [.currencyUnknown])
        let open = try Samples.layout(defaultCurrency: nil, columns: layout.columns)
        let file = "A-1,\(Self.account),张三,,1,,CNY\nA-2,\(Self.account),张三,,1,,\n"
        #expect(Self.reasons(try Self.check(Array(file.utf8), open, rules)[1]).map(\.code) == [.missingField])
    }

    @Test func `severities decide between a warning, quarantine and the file`() throws {
        let line = "A-2,6228480040106028108,张三,,1,"
        for severity in Severity.allCases {
            let rules = try RecordRules(severities: [.accountCheckDigit: severity])
            switch (severity, try Self.check(line: line, rules: rules)) {
            case (.off, .order(let draft)): #expect(draft.warnings.isEmpty)
            case (.warn, .order(let draft)): #expect(draft.warnings.map(\.code) == [.accountCheckDigit])
            case (.quarantine, .quarantined(let draft)): #expect(draft.fileDefect == nil)
            case (.refuseFile, .quarantined(let draft)):
                #expect(draft.fileDefect?.code == .refusedByRule)
                #expect(draft.fileDefect?.line == 2)
            case (_, let other): Issue.record("\(severity) made \(other)")
            }
        }
    }

    @Test(arguments: ReasonCode.allCases)
    func `no rule lets a record pass of which no order can be made`(code: ReasonCode) throws {
        for severity in [Severity.off, .warn] {
            if code.canBeWeakened {
                #expect(try RecordRules(severities: [code: severity]).severity(of: code) == severity)
            } else {
                let defect = #expect(throws: RecordRules.Defect.self) { try RecordRules(severities: [code: severity]) }
                #expect(defect?.code == code && defect?.severity == severity)
            }
        }
        if code.canRefuseFile {
            #expect(try RecordRules(severities: [code: .refuseFile]).severity(of: code) == .refuseFile)
        } else {
            let defect = #expect(throws: RecordRules.Defect.self) {
                try RecordRules(severities: [code: .refuseFile])
            }
            #expect(defect?.description.contains("too late; write quarantine") == true)
        }
        #expect(try RecordRules(severities: [code: .quarantine]).severity(of: code) == .quarantine)
        #expect(!code.mend.isEmpty)
        #expect(code.canBeWeakened || code.severityDefault == .quarantine)
    }

    @Test func `with known banks only their codes pass`() throws {
        let banks = try #require(KnownBanks(prefixes: ["102", "313", "1034"]))
        let rules = try RecordRules(banks: banks)
        #expect(Self.reasons(try Self.check(line: "A-2,\(Self.account),张三,102100099996,1,", rules: rules)).isEmpty)
        #expect(Self.reasons(try Self.check(line: "A-2,\(Self.account),张三,103400000000,1,", rules: rules)).isEmpty)
        let unknown = try Self.check(line: "A-2,\(Self.account),张三,103100000000,1,", rules: rules)
        #expect(Self.reasons(unknown).map(\.code) == [.bankUnknown])
        #expect(KnownBanks(prefixes: [""]) == nil)
        #expect(KnownBanks(prefixes: [String(repeating: "1", count: 16)]) == nil)
    }

    @Test func `a limit on one order's amount holds for its currency`() throws {
        let rules = try RecordRules(amountMinorMax: [.cny: 5_000])
        #expect(Self.reasons(try Self.check(line: "A-2,\(Self.account),张三,,50,", rules: rules)).isEmpty)
        let over = try Self.check(line: "A-2,\(Self.account),张三,,50.01,", rules: rules)
        #expect(Self.reasons(over).map(\.code) == [.amountOverLimit])
    }

    @Test func `a number that is taken sets a draft aside with the reason`() throws {
        guard case .order(let draft) = try Self.check(line: "A-2,6228480040106028108,张三,,1,") else {
            Issue.record("it was quarantined")
            return
        }
        let quarantined = draft.quarantined(for: [.duplicateInFile(of: LineNumber(1), number: "A-2")])
        #expect(quarantined.reasons.map(\.code) == [.duplicateInFile, .accountCheckDigit])
        #expect(quarantined.source == draft.source)
        #expect(quarantined.amount == draft.fields.amount)
    }
}
