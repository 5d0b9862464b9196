import Testing

/// Plants readers that may miss a row, and expects them to be found.
@Suite struct HistoryOrderRuleTests {
    private static func swift(_ text: String, _ path: String = "Sources/PostgresStore/Inspection/A.swift") -> SourceFile
    {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        #"let a = "SELECT 1 FROM history.payment_order UNION ALL SELECT 1 FROM sluice.payment_order""#,
        #"let a = "SELECT 1 FROM history.exchange""#,
        #"let a = "SELECT 1 FROM sluice.submission JOIN history.exchange USING (batch_id)""#,
        "let a = \"\"\"\n    SELECT 1 FROM history.\\(table)\n    UNION ALL SELECT 1 FROM sluice.\\(table)\n    \"\"\"",
        "let a = \"SELECT 1 FROM sluice.exchange\"\nlet b = \"SELECT 1 FROM history.exchange\"",
    ]) func `history before the live table, or alone, is found`(_ text: String) {
        #expect(HistoryOrderRule.check(Self.swift(text)).count == 1)
    }

    @Test(arguments: [
        #"let a = "SELECT 1 FROM sluice.payment_order UNION ALL SELECT 1 FROM history.payment_order""#,
        #"let a = "(SELECT 1 FROM sluice.\(table) UNION ALL SELECT 1 FROM history.\(table))""#,
        "let a = \"\"\"\n    INSERT INTO sluice.exchange\n    SELECT * FROM history.exchange\n    \"\"\"",
        "// FROM history.exchange\nlet a = 1",
        "let a = prehistory.exchange", "let merchant = history.merchant",
    ]) func `the live table first passes`(_ text: String) {
        #expect(HistoryOrderRule.check(Self.swift(text)).isEmpty)
    }

    @Test func `a text is named by its first line`() {
        let text = "let a = 1\nlet b = \"\"\"\n    SELECT 1\n    FROM history.exchange\n    \"\"\"\n"
        #expect(HistoryOrderRule.check(Self.swift(text)).map(\.line) == [2])
    }

    @Test func `days and receipts are read as they are where they are handled, and only there`() {
        let text = #"let a = "SELECT 1 FROM history.exchange""#
        #expect(HistoryOrderRule.check(Self.swift(text, "Sources/PostgresStore/Archiving/A.swift")).isEmpty)
        #expect(HistoryOrderRule.check(Self.swift(text, "Sources/sluice/Demo/A.swift")).count == 1)
        #expect(HistoryOrderRule.check(Self.swift(text, "Tests/PostgresStoreTests/A.swift")).isEmpty)
    }

    @Test func `of a migration its views are looked at`() {
        let path = "Sources/PostgresStore/Migrations/0001_a.sql"
        let view =
            "CREATE VIEW a AS\n    SELECT 1 FROM history.exchange\n    UNION ALL SELECT 1 FROM sluice.exchange;\n"
        #expect(HistoryOrderRule.check(SourceFile(path: path, text: view)).map(\.line) == [1])
        let function = "ALTER TABLE history.exchange ADD COLUMN a int;\n"
        #expect(HistoryOrderRule.check(SourceFile(path: path, text: function)).isEmpty)
    }
}
