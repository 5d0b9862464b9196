import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// A failed order whose record was released, and then a word that it was paid after all (R8): nobody is paid twice.
@Suite struct `What was released from an order that may have been paid` {
    private struct Pair {
        /// Its only order has failed.
        let origin: DecisionScene.Sent
        /// Its first order is what the failed one was released as; both are ready.
        let successor: SeededFile

        /// As releases and loads leave them.
        static func make(_ scene: DecisionScene) async throws -> Pair {
            let origin = try await scene.send(orders: 1)
            _ = try await scene.end(origin, to: .succeeded)
            let lines = [LineNumber(1), LineNumber(2)]
            let chunk = PlannedChunk(channel: scene.channel, lines: lines)
            let successor = try await scene.load(try await scene.verified(), chunks: [chunk])
            try await scene.database.owner.transaction("released") { transaction in
                try transaction.executeScript(
                    """
                    SET LOCAL session_replication_role = replica;
                    UPDATE sluice.payment_order SET state = 'failed', cause = 'data'
                    WHERE batch_id = \(origin.file.batch);
                    UPDATE sluice.batch_file SET parent_batch_id = \(origin.file.batch)
                    WHERE batch_id = \(successor.batch);
                    UPDATE sluice.payment_order SET merchant_order_no = (SELECT o.merchant_order_no
                        FROM sluice.payment_order o WHERE o.batch_id = \(origin.file.batch))
                    WHERE batch_id = \(successor.batch) AND line_no = 1;
                    DELETE FROM sluice.order_number_registry WHERE batch_id = \(successor.batch) AND line_no = 1;
                    UPDATE sluice.order_number_registry SET batch_id = \(successor.batch), line_no = 1
                    WHERE batch_id = \(origin.file.batch);
                    INSERT INTO sluice.supplement_record (batch_id, line_no, from_batch_id, from_line_no,
                        from_business_date, revision)
                    VALUES (\(successor.batch), 1, \(origin.file.batch), 1, '\(origin.file.businessDate)', 0);
                    """
                )
            }
            return Pair(origin: origin, successor: successor)
        }
    }

    /// Which rules do not hold.
    private static func broken(_ scene: DecisionScene) async throws -> Set<String> {
        Set(try await scene.breaches().map { String($0.prefix { $0 != ":" }) })
    }

    @Test func `is not sent while the contradiction is open`() async throws {
        let scene = try await DecisionScene.make()
        let pair = try await Pair.make(scene)
        let chunk = try await scene.claim(.submit)
        #expect(try await scene.store.ordersToSubmit(of: chunk, limit: 10).count == 2)
        let asked = try await scene.intent(for: chunk)
        try await scene.open(.contradiction, line: 1, file: pair.origin.file)
        #expect(try await scene.store.ordersToSubmit(of: chunk, limit: 10).map(\.line) == [LineNumber(2)])
        // Nor by a worker that has read the orders before.
        #expect(try await scene.store.recordIntent(asked) == .ordersChanged)
        #expect(try await scene.states(of: pair.successor) == [.ready, .ready])
        await scene.close()
    }

    @Test func `waits for a person of its own as soon as an answer contradicts`() async throws {
        let scene = try await DecisionScene.make()
        let pair = try await Pair.make(scene)
        let item = ItemAnswer(item: 1, code: "0000", meaning: .done, echo: nil)
        let actions = [
            SubmissionAction.decideItems(
                ItemDecision(items: [item], kind: .query, failureIsFinal: true, unmentioned: .unknown)
            )
        ]
        #expect(try await scene.end(pair.origin, to: .succeeded, lateActions: actions) == .stale)
        let items = try await scene.database.text(
            """
            SELECT string_agg(batch_id || '-' || line_no || ' ' || code, ', ' ORDER BY batch_id) FROM sluice.review_item
            WHERE cause = 'contradiction' AND closed_at IS NULL
            """
        )
        #expect(
            items == "\(pair.origin.file.batch)-1 0000, \(pair.successor.batch)-1 released_from_contradicted"
        )
        await scene.close()
    }

    @Test func `never leaves once two people have corrected the order to paid`() async throws {
        let scene = try await DecisionScene.make()
        let pair = try await Pair.make(scene)
        let before = try await Self.broken(scene)
        let amount = ContractScene.amountMinor(of: LineNumber(1))
        var correction = RequestedCorrection(
            order: NamedOrder(
                batch: pair.origin.file.batch,
                line: LineNumber(1),
                amountMinor: amount,
                state: .failed
            ),
            to: .succeeded,
            note: "proven"
        )
        correction.evidence = "letter of the bank"
        let made = try await scene.store.propose(correction, by: scene.people.maker, isDry: false)
        _ = try await scene.store.approve(
            try #require(made.number),
            about: NamedOrders(count: 1, amounts: ["CNY": amount]),
            comment: "seen",
            by: scene.people.checker,
            isDry: false
        )
        #expect(try await scene.states(of: pair.successor) == [.cancelled, .ready])
        let owner = try await scene.database.text(
            """
            SELECT r.state || ' ' || r.batch_id || '-' || r.line_no FROM sluice.order_number_registry r
            JOIN sluice.payment_order o ON o.merchant_order_no = r.order_no
            WHERE o.batch_id = $1 AND o.line_no = 1
            """,
            [.int64(pair.successor.batch.value)]
        )
        #expect(owner == "order \(pair.origin.file.batch)-1", "a number that was paid for is not free again")
        // What the scene is made of by hand breaks some; the correction breaks none.
        let after = try await Self.broken(scene)
        #expect(after.subtracting(before) == [])
        await scene.close()
    }
}
