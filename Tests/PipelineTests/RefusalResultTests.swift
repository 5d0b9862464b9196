import BatchFiles
import Foundation
import Logging
import PaymentCore
import PeopleTesting
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// A file that is refused, and what settlement answers in the format of the request.
@Suite(.serialized) struct RefusalResultTests {
    private static let worker = WorkerIdentifier(String(repeating: "a", count: 32))
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A pain.001 of one transaction, whose control sum is as given.
    private static func request(sum: String, on day: BusinessDate) -> String {
        """
        <?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2026-03-08T12:00:00</CreDtTm><NbOfTxs>1</NbOfTxs><CtrlSum>\(sum)</CtrlSum>
        <InitgPty/></GrpHdr><PmtInf><PmtInfId>PMT-1</PmtInfId><PmtMtd>TRF</PmtMtd>
        <ReqdExctnDt><Dt>\(day)</Dt></ReqdExctnDt><Dbtr/><DbtrAcct><Id><Othr><Id>1</Id></Othr></Id></DbtrAcct>
        <DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>
        <CdtTrfTxInf><PmtId><EndToEndId>E2E-1</EndToEndId></PmtId><Amt><InstdAmt Ccy="CNY">10.50</InstdAmt></Amt>
        <Cdtr><Nm>Payee</Nm></Cdtr><CdtrAcct><Id><Othr><Id>\(EngineScene.card(1))</Id></Othr></Id></CdtrAcct>
        </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>
        """
    }

    private static func queue(
        _ text: String,
        _ scene: EngineScene,
        format: String = "payout-iso"
    ) async throws
        -> BatchIdentifier
    {
        try await scene.queue(bytes: Array(text.utf8), name: "pay.xml", format: format)
    }

    private static func day(_ scene: EngineScene) async throws -> BusinessDate {
        BusinessDate(daysSince1970: Int32(try await scene.number("SELECT current_date - date '1970-01-01'")))
    }

    /// Intake looks at each waiting file.
    private static func take(_ scene: EngineScene) async throws {
        let intake = IntakeStage(store: scene.store, configuration: scene.configuration, clock: SystemClock())
        while try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'pending'") > 0 {
            _ = try await intake.runOnce(worker: worker, stop: StopSignal(), logger: logger)
        }
    }

    /// Settlement's next turn; whether it wrote something.
    private static func settle(_ scene: EngineScene, _ configuration: EngineConfiguration? = nil) async throws -> Bool {
        try await SettlementStage(store: scene.store, configuration: configuration ?? scene.configuration)
            .runOnce(worker: worker, logger: logger)
    }

    private static func report(_ scene: EngineScene, _ batch: BatchIdentifier) async throws -> String? {
        let bytes = Mutex<[UInt8]>([])
        let written = try await scene.store.readResultFile(of: batch, version: nil) { part in
            bytes.withLock { $0 += part }
        }
        guard let written else { return nil }
        #expect(written.fileName == "pay.xml.result.xml" && written.isFinal && written.lineCount == 0)
        return bytes.withLock { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `is a status report that rejects the group, for each way of being refused`() async throws {
        let scene = try await EngineScene.make()
        let day = try await Self.day(scene)
        let whole = Self.request(sum: "10.50", on: day)
        let files: [(text: String, identification: String, code: String, own: String)] = [
            (Self.request(sum: "10.51", on: day), "MSG-1", "AM10", "control_sum_mismatch"),
            (whole.replacing("<NbOfTxs>1</NbOfTxs>", with: "<NbOfTxs>2</NbOfTxs>"), "MSG-1", "AM18", "control_count"),
            (String(whole.prefix(whole.count - 40)), "MSG-1", "FF01", "not_well_formed"),
            (String(whole.prefix(90)), "NOTPROVIDED", "FF01", "schema_violation"),
            (whole.replacing("<Dbtr/>", with: ""), "MSG-1", "FF01", "schema_violation"),
            (whole.replacing("001.09", with: "001.05"), "MSG-1", "FF01", "message_unsupported"),
            ("", "NOTPROVIDED", "FF01", "empty_file"),
        ]
        for file in files {
            let batch = try await Self.queue(file.text, scene)
            try await Self.take(scene)
            #expect(try await Self.settle(scene))
            let report = try #require(try await Self.report(scene, batch))
            #expect(report.contains("<MsgId>\(batch)-R1</MsgId>"))
            #expect(report.contains("<OrgnlMsgId>\(file.identification)</OrgnlMsgId>"), "\(report)")
            #expect(report.contains("<GrpSts>RJCT</GrpSts>"))
            #expect(report.contains("<Rsn>\n<Cd>\(file.code)</Cd>\n</Rsn>\n<AddtlInf>REFUSED: "), "\(report)")
            #expect(report.contains("<AddtlInf>code \(file.own)"), "\(report)")
            #expect(try await !Self.settle(scene), "answered once")
        }
        let told = try await scene.number("SELECT count(*) FROM sluice.outbox WHERE topic = 'result_file'")
        #expect(told == Int64(files.count))
        await scene.close()
    }

    @Test func `tells the merchant that a person cancelled the file, or refused one that came before`() async throws {
        let scene = try await EngineScene.make()
        let text = Self.request(sum: "10.50", on: try await Self.day(scene))
        let first = try await Self.queue(text, scene)
        try await Self.take(scene)
        let again = try await Self.queue(text, scene)
        let cancelled = try await Self.queue(text, scene)
        try await Self.take(scene)
        let held = try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'held'")
        #expect(held == 2)
        var request = RequestedDecision(
            target: "file_held/\(again)",
            decision: .refuse,
            note: "sent twice"
        )
        request.about = NamedOrders(count: 1, amounts: ["CNY": 1_050])
        let people = TwoPeople(
            maker: try await scene.owner.signIn("anna", staff: "S1", role: .reviewer),
            checker: try await scene.owner.signIn("bert", staff: "S2", role: .approver)
        )
        _ = try await scene.store.decide(request, by: people)
        _ = try await scene.cancel(RequestedCancellation(batch: cancelled, line: nil))
        while try await Self.settle(scene) {}
        let refusal = try #require(try await Self.report(scene, again))
        #expect(refusal.contains("<Cd>DU01</Cd>") && refusal.contains("code refused_by_person"), "\(refusal)")
        #expect(refusal.contains("<OrgnlCtrlSum>10.50</OrgnlCtrlSum>"))
        let cancellation = try #require(try await Self.report(scene, cancelled))
        #expect(cancellation.contains("<Cd>DS02</Cd>"), "\(cancellation)")
        #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order") == 1)
        #expect(try await Self.report(scene, first) == nil)
        await scene.close()
    }

    @Test func `is none where no format has one, and keeps nobody waiting`() async throws {
        let scene = try await EngineScene.make()
        let day = try await Self.day(scene)
        for format in ["payout-csv", "payout-nacha", "no-such-layout"] {
            _ = try await Self.queue("no records", scene, format: format)
        }
        // Cancelled before anybody has read it.
        let unread = try await Self.queue(Self.request(sum: "1", on: day), scene)
        _ = try await scene.cancel(RequestedCancellation(batch: unread, line: nil))
        try await Self.take(scene)
        let answered = try await Self.queue(Self.request(sum: "1", on: day), scene)
        try await Self.take(scene)
        #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'refused'") == 5)
        #expect(try await Self.settle(scene), "those without an answer are passed in one turn")
        #expect(try await Self.report(scene, answered) != nil)
        #expect(try await scene.number("SELECT count(*) FROM sluice.result_file") == 1)
        let open = try await scene.number(
            "SELECT count(*) FROM sluice.batch_file WHERE state = 'refused' AND refusal_answered_at IS NULL"
        )
        #expect(open == 0)
        await scene.close()
    }

    @Test func `waits while the layout of its request is away`() async throws {
        let scene = try await EngineScene.make()
        let batch = try await Self.queue(Self.request(sum: "1", on: try await Self.day(scene)), scene)
        try await Self.take(scene)
        let known = scene.configuration
        let without = EngineConfiguration(
            formats: [:],
            merchants: known.merchants,
            channels: known.channels,
            limits: known.limits
        )
        #expect(try await !Self.settle(scene, without))
        #expect(try await Self.report(scene, batch) == nil)
        #expect(try await !Self.settle(scene), "not before some minutes")
        try await scene.owner.transaction("look again") { transaction in
            _ = try transaction.execute("UPDATE sluice.batch_file SET due_at = now()")
        }
        #expect(try await Self.settle(scene))
        #expect(try await Self.report(scene, batch) != nil)
        await scene.close()
    }
}
