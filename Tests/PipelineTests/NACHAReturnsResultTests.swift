import BatchFiles
import ChannelSimulator
import Foundation
import Logging
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// A NACHA request through the whole engine, and the file of returns that answers it.
@Suite(.serialized) struct NACHAReturnsResultTests {
    /// Twenty credits in one batch, of a dollar and the entry's number in cents, to accounts that end with that number.
    ///
    /// `spoiled`: the entry whose routing number has a wrong check digit.
    static func request(_ modifier: String, spoiled: Int? = nil) -> [UInt8] {
        func filled(_ text: String, _ width: Int) -> String {
            text.padding(toLength: width, withPad: " ", startingAt: 0)
        }
        func number(_ value: Int, _ width: Int) -> String {
            String(String(repeating: "0", count: width) + String(value)).suffix(width).description
        }
        var lines = [
            "101 231380104 1210428822603080000\(modifier)094101" + filled("Federal Reserve Bank", 23)
                + filled("My Bank Name", 23) + filled("REF-1", 8),
            "5220" + filled("Name on Account", 36) + "121042882 PPD" + filled("SALARY", 10) + "MAR 26"
                + "260309   1121042880000001",
        ]
        var sum = 0
        for entry in 1...20 {
            sum += 100 + entry
            lines.append(
                "62223138010\(entry == spoiled ? "5" : "4")" + filled("90000000\(number(entry, 2))", 17)
                    + number(100 + entry, 10) + filled("ID-\(entry)", 15) + filled("Payee \(entry)", 22)
                    + "  012104288\(number(entry, 7))"
            )
        }
        let totals = number(20 * 23_138_010, 10) + number(0, 12) + number(sum, 12)
        lines.append("8220000020" + totals + "121042882 " + filled("", 25) + "121042880000001")
        lines.append(filled("900000100000300000020" + totals, 94))
        while lines.count % 10 != 0 { lines.append(String(repeating: "9", count: 94)) }
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    static func makeScene(refused: String? = nil) async throws -> EngineScene {
        var plan = BehaviourPlan()
        if let refused {
            var rule = BehaviourPlan.AccountRule()
            rule.outcome = .refuse(.accountClosed)
            plan.accounts[refused] = rule
        }
        let dollar = try #require(Currency(code: "USD"))
        return try await EngineScene.make(plan: plan, currency: dollar, bankCodeForm: .aba)
    }

    static func result(
        _ scene: EngineScene,
        _ batch: BatchIdentifier,
        _ version: Int32?
    ) async throws -> (lines: [String], written: WrittenResult) {
        let bytes = Mutex<[UInt8]>([])
        let written = try await scene.store.readResultFile(of: batch, version: version) { part in
            bytes.withLock { $0 += part }
        }
        let text = bytes.withLock { String(decoding: $0, as: UTF8.self) }
        #expect(text.hasSuffix("\n"))
        return (text.split(separator: "\n").map { String($0) }, try #require(written))
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

    @Test func `what failed comes back, and what is rejected later is in the next version`() async throws {
        let scene = try await Self.makeScene(refused: "0007")
        let batch = try await scene.queue(
            bytes: Self.request("A", spoiled: 20),
            name: "pay.ach",
            format: "payout-nacha"
        )
        try await scene.workToRest(try scene.engine())
        let first = try await Self.result(scene, batch, 1)
        #expect(first.written.fileName == "pay.ach.result.ach" && first.written.lineCount == 20)
        #expect(!first.written.isFinal)
        #expect(first.lines.count == 10)
        #expect(first.lines[0].hasPrefix("101 121042882 231380104"))
        #expect(first.lines[0].dropFirst(33).hasPrefix("A094101My Bank Name"))
        #expect(first.lines[0].hasSuffix("REF-1   "))
        #expect(first.lines[2].hasPrefix("621121042882" + "9000000007       " + "0000000107" + "ID-7"))
        #expect(first.lines[2].hasSuffix("1121042880000007"))
        #expect(first.lines[3].hasPrefix("799R17121042880000007      23138010E102 "))
        #expect(first.lines[4].hasPrefix("820000000200121042880000000000000000000001071"))
        #expect(first.lines[5].hasPrefix("9000001000001000000020012104288"))

        // Looked at again, the lines are the same: nothing is written.
        #expect(try await !Self.settle(scene, batch))
        try await scene.owner.transaction("reject") { transaction in
            _ = try transaction.execute("UPDATE sluice.quarantine_record SET state = 'rejected' WHERE line_no = 20")
        }
        #expect(try await Self.settle(scene, batch))
        let second = try await Self.result(scene, batch, nil)
        #expect(second.written.version == 2 && second.written.isFinal)
        #expect(second.lines[0].dropFirst(33).hasPrefix("B094101"))
        #expect(second.lines[2..<4] == first.lines[2..<4])
        #expect(second.lines[4].hasPrefix("621121042882" + "9000000020       " + "0000000120" + "ID-20"))
        #expect(second.lines[5].hasPrefix("799R28121042880000020      23138010bank_"))
        #expect(second.lines[6].hasPrefix("82000000040024208576000000000000000000000227"))

        // What is stored reads as a file of returns that says what the orders say.
        var check = NACHAResultCheck()
        try check.read(Array((second.lines.joined(separator: "\n") + "\n").utf8), isLast: true)
        let dollar = try #require(Currency(code: "USD"))
        func one(_ cents: Int128) -> AmountTotals {
            AmountTotals(amounts: [dollar: Tally(count: 1, amountMinor: cents)])
        }
        try check.compare(with: [.failed: one(107) + one(120)])
        await scene.close()
    }

    @Test func `a file of which all succeeds has returns without a batch`() async throws {
        let scene = try await Self.makeScene()
        let batch = try await scene.queue(bytes: Self.request("A"), name: "all.ach", format: "payout-nacha")
        try await scene.workToRest(try scene.engine())
        let only = try await Self.result(scene, batch, nil)
        #expect(only.written.isFinal && only.written.version == 1 && only.written.lineCount == 20)
        #expect(only.lines.count == 10 && only.lines[1].hasPrefix("9000000000001000000000000000000"))
        #expect(try await scene.states(of: batch) == ["succeeded": 20])
        await scene.close()
    }
}
