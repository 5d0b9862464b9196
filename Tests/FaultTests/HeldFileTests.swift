import PaymentCore
import Testing

/// A file that is held, from the merchant's hands to a person's decision and beyond, with the built program.
@Suite struct HeldFileTests {
    enum Hold: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case totals = "totals_within_tolerance"
        case badRecords = "too_many_bad_records"
        case sameContent = "same_content"
        case sameName = "same_name"

        var testDescription: String { rawValue }
    }

    /// Queues a file that intake will hold for this.
    private static func submit(_ hold: Hold, _ scene: FaultScene) async throws -> Int64 {
        var text = BatchText(.payout, count: 12)
        switch hold {
        case .totals: return try await scene.submit(text, ["--declared-count", "13"])
        case .badRecords:
            for line in 0..<2 { text.lines[line].account = BatchText.misspelt(text.lines[line].account) }
            return try await scene.submit(text)
        case .sameContent, .sameName:
            _ = try await scene.submit(text, name: "first.csv")
            try await scene.run(["run", "intake"])
            if hold == .sameName { text = BatchText(.payout, count: 12, series: 2) }
            return try await scene.submit(text, name: hold == .sameName ? "first.csv" : "second.csv")
        }
    }

    private static func prepare(_ scene: FaultScene) throws {
        try scene.edit("merchants/MER-PAYOUT.yaml", "count_difference_max: 0", "count_difference_max: 1")
    }

    private static func about(_ batch: Int64, _ scene: FaultScene) async throws -> [String] {
        let listed = try await scene.run(["review", "list", "--json"]).json() as? [String: Any]
        let incidents = try #require(listed?["incidents"] as? [[String: Any]])
        let incident = try #require(incidents.first { $0["incident"] as? String == "file_held/\(batch)" })
        #expect(incident["decisions"] as? [String] == ["load", "refuse"])
        let orders = try #require(incident["orders"] as? Int)
        let amounts = try #require(incident["amounts"] as? [String: Int])
        return ["--orders", "\(orders)"] + amounts.flatMap { ["--amount", "\($0.key)=\($0.value)"] }
    }

    @Test(arguments: Hold.allCases)
    func `a held file is loaded once a person says so, and only then`(_ hold: Hold) async throws {
        try await FaultScene.with(prepare: Self.prepare) { scene in
            let batch = try await Self.submit(hold, scene)
            try await scene.run(["run", "intake"], expecting: 3)
            #expect(try await scene.state(of: batch) == "held \(hold.rawValue)")
            let loaded = "SELECT count(*) FROM sluice.payment_order WHERE batch_id = \(batch)"
            #expect(try await scene.number(loaded) == 0)
            let shown = try await scene.run(["file", "show", "\(batch)"]).output
            #expect(shown.contains(hold.rawValue) && shown.contains("what to do"), "\(shown)")

            let about = try await Self.about(batch, scene)
            let decide = ["review", "decide", "file_held/\(batch)"]
            let mistaken = ["--orders", "1", "--amount", "CNY=1", "--comment", "n"]
            let refused = try await scene.run(decide + ["load"] + mistaken, scene.anna(), expecting: 1)
            #expect(refused.log.contains("nothing was decided"), "\(refused.log)")
            try await scene.runByTwo(decide + ["load"] + about + ["--comment", "asked the merchant"])
            let second = decide + ["refuse"] + about + ["--comment", "no"]
            let twice = try await scene.run(second, scene.anna(), expecting: 1)
            #expect(twice.log.contains("review list"), "\(twice.log)")
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: batch).hasPrefix("working"))
            // What has numbers that came before is set aside all the same.
            let orders: Int64 =
                switch hold {
                case .totals, .sameName: 12
                case .badRecords: 10
                case .sameContent: 0
                }
            #expect(try await scene.number(loaded) == orders)
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test(arguments: Hold.allCases)
    func `a held file that a person refuses leaves nothing behind`(_ hold: Hold) async throws {
        try await FaultScene.with(prepare: Self.prepare) { scene in
            let batch = try await Self.submit(hold, scene)
            try await scene.run(["run", "intake"], expecting: 3)
            let about = try await Self.about(batch, scene)
            let decide = ["review", "decide", "file_held/\(batch)", "refuse"]
            try await scene.runByTwo(decide + about + ["--comment", "a mistake"])
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: batch) == "refused refused_by_person")
            for table in ["payment_order", "quarantine_record", "order_number_registry"] {
                let rows = try await scene.number("SELECT count(*) FROM sluice.\(table) WHERE batch_id = \(batch)")
                #expect(rows == 0, "\(table)")
            }
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `of two records of one number a person chooses which one lives`() async throws {
        try await FaultScene.with { scene in
            let tolerance = "bad_per_ten_thousand_max:"
            try scene.edit("merchants/MER-PAYOUT.yaml", "\(tolerance) 500", "\(tolerance) 10000")
            var text = BatchText(.payout, count: 3)
            text.lines[0].account = BatchText.misspelt(text.lines[0].account)
            let first = try await scene.submit(text)
            try await scene.run(["run", "intake"])
            var again = BatchText(.payout, count: 3, series: 2)
            again.lines[0].number = text.lines[0].number
            let second = try await scene.submit(again)
            try await scene.run(["run", "intake"])
            let shown = try await scene.run(["quarantine", "show", "\(second)-1"]).output
            #expect(shown.contains("duplicate_of_quarantined"), "\(shown)")
            #expect(shown.contains("\(first)-1 (quarantine)"), "\(shown)")
            let amount = "\(again.lines[0].amountMinor)"
            let choose = ["quarantine", "choose", "\(second)-1", "--over", "\(first)-1", "--amount", amount]
            let mistaken = choose + ["--over-amount", "1", "--comment", "by phone"]
            let wrong = try await scene.run(mistaken, scene.anna(), expecting: 1)
            #expect(wrong.log.contains("nothing was decided"), "\(wrong.log)")
            let right = choose + ["--over-amount", "\(text.lines[0].amountMinor)", "--comment", "by phone"]
            try await scene.runByTwo(right)
            let closed = try await scene.run(["quarantine", "show", "\(first)-1"]).output
            #expect(closed.contains("rejected") && closed.contains("other_chosen by \(second)-1"), "\(closed)")
            try await scene.run(right, scene.anna(), expecting: 1)
            try await Books(scene: scene).expectInvariants()
        }
    }
}
