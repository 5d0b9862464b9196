import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import Testing

/// What keeps a release back when it is approved, and where one person suffices.
@Suite struct `A release` {
    private typealias Scene = QuarantineScene
    private typealias Record = QuarantineScene.Record

    /// Asks for the release of lines of a file; answers the proposal and what was said of each line.
    private static func ask(
        _ lines: ClosedRange<Int32>,
        of file: OrderKey,
        _ scene: Scene,
        accepted: [String] = []
    ) async throws -> AskedRecords {
        var release = RequestedRelease(
            records: lines.map { SeenRecord(key: scene.key(file, $0), revision: 0) },
            comment: "checked"
        )
        release.accepted = accepted
        return try await scene.store.proposeRelease(release, session: scene.rita)
    }

    private static func approve(
        _ number: Int64,
        records: Int64,
        _ scene: Scene,
        by checker: SessionSecret? = nil
    ) async throws -> MadeProposal {
        try await scene.store.approve(
            number,
            about: NamedOrders(count: records, amounts: ["CNY": records * 1_000]),
            comment: "seen",
            by: checker ?? scene.checker,
            isDry: false
        )
    }

    private static func states(_ scene: Scene) async throws -> String {
        try await scene.database.text(
            "SELECT string_agg(line_no || ' ' || state, ', ' ORDER BY batch_id, line_no) FROM sluice.quarantine_record"
        )
    }

    @Test func `leaves alone what was amended since it was asked for, and is refused where nothing is left`()
        async throws
    {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2"), Record(number: "A-3")])
        let number = try #require(try await Self.ask(1...2, of: file, scene).proposal)
        let alone = try #require(try await Self.ask(3...3, of: file, scene).proposal)
        for line: Int32 in [1, 3] {
            _ = try await scene.store.amend(
                [scene.amendment(file, line, number: "A-\(line)")],
                comment: "by another",
                session: scene.otto
            )
        }
        let done = try await Self.approve(number, records: 2, scene)
        #expect(done.effect.orders == 1 && done.effect.refused == 1)
        let outcomes = try await scene.store.records(of: number, after: nil, limit: 10).map(\.outcome)
        #expect(outcomes == ["changed", "released"])
        let refused = await Scene.refusal { _ = try await Self.approve(alone, records: 1, scene) }
        #expect(refused == "SL020")
        #expect(try await Self.states(scene) == "1 amended, 2 released, 3 amended")
        await scene.close()
    }

    @Test func `is not approved by who amended one of its records, whatever they log in with`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2")])
        _ = try await scene.store.amend(
            [scene.amendment(file, 1, number: "A-1")],
            comment: "mine",
            session: scene.otto
        )
        let release = RequestedRelease(
            records: [
                SeenRecord(key: scene.key(file, 1), revision: 1), SeenRecord(key: scene.key(file, 2), revision: 0),
            ],
            comment: "checked"
        )
        let number = try #require(try await scene.store.proposeRelease(release, session: scene.rita).proposal)
        let otto = try await scene.database.signIn("otto-approves", staff: "S2", role: .approver)
        let touched = await Scene.refusal { _ = try await Self.approve(number, records: 2, scene, by: otto) }
        #expect(touched == "SL019")
        let rita = try await scene.database.signIn("rita-approves", staff: "S1", role: .approver)
        let own = await Scene.refusal { _ = try await Self.approve(number, records: 2, scene, by: rita) }
        #expect(own == "SL019")
        #expect(try await Self.states(scene) == "1 amended, 2 open")
        #expect(try await Self.approve(number, records: 2, scene).isDone)
        await scene.close()
    }

    @Test func `moves numbers with their records, frees those that were amended away, and takes none of others`()
        async throws
    {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1"), Record(number: "A-2"), Record(number: "A-3")])
        let other = try await scene.load([Record(number: "B-1")], name: "g.csv")
        for (line, number) in [(Int32(1), "A-9"), (2, "B-1")] {
            _ = try await scene.store.amend(
                [scene.amendment(file, line, number: number)],
                comment: "renumbered",
                session: scene.otto
            )
        }
        let release = RequestedRelease(
            records: [
                SeenRecord(key: scene.key(file, 1), revision: 1), SeenRecord(key: scene.key(file, 2), revision: 1),
                SeenRecord(key: scene.key(file, 3), revision: 0),
            ],
            comment: "checked"
        )
        let asked = try await scene.store.proposeRelease(release, session: scene.rita)
        #expect(asked.records.map(\.outcome) == [.proposed, .numberTaken, .proposed])
        let made = try await Self.approve(try #require(asked.proposal), records: 2, scene)
        let supplement = try #require(made.effect.supplements.first)
        let owners = try await scene.database.text(
            """
            SELECT string_agg(order_no || ' ' || state || ' ' || batch_id || '-' || line_no, ', ' ORDER BY order_no)
            FROM sluice.order_number_registry
            """
        )
        #expect(
            owners == "A-1 void \(file.batch)-1, A-2 quarantine \(file.batch)-2, A-3 quarantine \(supplement)-2, "
                + "A-9 quarantine \(supplement)-1, B-1 quarantine \(other.batch)-1"
        )
        await scene.close()
    }

    @Test func `takes two people unless the policy says up to which sum one suffices`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load((1...7).map { Record(number: "A-\($0)") })
        // As intake leaves records whose account it could read.
        try await scene.database.execute("UPDATE sluice.quarantine_record SET account_hash = sha256(raw)")
        #expect(try await Self.ask(1...1, of: file, scene).records.map(\.outcome) == [.proposed], "off by default")
        try await scene.database.execute(
            "UPDATE sluice.review_policy SET single_release = jsonb_build_object('CNY', '2000')"
        )
        let alone = try await Self.ask(2...3, of: file, scene)
        #expect(alone.records.map(\.outcome) == [.released, .released])
        // A sum is not split into many releases.
        #expect(try await Self.ask(7...7, of: file, scene).records.map(\.outcome) == [.proposed])
        let dearer = try await Self.ask(4...6, of: file, scene)
        #expect(dearer.records.map(\.outcome) == [.proposed, .proposed, .proposed])
        #expect(try await Self.states(scene) == "1 open, 2 released, 3 released, 4 open, 5 open, 6 open, 7 open")
        await scene.close()
    }

    @Test func `of what looks like a later order takes two people, who are told which`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load((1...4).map { Record(number: "A-\($0)") })
        let later = try await scene.database.makeSplittingFile(records: 1, name: "later.csv", worker: Scene.worker)
        var slice = LoadSlice(upTo: 1)
        slice.appendOrder(LineNumber(1), number: "L-1", amountMinor: 1_000)
        _ = try await scene.database.store.load(slice, of: later)
        try await scene.database.execute(
            "UPDATE sluice.review_policy SET single_release = jsonb_build_object('CNY', '1000000')"
        )
        // The first looks like the later order, two of the others like each other.
        try await scene.database.execute(
            """
            UPDATE sluice.quarantine_record q SET account_hash = CASE q.line_no WHEN 1 THEN o.account_hash
                WHEN 2 THEN sha256('2') ELSE sha256('3') END FROM sluice.payment_order o
            """
        )
        let asked = try await Self.ask(1...1, of: file, scene)
        #expect(asked.records.map(\.outcome) == [.proposed])
        #expect(asked.records.map(\.resembles) == ["\(later.id)-1"])
        let proposal = try await scene.store.proposal(try #require(asked.proposal))
        #expect(proposal?.resembling == 1 && proposal?.alike == ["\(file.batch)-1": "\(later.id)-1"])
        #expect(try await Self.ask(2...2, of: file, scene).records.map(\.outcome) == [.released])
        #expect(try await Self.ask(3...4, of: file, scene).records.map(\.outcome) == [.proposed, .proposed])
        await scene.close()
    }

    @Test func `of records of two days that say one number is asked for of the first`() async throws {
        let scene = try await Scene.make()
        let today = try await scene.database.today()
        let first = try await scene.load([Record(number: "A-1")], date: today)
        let second = try await scene.load([Record(number: "B-1")], name: "g.csv", date: today.advanced(byDays: 1))
        for file in [first, second] {
            _ = try await scene.store.amend(
                [scene.amendment(file, 1, number: "C-1")],
                comment: "renumbered",
                session: scene.otto
            )
        }
        let release = RequestedRelease(
            records: [first, second].map { SeenRecord(key: scene.key($0, 1), revision: 1) },
            comment: "checked"
        )
        let asked = try await scene.store.proposeRelease(release, session: scene.rita)
        #expect(asked.records.map(\.outcome) == [.proposed, .numberTaken])
        #expect(try await Self.approve(try #require(asked.proposal), records: 1, scene).isDone)
        await scene.close()
    }

    @Test func `is not approved by who amended what its record comes from`() async throws {
        let scene = try await Scene.make()
        let origin = try await scene.load([Record(number: "A-1")])
        let supplement = try await scene.load([Record(number: "A-2")], name: "g.csv")
        _ = try await scene.store.amend(
            [scene.amendment(origin, 1, number: "A-1")],
            comment: "mine",
            session: scene.otto
        )
        // As a release and a load leave them that set the line aside once more.
        try await scene.database.execute(
            """
            INSERT INTO sluice.supplement_record (batch_id, line_no, from_batch_id, from_line_no, from_business_date,
                revision)
            SELECT $1, 1, batch_id, 1, business_date, 1 FROM sluice.batch_file WHERE batch_id = $2
            """,
            [.int64(supplement.batch.value), .int64(origin.batch.value)]
        )
        let number = try #require(try await Self.ask(1...1, of: supplement, scene).proposal)
        let otto = try await scene.database.signIn("otto-approves", staff: "S2", role: .approver)
        let refused = await Scene.refusal { _ = try await Self.approve(number, records: 1, scene, by: otto) }
        #expect(refused == "SL019")
        await scene.close()
    }

    @Test func `is asked for by the codes of reasons, and by nothing else`() async throws {
        let scene = try await Scene.make()
        let file = try await scene.load([Record(number: "A-1")])
        let refused = await Scene.refusal {
            _ = try await Self.ask(1...1, of: file, scene, accepted: ["\u{1B}[2J"])
        }
        #expect(refused == "SL005")
        await scene.close()
    }

    @Test func `of an amended record, or with a rule weakened, takes two people whatever the policy says`()
        async throws
    {
        let scene = try await Scene.make()
        let file = try await scene.load((1...3).map { Record(number: "A-\($0)") })
        try await scene.database.execute("UPDATE sluice.quarantine_record SET account_hash = sha256(raw)")
        try await scene.database.execute(
            "UPDATE sluice.review_policy SET single_release = jsonb_build_object('CNY', '1000000')"
        )
        _ = try await scene.store.amend(
            [scene.amendment(file, 1, number: "A-1")],
            comment: "only the bank",
            session: scene.otto
        )
        let amended = RequestedRelease(
            records: [SeenRecord(key: scene.key(file, 1), revision: 1)],
            comment: "checked"
        )
        let first = try await scene.store.proposeRelease(amended, session: scene.rita)
        #expect(first.records.map(\.outcome) == [.proposed])
        let second = try await Self.ask(2...2, of: file, scene, accepted: ["account_check_digit"])
        #expect(second.records.map(\.outcome) == [.proposed])
        try await scene.database.execute("UPDATE sluice.quarantine_record SET account_hash = NULL WHERE line_no = 3")
        let third = try await Self.ask(3...3, of: file, scene)
        #expect(third.records.map(\.outcome) == [.proposed], "nobody knows whether it looks like a later order")
        await scene.close()
    }
}
