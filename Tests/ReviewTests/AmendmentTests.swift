import BatchFiles
import PaymentCore
import Review
import Store
import Synchronization
import Testing

@Suite struct AmendmentTests {
    private static func amendment(_ rules: AmendmentRule..., of selection: RecordSelection) -> RequestedAmendment {
        RequestedAmendment(selection: selection, rules: rules, comment: "because")
    }

    @Test func `a look ahead says how many records would still fail, and changes nothing`() async throws {
        let desk = QuarantineDesk()
        for line in 1...417 as ClosedRange<Int32> {
            var texts = GoodRecord.texts("A-\(line)", .purpose, "rent\n")
            // Three of them have something else wrong besides.
            if line % 139 == 0 { texts[.bankCode] = "" }
            desk.put(.line(line), texts, reasons: [GoodRecord.reason(.controlCharacter, .purpose)])
            if line % 139 == 0 {
                desk.put(
                    .line(line),
                    GoodRecord.texts("A-\(line)", .purpose, "rent\n").merging([.amount: "12.345"]) { $1 },
                    reasons: [
                        GoodRecord.reason(.controlCharacter, .purpose),
                        GoodRecord.reason(.amountTooManyDecimals, .amount),
                    ]
                )
            }
        }
        let report = try await desk.review().amend(Self.amendment(.clean(.purpose), of: .everything), session: nil)
        #expect(report.isPreview && report.found == 417 && report.amended == 417)
        #expect(report.failing == 3 && report.passing == 414 && report.isWhole)
        let remaining = try #require(report.remaining.first)
        #expect(remaining.code == "amount_too_many_decimals" && remaining.field == "amount" && remaining.records == 3)
        #expect(remaining.examples == [.line(139), .line(278), .line(417)])
        #expect(report.examples.count == 3 && report.examples[0].before == "r*" && report.examples[0].after == "****")
        #expect(desk.row(.line(1))?.record.record.state == .open)
    }

    @Test func `a new text that breaks a rule leaves its record alone`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1", .accountNumber, "6228480040106028109 "))
        desk.put(.line(2), GoodRecord.texts("A-2", .accountNumber, "not an account "))
        let session = try QuarantineDesk.session()
        let report = try await desk.review().amend(
            Self.amendment(.trim(.accountNumber), of: .everything),
            session: session
        )
        #expect(report.amended == 1 && report.refusedRecords == 1 && !report.isWhole)
        #expect(report.refused.map(\.code) == ["account_malformed"] && report.refused[0].examples == [.line(2)])
        #expect(desk.row(.line(2))?.record.record.state == .open)
        #expect(desk.texts(.line(1))?[.accountNumber] == GoodRecord.account)
    }

    @Test func `what was sent stays, and each amendment says what still differs from it`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), GoodRecord.texts("A-1", .purpose, " rent"))
        let session = try QuarantineDesk.session()
        let review = try desk.review()
        for rule in [AmendmentRule.trim(.purpose), .set(.bankCode, to: "105100000017")] {
            _ = try await review.amend(Self.amendment(rule, of: .named([key])), session: session)
        }
        let row = try #require(desk.row(key))
        #expect(row.amendments.map(\.fields) == [["purpose"], ["bank_code", "purpose"]])
        let sent = try FieldTexts(json: try #require(row.record.sent), form: QuarantineDesk.form)
        #expect(sent[.purpose] == " rent")
        // Back to what was sent is an amendment too.
        _ = try await review.amend(Self.amendment(.set(.purpose, to: " rent"), of: .named([key])), session: session)
        #expect(desk.row(key)?.amendments.last?.fields == ["bank_code"])
    }

    @Test func `of two reviewers on one record one wins, and the other is told who and when`() async throws {
        let desk = QuarantineDesk()
        let late = desk.put(.line(1), GoodRecord.texts("A-1", .purpose, " rent"))
        desk.put(.line(2), GoodRecord.texts("A-2", .purpose, " rent"))
        desk.state.withLock { rows in
            rows.meanwhile = { rows in
                guard let row = rows[late] else { return }
                rows[late] = QuarantineDesk.amended(row, by: "otto", FieldTexts(GoodRecord.texts("A-1")).json)
            }
        }
        let session = try QuarantineDesk.session()
        let report = try await desk.review().amend(Self.amendment(.trim(.purpose), of: .everything), session: session)
        #expect(report.amended == 1 && !report.isWhole)
        let change = try #require(report.changed.first)
        #expect(change.key == late && change.login == "otto" && change.revision == 1)
        #expect(change.words == "record 12-1 was amended by otto at 2025-11-13 02:13:20Z, and is in revision 1")
        #expect(desk.row(late)?.amendments.map(\.login) == ["otto"], "the winner's amendment stands alone")
    }

    @Test func `a number that another line has is not given to a record`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), GoodRecord.texts("A-1"))
        desk.state.withLock {
            $0.owners["B-7"] = NumberOwner(batch: BatchIdentifier(3), line: LineNumber(4), state: "order")
        }
        desk.state.withLock {
            $0.owners["C-7"] = NumberOwner(batch: BatchIdentifier(3), line: LineNumber(5), state: "void")
        }
        let session = try QuarantineDesk.session()
        let review = try desk.review()
        let taken = try await review.amend(
            Self.amendment(.set(.merchantOrderNumber, to: "B-7"), of: .named([key])),
            session: session
        )
        #expect(taken.amended == 0 && taken.refused.map(\.code) == ["duplicate_of_earlier_file"])
        #expect(taken.refused[0].mend.contains("line 4 of batch 3"))
        let free = try await review.amend(
            Self.amendment(.set(.merchantOrderNumber, to: "C-7"), of: .named([key])),
            session: session
        )
        #expect(free.amended == 1 && free.passing == 1, "a void number is free")
    }

    @Test func `two records of one run are not given one number`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("N 1"))
        desk.put(.line(2), GoodRecord.texts("N  1"))
        let report = try await desk.review(severities: [.numberNotPlain: .off]).amend(
            Self.amendment(.replace(.merchantOrderNumber, " ", by: ""), of: .everything),
            session: try QuarantineDesk.session()
        )
        #expect(report.amended == 1 && report.refused.map(\.code) == ["duplicate_of_quarantined"])
    }

    @Test func `a record whose columns cannot be told apart is given each of them`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), nil, reasons: [GoodRecord.reason(.wrongColumnCount, nil, "5 instead of 6")])
        let session = try QuarantineDesk.session()
        let part = try await desk.review().amend(
            Self.amendment(.set(.purpose, to: "wages"), of: .named([key])),
            session: session
        )
        #expect(part.amended == 1 && part.failing == 1)
        #expect(Set(part.remaining.map(\.code)) == ["missing_field"])
        let rules = GoodRecord.texts("A-1").map { AmendmentRule.set($0.key, to: $0.value) }
        let whole = try await desk.review().amend(
            RequestedAmendment(selection: .named([key]), rules: rules, comment: "because"),
            session: session
        )
        #expect(whole.amended == 1 && whole.passing == 1)
    }

    @Test func `many records are read, judged and written page by page`() async throws {
        let desk = QuarantineDesk()
        for line in 1...2_500 as ClosedRange<Int32> {
            desk.put(.line(line), GoodRecord.texts("A-\(line)", .purpose, " a"))
        }
        let seen = Mutex<[ReviewProgress]>([])
        let report = try await desk.review().amend(
            Self.amendment(.trim(.purpose), of: .everything),
            session: try QuarantineDesk.session()
        ) { progress in seen.withLock { $0.append(progress) } }
        #expect(report.amended == 2_500)
        #expect(desk.state.withLock { $0.pages } == [1_000, 1_000, 500])
        #expect(seen.withLock { $0.map(\.done) } == [1_000, 2_000, 2_500])
        #expect(seen.withLock { $0.allSatisfy { $0.whole == 2_500 } })
    }

    @Test func `a record that is missing, decided or of a lost layout stops no other one`() async throws {
        let desk = QuarantineDesk()
        for line in 1...3 as ClosedRange<Int32> { desk.put(.line(line), GoodRecord.texts("A-\(line)", .purpose, " a")) }
        desk.state.withLock { rows in
            if let row = rows.rows[.line(2)] {
                var lost = RecordToReview(
                    record: row.record.record,
                    merchant: QuarantineDesk.merchant,
                    direction: .payout,
                    format: "lost\u{1B}[2J",
                    judgedDate: QuarantineDesk.day
                )
                lost.sent = row.record.sent
                rows.rows[.line(2)]?.record = lost
            }
            rows.rows[.line(3)]?.record.isUnreadable = true
        }
        let report = try await desk.review().amend(
            Self.amendment(.trim(.purpose), of: .named([.line(1), .line(2), .line(3), .line(9)])),
            session: try QuarantineDesk.session()
        )
        #expect(report.amended == 1 && report.missing == [.line(9)])
        #expect(report.unjudgeable.map(\.key) == [.line(2), .line(3)])
        #expect(!report.unjudgeable.contains { $0.description.contains("\u{1B}") })
    }

    @Test func `what stops in the middle tells how far it came`() async throws {
        let desk = QuarantineDesk()
        for line in 1...1_500 as ClosedRange<Int32> {
            desk.put(.line(line), GoodRecord.texts("A-\(line)", .purpose, " a"))
        }
        desk.state.withLock { $0.failsAfterPages = 1 }
        let error = await #expect(throws: AmendingStopped.self) {
            _ = try await desk.review().amend(
                Self.amendment(.trim(.purpose), of: .everything),
                session: try QuarantineDesk.session()
            )
        }
        #expect(error?.amended == 1_000 && error?.cause is QuarantineDesk.Gone)
        let again = try await desk.review().amend(
            Self.amendment(.trim(.purpose), of: .everything),
            session: try QuarantineDesk.session()
        )
        #expect(again.unchanged == 1_000 && again.amended == 500)
    }
}
