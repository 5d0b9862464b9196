import Foundation
import PaymentCore
import Testing

/// What comes back from history: copies for people, and a day that is live again, with the receipts as judges.
@Suite struct ArchiveRestoreTests {
    private static let company = Simulation(
        latency: "{first: 2ms, last: 10ms}",
        settle: "{first: 20ms, last: 60ms}",
        items: ["refuse: {E101: 60, E201: 60}"]
    )

    /// Three days of a file each, all archived.
    private static func with(_ work: (FaultScene, ArchiveDesk, [Int64], BusinessDate) async throws -> Void) async throws
    {
        try await FaultScene.with(company) { scene in
            try scene.hurry(items: 10)
        } _: { scene in
            let desk = ArchiveDesk(scene: scene)
            let today = try await desk.today
            var batches: [Int64] = []
            for index in 0..<3 {
                let date = "\(today.advanced(byDays: Int32(index)))"
                let text = BatchText(.payout, count: 60, series: index + 1)
                batches.append(try await scene.submit(text, name: "\(date).csv", ["--business-date", date]))
            }
            let worker = try scene.start(["worker"])
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            try await work(scene, desk, batches, today)
        }
    }

    @Test func `a copy of an order, a batch or a day is byte for byte what history has`() async throws {
        try await Self.with { scene, desk, batches, today in
            try await desk.archive(asOf: desk.asOf(leaving: today.advanced(byDays: 2)))
            let books = try await ArchiveBooks.read(scene)
            let scopes: [(arguments: [String], condition: String, orders: Int64)] = [
                (["--order", "\(batches[1])-7"], "batch_id = \(batches[1]) AND line_no = 7", 1),
                (["--batch", "\(batches[1])"], "batch_id = \(batches[1])", 60),
                (["--day", "\(today)"], "business_date = '\(today)'", 60),
            ]
            for (arguments, condition, orders) in scopes {
                let answer = try #require(
                    try await desk.run(["restore"] + arguments + ["--json"]).json() as? [String: Any]
                )
                let label = try #require(answer["label"] as? String)
                #expect(answer["judged"] as? Bool == true)
                let tables = try #require(answer["tables"] as? [String: Int])
                #expect(tables["payment_order"].map(Int64.init) == orders, "\(arguments)")
                let copy = "restored.payment_order_\(label)"
                let original = "SELECT * FROM history.payment_order WHERE \(condition)"
                for (one, other) in [("SELECT * FROM \(copy)", original), (original, "SELECT * FROM \(copy)")] {
                    let differs = try await scene.number("SELECT count(*) FROM (\(one) EXCEPT ALL \(other)) d")
                    #expect(differs == 0, "\(arguments)")
                }
                #expect(try await scene.number("SELECT count(*) FROM \(copy)") == orders)
                try await desk.run(["restore", "--drop", label])
                #expect(
                    try await scene.number(
                        "SELECT count(*) FROM pg_class WHERE relnamespace = 'restored'::regnamespace AND relkind = 'r'"
                    ) == 0
                )
            }
            try await books.expectToHold(scene, "copied")
        }
    }

    @Test func `a byte that somebody changed in history is found, and no copy of it passes for the original`()
        async throws
    {
        try await Self.with { scene, desk, batches, today in
            try await desk.archive(asOf: desk.asOf(leaving: today.advanced(byDays: 2)))
            try await desk.expectReceiptsToHold()
            let flip = """
                UPDATE history.payment_order SET personal = set_byte(personal, 20, get_byte(personal, 20) # 1)
                WHERE batch_id = \(batches[1]) AND line_no = 7
                """
            try await desk.meddle(flip)
            let day = "\(today.advanced(byDays: 1))"
            let found = try await desk.run(["verify", "--day", day, "--json"], expecting: 1)
            let answer = try #require(try found.json() as? [String: Any])
            #expect(answer["holds"] as? Bool == false)
            let days = try #require(answer["days"] as? [[String: Any]])
            let broken = days.filter { $0["holds"] as? Bool == false }.map { $0["table"] as? String }
            #expect(broken == ["payment_order"])
            try await desk.run(["verify", "--day", "\(today)"])
            let copy = try await desk.run(["restore", "--batch", "\(batches[1])", "--json"], expecting: 1)
            let judged = try #require(try copy.json() as? [String: Any])
            #expect(judged["judged"] as? Bool == false)
            try await desk.run(["restore", "--drop", try #require(judged["label"] as? String)])
            try await desk.meddle(flip)
            try await desk.expectReceiptsToHold()
            try await desk.run(["restore", "--batch", "\(batches[1])"])
        }
    }

    @Test func `the newest days come back to live, are held there, and leave again when that is lifted`() async throws {
        try await Self.with { scene, desk, batches, today in
            let days = (0..<3).map { today.advanced(byDays: Int32($0)) }
            let asOf = try await desk.asOf(leaving: days[2])
            try await desk.archive(asOf: asOf)
            let books = try await ArchiveBooks.read(scene)
            // What leaves together at the end of a month comes back together.
            let newest = try await desk.oldest.advanced(byDays: -1)
            let toLive = ["--to-live", "--reason", "an auditor asks"]
            if newest > days[0] {
                let refused = try await desk.run(["restore", "--day", "\(days[0])"] + toLive, expecting: 2)
                #expect(refused.log.contains("\(newest)"), "\(refused.log)")
            }
            var day = newest
            while day >= days[1] {
                try await desk.run(["restore", "--day", "\(day)"] + toLive)
                #expect(try await desk.oldest == day)
                try await books.expectToHold(scene, "\(day) is live again")
                day = day.advanced(byDays: -1)
            }
            for index in [1, 2] {
                #expect(try await desk.rows(.paymentOrder, days[index], in: "sluice") == 60)
                #expect(try await desk.rows(.paymentOrder, days[index], in: "history") == 0)
            }
            #expect(try await desk.rows(.paymentOrder, days[0], in: "history") == 60)
            try await desk.expectReceiptsToHold()
            // A file of it can be worked on as ever, and an archived one is still told.
            #expect(try await scene.run(["file", "show", "\(batches[1])"]).output.contains("60"))

            try await desk.archive(asOf: asOf)
            #expect(try await desk.oldest == days[1], "a hold keeps the day")
            let holds = try #require(try await desk.run(["holds", "--json"]).json() as? [[String: Any]])
            #expect(holds.compactMap { $0["day"] as? String }.sorted().prefix(2) == ["\(days[1])", "\(days[2])"])
            for hold in holds { try await desk.lift("\(try #require(hold["hold_id"] as? Int))") }
            try await desk.archive(asOf: asOf)
            #expect(try await desk.oldest == newest.advanced(byDays: 1))
            #expect(try await desk.rows(.paymentOrder, days[1], in: "sluice") == 0)
            let passes = try await scene.text(
                """
                SELECT string_agg(pass || ' ' || state, ', ' ORDER BY pass) FROM sluice.archive_manifest
                WHERE table_name = 'payment_order' AND day = '\(days[1])'
                """
            )
            #expect(passes == "1 reopened, 2 closed")
            try await books.expectToHold(scene, "archived again")
            try await desk.expectReceiptsToHold()
            try await Books(scene: scene).expectInvariants()
        }
    }
}
