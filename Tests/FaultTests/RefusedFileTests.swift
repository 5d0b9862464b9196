import Foundation
import Glibc
import PaymentCore
import PostgresClient
import Testing

/// A file that is refused, as its merchant learns of it, with the built program.
@Suite struct RefusedFileTests {
    /// A pain.001 of one transaction, with a control sum that is not its own.
    private static let request = """
        <?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>MSG-7</MsgId><CreDtTm>2026-03-08T12:00:00</CreDtTm><NbOfTxs>1</NbOfTxs><CtrlSum>1.00</CtrlSum>
        <InitgPty/></GrpHdr><PmtInf><PmtInfId>PMT-1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt>2099-03-09</ReqdExctnDt>
        <Dbtr/><DbtrAcct><Id><Othr><Id>1</Id></Othr></Id></DbtrAcct>
        <DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>
        <CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId></PmtId><Amt><InstdAmt Ccy="CNY">10.50</InstdAmt></Amt>
        <Cdtr><Nm>Payee</Nm></Cdtr><CdtrAcct><Id><Othr><Id>6222020012345678903</Id></Othr></Id></CdtrAcct>
        </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>
        """

    private static func submit(_ scene: FaultScene, _ name: String = "pay.xml") async throws -> Int64 {
        let path = try scene.write(Array(request.utf8), to: name)
        return try FaultScene.batch(
            try await scene.run([
                "file", "submit", path, "--merchant", "MER-PAYOUT", "--direction", "payout", "--format", "pain-001",
                "--json",
            ])
        )
    }

    private static func told(_ scene: FaultScene) async throws -> Int64 {
        try await scene.number("SELECT count(*) FROM sluice.outbox WHERE topic = 'result_file'")
    }

    @Test func `a refused file of ISO 20022 has a report, which says so in its own format`() async throws {
        try await FaultScene.with { scene in
            let batch = try await Self.submit(scene)
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: batch) == "refused control_sum_mismatch")
            // Before settlement had its turn.
            let early = try await scene.run(["file", "result", "\(batch)"], expecting: 1)
            #expect(early.log.contains("is refused") && early.log.contains("stage settle"), "\(early.log)")
            #expect(!early.log.contains("is due at"), "\(early.log)")

            try await scene.run(["run", "settle"])
            let path = "\(scene.folder)/report.xml"
            let result = try await scene.run(["file", "result", "\(batch)", "--output", path, "--json"])
            let about = try #require(try result.json() as? [String: Any], "\(result.output)")
            #expect(about["final"] as? Bool == true && about["version"] as? Int == 1 && about["lines"] as? Int == 0)
            #expect(about["file_name"] as? String == "pay.xml.result.xml" && about["state"] as? String == "refused")
            #expect(about["result_due_at"] is NSNull && about["output"] as? String == path)
            let verdict = try #require(about["verdict"] as? [String: Any])
            #expect(verdict["line"] as? Int == 2 && (verdict["byte"] as? Int ?? 0) > 100, "\(result.output)")
            let report = try String(contentsOfFile: path, encoding: .utf8)
            #expect(report.contains("urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"), "\(report)")
            #expect(report.contains("<OrgnlMsgId>MSG-7</OrgnlMsgId>"), "\(report)")
            #expect(report.contains("<GrpSts>RJCT</GrpSts>") && report.contains("<Cd>AM10</Cd>"), "\(report)")
            let plain = try await scene.run(["file", "result", "\(batch)"])
            #expect(plain.output == report && plain.log.contains("the file is refused"), "\(plain.log)")
            let shown = try await scene.run(["file", "show", "\(batch)"]).output
            #expect(shown.contains("none: the file is refused") && shown.contains("pay.xml.result.xml"), "\(shown)")

            #expect(try await Self.told(scene) == 1)
            try await scene.run(["run", "settle"])
            #expect(try await Self.told(scene) == 1)
            let missing = try await scene.run(["file", "result", "\(batch)", "--version", "2"], expecting: 1)
            #expect(missing.log.contains("no result file of version 2"), "\(missing.log)")
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `a refused file without a report says why there is none`() async throws {
        try await FaultScene.with { scene in
            var text = BatchText(.withhold, count: 5)
            text.trailerCount = 6
            let batch = try await scene.submit(text)
            try await scene.run(["run", "intake"])
            try await scene.run(["run", "settle"])
            let result = try await scene.run(["file", "result", "\(batch)"], expecting: 1)
            #expect(result.output.isEmpty)
            #expect(result.log.contains("is refused and has no result file: trailer_mismatch: line 6, byte "))
            #expect(result.log.contains("send the file again"), "\(result.log)")
            #expect(!result.log.contains("is due at") && !result.log.contains("stage settle"), "\(result.log)")
            let json = try await scene.run(["file", "result", "\(batch)", "--json"], expecting: 1)
            let about = try #require(try json.json() as? [String: Any], "\(json.output)")
            let verdict = try #require(about["verdict"] as? [String: Any])
            #expect(verdict["code"] as? String == "trailer_mismatch" && verdict["line"] as? Int == 6)
            #expect(about["version"] is NSNull && (about["what"] as? String ?? "").contains("is refused"))
            #expect((about["mend"] as? String ?? "").contains("send the file again"), "\(json.output)")
            let shown = try await scene.run(["file", "show", "\(batch)", "--json"])
            let file = try #require(try shown.json() as? [String: Any])
            #expect(file["result_due_at"] is NSNull && file["refusal_answered_at"] is String, "\(shown.output)")
            #expect(try await Self.told(scene) == 0)
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `a file that waits says what it waits for`() async throws {
        try await FaultScene.with { scene in
            let text = BatchText(.payout, count: 4)
            let first = try await scene.submit(text, name: "first.csv")
            let waiting = try await scene.run(["file", "result", "\(first)"], expecting: 1)
            #expect(waiting.log.contains("is due at"), "\(waiting.log)")
            try await scene.run(["run", "intake"])
            let held = try await scene.submit(text, name: "second.csv")
            try await scene.run(["run", "intake"], expecting: 3)
            let result = try await scene.run(["file", "result", "\(held)"], expecting: 1)
            #expect(result.log.contains("is held") && result.log.contains("same_content"), "\(result.log)")
            #expect(result.log.contains("sluice review list") && !result.log.contains("is due at"), "\(result.log)")
            try await scene.run(["order", "cancel", "\(held)", "--all"], scene.anna())
            let cancelled = try await scene.run(["file", "result", "\(held)"], expecting: 1)
            #expect(cancelled.log.contains("is refused") && cancelled.log.contains("cancelled_by_person"))
        }
    }

    @Test(arguments: ["verdict_recorded", "result_written"])
    func `a worker that dies on the way leaves a refusal that is reported once`(_ point: String) async throws {
        try await FaultScene.with { scene in
            let batch = try await Self.submit(scene)
            let doomed = try scene.start(["worker"], ["SLUICE_FAULT": "kill@\(point):1"])
            #expect(try await doomed.end(within: .seconds(30)) == 128 + SIGKILL, "\(doomed.tail)")
            let fresh = try scene.start(["worker"])
            try await scene.until(
                "the answer",
                "SELECT count(*) FROM sluice.batch_file WHERE refusal_answered_at IS NOT NULL"
            )
            try await scene.dismiss([fresh])
            #expect(try await scene.state(of: batch) == "refused control_sum_mismatch")
            #expect(try await Self.told(scene) == 1)
            #expect(try await scene.number("SELECT count(*) FROM sluice.result_file WHERE is_final") == 1)
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `a worker killed while it reports a refusal is followed by one that does`() async throws {
        try await FaultScene.with { scene in
            let batch = try await Self.submit(scene)
            try await scene.run(["run", "intake"])
            // It stops where its parts are staged and nobody sees them.
            try await scene.owner.transaction("hold") { transaction in
                try transaction.executeScript(
                    """
                    CREATE FUNCTION public.linger() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
                    CREATE TRIGGER linger BEFORE INSERT ON sluice.result_file FOR EACH ROW
                        EXECUTE FUNCTION public.linger();
                    """
                )
            }
            let doomed = try scene.start(["worker"], FaultScene.impatient)
            try await scene.until("staged parts", "SELECT count(*) FROM sluice.result_file_part")
            doomed.send(SIGKILL)
            #expect(try await doomed.end() == 128 + SIGKILL)
            _ = try await scene.number(FaultScene.endTransactions)
            try await scene.owner.transaction("go on") { transaction in
                _ = try transaction.execute("DROP TRIGGER linger ON sluice.result_file")
            }
            #expect(try await Self.told(scene) == 0)
            let fresh = try scene.start(["worker"], FaultScene.impatient)
            try await scene.until(
                "the answer",
                "SELECT count(*) FROM sluice.batch_file WHERE refusal_answered_at IS NOT NULL"
            )
            try await scene.dismiss([fresh])
            #expect(try await Self.told(scene) == 1)
            #expect(try await scene.number("SELECT count(*) FROM sluice.result_file_part") == 1)
            let report = try await scene.run(["file", "result", "\(batch)"]).output
            #expect(report.contains("<Cd>AM10</Cd>"))
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `numbers that look personal are masked wherever an order is shown`() async throws {
        try await FaultScene.with { scene in
            var first = BatchText(.payout, count: 2)
            var second = BatchText(.payout, count: 2, series: 2)
            for index in 0..<2 {
                second.lines[index].account = first.lines[index].account
                second.lines[index].amountMinor = first.lines[index].amountMinor
            }
            // Numbered by whom they pay: by card, and by identity number.
            let numbers = ["6228480402564890018", "11010519491231002X"]
            for index in 0..<2 {
                first.lines[index].number = "F" + numbers[index]
                second.lines[index].number = numbers[index]
            }
            _ = try await scene.submit(first, name: "first.csv")
            try await scene.run(["run", "intake"])
            let batch = try await scene.submit(second, name: "second.csv")
            try await scene.run(["run", "intake"], expecting: 3)
            for json in [[], ["--json"]] {
                let shown = try await scene.run(["file", "show", "\(batch)"] + json).output
                #expect(shown.contains("622848*********0018") && shown.contains("110105********002X"), "\(shown)")
                let order = try await scene.run(["order", "show", "\(batch)-1"] + json).output
                #expect(order.contains("622848*********0018"), "\(order)")
                let explained = try await scene.run(["order", "explain", "\(batch)-2"] + json).output
                #expect(explained.contains("110105********002X"), "\(explained)")
                for text in [shown, order, explained] {
                    #expect(!numbers.contains { text.contains($0) }, "\(text)")
                }
            }
        }
    }
}
