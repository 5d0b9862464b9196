import BatchFiles
import Compression
import CompressionTesting
import Logging
import PaymentCore
import Pipeline
import Store
import Testing

/// Pass 2 is made by what pass 1 was made by, or not at all.
@Suite struct JudgedAlikeTests {
    private static let content: [UInt8] = {
        let lines = (1...500).map { "N\($0),\(EngineScene.card($0)),Payee \($0),102100099996,\(100 + $0),rent" }
        return Array("order_no,card_no,name,cnaps,amount,remark\n\(lines.joined(separator: "\n"))\n".utf8)
    }()

    /// What of the configuration a file is judged by, and what may be another.
    private struct Judge {
        var amountUnit = AmountUnit.major
        var banks: [String]?
        var wrapping = Wrapping.Kind.none
        var hasLayout = true

        func stage(_ desk: IntakeDesk) throws -> IntakeStage {
            let sample = try EngineScene.layout()
            let layout = try DelimitedLayout(
                name: sample.name,
                charset: sample.charset,
                separator: sample.separator,
                quote: sample.quote,
                header: sample.header,
                amountUnit: amountUnit,
                defaultCurrency: sample.defaultCurrency,
                columns: sample.columns
            )
            let format = DeclaredFormat(.delimited(layout), wrapping: Wrapping(wrapping))
            let profile = MerchantProfile(
                number: EngineScene.merchant,
                title: "Test",
                databaseRole: nil,
                resultDueAfter: .hours(1),
                rules: try RecordRules(banks: banks.flatMap { KnownBanks(prefixes: $0) }),
                tolerance: FileTolerance(badPerTenThousandMax: 10_000),
                routes: [:]
            )
            return IntakeStage(
                store: desk,
                configuration: EngineConfiguration(
                    formats: hasLayout ? [layout.name: format] : [:],
                    merchants: [EngineScene.merchant: profile],
                    channels: [:],
                    limits: EngineLimits(sliceRecords: 100, fileLease: .minutes(10))
                ),
                clock: desk.clock
            )
        }

        @discardableResult
        func work(_ desk: IntakeDesk) async throws -> Bool {
            let stop = StopSignal()
            desk.begin(stop)
            return try await stage(desk).runOnce(
                worker: WorkerIdentifier("0123456789abcdef0123456789abcdef"),
                stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        func finish(_ desk: IntakeDesk) async throws {
            for _ in 0..<100 where !desk.isDone { try await work(desk) }
            #expect(desk.isDone)
        }
    }

    private static func amounts(_ desk: IntakeDesk) -> [Int64] { desk.slices.flatMap(\.orders).map(\.amount.minor) }

    @Test(arguments: [AmountUnit.major, .minor])
    func `a file that was let in is judged anew when it would mean something else now`(_ unit: AmountUnit) async throws
    {
        let desk = IntakeDesk(bytes: Self.content, partBytes: 4_000, stopsAtEachSlice: false, isHeldAtFirst: true)
        #expect(try await !Judge().work(desk))
        #expect(desk.slices.isEmpty && desk.timesJudged == 1)
        try await Judge(amountUnit: unit).finish(desk)
        #expect(desk.timesJudged == (unit == .major ? 1 : 2))
        #expect(Self.amounts(desk) == (1...500).map { (100 + $0) * (unit == .major ? 100 : 1) })
        #expect(desk.alarms.isEmpty)
    }

    @Test func `a file that is loaded in part waits for what it was judged by`() async throws {
        let desk = IntakeDesk(bytes: Self.content, partBytes: 4_000, stopsAtEachSlice: true)
        try await Judge().work(desk)
        let loaded = desk.slices.count
        #expect((1..<5).contains(loaded))
        for other in [Judge(amountUnit: .minor), Judge(banks: ["103"]), Judge(hasLayout: false)] {
            #expect(try await !other.work(desk))
            #expect(desk.slices.count == loaded)
        }
        #expect(desk.alarms.map(\.code) == ["configuration_changed", "configuration_changed", "layout_missing"])
        #expect(desk.alarms.allSatisfy { $0.kind == .loadStopped && $0.message.contains("payout-csv") })
        try await Judge().finish(desk)
        #expect(desk.timesJudged == 1)
        #expect(Self.amounts(desk) == (1...500).map { (100 + $0) * 100 })
    }

    @Test func `a file that is loaded and not what was verified calls somebody`() async throws {
        let end = LoadEnd.unlikeVerdict("pass 2 took 500 records, pass 1 600")
        let desk = IntakeDesk(bytes: Self.content, partBytes: 4_000, stopsAtEachSlice: false, end: end)
        #expect(try await !Judge().work(desk))
        #expect(desk.alarms.map(\.code) == ["unlike_verdict"])
        #expect(desk.alarms.first?.message.contains("pass 1 600") == true)
    }

    @Test func `a file whose payments could not be compared goes on, and somebody is told`() async throws {
        let compared = IntakeDesk(bytes: Self.content, partBytes: 4_000, stopsAtEachSlice: false)
        try await Judge().finish(compared)
        #expect(!compared.isUncompared)
        let desk = IntakeDesk(bytes: Self.content, partBytes: 4_000, stopsAtEachSlice: false, isComparable: false)
        try await Judge().finish(desk)
        #expect(desk.isUncompared)
    }

    @Test(arguments: [Wrapping.Kind.none, .gzip])
    func `keeps its lease by the time that passes, in both passes`(_ kind: Wrapping.Kind) async throws {
        let bytes = kind == .gzip ? Packing.gzip(Self.content) : Self.content
        let desk = IntakeDesk(bytes: bytes, partBytes: 1_000, stopsAtEachSlice: true, partSpan: .minutes(3))
        let judge = Judge(wrapping: kind)
        try await judge.work(desk)
        let parts = (bytes.count + 999) / 1_000
        let first = try #require(desk.renewalsBeforeSlices.first)
        // Fetched one part ahead: no more than two parts' time passes unseen, which is less than the lease.
        #expect(first >= parts / 2)
        let loaded = desk.slices.count
        let before = desk.renewals
        try await judge.work(desk)
        #expect(desk.slices.count > loaded)
        // A packed file is read again from its beginning; all of that lies before the first new slice.
        if kind == .gzip { #expect(desk.renewalsBeforeSlices[loaded] > before) }
        #expect(desk.renewals > before)
    }
}
