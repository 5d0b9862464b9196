import Foundation
import PaymentCore
import Testing

/// `sluice quarantine` as reviewers run it, with the built program.
@Suite struct QuarantineCommandTests {
    private static func object(_ program: Program) throws -> [String: Any] {
        try #require(try program.json() as? [String: Any], "\(program.output)")
    }

    /// A file of six records of which three have misspelt accounts, loaded.
    private static func submitted(_ scene: FaultScene) async throws -> (batch: Int64, right: [BatchText.Line]) {
        let (batch, _) = try await ReleaseTests.submit(bad: 3, of: 6, scene)
        try await scene.run(["run", "intake"])
        return (batch, BatchText(.payout, count: 6).lines)
    }

    @Test func `lists what waits in groups, and shows one record field by field, starred`() async throws {
        try await FaultScene.with { scene in
            let (batch, right) = try await Self.submitted(scene)
            for by in ["reason", "file", "merchant", "field"] {
                let listed = try Self.object(try await scene.run(["quarantine", "list", "--by", by, "--json"]))
                let groups = try #require(listed["groups"] as? [[String: Any]])
                #expect(groups.count == 1 && groups[0]["records"] as? Int == 3, "\(by): \(groups)")
                let sum = right.prefix(3).reduce(0) { $0 + $1.amountMinor }
                #expect(groups[0]["amounts"] as? [String: Int] == ["CNY": Int(sum)], "\(by)")
                #expect(listed["count"] as? Int == 3 && (listed["records"] as? [Any])?.count == 3)
            }
            let one = try await scene.run(["quarantine", "list", "--field", "account_number", "--limit", "1"]).output
            #expect(one.contains("The first 1 of 3 records") && one.contains("sluice quarantine show \(batch)-1"))
            #expect(
                try await scene.run(["quarantine", "list", "--reason", "date_in_past"]).output.contains(
                    "No quarantined"
                )
            )
            let unbounded = try await scene.run(["quarantine", "list", "--state", "released"], expecting: 2)
            #expect(unbounded.log.contains("--batch"), "\(unbounded.log)")
            let shown = try Self.object(try await scene.run(["quarantine", "show", "\(batch)-1", "--json"]))
            let fields = try #require(shown["fields"] as? [[String: Any]])
            let failing = fields.filter { $0["is_failing"] as? Bool == true }.compactMap { $0["name"] as? String }
            #expect(failing == ["account_number"])
            #expect(
                fields.map { $0["title"] as? String } == ["order_no", "card_no", "name", "cnaps", "amount", "remark"]
            )
            let words = try await scene.run(["quarantine", "show", "\(batch)-1"]).output
            #expect(words.contains("--accept account_check_digit") && words.contains("Next: sluice quarantine amend"))
            let account = right[0].account.dropLast()
            #expect(!words.contains(account) && words.contains(account.prefix(6) + "*"))
        }
    }

    @Test func `amends one record after a look ahead, from standard input where nobody else sees it`() async throws {
        try await FaultScene.with { scene in
            let (batch, right) = try await Self.submitted(scene)
            let anna = try await scene.anna()
            let set = ["quarantine", "amend", "\(batch)-1", "--set", "account_number=\(right[0].account)"]
            let ahead = try Self.object(try await scene.run(set + ["--dry-run", "--json"], anna))
            #expect(ahead["amended"] as? Int == 1 && ahead["failing"] as? Int == 0 && ahead["dry_run"] as? Bool == true)
            for rest in [["--comment", "c"], ["--dry-run"]] {
                let nobody = try await scene.run(set + rest, expecting: 2)
                #expect(nobody.log.contains("nobody is logged in"))
            }
            let wrong = ["quarantine", "amend", "\(batch)-1", "--set", "account_number=12", "--comment", "c"]
            let refused = try await scene.run(wrong, anna, expecting: 3)
            #expect(refused.output.contains("account_malformed") && refused.output.contains("0 records amended"))
            let done = try await scene.run(set + ["--comment", "by phone"], anna).output
            #expect(done.hasPrefix("1 record amended, 0 would still fail."), "\(done)")
            #expect(!done.contains(right[0].account), "\(done)")
            let shown = try await scene.run(["quarantine", "show", "\(batch)-1"]).output
            #expect(shown.contains("Amendment 1 by anna") && shown.contains("by phone"), "\(shown)")
            #expect(shown.contains("Nothing is wrong any more."), "\(shown)")
            let again = try Self.object(try await scene.run(set + ["--comment", "c", "--json"], anna))
            #expect(again["unchanged"] as? Int == 1 && again["amended"] as? Int == 0)
            // What is done to many records names which.
            let all = ["quarantine", "amend", "--trim", "account_name", "--comment", "c"]
            #expect(try await scene.run(all, anna, expecting: 2).log.contains("--all"))
            #expect(try await scene.run(all + ["--all"], anna).output.contains("3 say so already"))
            let harmful = ["quarantine", "amend", "--batch", "\(batch)", "--set", "account_number=\(right[0].account)"]
            #expect(try await scene.run(harmful + ["--comment", "c"], anna, expecting: 2).log.contains("many records"))
        }
    }

    @Test func `writes a sheet, and follows it when it comes back filled in`() async throws {
        try await FaultScene.with { scene in
            let (batch, right) = try await Self.submitted(scene)
            let anna = try await scene.anna()
            let path = "\(scene.folder)/sheet.csv"
            try await scene.run(["quarantine", "export", path, "--batch", "\(batch)"])
            #expect(try await scene.run(["quarantine", "export", path], expecting: 2).log.contains("not there yet"))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600, "new texts will stand in it")
            let text = try String(contentsOfFile: path, encoding: .utf8)
            var lines = text.components(separatedBy: "\r\n").filter { !$0.isEmpty }
            #expect(lines.count == 4 && lines[1].hasPrefix("'\(batch)-1,0,account_number,'622202"), "\(lines)")
            for index in 1...3 {
                let account = index == 3 ? "12" : right[index - 1].account
                lines[index] = lines[index].replacingOccurrences(
                    of: ",,account_check",
                    with: ",'\(account),account_check"
                )
            }
            let filled = try scene.write(Array(lines.joined(separator: "\r\n").utf8), to: "filled.csv")
            let back = ["quarantine", "import", filled]
            let ahead = try Self.object(
                try await scene.run(back + ["--dry-run", "--json"], scene.anna(), expecting: 3)
            )
            let refused = try #require(ahead["refused_lines"] as? [[String: Any]])
            #expect(refused.map { $0["line"] as? Int } == [4], "\(refused)")
            let done = try await scene.run(back + ["--comment", "from the sheet"], anna, expecting: 3).output
            #expect(done.contains("3 lines with a new text, 1 refused. 2 records amended"), "\(done)")
            let release = ["quarantine", "release", "--batch", "\(batch)", "--comment", "c", "--json"]
            let asked = try Self.object(try await scene.run(release, anna, expecting: 3))
            #expect(asked["records"] as? Int == 2 && asked["left_alone"] as? Int == 1)
            // The sheet is of another revision now.
            let late = try await scene.run(back + ["--comment", "c"], anna, expecting: 3).output
            #expect(late.contains("was amended by anna"), "\(late)")
        }
    }

    @Test func `unmasks for a reason, and asks for a rejection that another person approves`() async throws {
        try await FaultScene.with { scene in
            let (batch, right) = try await Self.submitted(scene)
            let clear = try await scene.run(
                ["quarantine", "unmask", "\(batch)-1", "--reason", "by phone"],
                scene.anna()
            )
            #expect(clear.output.contains(right[0].account.dropLast()) && clear.output.contains("李秀英"))
            let look = ["quarantine", "reject", "--all", "--dry-run", "--json"]
            let ahead = try Self.object(try await scene.run(look, scene.anna()))
            #expect(ahead["records"] as? Int == 3 && ahead["state"] as? String == "dry_run")
            let asked = try await scene.run(["quarantine", "reject", "--all", "--comment", "a test"], scene.anna())
                .output
            #expect(asked.contains("Proposal p1: reject 3 records with "), "\(asked)")
            // The command that is printed is the one that works.
            let command = try #require(asked.split(separator: "\n").last { $0.contains("review approve") })
            let words = command.split(separator: " ").dropFirst().map { $0 == "TEXT" ? "seen" : String($0) }
            try await scene.run(words, scene.bert())
            let shown = try await scene.run(["quarantine", "show", "\(batch)-1"]).output
            #expect(shown.contains("rejected_by_person") && shown.contains("Proposal p1 (reject) by anna"), "\(shown)")
            let listed = try await scene.run(["quarantine", "list", "--state", "rejected", "--days", "3"]).output
            #expect(listed.contains("\(batch)-3"))
        }
    }
}
