import BatchFiles
import PaymentCore
import Testing

/// The rules that look beyond one field: identity numbers and dates, channels, earlier records.
@Suite struct RecordRuleTests {
    private static let account = "6228480040106028109"
    private static let today = BusinessDate(year: 2026, month: 11, day: 20)

    /// Checks `lines` behind a clean record of the sample's columns and `more`.
    private static func check(
        _ lines: [String],
        more: [LayoutColumn] = [],
        rules: RecordRules? = nil,
        context: RecordContext = RecordContext(),
        tellsWarnings: Bool = true
    ) throws -> [CheckedRecord] {
        let layout = try Samples.layout(columns: Samples.columns + more)
        let head = Samples.line + String(repeating: ",", count: more.count)
        var reader = DelimitedReader(layout: layout)
        var checker = RecordChecker(
            form: layout.form,
            rules: try rules ?? RecordRules(),
            context: context,
            tellsWarnings: tellsWarnings
        )
        var checked: [CheckedRecord] = []
        let file = ([head] + lines).joined(separator: "\n")
        try reader.read(Array(file.utf8), isLast: true) { checked.append(checker.checkBothWays($0)) }
        return Array(checked.dropFirst())
    }

    private static func reasons(_ record: CheckedRecord) -> [RecordReason] {
        switch record {
        case .order(let draft): draft.warnings
        case .quarantined(let draft): draft.reasons
        }
    }

    private static func codes(_ records: [CheckedRecord]) -> [[ReasonCode]] { records.map { reasons($0).map(\.code) } }

    // MARK: Identity numbers and dates

    @Test(arguments: [
        ("440103199812097547", IdentityForm.either, [ReasonCode]()), ("", .either, []),
        ("91350100M000100Y43", .either, []), ("440103199812097546", .residentIdentity, [.idNumberCheckDigit]),
        ("11010519491231002x", .residentIdentity, [.idNumberMalformed]),
        ("440103199813097547", .residentIdentity, [.idNumberMalformed]),
        ("91350100M000100Y43", .residentIdentity, [.idNumberMalformed]),
        ("91350100M000100Y44", .socialCreditCode, [.idNumberCheckDigit]),
        ("4401031998120975470", .residentIdentity, [.fieldTooLong, .idNumberMalformed]),
    ])
    func `an identity number is checked in its form, and shown without the date of birth`(
        number: String,
        form: IdentityForm,
        codes: [ReasonCode]
    ) throws {
        let column = LayoutColumn(title: "id", field: .idNumber)
        let checked = try Self.check(
            ["A-2,\(Self.account),张三,,1,,\(number)"],
            more: [column],
            rules: try RecordRules(identityForm: form)
        )
        #expect(Self.codes(checked) == [codes])
        // Known is the day on which the person is not born yet.
        let early = RecordContext(businessDate: BusinessDate(year: 1998, month: 12, day: 8))
        let unborn = try Self.check(
            ["A-2,\(Self.account),张三,,1,,440103199812097547"],
            more: [column],
            context: early
        )
        #expect(Self.codes(unborn) == [[.idNumberMalformed]])
        for reason in Self.reasons(checked[0]) {
            #expect(reason.field == .idNumber)
            #expect(!reason.maskedValue.contains(number) && !reason.maskedValue.contains("1998"))
        }
    }

    @Test(arguments: [
        ("2026-11-20", [ReasonCode]()), ("20261120", []), ("", []), ("2026-11-19", [.dateInPast]),
        ("2026-11-23", [.dateInFuture]), ("2026-11-21", [.dateInFuture, .dateNotWorkingDay]),
        ("2027-01-04", [.dateInFuture, .dateNotWorkingDay]), ("2026-02-29", [.dateMalformed]),
        ("20.11.2026", [.dateMalformed]), ("2026-11-2", [.dateMalformed]), ("0000-00-00", [.dateMalformed]),
        ("２０２６1120", [.dateMalformed]),
    ])
    func `a date is that of the file, and a working day`(text: String, codes: [ReasonCode]) throws {
        let calendar = try WorkingCalendar(
            name: "weekdays",
            years: 2026...2026,
            weekdays: [.monday, .tuesday, .wednesday, .thursday, .friday],
            holidays: [],
            makeUpDays: []
        )
        let column = LayoutColumn(title: "day", field: .executionDate)
        let line = "A-2,\(Self.account),张三,,1,,\(text)"
        let context = RecordContext(businessDate: Self.today)
        let checked = try Self.check(
            [line],
            more: [column],
            rules: try RecordRules(calendar: calendar),
            context: context
        )
        #expect(Self.codes(checked) == [codes])
        // Without a calendar every day will do, and without the file's date none is early or late.
        let unknown = try Self.check([line], more: [column])
        #expect(Self.codes(unknown) == [codes.filter { $0 == .dateMalformed }])
    }

    @Test func `a day of which nobody has told is named with what is to be done`() throws {
        let calendar = try WorkingCalendar(
            name: "china",
            years: 2026...2026,
            weekdays: [.monday],
            holidays: [],
            makeUpDays: []
        )
        let checked = try Self.check(
            ["A-2,\(Self.account),张三,,1,,2027-01-04"],
            more: [LayoutColumn(title: "day", field: .executionDate)],
            rules: try RecordRules(calendar: calendar)
        )
        let reason = try #require(Self.reasons(checked[0]).first)
        #expect(reason.code == .dateNotWorkingDay)
        #expect(reason.maskedValue == "2027-01-04")
        #expect(reason.mend.contains("calendar china covers 2026"))
    }

    @Test(arguments: [
        ("DEUTDEFF", "DE89370400440532013000", [ReasonCode]()),
        ("DEUTATWW", "DE89370400440532013000", [.bankCountryDiffers]), ("", "DE89370400440532013000", []),
        ("DEUTATWW", "DE89370400440532013001", [.accountMalformed]),
        ("DEUTAT", "DE89370400440532013000", [.bankMalformed]),
    ])
    func `a bank of another country than its account is a warning`(
        bank: String,
        account: String,
        codes: [ReasonCode]
    ) throws {
        let line = "A-2,\(account),Anna,\(bank),1,"
        let rules = try RecordRules(accountForm: .iban, bankCodeForm: .bic)
        let checked = try Self.check([line], rules: rules)
        #expect(Self.codes(checked) == [codes])
        if codes == [.bankCountryDiffers], case .quarantined = checked[0] { Issue.record("it was quarantined") }
        let other = try Self.check([line], rules: try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .bic))
        #expect(!Self.codes(other)[0].contains(.bankCountryDiffers))
    }

    // MARK: Channels

    private static func reach(
        _ text: TextProfile,
        amountMinorMax: Int64 = 100_000,
        currencies: Set<Currency> = [.cny]
    ) -> ChannelReach {
        ChannelReach(currencies: currencies, amountMinorMax: amountMinorMax, text: text)
    }

    private static let gbk = TextProfile(
        repertoire: .gbk,
        lengthUnit: .gbkBytes,
        lengthMax: [.accountName: 12, .purpose: 8]
    )
    private static let sepa = TextProfile(
        repertoire: .sepa,
        lengthUnit: .characters,
        lengthMax: [.accountName: 70, .purpose: 140]
    )

    @Test(arguments: [
        ("张三", "工资", [ReasonCode]()), ("Anna", "salary of November", []), ("𠮷野", "", [.notInRepertoire]),
        ("张三", "salary of November", [.tooLongForChannels]), ("张三€", "", [.notInRepertoire]),
        ("上官小明欧阳", "一二三四五", [.tooLongForChannels]), ("张三张三张三张", "", [.tooLongForChannels]),
        ("𠮷野𠮷野𠮷野", "", [.notInRepertoire]), ("Müller", "salary 11", [.tooLongForChannels]),
    ])
    func `a record fails only when no channel that it could go to carries it`(
        name: String,
        purpose: String,
        codes: [ReasonCode]
    ) throws {
        let context = RecordContext(channels: [Self.reach(Self.gbk), Self.reach(Self.sepa), Self.reach(Self.gbk)])
        #expect(context.channels.count == 2)
        let checked = try Self.check(["A-2,\(Self.account),\(name),,1,\(purpose)"], context: context)
        let found = Self.codes(checked)
        #expect(found[0].isEmpty == codes.isEmpty && Set(codes).isSubset(of: found[0]), "\(found)")
        for reason in Self.reasons(checked[0]) {
            #expect(!reason.maskedValue.contains(name) || name.count == 1)
            #expect(reason.mend.contains(reason.code.mend))
        }
        // A channel that carries everything carries it.
        let open = RecordContext(channels: [Self.reach(Self.gbk), Self.reach(TextProfile())])
        #expect(try Self.codes(Self.check(["A-2,\(Self.account),\(name),,1,\(purpose)"], context: open)) == [[]])
    }

    @Test func `what the nearest channel lacks is said with the repertoire and the length`() throws {
        let checked = try Self.check(
            ["A-2,\(Self.account),𠮷野,,1,", "A-3,\(Self.account),张三,,1,一二三四五"],
            context: RecordContext(channels: [Self.reach(Self.gbk)])
        )
        let name = try #require(Self.reasons(checked[0]).first)
        #expect(name.field == .accountName && name.maskedValue == "𠮷*")
        #expect(name.mend.hasPrefix("GBK cannot hold this account_name: "))
        let purpose = try #require(Self.reasons(checked[1]).first)
        #expect(purpose.field == .purpose && purpose.maskedValue == "一*")
        #expect(purpose.mend.hasPrefix("10 bytes of GBK instead of 8: "))
    }

    @Test func `a channel that takes neither currency nor amount is none that a record could go to`() throws {
        let usd = try #require(Currency(code: "USD"))
        let line = "A-2,\(Self.account),张三,,20.00,"
        for small in [
            Self.reach(TextProfile(), amountMinorMax: 1_999), Self.reach(TextProfile(), currencies: [usd]),
        ] {
            let context = RecordContext(channels: [Self.reach(Self.sepa), small])
            #expect(try Self.codes(Self.check([line], context: context)) == [[.notInRepertoire]])
        }
        // Where none takes the amount, texts are not what keeps it back.
        let none = RecordContext(channels: [Self.reach(Self.sepa, amountMinorMax: 1)])
        #expect(try Self.codes(Self.check([line], context: none)) == [[]])
        // Where the amount cannot be read, any channel could have been meant.
        let unread = try Self.check(
            ["A-2,\(Self.account),张三,,x,"],
            context: RecordContext(channels: [Self.reach(Self.sepa)])
        )
        #expect(Self.codes(unread) == [[.amountMalformed, .notInRepertoire]])
    }

    // MARK: Earlier records

    @Test(arguments: Severity.allCases)
    func `a payment that an earlier line has too does what the merchant says`(severity: Severity) throws {
        let rules = try RecordRules(severities: [.samePayment: severity])
        let lines = [
            "A-2,\(Self.account),张三,,1,rent", "A-3,\(Self.account),张三,,1,rent", "A-4,\(Self.account),张三,,1,gas",
            "A-5,\(Self.account),张三,,2,rent", "A-6,\(Self.account),李四,,1.00,rent", "A-7,6225885134628197,张三,,1,rent",
        ]
        let checked = try Self.check(lines, rules: rules)
        let isSaid = severity != .off
        #expect(
            Self.codes(checked) == [[], isSaid ? [.samePayment] : [], [], [], isSaid ? [.samePayment] : [], []]
        )
        for index in [1, 4] where isSaid {
            let reason = try #require(Self.reasons(checked[index]).first)
            #expect(reason.mend.hasPrefix("record 2 of this file has the same"))
            #expect(reason.maskedValue == "622848*********8109")
        }
        switch (severity, checked[1]) {
        case (.off, .order), (.warn, .order): break
        case (.quarantine, .quarantined(let draft)): #expect(draft.fileDefect == nil)
        case (.refuseFile, .quarantined(let draft)): #expect(draft.fileDefect?.code == .refusedByRule)
        default: Issue.record("\(severity) made \(checked[1])")
        }
    }

    @Test(arguments: Severity.allCases)
    func `where nobody is warned, payments are compared only if a record may be set aside`(severity: Severity) throws {
        let rules = try RecordRules(severities: [.samePayment: severity])
        let lines = ["A-2,\(Self.account),张三,,1,rent", "A-3,\(Self.account),张三,,1,rent"]
        let checked = try Self.check(lines, rules: rules, tellsWarnings: false)
        #expect(Self.codes(checked) == [[], severity >= .quarantine ? [.samePayment] : []])
    }

    @Test func `a record that makes no order is no earlier payment`() throws {
        let checked = try Self.check([
            "A-2,\(Self.account),,,1,rent", "A-3,\(Self.account),张三,,1,rent", "A-4,\(Self.account),张三,,1,",
            "A-5,\(Self.account),张三,,1,\"\"",
        ])
        #expect(Self.codes(checked) == [[.missingField], [], [], [.samePayment]])
    }

    @Test func `a number that stands twice refuses the file where the merchant says so`() throws {
        let lines = ["A-2,\(Self.account),张三,,1,a", "A-2,\(Self.account),张三,,2,b"]
        let rules = try RecordRules(severities: [.duplicateInFile: .refuseFile])
        let checked = try Self.check(lines, rules: rules)
        guard case .order = checked[0], case .quarantined(let draft) = checked[1] else {
            Issue.record("\(checked)")
            return
        }
        #expect(draft.reasons.map(\.code) == [.duplicateInFile])
        #expect(draft.fileDefect?.code == .refusedByRule)
        #expect(draft.fileDefect?.line == 3)
        // Otherwise it is the loader's to find.
        #expect(try Self.codes(Self.check(lines)) == [[], []])
    }

    @Test func `so many payments are kept as memory is set aside for, and later ones compared with them`() throws {
        let layout = try Samples.layout(separator: "|", amountUnit: .minor)
        var reader = DelimitedReader(layout: layout)
        var checker = RecordChecker(form: layout.form, rules: try RecordRules(), context: RecordContext())
        var warned: [Int32] = []
        let kept = 786_432
        // The first, as many as are kept and one more, then the first and the one more again.
        let amounts = Array(1...kept + 1) + [1, kept + 1]
        for start in stride(from: 0, to: amounts.count, by: 50_000) {
            let part = amounts.indices.dropFirst(start).prefix(50_000)
            let lines = part.map { "A-\($0)|622202000001|A|102100099996|\(amounts[$0])|\n" }.joined()
            try reader.read(Array(lines.utf8), isLast: part.endIndex == amounts.count) { record in
                if case .order(let draft) = checker.checkBothWays(record), !draft.warnings.isEmpty {
                    warned.append(record.ordinal.value)
                }
            }
        }
        #expect(warned == [Int32(kept + 2)])
    }
}
