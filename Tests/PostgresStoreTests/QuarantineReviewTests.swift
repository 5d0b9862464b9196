import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

@Suite struct `A quarantined record under review` {
    private typealias Record = QuarantineScene.Record
    private typealias Scene = QuarantineScene

    @Test func `is amended beside what was sent, sealed, in one revision after the other`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2")])
        let both = [scene.amendment(file, 1, number: "A-1"), scene.amendment(file, 2, number: "A-2")]
        let outcomes = try await scene.store.amend(both, comment: " checked ", session: scene.rita)
        #expect(outcomes.map(\.outcome) == [.amended, .amended])
        let second = scene.amendment(file, 1, revision: 1, number: "A-9")
        _ = try await scene.store.amend([second], comment: "again", session: scene.otto)
        let found = try await scene.store.recordHistory(of: scene.key(file))
        let history = try #require(found)
        #expect(history.current.record.state == .amended && history.current.record.revision == 2)
        #expect(history.current.sent == Scene.json(Record(number: nil).texts ?? [:]))
        #expect(history.current.amended == second.texts && history.current.merchantOrderNumber == "A-9")
        #expect(history.current.record.merchantOrderNumber == "A-1", "what was sent stays")
        #expect(history.amendments.map(\.login) == ["rita", "otto"])
        #expect(history.amendments.map(\.comment) == ["checked", "again"])
        #expect(history.amendments.map(\.texts) == [both[0].texts, second.texts])
        #expect(history.amendments.map { $0.remainingReasons.map(\.code) } == [["bank_unknown"], []])
        #expect(history.maskedRecord == "*** 1" && history.fileName == "f.csv")
        // Nothing of it stands in the clear.
        let stored = try await scene.database.text(
            "SELECT string_agg(a::text, ' ') FROM sluice.quarantine_amendment a"
        )
        #expect(!stored.contains("6228480040106028109"))
        // An order to the same account has the same hash, so that it is found.
        let hashes = try await scene.database.number(
            "SELECT count(DISTINCT account_hash) FROM sluice.quarantine_amendment"
        )
        #expect(hashes == 1)
        await scene.close()
    }

    @Test func `is amended by one of two people at once, and the other is told who and when`() async throws {
        let scene = try await Scene.make()
        let lines: ClosedRange<Int32> = 1...40
        let file = try await scene.load(lines.map { Record(number: "A-\($0)") })
        // The one begins at the first record, the other at the last.
        let forth = lines.map { scene.amendment(file, $0) }
        async let first = scene.store.amend(forth, comment: "mine", session: scene.rita)
        async let second = scene.store.amend(forth.reversed(), comment: "mine", session: scene.otto)
        let (ritas, ottos) = (try await first, try await second)
        let winners = [ritas, ottos].map { outcomes in Set(outcomes.filter { $0.outcome == .amended }.map(\.key)) }
        #expect(winners[0].isDisjoint(with: winners[1]) && winners[0].union(winners[1]).count == lines.count)
        #expect((ritas + ottos).filter { $0.outcome == .changed }.count == lines.count)
        let keys = lines.map { scene.key(file, $0) }
        for change in try await scene.store.recordChanges(keys) {
            #expect(change.state == .amended && change.revision == 1 && change.changedAt != nil)
            #expect(change.login == (winners[0].contains(change.key) ? "rita" : "otto"))
        }
        let rows = try await scene.database.number("SELECT count(*) FROM sluice.quarantine_amendment")
        #expect(rows == Int64(lines.count), "each record was amended once")
        await scene.close()
    }

    @Test func `is not amended once it is decided, and by nobody who may not`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2")])
        try await scene.database.execute(
            """
            UPDATE sluice.quarantine_record SET state = 'rejected', closed_code = 'superseded', closed_at = now()
            WHERE line_no = 1
            """
        )
        let lines = [scene.amendment(file, 1), scene.amendment(file, 7), scene.amendment(file, 2, revision: 3)]
        let outcomes = try await scene.store.amend(lines, comment: "x", session: scene.rita)
        #expect(
            Set(outcomes.map { "\($0.key.line) \($0.outcome.rawValue)" }) == ["1 closed", "7 missing", "2 changed"]
        )
        let viewer = await Scene.refusal {
            _ = try await scene.store.amend([scene.amendment(file, 2)], comment: "x", session: scene.viewer)
        }
        #expect(viewer == "SL018")
        let silent = await Scene.refusal {
            _ = try await scene.store.amend([scene.amendment(file, 2)], comment: " ", session: scene.rita)
        }
        #expect(silent == "SL005")
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.quarantine_amendment") == 0)
        await scene.close()
    }

    @Test func `is asked for once, looked at before, and shown with its proposal`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2"), Record(number: "A-1")])
        var release = RequestedRelease(
            records: (1...4).map { SeenRecord(key: scene.key(file, $0), revision: $0 == 2 ? 5 : 0) },
            comment: "checked"
        )
        release.isDry = true
        let ahead = try await scene.store.proposeRelease(release, session: scene.rita)
        #expect(ahead.proposal == nil && ahead.records.map(\.outcome) == [.proposed, .changed, .numberTaken, .missing])
        #expect(ahead.records[0].amountMinor == 1_000 && ahead.records[0].currency == "CNY")
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.proposal") == 0)
        release.isDry = false
        let asked = try await scene.store.proposeRelease(release, session: scene.rita)
        let number = try #require(asked.proposal)
        let again = try await scene.store.proposeRelease(release, session: scene.otto)
        #expect(again.proposal == nil && again.records[0].outcome == .waiting)
        let found = try await scene.store.recordHistory(of: scene.key(file))
        #expect(found?.proposals.map(\.proposal) == [number])
        #expect(found?.proposals.map { "\($0.kind) \($0.state) \($0.maker)" } == ["release waiting rita"])
        try await scene.database.execute("UPDATE sluice.proposal SET expires_at = now() - interval '1 second'")
        #expect(try await scene.store.recordHistory(of: scene.key(file))?.proposals.map(\.state) == ["expired"])
        let rejection = RequestedRejection(records: [SeenRecord(key: scene.key(file, 3), revision: 0)], comment: "x")
        #expect(
            try await scene.store.proposeRejection(rejection, session: scene.rita).records.map(\.outcome) == [.proposed]
        )
        await scene.close()
    }

    @Test func `is a line of a supplement once another person has approved it`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2")])
        let release = RequestedRelease(
            records: [SeenRecord(key: scene.key(file), revision: 0)],
            comment: "checked"
        )
        let asked = try await scene.store.proposeRelease(release, session: scene.rita)
        let number = try #require(asked.proposal)
        let made = try await scene.store.approve(
            number,
            about: NamedOrders(count: 1, amounts: ["CNY": 1_000]),
            comment: "seen",
            by: scene.checker,
            isDry: false
        )
        #expect(made.isDone && made.effect.supplements.count == 1)
        let found = try await scene.store.recordHistory(of: scene.key(file))
        let history = try #require(found)
        #expect(history.current.record.state == .released)
        let closure = try #require(history.current.record.closure)
        #expect(closure.code == "released" && closure.successorBatch == made.effect.supplements.first)
        #expect(closure.successorLine == LineNumber(1) && closure.decision == number)
        #expect(history.successorState == "file pending")
        #expect(history.proposals.map(\.outcome) == ["released"])
        let changes = try await scene.store.recordChanges([scene.key(file)])
        #expect(changes.map(\.state) == [.released] && changes.map(\.login) == ["rita"])
        #expect(try await scene.store.quarantinedRecords(QuarantineFilter()).map(\.key.line) == [LineNumber(2)])
        await scene.close()
    }

    @Test func `is unmasked after it is written down, so often an hour, and by nobody who may not`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1")])
        try await scene.database.execute("UPDATE sluice.review_policy SET unmask_max = 2")
        let clear = try await scene.store.unmask(scene.key(file), reason: "by phone", session: scene.rita)
        #expect(
            clear?.raw == Array("raw 1".utf8) && clear?.current.sent == Scene.json(Record(number: nil).texts ?? [:])
        )
        let written = try await scene.database.text(
            "SELECT concat_ws(' ', login, subject, details ->> 'reason') FROM sluice.audit_entry "
                + "WHERE action = 'unmask'"
        )
        #expect(written == "rita \(file.batch)-1 by phone")
        // What is no record costs nothing.
        #expect(try await scene.store.unmask(scene.key(file, 9), reason: "x", session: scene.rita) == nil)
        _ = try await scene.store.unmask(scene.key(file), reason: "again", session: scene.rita)
        // A file may hold as many accounts as a book.
        let evidence = try await scene.store.keepEvidence(named: "list.csv", [1, 2, 3], by: scene.rita)
        let read = await Scene.refusal {
            _ = try await scene.store.openEvidence(evidence, reason: "again", by: scene.rita)
        }
        #expect(read == "SL018")
        for (session, reason, code) in [
            (scene.rita, "a third time", "SL018"), (scene.viewer, "curious", "SL018"), (scene.otto, " ", "SL005"),
        ] {
            let refused = await Scene.refusal {
                _ = try await scene.store.unmask(scene.key(file), reason: reason, session: session)
            }
            #expect(refused == code)
        }
        let other = try await scene.store.unmask(scene.key(file), reason: "another person", session: scene.otto)
        #expect(other != nil)
        await scene.close()
    }
}
