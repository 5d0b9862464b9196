import BatchFiles
import Foundation
import PaymentCore
import Testing

/// What becomes of the transactions of a message under a merchant's rules.
@Suite struct ISO20022RecordTests {
    private typealias Samples = ISO20022Samples

    private static let iban = "<IBAN>DE89370400440532013000</IBAN>"
    private static let bic = "<BICFI>DEUTDEFFXXX</BICFI>"

    /// The reasons of each record of a message, warnings too.
    private static func reasons(
        _ text: String,
        _ rules: RecordRules,
        direction: Direction = .payout,
        context: RecordContext = RecordContext()
    ) throws -> [[RecordReason]] {
        let layout = try Samples.layout(direction)
        var checker = RecordChecker(form: layout.form, rules: rules, context: context)
        var reader = ISO20022Reader(layout: layout)
        var reasons: [[RecordReason]] = []
        try reader.read(Array(text.utf8), isLast: true) { record in
            switch checker.checkBothWays(record) {
            case .order(let draft): reasons.append(draft.warnings)
            case .quarantined(let draft): reasons.append(draft.reasons)
            }
        }
        return reasons
    }

    /// One transfer with other elements for account and bank.
    private static func transfer(account: String = iban, bank: String = bic) -> String {
        Samples.transfer("E-1").replacingOccurrences(of: iban, with: account).replacingOccurrences(of: bic, with: bank)
    }

    private static func other(_ number: String) -> String { "<Othr><Id>\(number)</Id></Othr>" }
    private static func member(_ code: String) -> String { "<ClrSysMmbId><MmbId>\(code)</MmbId></ClrSysMmbId>" }

    @Test(arguments: [
        (AccountForm.iban, iban, String?.none), (.lettersAndDigits, iban, nil),
        (.digits, iban, "no IBANs are agreed"), (.digits, other("6222021234567890"), nil),
        (.lettersAndDigits, other("DE00370400440532013000"), nil), (.iban, other("DE89370400440532013000"), nil),
        (.iban, other("6222021234567890"), "IBANs are agreed"),
        (.digits, other("DE89370400440532013000"), ReasonCode.accountMalformed.mend),
        (.iban, "<IBAN>DE88370400440532013000</IBAN>", "check the IBAN: its check digits"),
        (.lettersAndDigits, "<IBAN>DE88370400440532013000</IBAN>", "check the IBAN: its check digits"),
        (.lettersAndDigits, "<IBAN>DE8937040044053201300</IBAN>", "write the IBAN whole"),
        (.lettersAndDigits, "<IBAN>ZZ89370400440532013000</IBAN>", "begin the IBAN with the code of a country"),
        (.lettersAndDigits, "<IBAN>DE8937040044053201300a</IBAN>", "write the IBAN in capital letters"),
    ])
    func `an account is judged by its element and the merchant's form`(
        form: AccountForm,
        account: String,
        mend: String?
    ) throws {
        let text = Samples.message([Samples.payment([Self.transfer(account: account)])], count: 1)
        let rules = try RecordRules(accountForm: form, bankCodeForm: .bic, severities: [.accountCheckDigit: .off])
        let reasons = try Self.reasons(text, rules)[0]
        #expect(reasons.map(\.code) == (mend == nil ? [] : [.accountMalformed]))
        if let mend { #expect(reasons.first?.mend.hasPrefix(mend) == true, "\(reasons)") }
    }

    @Test(arguments: [
        (BankCodeForm.bic, bic, String?.none), (.shortName, bic, nil), (.cnaps, bic, "no BICs are agreed"),
        (.cnaps, member("102100099996"), nil), (.shortName, member("20041010"), nil),
        (.bic, member("DEUTDEFF"), nil), (.bic, member("102100099996"), "BICs are agreed"),
        (.aba, member("1"), ReasonCode.bankMalformed.mend),
    ])
    func `a bank is judged by its element and the merchant's form`(
        form: BankCodeForm,
        bank: String,
        mend: String?
    ) throws {
        let text = Samples.message([Samples.payment([Self.transfer(bank: bank)])], count: 1)
        let reasons = try Self.reasons(text, try RecordRules(accountForm: .iban, bankCodeForm: form))[0]
        #expect(reasons.map(\.code) == (mend == nil ? [] : [.bankMalformed]))
        if let mend { #expect(reasons.first?.mend.hasPrefix(mend) == true, "\(reasons)") }
    }

    @Test func `an IBAN and a BIC of two countries are told of, whatever the merchant's forms`() throws {
        let transfer = Self.transfer(bank: "<BICFI>DEUTATWW</BICFI>")
        let text = Samples.message([Samples.payment([transfer])], count: 1)
        let rules = try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .shortName)
        #expect(try Self.reasons(text, rules)[0].map(\.code) == [.bankCountryDiffers])
    }

    // MARK: What stands around a transaction

    private static let working = BusinessDate("2026-01-06") ?? BusinessDate(daysSince1970: 0)

    private static func rules(_ severities: [ReasonCode: Severity] = [:]) throws -> RecordRules {
        try RecordRules(accountForm: .iban, bankCodeForm: .bic, severities: severities)
    }

    private static func codes(
        _ text: String,
        _ severities: [ReasonCode: Severity] = [:],
        direction: Direction = .payout,
        on day: BusinessDate? = nil
    ) throws -> [[ReasonCode]] {
        let context = RecordContext(businessDate: day)
        return try reasons(text, try rules(severities), direction: direction, context: context).map { $0.map(\.code) }
    }

    @Test(arguments: [
        ("2026-01-06", [ReasonCode]()), ("2026-01-06+08:00", []), ("2026-01-06Z", []),
        ("2026-01-05", [.dateInPast]), ("2031-04-19", [.dateInFuture]), ("2026-01-07-11:00", [.dateInFuture]),
        ("12026-01-06", [.dateMalformed]),
    ])
    func `every transaction has the day that its payment information asks for`(
        day: String,
        codes: [ReasonCode]
    ) throws {
        let wanted = Samples.payment([Samples.transfer("E-1"), Samples.transfer("E-2", "11.00")])
            .replacingOccurrences(of: "2026-01-06", with: day)
        let other = Samples.payment([Samples.transfer("E-3", "12.00")], identification: "P-2")
        let text = Samples.message([wanted, other], count: 3)
        #expect(try Self.codes(text, on: Self.working) == [codes, codes, []])
        // Without the file's date only its form can be judged.
        #expect(try Self.codes(text)[0] == codes.filter { $0 == .dateMalformed })
    }

    @Test(arguments: [
        ("<Dt>2026-01-06</Dt>", [ReasonCode]()), ("<DtTm>2026-01-06T23:30:00-08:00</DtTm>", []),
        ("\n  <DtTm>2026-01-07T00:30:00Z</DtTm>\n", [.dateInFuture]),
    ])
    func `a day with its time is the day as it is written`(choice: String, codes: [ReasonCode]) throws {
        let payment = Samples.payment([Samples.transfer("E-1")])
            .replacingOccurrences(of: "<Dt>2026-01-06</Dt>", with: choice)
        #expect(try Self.codes(Samples.message([payment], count: 1), on: Self.working) == [codes])
    }

    @Test func `a day that has passed is worked with the file where the merchant's rules say so`() throws {
        let text = Samples.message([Samples.payment([Samples.transfer("E-1")])], count: 1)
        let late = Self.working.advanced(byDays: 1)
        let reasons = try Self.reasons(
            text,
            try Self.rules([.dateInPast: .warn]),
            context: RecordContext(businessDate: late)
        )
        #expect(reasons[0].map(\.severity) == [.warn])
        #expect(reasons[0].map(\.maskedValue) == ["2026-01-06"])
    }

    @Test func `the working calendar holds for the day asked for`() throws {
        let calendar = try WorkingCalendar(
            name: "weekdays",
            years: 2026...2026,
            weekdays: [.monday, .wednesday],
            holidays: [],
            makeUpDays: []
        )
        let text = Samples.message([Samples.payment([Samples.transfer("E-1")])], count: 1)
        let rules = try RecordRules(accountForm: .iban, bankCodeForm: .bic, calendar: calendar)
        #expect(try Self.reasons(text, rules)[0].map(\.code) == [.dateNotWorkingDay])
    }

    @Test(arguments: [
        ("TRF", [ReasonCode]()), ("CHK", [.paymentMethodNotSupported]), ("TRA", [.paymentMethodNotSupported]),
    ])
    func `only transfers are made`(method: String, codes: [ReasonCode]) throws {
        let payment = Samples.payment([Samples.transfer("E-1")])
            .replacingOccurrences(of: "<PmtMtd>TRF</PmtMtd>", with: "<PmtMtd>\(method)</PmtMtd>")
        let text = Samples.message(
            [payment, Samples.payment([Samples.transfer("E-2", "2.00")], identification: "P-2")],
            count: 2
        )
        let reasons = try Self.reasons(text, try Self.rules())
        #expect(reasons.map { $0.map(\.code) } == [codes, []])
        #expect(reasons[0].allSatisfy { $0.maskedValue == method && $0.severity == .quarantine })
    }

    @Test func `the IBAN of the ordering account is checked, and told masked`() throws {
        let payment = Samples.payment([Samples.transfer("E-1")])
            .replacingOccurrences(
                of: "<DbtrAcct><Id>\(Self.iban)",
                with: "<DbtrAcct><Id><IBAN>DE88370400440532013000</IBAN>"
            )
        let other = Samples.payment([Samples.transfer("E-2", "2.00")], identification: "P-2")
            .replacingOccurrences(of: "<DbtrAcct><Id>\(Self.iban)", with: "<DbtrAcct><Id><Othr><Id>4711</Id></Othr>")
        let reasons = try Self.reasons(Samples.message([payment, other], count: 2), try Self.rules())
        #expect(reasons.map { $0.map(\.code) } == [[.orderingAccountMalformed], []])
        #expect(reasons[0].map(\.maskedValue) == ["DE8837************3000"])
    }

    @Test func `one payment information has one currency, that of its first transaction`() throws {
        let mixed = Samples.payment([
            Samples.transfer("E-1"), Samples.transfer("E-2", "2", currency: "SEK"), Samples.transfer("E-3", "3"),
        ])
        let other = Samples.payment([Samples.transfer("E-4", "4", currency: "SEK")], identification: "P-2")
        let text = Samples.message([mixed, other], count: 4)
        #expect(try Self.codes(text) == [[], [.currencyMixed], [], []])
        #expect(try Self.codes(text, [.currencyMixed: .off]) == [[], [], [], []])
    }

    @Test func `an instruction's identification is used once for an ordering account`() throws {
        let again = Samples.transfer("E-2", "2").replacingOccurrences(of: "I-E-2", with: "I-E-1")
        let elsewhere = Samples.transfer("E-3", "3").replacingOccurrences(of: "I-E-3", with: "I-E-1")
        let without = ["E-4", "E-5"].map {
            Samples.transfer($0, "\($0.suffix(1)).01").replacingOccurrences(of: ">I-\($0)<", with: ">NOTPROVIDED<")
        }
        let other = Samples.payment([elsewhere], identification: "P-2")
            .replacingOccurrences(of: "<DbtrAcct><Id>\(Self.iban)", with: "<DbtrAcct><Id><Othr><Id>4711</Id></Othr>")
        let same = Samples.payment(
            [
                Samples.transfer("E-1").replacingOccurrences(of: "E-1", with: "E-6")
                    .replacingOccurrences(of: "I-E-6", with: "I-E-1")
            ],
            identification: "P-3"
        )
        let text = Samples.message(
            [Samples.payment([Samples.transfer("E-1"), again] + without), other, same],
            count: 6
        )
        let reasons = try Self.reasons(text, try Self.rules([.samePayment: .off]))
        let repeated = [ReasonCode.instructionRepeated]
        #expect(reasons.map { $0.map(\.code) } == [[], repeated, [], [], [], repeated])
        #expect(reasons[1][0].mend.hasPrefix("line 1 of this file has the same"))
    }

    // MARK: Debits

    /// A pain.008.001.08 of one debit.
    private static func debit(
        mandate: String = "<MndtId>M-1</MndtId><DtOfSgntr>2025-12-01</DtOfSgntr>",
        scheme: String = "<Id>DE98ZZZ09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>",
        own: String = "",
        serviceLevel: String = "<Cd>SEPA</Cd>",
        account: String = iban
    ) -> String {
        func identification(_ scheme: String) -> String {
            scheme.isEmpty ? "" : "<CdtrSchmeId><Id><PrvtId><Othr>\(scheme)</Othr></PrvtId></Id></CdtrSchmeId>"
        }
        let named = mandate.isEmpty ? "" : "<MndtRltdInf>\(mandate)</MndtRltdInf>"
        return """
            <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"><CstmrDrctDbtInitn>
            <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-01-05T09:30:00</CreDtTm><NbOfTxs>1</NbOfTxs><InitgPty/></GrpHdr>
            <PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>DD</PmtMtd><PmtTpInf><SvcLvl>\(serviceLevel)</SvcLvl></PmtTpInf>
            <ReqdColltnDt>2026-01-06</ReqdColltnDt><Cdtr><Nm>ACME</Nm></Cdtr><CdtrAcct><Id>\(account)</Id></CdtrAcct>
            <CdtrAgt><FinInstnId>\(bic)</FinInstnId></CdtrAgt>\(identification(scheme))
            <DrctDbtTxInf><PmtId><EndToEndId>E-1</EndToEndId></PmtId><InstdAmt Ccy="EUR">1.00</InstdAmt>
            <DrctDbtTx>\(named)\(identification(own))</DrctDbtTx>
            <DbtrAgt><FinInstnId>\(bic)</FinInstnId></DbtrAgt><Dbtr><Nm>Anna</Nm></Dbtr>
            <DbtrAcct><Id>\(iban)</Id></DbtrAcct></DrctDbtTxInf></PmtInf></CstmrDrctDbtInitn></Document>
            """
    }

    private static func codes(debit text: String) throws -> [ReasonCode] {
        try codes(text, direction: .withhold, on: working)[0]
    }

    @Test(arguments: [
        ("<MndtId>M-1</MndtId><DtOfSgntr>2025-12-01</DtOfSgntr>", [ReasonCode]()),
        ("<MndtId>M-1</MndtId><DtOfSgntr>2026-01-06</DtOfSgntr>", []), ("", [.mandateMissing]),
        ("<MndtId>M-1</MndtId>", [.mandateMissing]), ("<DtOfSgntr>2025-12-01</DtOfSgntr>", [.mandateMissing]),
        ("<MndtId> </MndtId><DtOfSgntr>2025-12-01</DtOfSgntr>", [.mandateMissing]),
        ("<MndtId>NOTPROVIDED</MndtId><DtOfSgntr>2025-12-01</DtOfSgntr>", [.mandateMissing]),
        ("<MndtId>M-1</MndtId><DtOfSgntr>2026-01-07</DtOfSgntr>", [.mandateSignedLate]),
    ])
    func `a debit names a mandate that was signed before its collection`(mandate: String, codes: [ReasonCode]) throws {
        #expect(try Self.codes(debit: Self.debit(mandate: mandate)) == codes)
    }

    private static let malformed = [ReasonCode.creditorIdentifierMalformed]

    @Test(arguments: [
        ("<Id>DE98ZZZ09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>", "", "<Cd>SEPA</Cd>", [ReasonCode]()),
        ("<Id>DE98ABC09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>", "", "<Prtry>X</Prtry>", []),
        ("<Id>DE00ZZZ09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>", "", "<Cd>SEPA</Cd>", malformed),
        ("<Id>DE00ZZZ09999999999</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm>", "", "<Prtry>X</Prtry>", malformed),
        ("<Id>DE00ZZZ09999999999</Id>", "", "<Cd>SEPA</Cd>", malformed), ("", "", "<Cd>SEPA</Cd>", malformed),
        ("<Id>41100000000872849</Id><SchmeNm><Prtry>CHDD</Prtry></SchmeNm>", "", "<Prtry>CHDD</Prtry>", []),
        ("", "<Id>DE98ZZZ09999999999</Id>", "<Cd>SEPA</Cd>", []),
        ("<Id>DE98ZZZ09999999999</Id>", "<Id>DE97ZZZ09999999999</Id>", "<Cd>SEPA</Cd>", malformed),
    ])
    func `the identifier of a SEPA creditor has its form and check digits`(
        scheme: String,
        own: String,
        serviceLevel: String,
        codes: [ReasonCode]
    ) throws {
        #expect(try Self.codes(debit: Self.debit(scheme: scheme, own: own, serviceLevel: serviceLevel)) == codes)
    }

    @Test func `a debit has the day of its collection and an account to be credited`() throws {
        let text = Self.debit(account: "<IBAN>DE88370400440532013000</IBAN>")
        let late = Self.working.advanced(byDays: 3)
        let codes = try Self.codes(text, direction: .withhold, on: late)
        #expect(Set(codes[0]) == [.dateInPast, .orderingAccountMalformed])
        let weak = [ReasonCode.mandateMissing: Severity.warn]
        let reasons = try Self.reasons(Self.debit(mandate: ""), try Self.rules(weak), direction: .withhold)
        #expect(reasons[0].map(\.severity) == [.warn])
    }
}
