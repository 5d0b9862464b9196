import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// Records of which a person says what their columns hold.
@Suite struct AmendedRecordTests {
    private static let good: [RecordField: String] = [
        .merchantOrderNumber: "A-1", .accountNumber: "6228480040106028109", .accountName: "张三",
        .bankCode: "102100099996", .amount: "12.34", .purpose: "wages",
    ]

    private static func reason(_ code: ReasonCode, _ field: RecordField? = nil) -> RecordReason {
        RecordReason(code: code, severity: .quarantine, field: field, maskedValue: "A****1")
    }

    private static func judge(
        sent: [RecordField: String]?,
        amended: [RecordField: String] = [:],
        _ reasons: [RecordReason] = [],
        rules: RecordRules? = nil,
        accepting: Set<ReasonCode> = []
    ) throws -> AmendedJudgement {
        var checker = RecordChecker(
            ofTextsIn: try Samples.layout(charset: .gb18030).form,
            rules: try rules ?? RecordRules(severities: [.accountCheckDigit: .quarantine]),
            accepting: accepting
        )
        var texts = FieldTexts(sent ?? [:])
        for (field, text) in amended { texts[field] = text }
        let record = AmendedRecord(
            line: LineNumber(1),
            sent: sent.map { FieldTexts($0) },
            amended: amended.isEmpty ? nil : texts,
            reasons: reasons
        )
        return checker.judgement(of: record)
    }

    @Test func `a field that is mended makes an order, and one that is spoiled does not`() throws {
        var bad = Self.good
        bad[.accountNumber] = "6228480040106028108"
        let reasons = [Self.reason(.accountCheckDigit, .accountNumber)]
        #expect(try Self.judge(sent: bad, reasons).reasons.map(\.code) == [.accountCheckDigit])
        let mended = try Self.judge(sent: bad, amended: [.accountNumber: "6228480040106028109"], reasons)
        #expect(mended.isOrder && mended.reasons.isEmpty)
        #expect(mended.accountNumber == "6228480040106028109")
        #expect(mended.merchantOrderNumber == "A-1")
        #expect(mended.amount == Money(minor: 1_234, currency: .cny))
        let spoiled = try Self.judge(sent: Self.good, amended: [.amount: "12,34"])
        #expect(!spoiled.isOrder && spoiled.reasons.map(\.code) == [.amountMalformed] && spoiled.amount == nil)
    }

    @Test(arguments: ReasonCode.allCases.filter { $0.origin == .file })
    func `what only a reader sees stays until the field that it is about is amended`(code: ReasonCode) throws {
        let reasons = [Self.reason(code, .accountName)]
        // Some are warnings unless the merchant says otherwise.
        let rules = try RecordRules(severities: [code: .quarantine])
        let untouched = try Self.judge(sent: Self.good, reasons, rules: rules)
        #expect(!untouched.isOrder && untouched.reasons.map(\.code) == [code])
        #expect(untouched.reasons.first?.maskedValue == "A****1")
        let other = try Self.judge(sent: Self.good, amended: [.purpose: "rent"], reasons, rules: rules)
        #expect(!other.isOrder && other.reasons.map(\.code) == [code])
        #expect(try Self.judge(sent: Self.good, amended: [.accountName: "李四"], reasons, rules: rules).isOrder)
        // Of the whole record nobody can amend it.
        let ofRecord = try Self.judge(
            sent: Self.good,
            amended: [.accountName: "李四"],
            [Self.reason(code)],
            rules: rules
        )
        #expect(!ofRecord.isOrder && ofRecord.reasons.map(\.code) == [code])
        let accepted = try Self.judge(sent: Self.good, [Self.reason(code)], rules: rules, accepting: [code])
        #expect(accepted.isOrder == code.canBeWeakened)
    }

    @Test(arguments: ReasonCode.allCases.filter { $0.origin == .registry })
    func `whether a number is taken is not judged here`(code: ReasonCode) throws {
        #expect(try Self.judge(sent: Self.good, [Self.reason(code, .merchantOrderNumber)]).isOrder)
    }

    @Test(arguments: ReasonCode.allCases.filter { $0.origin == .form })
    func `columns that could not be told apart are what a person says they are`(code: ReasonCode) throws {
        let reasons = [Self.reason(code)]
        let untold = try Self.judge(sent: nil, reasons)
        #expect(!untold.isOrder && untold.reasons.map(\.code) == [code])
        #expect(try Self.judge(sent: nil, amended: Self.good, reasons).isOrder)
        // What is not said is empty.
        let half = try Self.judge(sent: nil, amended: [.merchantOrderNumber: "A-1", .amount: "1"], reasons)
        #expect(Set(half.reasons.map(\.field)) == [.accountNumber, .accountName])
        #expect(half.reasons.allSatisfy { $0.code == .missingField })
    }

    @Test func `a record without columns and without a reason makes no order`() throws {
        let judged = try Self.judge(sent: nil)
        #expect(!judged.isOrder)
        #expect(Set(judged.reasons.map(\.field)) == [.merchantOrderNumber, .accountNumber, .amount])
    }

    @Test func `reasons of values go with the values when the columns are said anew`() throws {
        // Kept before texts were: the columns are known to nobody, and the reasons are of values.
        let reasons = [Self.reason(.amountMalformed, .amount)]
        #expect(try Self.judge(sent: nil, reasons).reasons.map(\.code) == [.amountMalformed])
        #expect(try Self.judge(sent: nil, amended: Self.good, reasons).isOrder)
    }

    @Test func `bytes that are no text keep the record back until a person says what they mean`() throws {
        for field in [RecordField.purpose, .bankCode, .accountName, .amount, .merchantOrderNumber] {
            var sent = Self.good
            sent[field] = nil
            let reasons = [Self.reason(.undecodableBytes, field)]
            let untouched = try Self.judge(sent: sent, reasons)
            #expect(!untouched.isOrder && untouched.reasons.map(\.code) == [.undecodableBytes], "\(field)")
            let said = try Self.judge(sent: sent, amended: [field: Self.good[field] ?? ""], reasons)
            #expect(said.isOrder, "\(field)")
        }
    }

    @Test func `a value of which nothing is known but that it was good stays good`() throws {
        // Of a record whose number was taken, columns that no order keeps are not stored.
        let layout = try Samples.layout(
            columns: Samples.columns + [
                LayoutColumn(title: "id", field: .idNumber, isRequired: true),
                LayoutColumn(title: "day", field: .executionDate, isRequired: true),
            ]
        )
        var checker = RecordChecker(ofTextsIn: layout.form, rules: try RecordRules())
        let taken = [Self.reason(.duplicateOfEarlierFile, .merchantOrderNumber)]
        let record = AmendedRecord(line: LineNumber(1), sent: FieldTexts(Self.good), amended: nil, reasons: taken)
        #expect(checker.judgement(of: record).isOrder)
    }

    @Test func `nobody knows an amount whose currency cannot be read`() throws {
        let layout = try Samples.layout(columns: Samples.columns + [LayoutColumn(title: "ccy", field: .currency)])
        var checker = RecordChecker(ofTextsIn: layout.form, rules: try RecordRules())
        let judged = checker.judgement(
            of: AmendedRecord(
                line: LineNumber(1),
                sent: FieldTexts(Self.good),
                amended: nil,
                reasons: [Self.reason(.undecodableBytes, .currency)]
            )
        )
        #expect(judged.amount == nil && judged.reasons.map(\.code) == [.undecodableBytes])
    }

    @Test func `what people accept is a warning, and what no order can be made of is not accepted`() throws {
        var sent = Self.good
        sent[.bankCode] = "999"
        let accepted = try Self.judge(sent: sent, accepting: [.bankMalformed])
        #expect(accepted.isOrder && accepted.reasons.map(\.severity) == [.warn])
        sent[.amount] = "0"
        #expect(!(try Self.judge(sent: sent, accepting: [.bankMalformed, .amountNotPositive])).isOrder)
        // What the merchant's rules pass over stays passed over.
        let rules = try RecordRules(severities: [.bankMalformed: .off])
        #expect(rules.accepting([.bankMalformed]).severity(of: .bankMalformed) == .off)
    }

    @Test func `a value for which the layout has no column is refused`() throws {
        let judged = try Self.judge(sent: Self.good, amended: [.idNumber: "11010519491231002X"])
        #expect(!judged.isOrder)
        #expect(judged.reasons.map(\.code) == [.wrongColumnCount] && judged.reasons.first?.field == .idNumber)
    }

    @Test func `texts that only look the same are an amendment`() throws {
        let (composed, decomposed) = ("Zo\u{EB}", "Zoe\u{308}")
        #expect(composed == decomposed)
        let sent = FieldTexts([.accountName: composed])
        #expect(FieldTexts([.accountName: decomposed]).changed(since: sent) == [.accountName])
        #expect(sent.changed(since: sent).isEmpty)
        #expect(sent.changed(since: nil) == [.accountName])
    }

    @Test func `a mended IBAN must be one, and who takes no IBANs may be given the account's number`() throws {
        let form = try ISO20022Samples.layout(.payout).form
        let json = """
            {"merchant_order_number":"E-1","account_number":"DE88370400440532013000","account_name":"Anna",\
            "bank_code":"DEUTDEFFXXX","amount":"1.00","currency":"EUR","purpose":"","account_form":"iban",\
            "bank_code_form":"bic"}
            """
        let sent = try FieldTexts(json: Array(json.utf8), form: form)
        func judge(_ account: String, bank: String = "DEUTDEFFXXX", _ rules: RecordRules) -> AmendedJudgement {
            var checker = RecordChecker(ofTextsIn: form, rules: rules)
            var texts = sent
            texts[.accountNumber] = account
            texts[.bankCode] = bank
            return checker.judgement(of: AmendedRecord(line: LineNumber(1), sent: sent, amended: texts, reasons: []))
        }
        let usual = try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .shortName)
        #expect(judge("DE89370400440532013000", usual).isOrder)
        #expect(judge("DE89370400440532013001", usual).reasons.map(\.code) == [.accountMalformed])
        #expect(judge("DE89370400440532013000", bank: "nobank", usual).reasons.map(\.code) == [.bankMalformed])
        let domestic = try RecordRules(accountForm: .digits, bankCodeForm: .cnaps)
        #expect(judge("6228480040106028109", bank: "102100099996", domestic).isOrder)
    }
}
