import BatchFiles
import PaymentCore
import Testing

@Suite struct FileVerdictTests {
    /// Totals of as many orders and bad records with these amounts in fen; nil for an amount that cannot be read.
    private static func totals(orders: [Int64], bad: [Int64?] = []) -> FileTotals {
        var totals = FileTotals()
        let source = RecordSource(
            line: LineNumber(1),
            physicalLine: 1,
            byteRange: 0..<1,
            raw: [],
            charsetName: "UTF-8"
        )
        for minor in orders {
            let amount = Money(minor: minor, currency: .cny)
            let fields = OrderFields(merchantOrderNumber: "A", amount: amount, accountNumber: "1")
            totals.add(.order(OrderDraft(source: source, fields: fields, warnings: [])))
        }
        for minor in bad {
            let reason = RecordReason(code: .amountMalformed, severity: .quarantine, field: .amount, maskedValue: "")
            let draft = QuarantineDraft(
                source: source,
                merchantOrderNumber: nil,
                amount: minor.map { Money(minor: $0, currency: .cny) },
                reasons: [reason]
            )
            totals.add(.quarantined(draft))
        }
        return totals
    }

    private static func submitted(_ count: Int64?, _ sum: Int128?) -> DeclaredTotals {
        DeclaredTotals(origin: .submission, count: count, sums: sum.map { [.cny: $0] })
    }

    private static let lenient = FileTolerance(
        countDifferenceMax: 1,
        amountMinorDifferenceMax: 100,
        badPerTenThousandMax: 10_000
    )

    @Test func `records, amounts and reasons are counted`() {
        let totals = Self.totals(orders: [1, 2], bad: [4, nil, -1])
        #expect(totals.records == 5)
        #expect(totals.quarantined == 3)
        #expect(totals.totals.amountUnreadable == 1)
        #expect(totals.totals.amounts == [.cny: Tally(count: 4, amountMinor: 6)])
        #expect(totals.reasons == [.amountMalformed: 3])
    }

    @Test func `totals that agree, or are not declared, load`() {
        let totals = Self.totals(orders: [100, 200])
        for declared in [[], [Self.submitted(2, 300)], [Self.submitted(nil, 300)], [Self.submitted(2, nil)]] {
            #expect(FileVerdict.decide(totals: totals, declared: declared, tolerance: FileTolerance()) == .load)
        }
    }

    @Test(arguments: [
        (3 as Int64?, 300 as Int128?), (1, 300), (2, 301), (2, 299), (nil, 0), (nil, .max), (nil, .min), (.max, nil),
        (.min, nil),
    ])
    func `totals that differ refuse the file`(count: Int64?, sum: Int128?) {
        let verdict = FileVerdict.decide(
            totals: Self.totals(orders: [100, 200]),
            declared: [Self.submitted(count, sum)],
            tolerance: FileTolerance()
        )
        guard case .refuse(let defect) = verdict else {
            Issue.record("the verdict is \(verdict)")
            return
        }
        #expect(defect.code == .totalsMismatch)
        #expect(!defect.description.hasPrefix("line"))
    }

    @Test func `a trailer that differs is named with its line`() {
        let declared = DeclaredTotals(origin: .trailer(line: 4, byteOffset: 60), count: 5, sums: nil)
        let verdict = FileVerdict.decide(
            totals: Self.totals(orders: [1, 2]),
            declared: [Self.submitted(2, 3), declared],
            tolerance: FileTolerance()
        )
        guard case .refuse(let defect) = verdict else {
            Issue.record("the verdict is \(verdict)")
            return
        }
        #expect(defect.code == .trailerMismatch)
        #expect(defect.line == 4)
    }

    @Test func `inside the tolerance a file is held`() {
        let totals = Self.totals(orders: [100, 200])
        for (count, sum) in [(3, 300), (1, 300), (2, 400), (2, 200), (3, 400)] as [(Int64, Int128)] {
            let verdict = FileVerdict.decide(
                totals: totals,
                declared: [Self.submitted(count, sum)],
                tolerance: Self.lenient
            )
            guard case .hold(let hold) = verdict else {
                Issue.record("the verdict is \(verdict)")
                continue
            }
            #expect(hold.code == .totalsWithinTolerance)
            #expect(hold.description.contains(hold.mend))
        }
        for (count, sum) in [(4, 300), (2, 401), (3, 500)] as [(Int64, Int128)] {
            let verdict = FileVerdict.decide(
                totals: totals,
                declared: [Self.submitted(count, sum)],
                tolerance: Self.lenient
            )
            if case .refuse = verdict { continue }
            Issue.record("the verdict is \(verdict)")
        }
    }

    @Test(arguments: [
        (1_000 as Int64?, 1_000_000 as Int128?, "load"), (1_001, nil, "hold"), (1_002, nil, "hold"),
        (1_003, nil, "refuse"),
        (998, nil, "hold"), (997, nil, "refuse"), (nil, 1_002_000, "hold"), (nil, 1_002_001, "refuse"),
        (nil, 998_000, "hold"), (nil, 997_999, "refuse"), (nil, .max, "refuse"), (nil, .min, "refuse"),
        (.max, nil, "refuse"),
    ])
    func `a tolerance may be a share of what was read`(count: Int64?, sum: Int128?, expected: String) {
        let verdict = FileVerdict.decide(
            totals: Self.totals(orders: [Int64](repeating: 1_000, count: 1_000)),
            declared: [Self.submitted(count, sum)],
            tolerance: FileTolerance(differencePerTenThousandMax: 20)
        )
        switch verdict {
        case .load: #expect(expected == "load")
        case .hold(let hold): #expect(expected == "hold" && hold.code == .totalsWithinTolerance)
        case .refuse(let defect): #expect(expected == "refuse" && defect.code == .totalsMismatch)
        }
    }

    @Test(arguments: [(1, "load"), (2, "hold"), (5, "hold"), (6, "refuse"), (20, "refuse")])
    func `bad records hold the file above one limit and refuse it above another`(bad: Int, expected: String) {
        let verdict = FileVerdict.decide(
            totals: Self.totals(
                orders: [Int64](repeating: 1, count: 20 - bad),
                bad: [Int64?](repeating: 1, count: bad)
            ),
            declared: [],
            tolerance: FileTolerance(badPerTenThousandMax: 500, badPerTenThousandLimit: 2_500)
        )
        switch verdict {
        case .load: #expect(expected == "load")
        case .hold(let hold): #expect(expected == "hold" && hold.code == .tooManyBadRecords)
        case .refuse(let defect):
            #expect(expected == "refuse" && defect.code == .badRecordsOverLimit)
            #expect(defect.what == "\(bad) of 20 records go to quarantine")
        }
    }

    @Test func `an amount that cannot be read explains a declared sum above the one read, not one below`() {
        let totals = Self.totals(orders: [100, 200], bad: [nil])
        let tolerance = FileTolerance(badPerTenThousandMax: 10_000)
        #expect(FileVerdict.decide(totals: totals, declared: [Self.submitted(3, 950)], tolerance: tolerance) == .load)
        let below = FileVerdict.decide(totals: totals, declared: [Self.submitted(3, 299)], tolerance: tolerance)
        if case .refuse = below {} else { Issue.record("the verdict is \(below)") }
    }

    @Test func `a currency that is not declared, or not there, is a difference`() throws {
        let usd = try #require(Currency(code: "USD"))
        let totals = Self.totals(orders: [100])
        for sums: [Currency: Int128] in [[:], [usd: 100], [.cny: 100, usd: 1]] {
            let declared = DeclaredTotals(origin: .submission, count: nil, sums: sums)
            let verdict = FileVerdict.decide(totals: totals, declared: [declared], tolerance: FileTolerance())
            if case .refuse = verdict {} else { Issue.record("the verdict is \(verdict)") }
        }
        let both = DeclaredTotals(origin: .submission, count: nil, sums: [.cny: 100, usd: 0])
        #expect(FileVerdict.decide(totals: totals, declared: [both], tolerance: FileTolerance()) == .load)
    }

    @Test(arguments: [(0, 1, "hold"), (1, 1, "load"), (1, 2, "hold"), (2, 2, "load"), (9, 9, "refuse")])
    func `a few bad records need not hold a small file, and never make up for a limit`(
        free: Int,
        bad: Int,
        expected: String
    ) {
        let verdict = FileVerdict.decide(
            totals: Self.totals(
                orders: [Int64](repeating: 1, count: 10 - bad),
                bad: [Int64?](repeating: 1, count: bad)
            ),
            declared: [],
            tolerance: FileTolerance(badRecordsFree: Int64(free), badPerTenThousandLimit: 5_000)
        )
        switch verdict {
        case .load: #expect(expected == "load")
        case .hold: #expect(expected == "hold")
        case .refuse: #expect(expected == "refuse")
        }
    }

    @Test func `too many bad records hold the file`() {
        let orders = [Int64](repeating: 1, count: 19)
        let tolerance = FileTolerance()
        let atLimit = Self.totals(orders: orders, bad: [1])
        #expect(FileVerdict.decide(totals: atLimit, declared: [], tolerance: tolerance) == .load)
        let above = FileVerdict.decide(
            totals: Self.totals(orders: orders, bad: [1, 1]),
            declared: [],
            tolerance: tolerance
        )
        guard case .hold(let hold) = above else {
            Issue.record("the verdict is \(above)")
            return
        }
        #expect(hold.code == .tooManyBadRecords)
    }
}
