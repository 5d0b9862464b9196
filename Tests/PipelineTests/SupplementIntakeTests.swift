import BatchFiles
import Logging
import PaymentCore
import Pipeline
import Store
import Testing

/// How intake reads a file that has no bytes: page by page, slice by slice.
@Suite struct SupplementIntakeTests {
    private static func texts(_ number: Int, account: String? = nil) -> FieldTexts {
        FieldTexts([
            .merchantOrderNumber: "N\(number)", .accountNumber: account ?? EngineScene.card(number),
            .accountName: "Payee \(number)", .bankCode: "102100099996", .amount: "\(number).50", .purpose: "rent",
        ])
    }

    private static func record(
        _ line: Int,
        sent: FieldTexts? = nil,
        amended: FieldTexts? = nil,
        reasons: [QuarantineReason] = []
    ) -> SupplementRecord {
        SupplementRecord(
            line: LineNumber(Int32(line)),
            merchantOrderNumber: "N\(line)",
            fields: (sent ?? texts(line)).json,
            amended: amended?.json,
            reasons: reasons,
            raw: Array("as sent \(line)".utf8),
            charset: "GBK",
            byteRange: 10..<20,
            physicalLine: Int64(line)
        )
    }

    private static func stage(_ desk: IntakeDesk, hasLayout: Bool = true) throws -> IntakeStage {
        let layout = try EngineScene.layout()
        let profile = MerchantProfile(
            number: EngineScene.merchant,
            title: "Test",
            databaseRole: nil,
            resultDueAfter: .hours(1),
            rules: try RecordRules(severities: [.accountCheckDigit: .quarantine]),
            tolerance: FileTolerance(badPerTenThousandMax: 0),
            routes: [:]
        )
        return IntakeStage(
            store: desk,
            configuration: EngineConfiguration(
                formats: hasLayout ? [layout.name: DeclaredFormat(.delimited(layout))] : [:],
                merchants: [EngineScene.merchant: profile],
                channels: [:],
                limits: EngineLimits(sliceRecords: 130, fileLease: .minutes(10))
            ),
            clock: desk.clock
        )
    }

    @discardableResult
    private static func work(_ stage: IntakeStage, _ desk: IntakeDesk) async throws -> Bool {
        let stop = StopSignal()
        desk.begin(stop)
        return try await stage.runOnce(
            worker: WorkerIdentifier("0123456789abcdef0123456789abcdef"),
            stop: stop,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static func desk(
        _ records: [SupplementRecord],
        stopsAtEachSlice: Bool = false,
        accepted: [String] = []
    ) -> IntakeDesk {
        IntakeDesk(
            bytes: [],
            partBytes: 1,
            stopsAtEachSlice: stopsAtEachSlice,
            records: records,
            accepted: accepted
        )
    }

    @Test(arguments: [false, true], [1, 130, 200, 400, 457])
    func `every line is loaded once, whatever stops on the way`(_ stops: Bool, _ count: Int) async throws {
        let desk = Self.desk((1...count).map { Self.record($0) }, stopsAtEachSlice: stops)
        let stage = try Self.stage(desk)
        for _ in 0..<20 where !desk.isDone { try await Self.work(stage, desk) }
        #expect(desk.isDone && desk.timesJudged == 1)
        let sum = (1...count).reduce(Int128(0)) { $0 + Int128($1 * 100 + 50) }
        let accepted: [Currency: Tally] = [.cny: Tally(count: Int64(count), amountMinor: sum)]
        #expect(desk.verdict == .load(recordCount: Int64(count), amountUnreadable: 0, accepted: accepted))
        #expect(desk.slices.flatMap(\.orders).map(\.line.value) == (1...Int32(count)).map { $0 })
        #expect(desk.slices.flatMap(\.quarantined).isEmpty)
        #expect(desk.slices.dropLast().allSatisfy { $0.count == 130 })
        var position: Int64 = 0
        for slice in desk.slices {
            position += Int64(slice.count)
            #expect(slice.position.recordOrdinal == position)
        }
    }

    @Test func `what does not pass is set aside with what its columns were to say`() async throws {
        let amended = Self.texts(2, account: "6228480040106028108")
        let desk = Self.desk([
            Self.record(1, amended: Self.texts(1, account: EngineScene.card(77))),
            Self.record(2, amended: amended),
            Self.record(
                3,
                reasons: [
                    QuarantineReason(
                        code: "schema_violation",
                        field: "purpose",
                        maskedValue: "",
                        mend: "PmtId, line 9: it is empty"
                    )
                ]
            ),
        ])
        try await Self.work(try Self.stage(desk), desk)
        let slice = try #require(desk.slices.first)
        let order = try #require(slice.orders.first)
        #expect(slice.orders.count == 1 && slice.text(order.accountNumber) == EngineScene.card(77))
        #expect(slice.text(order.source.raw) == "as sent 1" && slice.charset(of: order.source) == "GBK")
        #expect(slice.quarantined.map(\.line.value) == [2, 3])
        let second = try #require(slice.quarantined.first)
        #expect(second.reasons.map(\.code) == ["account_check_digit"])
        #expect(second.merchantOrderNumber.map(slice.text) == "N2")
        #expect(second.accountNumber.map(slice.text) == "6228480040106028108")
        #expect(second.fields.map { Array(slice.bytes[$0.range]) } == amended.json)
        #expect(slice.text(second.source.raw) == "as sent 2")
        // What only the reader saw stands there still, in its own words.
        #expect(slice.quarantined[1].reasons.map(\.mend) == ["PmtId, line 9: it is empty"])
        // However many do not pass, the file is never held.
        guard case .load(recordCount: 3, _, _) = desk.verdict else {
            Issue.record("\(String(describing: desk.verdict))")
            return
        }
    }

    @Test func `what two people accepted passes`() async throws {
        let bad = Self.texts(1, account: "6228480040106028108")
        let strict = Self.desk([Self.record(1, sent: bad)])
        try await Self.work(try Self.stage(strict), strict)
        #expect(strict.slices.first?.orders.isEmpty == true)
        let desk = Self.desk([Self.record(1, sent: bad)], accepted: ["account_check_digit", "no_such_code"])
        try await Self.work(try Self.stage(desk), desk)
        #expect(desk.slices.first?.orders.count == 1)
    }

    @Test func `what says another amount or number than was approved makes no order`() async throws {
        var dearer = Self.record(1)
        dearer.releasedAmount = Money(minor: 149, currency: .cny)
        var right = Self.record(2)
        right.releasedAmount = Money(minor: 250, currency: .cny)
        let renamed = Self.record(3, amended: Self.texts(4))
        let desk = Self.desk([dearer, right, renamed])
        try await Self.work(try Self.stage(desk), desk)
        let slice = try #require(desk.slices.first)
        #expect(slice.orders.map(\.line.value) == [2])
        #expect(slice.quarantined.map(\.line.value) == [1, 3])
        #expect(slice.quarantined.allSatisfy { $0.reasons.map(\.code) == ["unlike_release"] })
        #expect(
            desk.verdict
                == .load(
                    recordCount: 3,
                    amountUnreadable: 0,
                    accepted: [
                        .cny: Tally(
                            count: 1,
                            amountMinor: 250
                        )
                    ]
                )
        )
    }

    @Test func `texts that nobody can read make no order of what was sent`() async throws {
        let amended = SupplementRecord(
            line: LineNumber(1),
            merchantOrderNumber: "N1",
            fields: Self.texts(1).json,
            amended: Array("{".utf8),
            reasons: [],
            raw: [],
            charset: "UTF-8",
            byteRange: 0..<0,
            physicalLine: 0
        )
        let desk = Self.desk([amended])
        try await Self.work(try Self.stage(desk), desk)
        #expect(desk.slices.first?.orders.isEmpty == true)
        #expect(desk.slices.first?.quarantined.first.map { $0.merchantOrderNumber != nil } == true)
    }

    @Test func `without its layout a supplement waits, and is not refused`() async throws {
        let desk = Self.desk([Self.record(1)])
        #expect(try await !Self.work(try Self.stage(desk, hasLayout: false), desk))
        #expect(desk.verdict == nil && desk.alarms.map(\.code) == ["layout_missing"])
        try await Self.work(try Self.stage(desk), desk)
        #expect(desk.isDone)
    }
}
