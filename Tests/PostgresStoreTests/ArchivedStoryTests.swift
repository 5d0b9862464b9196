import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// What people find of an order that is in the history: what they found of it before.
@Suite(.serialized) struct `An archived order` {
    /// A paid submission of two orders, with an attempt before it; all of it has left.
    private static func archived(_ scene: DecisionScene) async throws -> (SeededFile, ArchiveScene) {
        let sent = try await scene.send()
        guard case .committed = try await scene.end(sent, to: .succeeded) else { throw TestFailure("not recorded") }
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.meddle(
            """
            INSERT INTO sluice.payment_attempt (batch_id, line_no, business_date, attempt_no, channel, submission_no,
                cause, code, evidence_day, evidence_ordinal)
            SELECT batch_id, 2, business_date, 0, channel, submission_no, 'channel', '9001', evidence_day, 1
            FROM sluice.payment_order WHERE line_no = 2
            """
        )
        return (sent.file, archive)
    }

    /// All that is told of an order, but when it was read and where it is.
    private static func told(_ story: OrderStory) -> String {
        "\(story.key) \(story.state) \(story.code ?? "-") \(story.maskedAccount) \(story.maskedName) "
            + "\(story.evidence.map { "\($0)" } ?? "-") \(story.attempts) \(story.submissions) \(story.reviews)"
    }

    @Test func `has the story that it had`() async throws {
        let scene = try await DecisionScene.make()
        let (file, archive) = try await Self.archived(scene)
        var before: [String] = []
        for line: Int32 in [1, 2] {
            let story = try #require(try await scene.store.orderStory(of: file.batch, line: LineNumber(line)))
            #expect(!story.isArchived && story.submissions.first?.exchanges.count == 1)
            before.append(Self.told(story))
        }
        let totals = try #require(try await scene.store.batch(file.batch)).totals
        try await archive.archiveUntilToday()
        for line: Int32 in [1, 2] {
            let story = try #require(try await scene.store.orderStory(of: file.batch, line: LineNumber(line)))
            #expect(story.isArchived && Self.told(story) == before[Int(line) - 1])
            #expect(story.attempts.count == Int(line) - 1)
        }
        let after = try #require(try await scene.store.batch(file.batch)).totals
        #expect(after.map(\.tallies) == totals.map(\.tallies) && after.first?[.succeeded].count == 2)
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `is returned for every reader when its money comes back`() async throws {
        let scene = try await DecisionScene.make()
        let (file, archive) = try await Self.archived(scene)
        try await archive.archiveUntilToday()
        try await scene.database.execute(
            "UPDATE sluice.merchant SET db_role = session_user WHERE merchant_no = $1",
            [.text(TestDatabase.merchant.value)]
        )
        let whole = ContractScene.amountMinor(of: LineNumber(1))
        func returned(_ reference: String, _ minor: Int64, day: Int64) async throws {
            let outcome = try await scene.store.recordReturn(
                ReturnedPayment(
                    channel: scene.channel,
                    reference: reference,
                    batch: file.batch,
                    line: LineNumber(1),
                    amount: Money(minor: minor, currency: .cny),
                    code: "AC04",
                    returnedAt: Timestamp(unixMicroseconds: day * 86_400_000_000)
                )
            )
            #expect(outcome == .recorded)
        }
        /// How the order stands in its story, in the totals and for its merchant.
        func standing() async throws -> [String] {
            let story = try #require(try await scene.store.orderStory(of: file.batch, line: LineNumber(1)))
            let totals = try #require(try await scene.store.batch(file.batch)).totals
            let ofMerchant = try await scene.database.text(
                "SELECT state || ' ' || coalesce(code, '-') FROM sluice.my_order_result WHERE line_no = 1"
            )
            let mine = try await scene.database.text(
                "SELECT succeeded || ' ' || returned || ' ' || returned_minor FROM sluice.my_batch_totals"
            )
            let total = try #require(totals.first)
            return [
                "\(story.state) \(story.returns.map { "\($0.reference) \($0.amountMinor)" })",
                "\(total[.succeeded].count) \(total[.returned].count) \(total[.returned].amountMinor)",
                ofMerchant, mine,
            ]
        }
        try await returned("R-1", 1, day: 20_000)
        #expect(try await standing() == [#"succeeded ["R-1 1"]"#, "2 0 0", "succeeded 0000", "2 0 0"])
        try await returned("R-2", whole - 1, day: 20_001)
        #expect(
            try await standing() == [
                #"returned ["R-1 1", "R-2 \#(whole - 1)"]"#, "1 1 \(whole)", "returned AC04", "1 1 \(whole)",
            ]
        )
        #expect(try await archive.rows(.paymentOrder, file.businessDate, in: "sluice") == 0, "history is not changed")
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `is told of as final to who would cancel it`() async throws {
        let scene = try await DecisionScene.make()
        let (file, archive) = try await Self.archived(scene)
        try await archive.archiveUntilToday()
        for (line, count) in [(LineNumber(1), Int64(1)), (nil, 2)] {
            let request = RequestedCancellation(batch: file.batch, line: line)
            let cancelled = try await scene.cancel(request)
            #expect(cancelled.cancelled.isEmpty && cancelled.states == [.succeeded: count])
        }
        var request = RequestedCancellation(batch: file.batch, line: LineNumber(1))
        request.state = .ready
        let refused = await #expect(throws: NamedOrdersMismatch.self) { try await scene.cancel(request) }
        #expect(refused?.description.contains("is succeeded, not ready") == true)
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `is missing without a breach once its day is dropped`() async throws {
        let scene = try await DecisionScene.make()
        let (file, archive) = try await Self.archived(scene)
        try await archive.archiveUntilToday()
        let today = try await scene.database.today()
        let later = try await archive.store.takeArchiveLease(
            worker: ArchiveScene.worker,
            lease: .hours(1),
            asOf: today.advanced(byDays: 400)
        )
        let lease = try #require(later)
        for table in HeavyTable.allCases {
            let dropped = try await archive.archiver.transaction("drop day") { transaction in
                try transaction.query(
                    "SELECT sluice.drop_archived_day($1, $2, $3, $4, false)",
                    [
                        .int64(lease.epoch.value), .text(table.rawValue),
                        .date(daysSince1970: file.businessDate.daysSince1970),
                        .date(daysSince1970: today.advanced(byDays: 30).daysSince1970),
                    ]
                ).first?.int32(0)
            }
            #expect(dropped == 1)
            try await scene.expectNoBreach()
        }
        #expect(try await scene.store.orderStory(of: file.batch, line: LineNumber(1)) == nil)
        await archive.archiver.close()
        await scene.close()
    }
}
