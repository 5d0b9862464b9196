import BatchFiles
import Foundation
import Logging
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// A request of ISO 20022 through the whole engine, and the status report that answers it.
@Suite(.serialized) struct StatusReportResultTests {
    /// A pain.001 of 60 transactions in two payment informations; the last one's card has a wrong check digit.
    static func request(on day: BusinessDate) -> [UInt8] {
        var text = """
            <?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
            <GrpHdr><MsgId>MSG-1</MsgId><CreDtTm>2026-03-08T12:00:00</CreDtTm><NbOfTxs>60</NbOfTxs><InitgPty/></GrpHdr>
            """
        for payment in 0..<2 {
            text += """
                <PmtInf><PmtInfId>PMT-\(payment)</PmtInfId><PmtMtd>TRF</PmtMtd>
                <ReqdExctnDt><Dt>\(day)</Dt></ReqdExctnDt><Dbtr/>
                <DbtrAcct><Id><Othr><Id>1</Id></Othr></Id></DbtrAcct>
                <DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>
                """
            for item in 1...30 {
                let number = payment * 30 + item
                let card = EngineScene.card(number)
                let account = number == 60 ? String(card.dropLast()) + (card.hasSuffix("0") ? "1" : "0") : card
                text += """
                    <CdtTrfTxInf><PmtId><InstrId>I-\(number)</InstrId><EndToEndId>E2E-\(number)</EndToEndId></PmtId>
                    <Amt><InstdAmt Ccy="CNY">\(number).50</InstdAmt></Amt>
                    <Cdtr><Nm>Payee &amp; Sons \(number)</Nm></Cdtr>
                    <CdtrAcct><Id><Othr><Id>\(account)</Id></Othr></Id></CdtrAcct></CdtTrfTxInf>
                    """
            }
            text += "</PmtInf>"
        }
        return Array((text + "</CstmrCdtTrfInitn></Document>").utf8)
    }

    static func report(_ scene: EngineScene, _ batch: BatchIdentifier, _ version: Int32?) async throws -> String {
        let bytes = Mutex<[UInt8]>([])
        let written = try await scene.store.readResultFile(of: batch, version: version) { part in
            bytes.withLock { $0 += part }
        }
        #expect(written?.fileName == "pay.xml.result.xml")
        return bytes.withLock { String(decoding: $0, as: UTF8.self) }
    }

    private static func settle(_ scene: EngineScene, _ batch: BatchIdentifier) async throws -> Bool {
        try await scene.owner.transaction("look again") { transaction in
            _ = try transaction.execute(
                "UPDATE sluice.batch_file SET due_at = now(), lease_until = NULL, lease_worker = NULL "
                    + "WHERE batch_id = $1",
                [.int64(batch.value)]
            )
        }
        return try await SettlementStage(store: scene.store, configuration: scene.configuration).runOnce(
            worker: WorkerIdentifier(String(repeating: "a", count: 32)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func `a request is answered, anew only when something has changed`() async throws {
        let scene = try await EngineScene.make()
        let today = try await scene.number("SELECT current_date - date '1970-01-01'")
        let day = BusinessDate(daysSince1970: Int32(today))
        let batch = try await scene.queue(
            bytes: Self.request(on: day),
            name: "pay.xml",
            format: "payout-iso",
            businessDate: day
        )
        try await scene.workToRest(try scene.engine())
        let first = try await Self.report(scene, batch, 1)
        #expect(first.contains("<MsgId>\(batch)-R1</MsgId>"))
        #expect(first.contains("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"))
        #expect(first.contains("<OrgnlMsgId>MSG-1</OrgnlMsgId>\n<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"))
        #expect(first.contains("<GrpSts>PART</GrpSts>"))
        #expect(first.contains("<DtldNbOfTxs>59</DtldNbOfTxs>\n<DtldSts>ACSC</DtldSts>"))
        #expect(
            first.contains("<OrgnlPmtInfId>PMT-0</OrgnlPmtInfId>\n<OrgnlNbOfTxs>30</OrgnlNbOfTxs>\n<PmtInfSts>ACSC<")
        )
        #expect(
            first.contains("<OrgnlInstrId>I-60</OrgnlInstrId>\n<OrgnlEndToEndId>E2E-60</OrgnlEndToEndId>\n<TxSts>PDNG<")
        )
        #expect(
            first.contains("<Cd>AC01</Cd>\n</Rsn>\n<AddtlInf>UNDER_REVIEW: under review: do not resubmit</AddtlInf>")
        )
        #expect(first.contains("<InstdAmt Ccy=\"CNY\">60.50</InstdAmt>"))

        // Looked at again, the lines are the same: nothing is written.
        #expect(try await !Self.settle(scene, batch))
        #expect(try await scene.number("SELECT count(*) FROM sluice.result_file") == 1)

        try await scene.owner.transaction("reject") { transaction in
            _ = try transaction.execute("UPDATE sluice.quarantine_record SET state = 'rejected' WHERE line_no = 60")
        }
        #expect(try await Self.settle(scene, batch))
        let second = try await Self.report(scene, batch, nil)
        #expect(second.contains("<MsgId>\(batch)-R2</MsgId>"))
        #expect(second.contains("<OrgnlEndToEndId>E2E-60</OrgnlEndToEndId>\n<TxSts>RJCT<"))
        #expect(try await scene.number("SELECT is_final::int FROM sluice.result_file WHERE version = 2") == 1)
        await scene.close()
    }
}
