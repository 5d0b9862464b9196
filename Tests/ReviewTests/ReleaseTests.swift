import BatchFiles
import PaymentCore
import Review
import Store
import Synchronization
import Testing

@Suite struct ReleaseTests {
    /// An account that passes all rules but its check digit.
    private static let misspelt = "6228480040106028108"

    @Test func `a record that would still fail is not asked for, and the others are`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1"))
        desk.put(.line(2), GoodRecord.texts("A-2", .amount, "12.345"))
        desk.put(.line(3), nil, reasons: [GoodRecord.reason(.wrongColumnCount, nil, "5 instead of 6")])
        let report = try await desk.review().release(
            .named([.line(1), .line(2), .line(3), .line(9)]),
            comment: "checked",
            session: try QuarantineDesk.session(),
            isPreview: false
        )
        #expect(report.found == 3 && report.taken == 1 && report.proposal == 12)
        #expect(report.records.map(\.fate.word) == ["proposed", "still_fails", "still_fails", "missing"])
        #expect(report.records[1].fate == .stillFails(["amount_too_many_decimals"]))
        #expect(Set(report.failing.map(\.code)) == ["amount_too_many_decimals", "wrong_column_count"])
        #expect(report.amounts == ["CNY": 100])
        #expect(desk.state.withLock { $0.requests.map(\.records) } == [[SeenRecord(key: .line(1), revision: 0)]])
    }

    @Test func `what a channel refused goes again as it is only where it is named`() async throws {
        let desk = QuarantineDesk()
        let refused = QuarantineReason(code: "refused_by_channel", field: nil, maskedValue: "E17", mend: "amend it")
        desk.put(.line(1), GoodRecord.texts("A-1"), reasons: [refused], origin: "failed_order")
        let session = try QuarantineDesk.session()
        let found = try await desk.review().release(.everything, comment: "x", session: session, isPreview: false)
        #expect(found.taken == 0 && found.records.map(\.fate) == [.stillFails(["refused_by_channel"])])
        let named = try await desk.review().release(
            .named([.line(1)]),
            comment: "x",
            session: session,
            isPreview: false
        )
        #expect(named.taken == 1)
    }

    @Test func `an accepted reason keeps no record back, if an order can be made in spite of it`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1", .accountNumber, Self.misspelt))
        let review = try desk.review(severities: [.accountCheckDigit: .quarantine])
        let session = try QuarantineDesk.session()
        let without = try await review.release(.everything, comment: "x", session: session, isPreview: false)
        #expect(without.taken == 0 && without.proposal == nil && without.failing.map(\.code) == ["account_check_digit"])
        #expect(desk.state.withLock { $0.requests.isEmpty }, "nothing is asked for without a record")
        let with = try await review.release(
            .everything,
            accepting: ["account_check_digit"],
            comment: "x",
            session: session,
            isPreview: false
        )
        #expect(with.taken == 1)
        #expect(desk.state.withLock { $0.requests.map(\.accepted) } == [["account_check_digit"]])
    }

    @Test(arguments: ["amount_malformed", "missing_field", "duplicate_in_file", "no_such_reason", "\u{1B}[2J"])
    func `what no order can be made of cannot be accepted`(code: String) async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1"))
        let error = await #expect(throws: ReviewRefusal.self) {
            _ = try await desk.review().release(
                .everything,
                accepting: [code],
                comment: "x",
                session: try QuarantineDesk.session(),
                isPreview: false
            )
        }
        #expect(error?.description.contains("\u{1B}") == false)
        #expect(desk.state.withLock { $0.requests.isEmpty })
    }

    @Test func `a look ahead asks the database for what would be, and for nothing else`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1"))
        let report = try await desk.review().release(
            .everything,
            comment: "",
            session: try QuarantineDesk.session(),
            isPreview: true
        )
        #expect(report.isPreview && report.taken == 1 && report.proposal == nil)
        #expect(desk.state.withLock { $0.requests.allSatisfy(\.isDry) })
    }

    @Test func `a record that was amended meanwhile is told of with who did it`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), GoodRecord.texts("A-1"))
        desk.state.withLock { rows in
            rows.meanwhile = { rows in
                guard let row = rows[key] else { return }
                rows[key] = QuarantineDesk.amended(row, by: "otto", FieldTexts(GoodRecord.texts("A-1")).json)
            }
        }
        let report = try await desk.review().release(
            .everything,
            comment: "x",
            session: try QuarantineDesk.session(),
            isPreview: false
        )
        #expect(report.records.map(\.fate.word) == ["changed"] && report.records[0].change?.login == "otto")
    }

    @Test func `an amended record is judged by what it says now`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(
            .line(1),
            GoodRecord.texts("A-1", .amount, "12,34"),
            reasons: [GoodRecord.reason(.amountMalformed, .amount)]
        )
        let session = try QuarantineDesk.session()
        let review = try desk.review()
        let before = try await review.release(.named([key]), comment: "x", session: session, isPreview: true)
        #expect(before.taken == 0)
        _ = try await review.amend(
            RequestedAmendment(selection: .named([key]), rules: [.set(.amount, to: "12.34")], comment: "x"),
            session: session
        )
        let after = try await review.release(.named([key]), comment: "x", session: session, isPreview: false)
        #expect(after.taken == 1)
        #expect(desk.state.withLock { $0.requests.last?.records } == [SeenRecord(key: key, revision: 1)])
    }

    @Test func `what can be no order can be rejected all the same`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), nil, reasons: [GoodRecord.reason(.wrongColumnCount, nil)])
        let report = try await desk.review().reject(
            .everything,
            comment: "x",
            session: try QuarantineDesk.session(),
            isPreview: false
        )
        #expect(report.taken == 1 && report.proposal == 13)
    }
}
