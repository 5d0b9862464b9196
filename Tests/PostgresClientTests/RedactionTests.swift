import PostgresClient
import Testing

@Suite(.serialized) struct RedactionTests {
    private static let marker = "ZZ6222021234567890ZZ"

    @Test(arguments: [
        "INSERT INTO redacted VALUES ('\(marker)'), ('\(marker)')",
        "INSERT INTO redacted VALUES ('\(marker)!')",
        "INSERT INTO redacted VALUES (NULL)",
        "SELECT '\(marker)'::bigint",
        "DO $$ BEGIN RAISE EXCEPTION 'account \(marker)' USING DETAIL = '\(marker)', HINT = '\(marker)'; END $$",
        "SELECT '\(marker)'::date",
        "SELECT \"\(marker)\"",
        "SELECT '\(marker)' AS wrong_type",
    ])
    func `no description of an error holds a planted value`(sql: String) async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("redaction") { transaction in
                    try transaction.executeScript(
                        """
                        CREATE TEMP TABLE redacted (t text NOT NULL CONSTRAINT redacted_t_key UNIQUE
                            CONSTRAINT redacted_t_check CHECK (t NOT LIKE '%!')) ON COMMIT DROP
                        """
                    )
                    let rows = try transaction.query(sql)
                    _ = try rows[0].int64(0)
                }
            }
            var texts = "\(error) \(String(reflecting: error)) \([error]) \(Optional(error) as Any)"
            dump(error, to: &texts)
            #expect(!texts.contains(Self.marker))
            #expect(error.message == nil && error.hint == nil)
            #expect(error.description.contains("redaction"))
        }
    }

    @Test func `parameters do not show either`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.transaction("redaction") {
                    _ = try $0.query("SELECT $1::text::bigint", [.text(Self.marker)])
                }
            }
            #expect(error.sqlState == "22P02" && !"\([error])".contains(Self.marker))
            #expect(error.messageUnsafeToLog?.contains(Self.marker) == true)
        }
    }

    @Test func `a message of the application's own rules is shown`() async throws {
        try await TestServer.withPool { pool in
            let error = try await failure {
                try await pool.run(
                    """
                    DO $$ BEGIN
                        RAISE EXCEPTION 'the window is closed'
                            USING ERRCODE = 'SL001', HINT = 'wait', DETAIL = '\(Self.marker)';
                    END $$
                    """
                )
            }
            #expect(error.code == .refused && error.sqlState == "SL001")
            #expect(error.message == "the window is closed" && error.hint == "wait")
            #expect(error.description.contains("the window is closed") && !error.description.contains(Self.marker))
        }
    }
}
