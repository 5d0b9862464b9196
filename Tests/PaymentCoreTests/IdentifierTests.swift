import PaymentCore
import SharedFileTesting
import Testing

@Suite struct IdentifierTests {
    // MARK: Persons and organisations

    @Test(arguments: [
        ("11010519491231002X", nil), ("440103199812097547", nil),
        ("11010519491231002x", ResidentIdentity.Defect.character),
        ("110105194912310021", .checkDigit), ("110105490230001", .length), ("11010519490230002X", .date),
        ("110105190002290021", .date), ("11010517991231002X", .date), ("1101051949123100Ⅹ", .length), ("", .length),
        ("1101051949123100 X", .character),
    ])
    func `a resident identity number has 18 characters, a date of birth and a check digit`(
        number: String,
        defect: ResidentIdentity.Defect?
    ) {
        let found = ResidentIdentity.defect(of: number.utf8.span)
        #expect(found == defect)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/cn-resident-id.csv"), "needs the identifier vectors"))
    func `resident identity numbers agree with the vectors`() throws {
        let defects: [String: Set<ResidentIdentity.Defect?>] = [
            "valid": [nil], "invalid-length": [.length], "invalid-character": [.character],
            "invalid-check": [.checkDigit], "invalid-date (or check)": [.date, .checkDigit],
            "lower-case x: normalise to X": [.character],
        ]
        let rows = try Self.rows("cn-resident-id.csv")
        #expect(rows.count == 80)
        for row in rows {
            let found = ResidentIdentity.defect(of: row[0].utf8.span)
            #expect(try #require(defects[row[1]]).contains(found), "\(row[0]): \(row[1])")
        }
    }

    @Test(arguments: [
        ("91350100M000100Y43", nil), ("52440103W7J2QN4HBL", nil),
        ("91350100M000100Y44", SocialCreditCode.Defect.checkDigit), ("91350100M000100Y4", .length),
        ("9135010OM000100Y43", .character), ("91350100M000100I43", .character), ("91350100m000100Y43", .character),
        ("91A50100M000100Y43", .character), ("", .length), ("91350100M000100Y4\u{7F}", .character),
    ])
    func `a social credit code has 18 characters of its alphabet and a check character`(
        code: String,
        defect: SocialCreditCode.Defect?
    ) {
        let found = SocialCreditCode.defect(of: code.utf8.span)
        #expect(found == defect)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/cn-uscc.csv"), "needs the identifier vectors"))
    func `social credit codes agree with the vectors`() throws {
        let defects: [String: [SocialCreditCode.Defect?]] = [
            "valid": [nil], "invalid-check": [.checkDigit], "I O S V Z are never used": [.character],
        ]
        let rows = try Self.rows("cn-uscc.csv")
        #expect(rows.count == 41)
        for row in rows {
            let found = SocialCreditCode.defect(of: row[0].utf8.span)
            #expect(try #require(defects[row[1]]).contains(found), "\(row[0])")
        }
    }

    @Test(arguments: [
        (IdentityForm.residentIdentity, "440103199812097547", nil),
        (.residentIdentity, "91350100M000100Y43", IdentityForm.Defect.form),
        (.residentIdentity, "440103199812097546", .checkDigit), (.socialCreditCode, "91350100M000100Y43", nil),
        (.socialCreditCode, "91350100M000100Y44", .checkDigit), (.either, "440103199812097547", nil),
        (.either, "91350100M000100Y43", nil), (.either, "91350100M000100Y44", .checkDigit),
        (.either, "440103199813097547", .form), (.either, "张三", .form), (.either, "", .form),
        (.either, "110101199002304514", .form), (.either, "440103199812097546", .checkDigit),
        (.either, "91350100000100Y43", .form), (.either, "913501001000100043", .checkDigit),
    ])
    func `an identity form admits its numbers only`(form: IdentityForm, number: String, defect: IdentityForm.Defect?) {
        let found = form.defect(of: number.utf8.span)
        #expect(found == defect)
    }

    @Test(arguments: [
        (IdentityForm.residentIdentity, "1998-12-09", nil), (.residentIdentity, "1998-12-08", IdentityForm.Defect.form),
        (.either, "1998-12-08", .form), (.either, "2026-11-20", nil),
    ])
    func `nobody was born after the day`(form: IdentityForm, day: String, defect: IdentityForm.Defect?) throws {
        let today = try #require(BusinessDate(day))
        let found = form.defect(of: "440103199812097547".utf8.span, today: today)
        #expect(found == defect)
    }

    // MARK: Banks and creditors

    @Test(arguments: [
        ("122929085", true), ("021000021", true), ("122929086", false), ("12292908", false), ("1229290855", false),
        ("12292908X", false), ("000000000", false), ("", false),
    ])
    func `a routing number has nine digits that weigh a multiple of ten`(number: String, isValid: Bool) {
        let found = RoutingNumber.isValid(number.utf8.span)
        #expect(found == isValid)
        let isAdmitted = BankCodeForm.aba.admits(number.utf8.span)
        #expect(isAdmitted == isValid)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/us-aba-routing.csv"), "needs the identifier vectors"))
    func `routing numbers agree with the vectors`() throws {
        let rows = try Self.rows("us-aba-routing.csv")
        #expect(rows.count == 40)
        for row in rows {
            let found = RoutingNumber.isValid(row[0].utf8.span)
            #expect(found == (row[1] == "valid"), "\(row[0])")
        }
    }

    @Test(arguments: [
        ("DE98ZZZ09999999999", true), ("AT61ZZZ01234567890", true), ("FR72ZZZ123456", true),
        ("BE68ZZZ0123456789", true),
        // The business code is the creditor's own.
        ("DE98ABC09999999999", true), ("DE98zz109999999999", true), ("DE97ZZZ09999999999", false),
        ("DE98ZZZ09999999998", false), ("DE98ZZZ", false), ("de98ZZZ09999999999", false), ("DEXXZZZ0999", false),
        ("DE98ZZZ0999999999 ", false), ("DE98ZZZ09999999999000000000000000000", false), ("", false),
    ])
    func `a creditor identifier has check digits over country and national identifier`(text: String, isValid: Bool) {
        let found = CreditorIdentifier.isValid(text.utf8.span)
        #expect(found == isValid)
    }

    @Test(arguments: [
        ("DEUTDEFF", true), ("DEUTDEFFXXX", true), ("NEDSZAJJ", true), ("DE1TDEFF", false), ("DEUTDE0F", false),
        ("DEUTDE1F", false), ("DEUTDEFO", false), ("DEUTDE2F500", true), ("DEUTDEF", false), ("deutdeff", false),
    ])
    func `the older edition of BICs has letters first and leaves out what looks alike`(code: String, hasShape: Bool) {
        let found = BIC.hasShape(code.utf8.span, edition: .iso2009)
        #expect(found == hasShape)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/identifiers/bic.csv"), "needs the identifier vectors"))
    func `the editions of BICs differ where the vectors say so`() throws {
        for row in try Self.rows("bic.csv") {
            let (old, new) = (
                BIC.hasShape(row[0].utf8.span, edition: .iso2009), BIC.hasShape(row[0].utf8.span, edition: .iso2014)
            )
            #expect(old == (row[1] == "valid" || row[0] == "DEUTZZFF"), "\(row[0])")
            #expect(new == (old || row[0] == "DE1TDEFF"), "\(row[0])")
        }
    }

    @Test(arguments: [
        ("DEUTDEFF", "DE89370400440532013000", true), ("DEUTATWW", "DE89370400440532013000", false),
        ("BARCGBSA", "GG82WEST12345698765432", true), ("BARCIMDD", "GB82WEST12345698765432", true),
        ("BNPAGFGX", "FR1420041010050500013M02606", true), ("NDEAFIHH", "AX2112345600000785", true),
        ("NDEASESS", "AX2112345600000785", false), ("BARC", "GB82", true), ("BARCGBSA", "", true),
    ])
    func `a BIC fits an IBAN of its country, or of one that shares its code`(code: String, iban: String, fits: Bool) {
        let found = BIC.fits(code.utf8.span, iban: iban.utf8.span)
        #expect(found == fits)
    }

    // MARK: Repertoires

    @Test(.enabled(if: SharedFiles.exist("formats/charset/sepa-basic-latin.csv"), "needs the set of SEPA"))
    func `the basic set of SEPA is the published one`() throws {
        let rows = try SharedFiles.text("formats/charset/sepa-basic-latin.csv").split(whereSeparator: \.isNewline)
            .dropFirst()
        let published = Set(try rows.map { try #require(UInt8($0.dropFirst(2).prefix(4), radix: 16)) })
        #expect(published.count == 73)
        for byte in UInt8.min...127 {
            let isHeld = TextProfile.Repertoire.sepa.holds(ascii: byte)
            #expect(isHeld == published.contains(byte), "\(byte)")
        }
    }

    @Test func `the other repertoires hold every printable character of ASCII and no control`() {
        for repertoire in TextProfile.Repertoire.allCases where repertoire != .sepa {
            for byte in UInt8.min...127 {
                #expect(repertoire.holds(ascii: byte) == (0x20...0x7E).contains(byte))
            }
        }
    }

    private static func rows(_ name: String) throws -> [[String]] {
        try SharedFiles.text("formats/identifiers/\(name)")
            .split(whereSeparator: \.isNewline).dropFirst()
            .map { row in
                row.split(separator: ",", omittingEmptySubsequences: false).map {
                    String($0).replacing("\"", with: "")
                }
            }
    }
}
