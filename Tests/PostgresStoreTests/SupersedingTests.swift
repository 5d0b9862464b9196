import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import Testing

@Suite(.serialized) struct `A number that waits in quarantine` {
    private typealias Record = NumberScene.Record

    @Test func `is told of to who resends it, and taken over where the merchant wants it`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true), Record(number: "B", isBad: true)])
        let kept = try await scene.load([Record(number: "A"), Record(number: "C")])
        #expect(try await scene.reasons(kept) == "1 duplicate_of_quarantined")
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        let newer = try await scene.load(
            [Record(number: "A"), Record(number: "B", isBad: true), Record(number: "C"), Record(number: "D")],
            NumberScene.superseding
        )
        #expect(try await scene.owner(of: "A") == "order \(newer.id)-1")
        #expect(try await scene.record(first, line: 1) == "rejected superseded \(newer.id)-1")
        // A bad record supersedes nothing, and an order is never superseded.
        #expect(try await scene.owner(of: "B") == "quarantine \(first.id)-2")
        #expect(try await scene.record(first, line: 2) == "open")
        let reasons = "2 account_check_digit+duplicate_of_quarantined, 3 duplicate_of_earlier_file"
        #expect(try await scene.reasons(newer) == reasons)
        // Another record that waits for the same number loses nothing: it never had it.
        #expect(try await scene.record(kept, line: 1) == "open")
        let told = try await scene.database.text(
            "SELECT payload::text FROM sluice.outbox WHERE batch_id = $1 AND topic = 'records_superseded'",
            [.int64(first.id.value)]
        )
        #expect(told == "{\"count\": 1, \"by_batch\": \(newer.id)}")
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `keeps the totals of the older file, whose merchant is told that the record failed`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true), Record(number: "B")])
        let split = try await scene.database.store.claimBatchFile(
            for: .planning,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        let planned = try #require(split)
        #expect(try await scene.database.store.recordPlan([], unroutable: [LineNumber(2)], of: planned))
        try await scene.database.execute("UPDATE sluice.batch_file SET due_at = now() + interval '1 hour'")
        let newer = try await scene.load([Record(number: "A")], NumberScene.superseding)
        let totals = try await scene.database.text(
            """
            SELECT concat_ws(' ', records, orders, quarantined, rejected, released) FROM sluice.batch_totals
            WHERE batch_id = $1
            """,
            [.int64(first.id.value)]
        )
        #expect(totals == "2 1 0 1 0")
        // Its file comes up at once, for a result that says so.
        let due = try await scene.database.number(
            "SELECT (due_at <= now())::int::bigint FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(first.id.value)]
        )
        #expect(due == 1)
        let claimed = try await scene.database.store.claimBatchFile(
            for: .settlement,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        let working = try #require(claimed)
        #expect(working.id == first.id)
        let written = try await scene.database.store.writeResultFile(of: working, fileName: "r") { material, _ in
            var lines: [String] = []
            while true {
                let page = try material.nextPage()
                if page.isEmpty { break }
                lines += page.map { "\($0.line) \($0.status.rawValue) \($0.code)" }
            }
            #expect(lines.first == "1 FAILED superseded")
            return ProducedResult(
                lineCount: Int64(lines.count),
                totals: [.failed: ["CNY": Tally(count: 1, amountMinor: 100)]],
                contentSHA256: [UInt8](repeating: 1, count: 32),
                previousSHA256: nil,
                contentBytes: 1
            )
        }
        #expect(written?.lineCount == 2)
        let key = RecordKey(batch: first.id, line: LineNumber(1))
        let shown = try await scene.database.store.recordHistory(of: key)?.current
        #expect(shown?.record.closure?.code == "superseded" && shown?.record.closure?.successorBatch == newer.id)
        #expect(shown?.numberOwner == NumberOwner(batch: newer.id, line: LineNumber(1), state: "order"))
        await scene.close()
    }

    @Test func `is not taken from a record that a person is working on`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true)])
        try await scene.database.execute("UPDATE sluice.quarantine_record SET state = 'amended'")
        let newer = try await scene.load([Record(number: "A")], NumberScene.superseding)
        #expect(try await scene.reasons(newer) == "1 duplicate_of_quarantined")
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        await scene.close()
    }

    @Test func `is taken by one of two files that carry it at once, and by one line of a file`() async throws {
        let scene = try await NumberScene.make()
        let numbers = (1...200).map { "N\($0)" }
        let first = try await scene.load(numbers.map { Record(number: $0, isBad: true) })
        let good = numbers.map { Record(number: $0) }
        let files = [try await scene.file(400), try await scene.file(200)]
        // The second slice of the first file carries each number once more.
        async let one = scene.load(NumberScene.slice(good), of: files[0], NumberScene.superseding)
        async let other = scene.load(
            NumberScene.slice(good.reversed()),
            of: files[1],
            NumberScene.superseding
        )
        let outcomes = try await [one, other]
        #expect(Set(outcomes) == [.loaded(duplicates: 0), .loaded(duplicates: 200)])
        let again = NumberScene.slice(good, after: 200)
        #expect(try await scene.load(again, of: files[0], NumberScene.superseding) == .loaded(duplicates: 200))
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.payment_order") == 200)
        let closed = try await scene.database.number(
            "SELECT count(*) FROM sluice.quarantine_record WHERE batch_id = $1 AND closed_code = 'superseded'",
            [.int64(first.id.value)]
        )
        #expect(closed == 200)
        #expect(
            try await scene.database.number("SELECT count(*) FROM sluice.order_number_registry WHERE state = 'order'")
                == 200
        )
        await scene.close()
    }

    @Test func `is left where it is when the slice is not loaded`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true)])
        let file = try await scene.file(2)
        let before = try await scene.fingerprint()
        await #expect(throws: (any Error).self, "a slice that leaves a gap") {
            try await scene.load(
                NumberScene.slice([Record(number: "A")], after: 1),
                of: file,
                NumberScene.superseding
            )
        }
        #expect(try await scene.fingerprint() == before)
        let slice = NumberScene.slice([Record(number: "A")])
        #expect(try await scene.load(slice, of: file, NumberScene.superseding) == .loaded(duplicates: 0))
        let loaded = try await scene.fingerprint()
        // Asked for again, as after a commit whose answer was lost: nothing moves twice.
        await #expect(throws: (any Error).self) { try await scene.load(slice, of: file, NumberScene.superseding) }
        #expect(try await scene.fingerprint() == loaded)
        #expect(try await scene.record(first, line: 1) == "rejected superseded \(file.id)-1")
        await scene.close()
    }

    // MARK: Chosen by a person

    private static func choice(
        _ living: (ClaimedBatchFile, Int32, Int64?),
        over closed: (ClaimedBatchFile, Int32, Int64?)
    ) -> RequestedChoice {
        RequestedChoice(
            living: NamedRecord(batch: living.0.id, line: LineNumber(living.1), amountMinor: living.2),
            closed: NamedRecord(batch: closed.0.id, line: LineNumber(closed.1), amountMinor: closed.2),
            note: "asked the merchant"
        )
    }

    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    @Test(arguments: [true, false])
    func `belongs to the record that a person chooses`(_ laterLives: Bool) async throws {
        let scene = try await NumberScene.make()
        let earlier = try await scene.load([Record(number: "A", isBad: true)])
        let later = try await scene.load([Record(number: "A", amountMinor: 250)])
        let choice =
            laterLives
            ? Self.choice((later, 1, 250), over: (earlier, 1, 100))
            : Self.choice((earlier, 1, 100), over: (later, 1, 250))
        let people = try await scene.database.twoPeople()
        let decision = try #require(try await scene.database.store.choose(choice, by: people).decision)
        let (living, closed) = laterLives ? (later, earlier) : (earlier, later)
        #expect(try await scene.owner(of: "A") == "quarantine \(living.id)-1")
        #expect(try await scene.record(living, line: 1) == "open")
        #expect(try await scene.record(closed, line: 1) == "rejected other_chosen \(living.id)-1")
        let kept = try await scene.database.text(
            "SELECT concat_ws(', ', decision, note, person, amounts::text) FROM sluice.review_decision "
                + "WHERE decision_id = $1",
            [.int64(decision)]
        )
        let amount = laterLives ? 100 : 250
        #expect(kept == "lives: \(living.id)-1, asked the merchant, anna, bert, {\"CNY\": \(amount)}")
        // Once: the other one is closed now.
        #expect(await Self.refusal { _ = try await scene.database.store.choose(choice, by: people) } == "SL009")
        let back =
            laterLives
            ? Self.choice((earlier, 1, 100), over: (later, 1, 250))
            : Self.choice((later, 1, 250), over: (earlier, 1, 100))
        #expect(await Self.refusal { _ = try await scene.database.store.choose(back, by: people) } == "SL009")
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `is not given away by a choice that names something else`() async throws {
        let scene = try await NumberScene.make()
        let earlier = try await scene.load([Record(number: "A", isBad: true), Record(number: "B", isBad: true)])
        let later = try await scene.load([Record(number: "A", amountMinor: 250), Record(number: "D")])
        let third = try await scene.load([Record(number: "A"), Record(number: "D")])
        let people = try await scene.database.twoPeople()
        let before = try await scene.fingerprint()
        for (choice, code) in [
            (Self.choice((later, 1, 249), over: (earlier, 1, 100)), "SL016"),
            (Self.choice((later, 1, 250), over: (earlier, 1, nil)), "SL016"),
            (Self.choice((later, 1, 250), over: (earlier, 2, 100)), "SL016"),
            (Self.choice((later, 1, 250), over: (later, 1, 250)), "SL016"),
            (Self.choice((later, 1, 250), over: (earlier, 9, 100)), "SL001"),
            // Neither has the number; and an order has the other one.
            (Self.choice((later, 1, 250), over: (third, 1, 100)), "SL009"),
        ] {
            #expect(await Self.refusal { _ = try await scene.database.store.choose(choice, by: people) } == code)
        }
        var nameless = Self.choice((later, 1, 250), over: (earlier, 1, 100))
        nameless = RequestedChoice(living: nameless.living, closed: nameless.closed, note: " ")
        let request = nameless
        #expect(await Self.refusal { _ = try await scene.database.store.choose(request, by: people) } == "SL005")
        // Asked for by one person it is not done.
        let right = Self.choice((later, 1, 250), over: (earlier, 1, 100))
        let asked = try await scene.database.store.propose(right, by: people.maker, isDry: false)
        #expect(!asked.isDone && asked.approvalsMissing == 1)
        #expect(try await scene.fingerprint() == before)
        await scene.close()
    }

    @Test func `goes to a person's choice or to a newer file, never to both`() async throws {
        let scene = try await NumberScene.make()
        let people = try await scene.database.twoPeople()
        for round in 1...10 {
            let number = "R\(round)"
            let earlier = try await scene.load([Record(number: number, isBad: true)])
            let later = try await scene.load([Record(number: number)])
            let newest = try await scene.file(1)
            let choice = Self.choice((later, 1, 100), over: (earlier, 1, 100))
            let database = scene.database
            async let chosen = Self.refusal { _ = try await database.store.choose(choice, by: people) }
            async let loaded = scene.load(
                NumberScene.slice([Record(number: number)]),
                of: newest,
                NumberScene.superseding
            )
            // The newer file finds the number with whichever record has it then, and takes it; a choice that comes
            // after that finds its record closed.
            let refusal = await chosen
            #expect(refusal == nil || refusal == "SL009", "round \(round): \(refusal ?? "")")
            #expect(try await loaded == .loaded(duplicates: 0), "round \(round)")
            #expect(try await scene.owner(of: number) == "order \(newest.id)-1")
            let first = try await scene.record(earlier, line: 1)
            if refusal == nil {
                #expect(first == "rejected other_chosen \(later.id)-1")
                #expect(try await scene.record(later, line: 1) == "rejected superseded \(newest.id)-1")
            } else {
                #expect(first == "rejected superseded \(newest.id)-1")
                #expect(try await scene.record(later, line: 1) == "open")
            }
        }
        #expect(try await scene.breaches() == [])
        await scene.close()
    }
}
