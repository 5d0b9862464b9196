import PostgresClient
import Testing

@Suite(.serialized) struct `Rows that are made while they are copied` {
    private struct Enough: Error {}

    private static let copy = "COPY streamed FROM STDIN (FORMAT binary)"
    private static let text = [UInt8](repeating: UInt8(ascii: "x"), count: 200)

    /// Runs `body` with an empty table of numbers, each once, and their texts.
    private static func withTable(_ body: (PostgresPool) async throws -> Void) async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE streamed (n bigint PRIMARY KEY, t text)")
            do {
                try await body(pool)
                try await pool.run("DROP TABLE streamed")
            } catch {
                try await pool.run("DROP TABLE streamed")
                throw error
            }
        }
    }

    private static func append(_ number: Int64, to stream: inout BinaryCopyStream) throws {
        try stream.row(columnCount: 2) { row in
            row.append(int64: number)
            row.append(text: text.span)
        }
    }

    private static func count(_ pool: PostgresPool) async throws -> Int64 {
        try await pool.transaction("count") { try $0.query("SELECT count(*) FROM streamed")[0].int64(0) }
    }

    /// None; one; a little less and a little more than a piece; many pieces.
    @Test(arguments: [0, 1, 290, 310, 20_000] as [Int64])
    func `arrive, however many pieces they are`(_ rows: Int64) async throws {
        try await Self.withTable { pool in
            let copied = try await pool.transaction("copy") { transaction in
                try transaction.copyIn(Self.copy) { stream in
                    for number in 0..<rows { try Self.append(-number, to: &stream) }
                    #expect(stream.rowCount == Int(rows))
                }
            }
            #expect(copied == Int(rows))
            let (sum, sameTexts) = try await pool.transaction("look") { transaction in
                let row = try transaction.query(
                    "SELECT coalesce(sum(n), 0)::bigint, coalesce(bool_and(t = repeat('x', 200)), true) FROM streamed"
                )[0]
                return (try row.int64(0), try row.bool(1))
            }
            #expect(sum == -(0..<rows).reduce(0, +))
            #expect(sameTexts)
        }
    }

    @Test func `may be larger than a piece`() async throws {
        try await Self.withTable { pool in
            let large = [UInt8](repeating: UInt8(ascii: "y"), count: 1_000_000)
            let copied = try await pool.transaction("copy") { transaction in
                try transaction.copyIn(Self.copy) { stream in
                    for number in Int64(1)...3 {
                        try stream.row(columnCount: 2) { row in
                            row.append(int64: number)
                            row.append(text: large.span)
                        }
                    }
                }
            }
            #expect(copied == 3)
            let bytes = try await pool.transaction("look") {
                try $0.query("SELECT sum(length(t))::bigint FROM streamed")[0].int64(0)
            }
            #expect(bytes == 3_000_000)
        }
    }

    /// Before the first row, within the first piece, and with many pieces sent.
    @Test(arguments: [0, 10, 20_000] as [Int64])
    func `are all undone by an error between them, which is thrown, and the connection serves on`(
        _ rows: Int64
    ) async throws {
        try await Self.withTable { pool in
            let backend = try await pool.backend()
            await #expect(throws: Enough.self) {
                try await pool.transaction("copy") { transaction in
                    _ = try transaction.copyIn(Self.copy) { stream in
                        for number in 0..<rows { try Self.append(number, to: &stream) }
                        throw Enough()
                    }
                }
            }
            #expect(try await Self.count(pool) == 0)
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `are undone by an error within a row, and leave a transaction that can go back`() async throws {
        try await Self.withTable { pool in
            try await pool.transaction("copy") { transaction in
                try transaction.execute("INSERT INTO streamed VALUES (-1, 'before')")
                try transaction.execute("SAVEPOINT copy")
                #expect(throws: Enough.self) {
                    try transaction.copyIn(Self.copy) { stream in
                        try Self.append(1, to: &stream)
                        try stream.row(columnCount: 2) { row in
                            row.append(int64: 2)
                            throw Enough()
                        }
                    }
                }
                let refused = #expect(throws: PostgresError.self) { try transaction.query("SELECT 1") }
                #expect(refused?.sqlState == "25P02")
                try transaction.execute("ROLLBACK TO SAVEPOINT copy")
            }
            #expect(try await Self.count(pool) == 1)
        }
    }

    /// Within one piece, and with many sent when the first comes again.
    @Test(arguments: [1, 5_000] as [Int64])
    func `are refused for the server's reason, and the connection serves on`(_ rows: Int64) async throws {
        try await Self.withTable { pool in
            let backend = try await pool.backend()
            let error = try await failure {
                try await pool.transaction("copy") { transaction in
                    _ = try transaction.copyIn(Self.copy) { stream in
                        for number in 0..<10 * rows { try Self.append(number % rows, to: &stream) }
                    }
                }
            }
            #expect(error.code == .refused && error.isUniqueViolation)
            #expect(try await Self.count(pool) == 0)
            #expect(try await pool.backend() == backend)
        }
    }

    /// What a body makes of the error that ends its rows.
    enum Reaction: CaseIterable { case passesOn, swallows, throwsAnother }

    @Test(arguments: Reaction.allCases)
    func `end with the deadline, whatever is made of the error`(_ reaction: Reaction) async throws {
        try await Self.withTable { pool in
            let error = try await failure {
                try await pool.transaction("copy", deadline: .milliseconds(300)) { transaction in
                    _ = try transaction.copyIn(Self.copy) { stream in
                        do {
                            for number in Int64(0)... { try Self.append(number, to: &stream) }
                        } catch {
                            switch reaction {
                            case .passesOn: throw error
                            case .swallows: break
                            case .throwsAnother: throw Enough()
                            }
                        }
                    }
                }
            }
            #expect(error.code == .deadlineExceeded)
            #expect(try await Self.count(pool) == 0)
        }
    }

    @Test func `end with the task that makes them`() async throws {
        try await Self.withTable { pool in
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            let error = try await failure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await pool.transaction("copy") { transaction in
                            _ = try transaction.copyIn(Self.copy) { stream in
                                for number in Int64(0)... {
                                    try Self.append(number, to: &stream)
                                    if number == 10_000 { beginning.yield() }
                                }
                            }
                        }
                    }
                    for await _ in begun { break }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
            #expect(error.code == .cancelled)
            #expect(try await Self.count(pool) == 0)
        }
    }

    @Test func `are not asked for by a statement that is no COPY FROM`() async throws {
        try await TestServer.withPool { pool in
            for sql in ["SELECT 1", "COPY (SELECT 1) TO STDOUT (FORMAT binary)"] {
                let error = try await failure {
                    try await pool.transaction("copy") { transaction in
                        _ = try transaction.copyIn(sql) { _ in Issue.record("nobody takes rows") }
                    }
                }
                #expect(error.code == .decoding, "\(sql)")
            }
        }
    }

    @Test func `trap with too few columns`() async {
        await #expect(processExitsWith: .failure) {
            try await TestServer.withPool { pool in
                try await pool.transaction("copy") { transaction in
                    try transaction.execute("CREATE TEMP TABLE short (a int, b int) ON COMMIT DROP")
                    try transaction.copyIn("COPY short FROM STDIN (FORMAT binary)") { stream in
                        for _ in 0..<2 { try stream.row(columnCount: 2) { $0.append(int32: 1) } }
                    }
                }
            }
        }
    }
}
