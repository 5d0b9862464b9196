import Foundation
import PaymentCore
import SharedFileTesting
import Testing

@Suite struct AccountTests {
    @Test(arguments: [
        ("6228480040106028109", true), ("6228480090106028109", false), ("4111111111111111", true),
        ("4111111111111112", false), ("", false), ("0", false), ("622848004010602810x", false), ("18", true),
    ])
    func `Luhn accepts what ends with its check digit`(number: String, passes: Bool) {
        #expect(Self.passesLuhn(number) == passes)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/card-luhn.csv"), "needs the identifier vectors"))
    func `Luhn agrees with the vectors`() throws {
        let rows = try Self.rows("card-luhn.csv")
        #expect(rows.count == 64)
        for row in rows { #expect(Self.passesLuhn(row[0]) == (row[1] == "valid"), "\(row[0])") }
    }

    @Test(arguments: [
        ("DE89370400440532013000", nil), ("GB82WEST12345698765432", nil), ("NO9386011117947", nil),
        ("DE88370400440532013000", IBAN.Defect.checkDigits), ("DE8937040044053201300", .length),
        ("ZZ89370400440532013000", .country), ("de89370400440532013000", .country),
        ("DE8937040044053201300A", .character), ("DEA9370400440532013000", .character), ("DE8", .length), ("", .length),
        ("GB82WEST1234569876543\u{7F}", .character), ("DE89 3704 0044 0532 0130 00", .length),
    ])
    func `an IBAN has its country, length, structure and check digits`(number: String, defect: IBAN.Defect?) {
        #expect(Self.defect(number) == defect)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/iban.csv"), "needs the identifier vectors"))
    func `IBANs agree with the vectors`() throws {
        let rows = try Self.rows("iban.csv")
        #expect(rows.count == 210)
        for row in rows { #expect((Self.defect(row[0]) == nil) == (row[1] == "valid-mod97"), "\(row[0])") }
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/iban.csv"), "needs the identifier vectors"))
    func `changing any one character of an IBAN is noticed`() throws {
        for row in try Self.rows("iban.csv") where row[1] == "valid-mod97" {
            let number = Array(row[0].utf8)
            for index in number.indices {
                var changed = number
                changed[index] = number[index] == 0x39 ? 0x30 : number[index] + 1
                #expect(Self.defect(String(decoding: changed, as: UTF8.self)) != nil, "\(row[0]) at \(index)")
            }
        }
    }

    @Test(arguments: [
        ("102100099996", true), ("10210009999", false), ("1021000999960", false), ("10210009999X", false), ("", false),
    ])
    func `a CNAPS code is 12 digits`(code: String, hasShape: Bool) {
        #expect(Self.has(code, BankCodeForm.cnaps) == hasShape)
    }

    @Test(arguments: [("ICBKCNBJ", true), ("ICBKCNBJSZN", true), ("ICBKCNBJS", false), ("icbkcnbj", false)])
    func `a BIC has 8 or 11 capitals and digits`(code: String, hasShape: Bool) {
        #expect(Self.has(code, BankCodeForm.bic) == hasShape)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/bic.csv"), "needs the identifier vectors"))
    func `BICs agree with the vectors`() throws {
        for row in try Self.rows("bic.csv") {
            // Two rows leave the verdict to the version of the pattern and to a directory.
            let isShaped = row[1] == "valid" || row[0] == "DE1TDEFF" || row[0] == "DEUTZZFF"
            #expect(Self.has(row[0], BankCodeForm.bic) == isShaped, "\(row[0])")
        }
    }

    @Test(arguments: [
        (AccountForm.digits, "622202", true), (.digits, "62220", false), (.digits, "6222-02", false),
        (.digits, "６２２２０２", false), (.lettersAndDigits, "AB123", true), (.lettersAndDigits, "AB 12", false),
        (.lettersAndDigits, "AB1@3", false), (.lettersAndDigits, "AB1[3", false), (.lettersAndDigits, "AB1`3", false),
        (.lettersAndDigits, "AB1{3", false), (.lettersAndDigits, "é1234", false), (.iban, "NO9386011117947", true),
        (.iban, "622202", false), (.digits, "0000000000000000", false), (.digits, "0000001", true),
        (.lettersAndDigits, "00000", false), (.lettersAndDigits, "0000A", true),
    ])
    func `an account form admits its numbers only`(form: AccountForm, number: String, admits: Bool) {
        let isAdmitted = form.admits(number.utf8.span)
        #expect(isAdmitted == admits)
    }

    @Test(arguments: [
        (BankCodeForm.cnaps, "102100099996", true), (.cnaps, "ICBC", false), (.bic, "ICBKCNBJ", true),
        (.bic, "102100099996", false), (.shortName, "ICBC", true), (.shortName, "工行", false), (.shortName, "", false),
    ])
    func `a bank code form admits its codes only`(form: BankCodeForm, code: String, admits: Bool) {
        #expect(Self.has(code, form) == admits)
    }

    // A span cannot pass through an expectation, so these take text.

    private static func passesLuhn(_ number: String) -> Bool { CardNumber.passesLuhn(number.utf8.span) }

    private static func defect(_ number: String) -> IBAN.Defect? { IBAN.defect(of: number.utf8.span) }

    private static func has(_ code: String, _ form: BankCodeForm) -> Bool { form.admits(code.utf8.span) }

    private static func rows(_ name: String) throws -> [[String]] {
        try SharedFiles.text("formats/identifiers/\(name)")
            .split(whereSeparator: \.isNewline).dropFirst()
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) } }
    }
}
