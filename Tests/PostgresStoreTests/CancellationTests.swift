import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

@Suite(.serialized) struct `Cancelling orders` {
    private static func cancellation(
        _ file: SeededFile,
        _ line: Int32?,
        about: NamedOrders? = nil,
        state: OrderState? = nil
    ) -> RequestedCancellation {
        var request = RequestedCancellation(batch: file.batch, line: line.map(LineNumber.init))
        request.about = about
        request.state = state
        return request
    }

    @Test func `frees their numbers and closes what waited for a person because of them`() async throws {
        let scene = try await DecisionScene.make()
        let held = try await scene.heldFile()
        let one = try await scene.cancel(Self.cancellation(held, 1, state: .held))
        #expect(one.cancelled == ["CNY": Tally(count: 1, amountMinor: 10_001)])
        #expect(try await scene.harness.reviews(of: held).count == 1, "the other order still waits")
        _ = try await scene.cancel(Self.cancellation(held, 2))
        #expect(try await scene.harness.reviews(of: held).isEmpty)
        let unfit = try await scene.load(try await scene.verified(), unroutable: [1, 2])
        let about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        let all = try await scene.cancel(Self.cancellation(unfit, nil, about: about))
        #expect(all.cancelled == ["CNY": Tally(count: 2, amountMinor: DecisionScene.sum(2))])
        #expect(try await scene.harness.reviews(of: unfit).isEmpty)
        let void = try await scene.database.number(
            "SELECT count(*) FROM sluice.order_number_registry WHERE state = 'void'"
        )
        #expect(void == 4)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `names amount and state, and cancels nothing where they are wrong`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.load(try await scene.verified(), unroutable: [1, 2])
        let before = try await scene.fingerprint()
        let sum = Int64(DecisionScene.sum(2))
        for request in [
            Self.cancellation(file, 1, about: NamedOrders(count: 1, amounts: ["*": 10_002])),
            Self.cancellation(file, 1, about: NamedOrders(count: 1, amounts: ["USD": 10_001])),
            Self.cancellation(file, 1, state: .held), Self.cancellation(file, 3),
            Self.cancellation(file, nil, about: NamedOrders(count: 1, amounts: ["CNY": sum])),
            Self.cancellation(file, nil, about: NamedOrders(count: 2, amounts: ["CNY": sum - 1])),
        ] {
            await #expect(throws: NamedOrdersMismatch.self, "\(request)") {
                try await scene.cancel(request)
            }
        }
        #expect(try await scene.fingerprint() == before)
        await scene.close()
    }

    @Test func `is done in a person's name, or only looked at`() async throws {
        let scene = try await DecisionScene.make()
        let held = try await scene.heldFile()
        let before = try await scene.fingerprint()
        let request = Self.cancellation(held, 1, state: .held)
        let would = try await scene.cancel(request, isDry: true)
        #expect(would.cancelled == ["CNY": Tally(count: 1, amountMinor: 10_001)])
        #expect(try await scene.fingerprint() == before)
        #expect(try await scene.cancel(request) == would)
        _ = try await scene.cancel(Self.cancellation(held, nil))
        // Nothing was left to cancel: no action, no row.
        _ = try await scene.cancel(Self.cancellation(held, nil))
        let audit = try await scene.database.text(
            """
            SELECT string_agg(concat_ws(' ', login, subject, details ->> 'orders', details -> 'amounts' ->> 'CNY'), '; '
                ORDER BY entry_no) FROM sluice.audit_entry WHERE action = 'cancel'
            """
        )
        #expect(audit == "anna \(held.batch)-1 1 10001; anna batch \(held.batch) 1 10002")
        let closed = try await scene.database.text(
            "SELECT string_agg(DISTINCT closed_by, ' ') FROM sluice.review_item WHERE batch_id = $1",
            [.int64(held.batch.value)]
        )
        #expect(closed == "anna")
        await scene.close()
    }

    @Test func `comes too late once the intent is committed`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        let one = try await scene.cancel(Self.cancellation(sent.file, 1))
        #expect(one.cancelled.isEmpty && one.tooLate == 1 && one.states == [.submitting: 1])
        let all = try await scene.cancel(Self.cancellation(sent.file, nil))
        #expect(all.cancelled.isEmpty && all.tooLate == 2)
        #expect(try await scene.states(of: sent.file) == [.submitting, .submitting])
        await scene.close()
    }

    @Test func `refuses a file whole that is not loaded yet`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.verified(isHeld: true)
        let done = try await scene.cancel(RequestedCancellation(batch: file.id, line: nil))
        #expect(done.isWholeFile && done.fileState == .refused)
        let open = try await scene.database.number("SELECT count(*) FROM sluice.review_item WHERE closed_at IS NULL")
        #expect(open == 0)
        await scene.close()
    }

    /// Both sides at once, line by line: an order is cancelled or intended, never both and never neither.
    @Test func `races with intents, and each order has one end`() async throws {
        let scene = try await DecisionScene.make()
        let orders: Int32 = 200
        let lines = (1...orders).map(LineNumber.init)
        let chunks = stride(from: 0, to: Int(orders), by: 5).map {
            PlannedChunk(channel: scene.channel, lines: Array(lines[$0..<($0 + 5)]))
        }
        let file = try await scene.load(try await scene.verified(orders: orders), orders: orders, chunks: chunks)
        let cancelled = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while let chunk = try? await scene.claim(.submit) { try await Self.submit(chunk, scene) }
                    return 0
                }
            }
            for worker in 0..<3 {
                group.addTask {
                    var cancelled = 0
                    // Two of five lines of each chunk, at about the time at which the workers come to them.
                    for line in lines where line.value % 5 == Int32(worker) && worker < 2 {
                        let done = try await scene.cancel(Self.cancellation(file, line.value))
                        cancelled += done.cancelled.isEmpty ? 0 : 1
                    }
                    return cancelled
                }
            }
            return try await group.reduce(0, +)
        }
        let states = try await scene.states(of: file)
        #expect(states.count { $0 == .cancelled } == cancelled)
        #expect(states.allSatisfy { $0 == .cancelled || $0 == .submitting }, "\(Set(states))")
        let twice = try await scene.database.number(
            """
            SELECT count(*) FROM sluice.payment_order o JOIN sluice.submission s ON s.batch_id = o.batch_id
                AND o.line_no = ANY (s.line_nos) WHERE o.state = 'cancelled'
            """
        )
        #expect(twice == 0, "no message carries a cancelled order")
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    /// As the submission stage works a chunk.
    private static func submit(_ chunk: ClaimedChunk, _ scene: DecisionScene) async throws {
        for _ in 0..<20 {
            let intent = try await scene.intent(for: chunk)
            if intent.orders.isEmpty { return try await scene.store.releaseChunk(chunk, next: .finish) }
            if try await scene.store.recordIntent(intent) != .ordersChanged { return }
        }
        throw TestFailure("orders of one chunk change without end")
    }
}
