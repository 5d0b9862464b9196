import BatchFiles
import PaymentCore
import Testing

@Suite struct NACHAReaderTests {
    private static let dollars = Currency(code: "USD")

    private static func seen(_ lines: [String], _ direction: Direction = .payout) throws -> SeenNACHAFile {
        try SeenNACHAFile(NACHASample.bytes(lines), try NACHASample.layout(direction))
    }

    /// The lines with `text` written over one of them.
    private static func edited(_ lines: [String], _ line: Int, _ column: Int, _ text: String) -> [String] {
        var lines = lines
        var bytes = Array(lines[line].utf8)
        bytes.replaceSubrange(column - 1..<column - 1 + text.utf8.count, with: text.utf8)
        lines[line] = String(decoding: bytes, as: UTF8.self)
        return lines
    }

    @Test func `an entry becomes an order`() throws {
        let seen = try Self.seen(NACHASample.usual().lines)
        #expect(seen.defect == nil)
        #expect(seen.reasons == [])
        #expect(seen.orders.count == 4)
        let first = try #require(seen.orders.first)
        #expect(first.merchantOrderNumber == "260301A0000001121042880000001")
        #expect(first.amount == Money(minor: 100, currency: try #require(Self.dollars)))
        #expect(first.accountNumber == "12345678")
        #expect(first.accountName == "Jane Doe")
        #expect(first.bankCode == "231380104")
        #expect(first.purpose == "SALARY")
        // The text of its addenda goes before the description of its batch.
        #expect(seen.orders.last?.purpose == "INV 1\\")
        #expect(seen.orders.last?.amount.minor == 9_999_999_999)
        #expect(seen.declared.map(\.count) == [4])
        #expect(seen.declared.map { $0.sums?.values.map { $0 } } == [[10_000_002_632]])
        #expect(seen.verdict() == .load)
    }

    @Test func `debits are read as withhold, and not as payout`() throws {
        let lines = NACHASample.usual(serviceClass: "225", code: "27").lines
        #expect(try Self.seen(lines, .withhold).verdict() == .load)
        #expect(try Self.seen(lines, .withhold).orders.count == 4)
        #expect(try Self.seen(lines, .payout).defect?.code == .directionMismatch)
    }

    @Test func `a batch for both directions is taken as long as it moves money one way`() throws {
        let lines = NACHASample.usual(serviceClass: "200").lines
        #expect(try Self.seen(lines).verdict() == .load)
        #expect(try Self.seen(lines, .withhold).defect?.code == .directionMismatch)
        var mixed = NACHASample.usual(serviceClass: "200")
        mixed.batches[0].entries[0].code = "27"
        #expect(try Self.seen(mixed.lines).defect?.code == .directionMismatch)
        var layout = try NACHALayout(name: "n", direction: .payout, serviceClasses: [.credits])
        #expect(try SeenNACHAFile(NACHASample.bytes(lines), layout).defect?.code == .serviceClassNotAllowed)
        layout = try NACHALayout(
            name: "n",
            direction: .payout,
            entryClasses: [.ppd],
            serviceClasses: [.creditsAndDebits]
        )
        #expect(try SeenNACHAFile(NACHASample.bytes(lines), layout).defect?.code == .entryClassNotAllowed)
    }

    static let brokenFrames: [(line: Int, column: Int, text: String, code: FileDefect.Code)] = [
        (0, 1, "2", .headerMismatch), (0, 35, "095", .headerMismatch), (0, 38, "20", .headerMismatch),
        (0, 24, "261301", .controlFieldMalformed), (0, 34, "a", .controlFieldMalformed),
        (0, 41, "\u{1}", .charsetMismatch), (0, 1, "\u{FEFF}", .charsetMismatch),
        (1, 1, "6", .recordOrder), (1, 1, "7", .recordOrder), (1, 1, "8", .recordOrder),
        (1, 1, "X", .recordOrder), (1, 5, "\u{1}", .charsetMismatch),
        (1, 51, "WEB", .entryClassNotAllowed), (1, 2, "280", .serviceClassNotAllowed),
        (1, 2, "225", .directionMismatch), (1, 2, "200", .serviceClassMismatch),
        (1, 5, String(repeating: "0", count: 36), .controlFieldMalformed),
        (1, 54, "          ", .controlFieldMalformed), (1, 80, "X", .controlFieldMalformed),
        (1, 88, "      X", .controlFieldMalformed), (1, 70, "260230", .effectiveDateRefused),
        (1, 70, "260228", .effectiveDateRefused), (1, 70, "      ", .effectiveDateRefused),
        (7, 88, "0000001", .batchNumberOrder), (2, 1, "5", .recordOrder), (2, 1, "7", .recordOrder),
        (4, 1, "5", .recordOrder), (5, 1, "8", .controlFieldMalformed), (5, 1, "9", .recordOrder),
        (6, 5, "000005", .entryCountMismatch), (6, 5, "00000X", .controlFieldMalformed),
        (6, 2, "200", .serviceClassMismatch), (6, 20, "0", .entryHashMismatch),
        (6, 44, "9", .batchTotalMismatch), (6, 33, "000000000000", .batchTotalMismatch),
        (6, 32, "1", .serviceClassMismatch), (6, 45, "X", .batchControlMismatch),
        (6, 80, "0", .batchControlMismatch), (6, 94, "9", .batchControlMismatch),
        (6, 60, "\u{1}", .controlFieldMalformed), (6, 1, "9", .recordOrder),
        (11, 7, "3", .batchCountMismatch), (11, 13, "3", .blockCountMismatch), (11, 8, "000001", .blockCountMismatch),
        (11, 31, "X", .trailerMalformed), (11, 31, "0", .entryHashMismatch), (11, 43, "1", .directionMismatch),
        (11, 14, "       X", .trailerMalformed), (11, 1, "7", .recordOrder), (11, 90, "\u{1}", .trailerMalformed),
        (12, 1, "1", .trailerNotLast), (19, 94, "8", .trailerNotLast),
    ]

    @Test(arguments: brokenFrames)
    func `what is wrong with headers and controls refuses the file`(
        line: Int,
        column: Int,
        text: String,
        code: FileDefect.Code
    ) throws {
        let whole = NACHASample.usual().lines
        let seen = try Self.seen(Self.edited(whole, line, column, text))
        let defect = try #require(seen.defect, "\(line) \(column) \(text)")
        #expect(defect.code == code, "\(defect)")
        #expect(!defect.mend.isEmpty && !defect.description.contains("Jane"))
    }

    @Test func `a file that is cut, joined or empty is refused`() throws {
        let lines = NACHASample.usual().lines
        for count in 1...11 {
            #expect(try Self.seen(Array(lines.prefix(count))).defect?.code == .trailerMissing, "\(count) lines")
        }
        #expect(try Self.seen(lines + lines).defect?.code == .trailerNotLast)
        #expect(try Self.seen(lines + [lines[12]]).defect?.code == .blockCountMismatch)
        #expect(try Self.seen([]).defect?.code == .emptyFile)
        #expect(try Self.seen(["", " "]).defect?.code == .noRecords)
        for line in [2, 3, 4, 5] {
            var shorter = lines
            shorter.remove(at: line)
            #expect(try Self.seen(shorter).defect?.code == .entryCountMismatch, "line \(line)")
        }
        for line in [1, 6, 7, 10] {
            var shorter = lines
            shorter.remove(at: line)
            #expect(try Self.seen(shorter).defect?.code == .recordOrder, "line \(line)")
        }
        var withoutBatches = NACHASample.usual()
        withoutBatches.batches = []
        #expect(try Self.seen(withoutBatches.lines).defect?.code == .noRecords)
        withoutBatches.batches = [NACHASample.Batch()]
        #expect(try Self.seen(withoutBatches.lines).defect?.code == .recordOrder)
    }

    @Test func `lines without end or beyond bounds are refused`() throws {
        let layout = try NACHASample.layout()
        let lines = NACHASample.usual().lines
        let long = NACHASample.bytes(Array(lines.prefix(2))) + [UInt8](repeating: 0x36, count: 2_000)
        #expect(try SeenNACHAFile(long, layout).defect?.code == .recordTooLong)
        let returns = NACHASample.bytes(lines, lineEnd: "\r")
        #expect(try SeenNACHAFile(returns, layout).defect?.code == .recordTooLong)
        let addenda = Array(lines.prefix(4)) + [String](repeating: lines[4], count: 700)
        #expect(try Self.seen(addenda).defect?.code == .recordTooLong)
        let few = try NACHALayout(name: "n", direction: .payout, limits: .init(recordsMax: 3))
        #expect(try SeenNACHAFile(NACHASample.bytes(lines), few).defect?.code == .tooManyRecords)
        var longHeader = lines
        longHeader[1] += "x"
        #expect(try Self.seen(longHeader).defect?.code == .controlFieldMalformed)
    }

    static let badEntries: [(line: Int, column: Int, text: String, reasons: [[ReasonCode]])] = [
        (2, 12, "5", [[.bankCheckDigit]]), (2, 12, "X", [[.bankCheckDigit]]), (2, 4, "X", [[.bankCheckDigit]]),
        (2, 4, "         ", [[.missingField]]), (2, 30, "00000X0000", [[.amountMalformed]]),
        (2, 30, "       100", [[.amountMalformed]]), (2, 30, "          ", [[.missingField]]),
        (2, 30, "-000000100", [[.amountMalformed]]),
        (2, 2, "27", [[.transactionCodeDirection]]), (2, 2, "55", [[.transactionCodeDirection]]),
        (2, 2, "23", [[.notALiveEntry]]), (2, 2, "24", [[.notALiveEntry]]), (2, 2, "21", [[.notALiveEntry]]),
        (2, 2, "99", [[.transactionCodeUnknown]]), (2, 2, "2X", [[.transactionCodeUnknown]]),
        (2, 2, "57", [[.transactionCodeUnknown]]), (2, 79, "1", [[.addendaIndicatorWrong]]),
        (2, 79, " ", [[.addendaIndicatorWrong]]), (8, 79, "0", [[.addendaIndicatorWrong]]),
        (9, 2, "99", [[.addendaMalformed]]), (9, 84, "0002", [[.addendaMalformed]]),
        (9, 88, "9999999", [[.addendaMalformed]]), (2, 80, "X", [[.missingField, .traceNumberMalformed]]),
        (2, 80, "99999999", [[.traceNumberForeign], [.traceNumberOrder]]),
        (5, 94, "2", [[.traceNumberOrder]]), (5, 94, "1", [[.traceNumberOrder]]),
        (2, 55, "                      ", [[.missingField]]), (2, 13, "                 ", [[.missingField]]),
        (2, 16, "-", [[.accountMalformed]]), (2, 56, "\u{1}", [[.controlCharacter, .notASCII]]),
        (2, 41, "\u{7F}", [[.notASCII]]), (9, 4, "\u{1}", [[.controlCharacter, .notASCII]]),
        (2, 55, "é", [[.notASCII]]),
    ]

    @Test(arguments: badEntries)
    func `what is wrong with an entry costs that entry`(
        line: Int,
        column: Int,
        text: String,
        reasons: [[ReasonCode]]
    ) throws {
        let seen = try Self.seen(Self.edited(NACHASample.usual().lines, line, column, text))
        #expect(seen.defect == nil)
        #expect(seen.reasons == reasons)
        #expect(seen.orders.count == 4 - reasons.count)
        #expect(seen.verdict() == .load)
    }

    @Test func `an amount of zero makes no order`() throws {
        var sample = NACHASample.usual()
        sample.batches[0].entries[0].cents = 0
        sample.batches[0].entries[1].code = "33"
        sample.batches[0].entries[1].cents = 0
        let seen = try Self.seen(sample.lines)
        #expect(seen.reasons == [[.amountNotPositive], [.amountNotPositive, .notALiveEntry]])
        #expect(seen.verdict() == .load)
    }

    @Test func `a line of another length costs its entry, and blanks at the end none`() throws {
        var lines = NACHASample.usual().lines
        lines[2] = lines[2].replacing("Jane", with: "Jäne")
        lines[5] = String(lines[5].dropLast(3))
        lines[9] += "x"
        var seen = try Self.seen(lines)
        #expect(seen.reasons == [[.wrongRecordLength, .notASCII], [.wrongRecordLength], [.wrongRecordLength]])
        #expect(seen.orders.map(\.amount.minor) == [2_500])
        #expect(seen.records[0].raw == Array(lines[2].utf8))
        #expect(seen.verdict() == .load)
        lines = NACHASample.usual().lines
        lines[0] = String(lines[0].prefix(82))
        lines[11] = String(lines[11].prefix(55))
        lines[2] += "   "
        lines[6] += " "
        lines.removeSubrange(14...)
        seen = try Self.seen(lines)
        #expect(seen.orders.count == 4 && seen.verdict() == .load)
    }

    @Test func `an entry keeps all its addenda and the reasons about them`() throws {
        var lines = NACHASample.usual().lines
        lines.insert(lines[4], at: 4)
        lines[7] = lines[7].replacing("8220000004", with: "8220000005")
        let seen = try Self.seen(lines)
        #expect(seen.reasons == [[.addendaMalformed]])
        let raw = seen.records[1].raw
        #expect(raw == Array([lines[3], lines[4], lines[5]].joined(separator: "\n").utf8))
        #expect(seen.records[1].byteRange == 285..<570)
        #expect(seen.records[1].physicalLine == 4)
        #expect(seen.records[2].physicalLine == 7)
    }

    @Test func `the count and the sum of the file control are for the verdict`() throws {
        let whole = NACHASample.usual().lines
        let counted = try Self.seen(Self.edited(whole, 11, 21, "7"))
        #expect(counted.defect == nil)
        guard case .refuse(let defect) = counted.verdict() else {
            Issue.record("one record too many was declared")
            return
        }
        #expect(defect.code == .trailerMismatch && defect.line == 12)
        let tolerant = FileTolerance(countDifferenceMax: 1, amountMinorDifferenceMax: 7, badPerTenThousandMax: 10_000)
        guard case .hold(let hold) = counted.verdict(tolerant) else {
            Issue.record("one record more is within the tolerance")
            return
        }
        #expect(hold.code == .totalsWithinTolerance)
        let summed = try Self.seen(Self.edited(whole, 11, 55, "9"))
        guard case .refuse = summed.verdict(), case .hold = summed.verdict(tolerant) else {
            Issue.record("seven cents more were declared")
            return
        }
    }

    @Test func `dates are looked at as the layout says`() throws {
        var sample = NACHASample.usual()
        sample.effective = "260228"
        let past = NACHASample.bytes(sample.lines)
        sample.effective = "000000"
        let none = NACHASample.bytes(sample.lines)
        for (rule, isPastRefused, isNoneRefused) in [
            (NACHALayout.EffectiveDateRule.any, false, false), (.existing, false, true),
            (.notBeforeCreation, true, true),
        ] {
            let layout = try NACHASample.layout(effectiveDate: rule)
            #expect(try SeenNACHAFile(past, layout).defect?.code == (isPastRefused ? .effectiveDateRefused : nil))
            #expect(try SeenNACHAFile(none, layout).defect?.code == (isNoneRefused ? .effectiveDateRefused : nil))
        }
    }

    @Test(arguments: [
        (NACHALayout.EffectiveDateRule.notBeforeCreation, "2026-03-02", [ReasonCode]()),
        (.notBeforeCreation, "2026-03-01", [.dateInFuture]), (.existing, "2026-03-03", [.dateInPast]),
        (.any, "2026-03-03", []),
    ])
    func `entries have the effective entry date of their batch`(
        rule: NACHALayout.EffectiveDateRule,
        day: String,
        codes: [ReasonCode]
    ) throws {
        let layout = try NACHASample.layout(effectiveDate: rule)
        let context = RecordContext(businessDate: BusinessDate(day))
        let rules = try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .aba)
        var checker = RecordChecker(form: layout.form, rules: rules, context: context)
        var reader = NACHAReader(layout: layout)
        var found: [[ReasonCode]] = []
        try reader.read(NACHASample.bytes(NACHASample.usual().lines), isLast: true) { record in
            switch checker.checkBothWays(record) {
            case .order(let draft): found.append(draft.warnings.map(\.code))
            case .quarantined(let draft): found.append(draft.reasons.map(\.code))
            }
        }
        #expect(found == Array(repeating: codes, count: 4))
    }

    @Test func `the working calendar holds for the effective entry date`() throws {
        let calendar = try WorkingCalendar(
            name: "weekdays",
            years: 2026...2026,
            weekdays: [.tuesday],
            holidays: [],
            makeUpDays: []
        )
        let rules = try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .aba, calendar: calendar)
        let bytes = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(bytes, try NACHASample.layout(), rules: rules)
        #expect(seen.reasons == Array(repeating: [.dateNotWorkingDay], count: 4))
    }

    @Test(arguments: [
        (2, 2, "99", "99"), (2, 2, "23", "23"), (2, 79, "1", "1"), (9, 2, "99", "79900010000001"),
        (9, 84, "0002", "70500020000001"), (9, 84, "bonus", "705"),
    ])
    func `codes of the format are shown as they are`(line: Int, column: Int, text: String, shown: String) throws {
        let seen = try Self.seen(Self.edited(NACHASample.usual().lines, line, column, text))
        let values = seen.checked.flatMap { record -> [String] in
            if case .quarantined(let draft) = record { draft.reasons.map(\.maskedValue) } else { [] }
        }
        #expect(values == [shown])
    }

    @Test(arguments: [
        ("0055376021", FileDefect.Code?.none), ("0032238011", nil), ("0132238010", nil),
        ("0032238010", .entryHashMismatch), ("0132238011", .entryHashMismatch), ("9999999999", .entryHashMismatch),
    ])
    func `a routing number that cannot be read explains a hash as far as eight digits go`(
        hash: String,
        code: FileDefect.Code?
    ) throws {
        // The two others of the batch add up to 32238011.
        var lines = Self.edited(NACHASample.usual().lines, 2, 4, "X")
        lines = Self.edited(lines, 6, 11, hash)
        #expect(try Self.seen(lines).defect?.code == code)
    }

    @Test func `the findings of a reader follow the severities of the merchant`() throws {
        let lines = Self.edited(NACHASample.usual().lines, 2, 12, "5")
        let layout = try NACHASample.layout()
        for (severity, isOrder) in [(Severity.off, true), (.warn, true), (.quarantine, false), (.refuseFile, false)] {
            let rules = try RecordRules(
                accountForm: .lettersAndDigits,
                bankCodeForm: .shortName,
                severities: [.bankCheckDigit: severity]
            )
            let seen = try SeenNACHAFile(NACHASample.bytes(lines), layout, rules: rules)
            switch try #require(seen.checked.first) {
            case .order(let draft): #expect(isOrder && draft.warnings.count == (severity == .warn ? 1 : 0))
            case .quarantined(let draft):
                #expect(!isOrder && (draft.fileDefect?.code == .refusedByRule) == (severity == .refuseFile))
                #expect(draft.reasons.map(\.maskedValue) == ["231380105"])
            }
        }
        #expect(throws: RecordRules.Defect.self) { try RecordRules(severities: [.notALiveEntry: .warn]) }
    }

    @Test func `a layout that cannot be meant is refused`() throws {
        #expect(throws: LayoutDefect.self) { try NACHALayout(name: "n", direction: .payout, entryClasses: []) }
        #expect(throws: LayoutDefect.self) { try NACHALayout(name: "n", direction: .payout, serviceClasses: [.debits]) }
        #expect(throws: LayoutDefect.self) { try NACHALayout(name: "n", direction: .withhold, serviceClasses: []) }
        let format = FileFormat.nacha(try NACHASample.layout(.withhold))
        #expect(format.defect(submittedAs: .withhold) == nil)
        #expect(format.defect(submittedAs: .payout)?.code == .directionMismatch)
    }

    @Test func `empty lines inside of an entry are bytes of it, and those after it are not`() throws {
        var lines = NACHASample.usual().lines
        let addenda = try #require(lines.firstIndex { $0.hasPrefix("7") })
        lines.insert(contentsOf: ["", String(repeating: " ", count: 94)], at: addenda)
        lines.insert("  ", at: addenda + 3)
        let bytes = NACHASample.bytes(lines, lineEnd: "\r\n")
        let layout = try NACHASample.layout()
        let whole = try SeenNACHAFile(bytes, layout)
        try #require(whole.records.count == 4)
        #expect(whole.reasons == [])
        let record = whole.records[1]
        #expect(record.raw == Array(lines[(addenda - 1)...(addenda + 2)].joined(separator: "\r\n").utf8))
        for record in whole.records {
            let range = Int(record.byteRange.lowerBound)..<Int(record.byteRange.upperBound)
            #expect(Array(bytes[range]) == record.raw + [0x0D, 0x0A])
        }
        for cut in 0...bytes.count { #expect(try SeenNACHAFile(bytes, layout, cuts: [cut]) == whole, "cut at \(cut)") }
    }

    @Test func `addenda after more empty lines than a sender would write make the file unfit`() throws {
        var lines = NACHASample.usual().lines
        let addenda = try #require(lines.firstIndex { $0.hasPrefix("7") })
        lines.insert(contentsOf: repeatElement("", count: 2_000), at: addenda)
        let seen = try Self.seen(lines)
        #expect(seen.defect?.code == .recordTooLong)
        #expect(seen.records.count == 1)
    }
}
