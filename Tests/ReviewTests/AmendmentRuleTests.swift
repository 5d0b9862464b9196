import BatchFiles
import PaymentCore
import Review
import Store
import Synchronization
import Testing

@Suite struct AmendmentRuleTests {
    /// A rule, what a field says, and what it says then.
    private static let mended: [(rule: AmendmentRule, before: String, after: String)] = [
        (.trim(.accountName), "  张三\u{3000}", "张三"), (.trim(.accountName), "\u{2009}a b\u{A0}", "a b"),
        (.trim(.purpose), "   ", ""),
        (.clean(.accountNumber), "6228\t4800\u{200B}40106028109", "6228480040106028109"),
        (.clean(.accountName), "ACME\r\nLtd\u{202E}", "ACME Ltd"), (.clean(.accountName), "ACME \n Ltd", "ACME  Ltd"),
        (.clean(.purpose), "\u{1B}[31mrent\u{7}", "[31mrent"), (.clean(.purpose), "a\u{2028}b", "a b"),
        (.strip(.accountNumber), "6228-4800 4010.6028\u{2013}109", "6228480040106028109"),
        (.strip(.executionDate), "2026/11/20", "20261120"), (.upper(.bankCode), "icbkcnbj", "ICBKCNBJ"),
        (.replace(.purpose, "rent", by: "lease"), "rent, rent", "lease, lease"),
        (.replace(.purpose, "aa", by: "a"), "aaa", "aa"), (.replace(.purpose, "longer", by: ""), "short", "short"),
        // What looks the same is not the same.
        (.replace(.purpose, "\u{E9}", by: "e"), "Jose\u{301}", "Jose\u{301}"),
        (.replace(.accountName, "\u{2022}", by: "\u{B7}"), "A\u{2022}B", "A\u{B7}B"),
        (.set(.purpose, to: "fees"), "rent", "fees"), (.set(.purpose, to: ""), "rent", ""),
    ]

    @Test func `a rule does one thing to one field`() async throws {
        for (index, mended) in Self.mended.enumerated() {
            let desk = QuarantineDesk()
            let key = desk.put(.line(1), GoodRecord.texts("A-1", mended.rule.field, mended.before))
            let severities: [ReasonCode: Severity] = [.bankMalformed: .off]
            let report = try await desk.review(severities: severities).amend(
                RequestedAmendment(selection: .named([key]), rules: [mended.rule], comment: "because"),
                session: nil
            )
            let isSame = mended.before.utf8.elementsEqual(mended.after.utf8)
            #expect(report.unchanged == (isSame ? 1 : 0), "\(index)")
            guard !isSame else { continue }
            let session = try QuarantineDesk.session()
            // A text that breaks a rule all the same is left alone, so the rule is looked at in the report.
            _ = try await desk.review(severities: severities).amend(
                RequestedAmendment(selection: .named([key]), rules: [mended.rule], comment: "because"),
                session: session
            )
            guard report.refusedRecords == 0 else { continue }
            let after = desk.texts(key)?[mended.rule.field] ?? "?"
            #expect(after.utf8.elementsEqual(mended.after.utf8), "\(index): \(after)")
        }
    }

    @Test func `rules are applied in their own order, whatever the order in which they are given`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), GoodRecord.texts("A-1", .purpose, "old"))
        let rules: [AmendmentRule] = [
            .upper(.purpose), .trim(.purpose), .clean(.purpose), .replace(.purpose, "x", by: " y"),
            .set(.purpose, to: " x\u{7}z"),
        ]
        let session = try QuarantineDesk.session()
        let report = try await desk.review().amend(
            RequestedAmendment(selection: .named([key]), rules: rules, comment: "because"),
            session: session
        )
        #expect(report.amended == 1 && report.isWhole)
        #expect(desk.texts(key)?[.purpose] == "YZ")
    }

    @Test(
        arguments: [
            [], [.set(.accountNumber, to: GoodRecord.account)], [.set(.merchantOrderNumber, to: "A")],
            [.set(.amount, to: "1.00")], [.strip(.amount)], [.strip(.merchantOrderNumber)], [.strip(.accountName)],
            [.trim(.purpose), .replace(.purpose, "", by: "x")],
            [.set(.purpose, to: String(repeating: "x", count: 4_001))], [.replace(.accountNumber, "6222", by: "")],
            [.replace(.accountName, "王", by: "")], [.replace(.idNumber, "1", by: "x")],
        ] as [[AmendmentRule]]
    )
    func `rules that do harm to many records are refused before any is looked at`(rules: [AmendmentRule]) async throws {
        let desk = QuarantineDesk()
        desk.put(.line(1), GoodRecord.texts("A-1"))
        desk.put(.line(2), GoodRecord.texts("A-2"))
        await #expect(throws: AmendmentRule.Defect.self) {
            _ = try await desk.review().amend(
                RequestedAmendment(selection: .everything, rules: rules, comment: "because"),
                session: try QuarantineDesk.session()
            )
        }
        #expect(desk.state.withLock { $0.pages } == [])
    }

    @Test func `what belongs to one payment is set in one record`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(1), GoodRecord.texts("A-1", .accountNumber, "62284800"))
        let session = try QuarantineDesk.session()
        let report = try await desk.review().amend(
            RequestedAmendment(
                selection: .named([key, key]),
                rules: [.set(.accountNumber, to: GoodRecord.account)],
                comment: "because"
            ),
            session: session
        )
        #expect(report.amended == 1)
        #expect(desk.texts(key)?[.accountNumber] == GoodRecord.account)
    }
}
