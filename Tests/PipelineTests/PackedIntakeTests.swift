import BatchFiles
import Compression
import CompressionTesting
import Cryptography
import Logging
import PaymentCore
import Pipeline
import Store
import Synchronization
import Testing

/// Intake of one file that came packed.
@Suite struct PackedIntakeTests {
    /// What a loaded order must agree in, whatever its file was packed in.
    private struct Loaded: Equatable {
        let line: Int32
        let number: String
        let amount: Int64
        let account: String
        let name: String
        let bytes: Range<Int64>
        let raw: [UInt8]

        init(_ order: NewOrder, in slice: LoadSlice) {
            line = order.line.value
            number = slice.text(order.merchantOrderNumber)
            amount = order.amount.minor
            account = slice.text(order.accountNumber)
            name = slice.text(order.accountName)
            bytes = order.source.byteRange
            raw = Array(slice.bytes[order.source.raw.range])
        }

        static func all(in slices: [LoadSlice]) -> [Self] {
            slices.flatMap { slice in slice.orders.map { Self($0, in: slice) } }
        }
    }

    private static let content: [UInt8] = {
        let lines = (1...1_500).map { $0 % 100 == 0 ? "N\($0),bad" : EngineScene.line($0) }
        return Array("order_no,card_no,name,cnaps,amount,remark\n\(lines.joined(separator: "\n"))\n".utf8)
    }()

    private static func pack(_ kind: Wrapping.Kind) -> [UInt8] {
        switch kind {
        case .none: content
        case .gzip: Packing.gzip(content)
        case .zip: Packing.zip { $0.contents = content }
        case .deflateBase64: Packing.base64(Deflate.compress(content), lineLength: 76)
        }
    }

    /// Works a file to its end, and answers what was loaded and how often intake had to come back to it.
    private static func load(
        _ bytes: [UInt8],
        _ kind: Wrapping.Kind,
        stopsAtEachSlice: Bool
    ) async throws -> (
        desk: IntakeDesk, turns: Int
    ) {
        let desk = IntakeDesk(bytes: bytes, partBytes: 1_000, stopsAtEachSlice: stopsAtEachSlice)
        let profile = MerchantProfile(
            number: EngineScene.merchant,
            title: "Test",
            databaseRole: nil,
            resultDueAfter: .hours(1),
            rules: try RecordRules(),
            tolerance: FileTolerance(badPerTenThousandMax: 5_000),
            routes: [:]
        )
        let stage = IntakeStage(
            store: desk,
            configuration: EngineConfiguration(
                formats: ["payout-csv": DeclaredFormat(.delimited(try EngineScene.layout()), wrapping: Wrapping(kind))],
                merchants: [EngineScene.merchant: profile],
                channels: [:],
                limits: EngineLimits(sliceRecords: 100)
            ),
            clock: desk.clock
        )
        var turns = 0
        while !desk.isDone {
            turns += 1
            try #require(turns <= 100, "the file does not come to its end")
            let stop = StopSignal()
            desk.begin(stop)
            _ = try await stage.runOnce(
                worker: WorkerIdentifier("0123456789abcdef0123456789abcdef"),
                stop: stop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }
        return (desk, turns)
    }

    @Test(arguments: Wrapping.Kind.allCases)
    func `gives the same orders as the plain file, also when it is stopped at each slice`(
        kind: Wrapping.Kind
    ) async throws {
        let plain = try await Self.load(Self.content, .none, stopsAtEachSlice: false)
        let expected = Loaded.all(in: plain.desk.slices)
        #expect(plain.turns == 1)
        #expect(expected.count == 1_485)
        for stops in [false, true] {
            let found = try await Self.load(Self.pack(kind), kind, stopsAtEachSlice: stops)
            #expect(found.desk.verdict == plain.desk.verdict)
            #expect(Loaded.all(in: found.desk.slices) == expected)
            let quarantined = found.desk.slices.flatMap { slice in
                slice.quarantined.map { (line: $0.line.value, raw: slice.text($0.source.raw)) }
            }
            #expect(quarantined.map(\.line) == (1...15).map { $0 * 100 })
            #expect(quarantined.allSatisfy { $0.raw == "N\($0.line),bad" })
            #expect(stops ? found.turns > 5 : found.turns == 1)
        }
    }

    @Test(arguments: [Wrapping.Kind.gzip, .zip, .deflateBase64])
    func `refuses a file that was cut, with nothing loaded`(kind: Wrapping.Kind) async throws {
        let cut = Array(Self.pack(kind).dropLast(2_000))
        let found = try await Self.load(cut, kind, stopsAtEachSlice: false)
        guard case .refuse(let note) = found.desk.verdict else {
            Issue.record("the file was not refused: \(String(describing: found.desk.verdict))")
            return
        }
        #expect(note.code == "wrapping_broken")
        #expect(found.desk.slices.isEmpty)
    }
}
