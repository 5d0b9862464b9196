import BatchFiles
import Foundation
import PaymentCore
import Testing

@Suite struct ISO20022TotalsTests {
    private typealias Samples = ISO20022Samples

    private static func defect(_ text: String) throws -> FileDefect.Code? {
        SeenMessage(text, try Samples.layout(.payout)).defect?.code
    }

    @Test(arguments: [
        ("17.5", FileDefect.Code?.none), ("+017.50000", nil), ("17.51", .controlSumMismatch),
        ("1.75e1", .schemaViolation),
        ("17.50000000000000001", .schemaViolation), ("17.5000000000000001", .controlSumMismatch),
    ])
    func `the sum of a payment information is compared exactly`(sum: String, code: FileDefect.Code?) throws {
        let transfers = [Samples.transfer("E-1", "10"), Samples.transfer("E-2", "7.50")]
        let payment = Samples.payment(transfers, totals: "<CtrlSum>\(sum)</CtrlSum>")
        #expect(try Self.defect(Samples.message([payment], count: 2)) == code)
    }

    @Test func `the number of a payment information is compared, and the mismatch says which one`() throws {
        let payments = [
            Samples.payment([Samples.transfer("E-1")], totals: "<NbOfTxs>1</NbOfTxs>"),
            Samples.payment([Samples.transfer("E-2")], identification: "P-2", totals: "<NbOfTxs>2</NbOfTxs>"),
        ]
        let defect = SeenMessage(Samples.message(payments, count: 2), try Samples.layout(.payout)).defect
        #expect(defect?.code == .controlCountMismatch)
        #expect(defect?.what == "payment information 2 declares 2 transactions and has 1")
    }

    @Test func `the group's totals are declared in minor units of the one currency`() throws {
        let text = Samples.message([Samples.payment([Samples.transfer("E-1", "10.10")])], count: 7, sum: "99.9")
        let seen = SeenMessage(text, try Samples.layout(.payout))
        let euro = try #require(Currency(code: "EUR"))
        #expect(seen.defect == nil)
        #expect(seen.declared.map(\.count) == [7])
        #expect(seen.declared.map(\.sums) == [[euro: 9_990]])
    }

    @Test(arguments: [(7, "10", FileDefect.Code.controlCountMismatch), (1, "11", .controlSumMismatch)])
    func `a difference of the group's totals refuses the file, or holds it within the tolerance`(
        count: Int,
        sum: String,
        code: FileDefect.Code
    ) throws {
        let text = Samples.message([Samples.payment([Samples.transfer("E-1")])], count: count, sum: sum)
        let seen = SeenMessage(text, try Samples.layout(.payout))
        var totals = FileTotals()
        let layout = try Samples.layout(.payout)
        var checker = RecordChecker(
            form: layout.form,
            rules: try RecordRules(accountForm: .iban, bankCodeForm: .bic)
        )
        var reader = ISO20022Reader(layout: layout)
        try reader.read(Array(text.utf8), isLast: true) { totals.add(checker.checkBothWays($0)) }
        let strict = FileVerdict.decide(totals: totals, declared: seen.declared, tolerance: FileTolerance())
        guard case .refuse(let defect) = strict else { Issue.record("\(strict)"); return }
        #expect(defect.code == code)
        #expect(defect.line == 3)
        let tolerant = FileTolerance(countDifferenceMax: 10, amountMinorDifferenceMax: 1_000)
        let verdict = FileVerdict.decide(totals: totals, declared: seen.declared, tolerance: tolerant)
        guard case .hold(let hold) = verdict else { Issue.record("\(verdict)"); return }
        #expect(hold.code == .totalsWithinTolerance)
    }

    @Test(arguments: [
        ("110.5", FileDefect.Code?.none), ("110.51", .controlSumMismatch), ("110.49", .controlSumMismatch),
    ])
    func `the group's sum of several currencies is the plain sum`(sum: String, code: FileDefect.Code?) throws {
        let transfers = [Samples.transfer("E-1", "10.5"), Samples.transfer("E-2", "100", currency: "JPY")]
        let text = Samples.message([Samples.payment(transfers)], count: 2, sum: sum)
        let seen = SeenMessage(text, try Samples.layout(.payout))
        #expect(seen.defect?.code == code)
        #expect(seen.declared.map(\.sums) == (code == nil ? [nil] : []))
    }

    @Test(arguments: [("20", FileDefect.Code?.none), ("10", nil), ("9", .controlSumMismatch)])
    func `an amount that cannot be read explains a sum above the one read, never below`(
        sum: String,
        code: FileDefect.Code?
    ) throws {
        let transfers = [Samples.transfer("E-1", "10"), Samples.transfer("E-2", "ten")]
        let payment = Samples.payment(transfers, totals: "<CtrlSum>\(sum)</CtrlSum>")
        #expect(try Self.defect(Samples.message([payment], count: 2)) == code)
    }

    @Test func `an equivalent amount counts in the sum, and makes no order`() throws {
        let equivalent = Samples.transfer("E-2").replacingOccurrences(
            of: "<InstdAmt Ccy=\"EUR\">10.00</InstdAmt>",
            with: "<EqvtAmt><Amt Ccy=\"USD\">5</Amt><CcyOfTrf>EUR</CcyOfTrf></EqvtAmt>"
        )
        let text = Samples.message([Samples.payment([Samples.transfer("E-1"), equivalent])], count: 2, sum: "15")
        let seen = SeenMessage(text, try Samples.layout(.payout))
        #expect(seen.defect == nil)
        #expect(seen.records.map { $0.seen.texts[4] } == ["10", ""])
        #expect(seen.records.flatMap(\.findings).isEmpty)
    }

    @Test func `a sum beyond 64 bits is compared exactly`() throws {
        let transfers = (1...12).map { Samples.transfer("E-\($0)", "999999999999999999") }
        let right = Samples.payment(transfers)
        let text = Samples.message([right], count: 12)
        #expect(try Self.defect(text) == nil)
        // Eighteen digits are all that the schema takes, so no such sum can be declared but a wrong one.
        let wrong = Samples.payment(transfers, totals: "<CtrlSum>999999999999999999</CtrlSum>")
        #expect(try Self.defect(Samples.message([wrong], count: 12)) == .controlSumMismatch)
    }

    @Test func `two payment informations with the same identification refuse the file`() throws {
        let payments = ["E-1", "E-2"].map { Samples.payment([Samples.transfer($0)]) }
        #expect(try Self.defect(Samples.message(payments, count: 2)) == .duplicatePayment)
    }
}
