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
            switch checker.check(record) {
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
}
