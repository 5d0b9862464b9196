import BatchFiles
import PaymentCore
import Store
import Testing

/// Results in formats that repeat their request: what a released line has become stands under the line as it was sent.
@Suite(.serialized) struct SupplementResultTests {
    private static func isFinished(_ batch: BatchIdentifier) -> String {
        "SELECT state = 'finished' FROM sluice.batch_file WHERE batch_id = \(batch)"
    }

    @Test func `a released transaction is settled in the next report, which says what was mended`() async throws {
        let scene = try await EngineScene.make()
        let desk = try await ReviewDesk.open(scene)
        let today = try await scene.number("SELECT current_date - date '1970-01-01'")
        let day = BusinessDate(daysSince1970: Int32(today))
        let batch = try await scene.queue(
            bytes: StatusReportResultTests.request(on: day),
            name: "pay.xml",
            format: "payout-iso",
            businessDate: day
        )
        try await scene.workToRest(try scene.engine())
        let amended = try await desk.amend(batch, 60, [.accountNumber: EngineScene.card(60), .amount: "61.00"])
        try await desk.release([amended])
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let last = try await StatusReportResultTests.report(scene, batch, nil)
        #expect(last.contains("<GrpSts>ACSC</GrpSts>"))
        #expect(last.contains("<DtldNbOfTxs>60</DtldNbOfTxs>\n<DtldSts>ACSC</DtldSts>"))
        #expect(
            last.contains(
                "<OrgnlEndToEndId>E2E-60</OrgnlEndToEndId>\n<TxSts>ACSC</TxSts>\n<StsRsnInf>\n"
                    + "<AddtlInf>SUCCEEDED: mended in review: the amount is 61.00 CNY</AddtlInf>"
            )
        )
        // Sums are of what was asked for.
        #expect(last.contains("<InstdAmt Ccy=\"CNY\">60.50</InstdAmt>") && !last.contains("61.00</InstdAmt>"))
        await scene.close()
    }

    @Test func `a released entry that fails comes back as the entry that was sent`() async throws {
        let scene = try await NACHAReturnsResultTests.makeScene(refused: "0020")
        let desk = try await ReviewDesk.open(scene)
        let batch = try await scene.queue(
            bytes: NACHAReturnsResultTests.request("A", spoiled: 20),
            name: "pay.ach",
            format: "payout-nacha"
        )
        try await scene.workToRest(try scene.engine())
        let open = try await NACHAReturnsResultTests.result(scene, batch, nil)
        #expect(!open.written.isFinal)
        try await desk.release([try await desk.amend(batch, 20, [.bankCode: "231380104"])])
        try await scene.work(try scene.engine(), until: Self.isFinished(batch))
        let last = try await NACHAReturnsResultTests.result(scene, batch, nil)
        #expect(last.written.isFinal)
        #expect(last.lines.filter { $0.hasPrefix("6") }.count == 1)
        #expect(last.lines[2].hasPrefix("621121042882" + "9000000020       " + "0000000120" + "ID-20"))
        #expect(last.lines[3].hasPrefix("799R17121042880000020      23138010E102 "))
        await scene.close()
    }
}
