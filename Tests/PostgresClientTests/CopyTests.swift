import PostgresClient
import Testing

@Suite(.serialized) struct CopyTests {
    private static let columns = "a, b, c, d, e, f, g, h, i, j"

    private static func makeTable(_ transaction: PostgresTransaction) throws {
        try transaction.executeScript(
            """
            CREATE TEMP TABLE copied (a smallint, b int, c bigint, d bool, e text, f bytea, g timestamptz, h date,
                i int[], j text[]) ON COMMIT DROP
            """
        )
    }

    @Test func `rows copied in are the rows copied out`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("copy") { transaction in
                try Self.makeTable(transaction)
                var buffer = BinaryCopyBuffer(reserving: 1_000)
                for number in 0..<1_000 {
                    buffer.beginRow(columnCount: 10)
                    buffer.append(int16: Int16(number))
                    buffer.append(int32: .min)
                    buffer.append(int64: .max)
                    buffer.append(bool: number % 2 == 0)
                    buffer.append(text: "行 \(number)")
                    buffer.append(bytea: [0, 255, UInt8(number % 256)])
                    buffer.append(unixMicroseconds: 1_795_000_000_000_000 + Int64(number))
                    buffer.append(daysSince1970: 20_000 + Int32(number))
                    if number % 3 == 0 { buffer.appendNull() } else { buffer.append(intArray: [1, Int32(number)]) }
                    buffer.append(textArray: number % 2 == 0 ? [] : ["x", "\(number)"])
                }
                #expect(buffer.rowCount == 1_000 && buffer.byteCount > 50_000)
                let copied = try transaction.copyIn(
                    "COPY copied (\(Self.columns)) FROM STDIN (FORMAT binary)",
                    buffer.finish()
                )
                #expect(copied == 1_000)

                var number = 0
                try transaction.copyOut(
                    "COPY (SELECT \(Self.columns) FROM copied ORDER BY a) TO STDOUT (FORMAT binary)"
                ) { (row: BinaryCopyRow) throws in
                    #expect(row.columnCount == 10)
                    #expect(try row.int16(0) == Int16(number))
                    #expect(try row.int32(1) == .min)
                    #expect(try row.int64(2) == .max)
                    #expect(try row.bool(3) == (number % 2 == 0))
                    #expect(try row.text(4) == "行 \(number)")
                    #expect(try row.bytes(5) == [0, 255, UInt8(number % 256)])
                    #expect(try row.unixMicroseconds(6) == 1_795_000_000_000_000 + Int64(number))
                    #expect(try row.daysSince1970(7) == 20_000 + Int32(number))
                    #expect(try row.optionalIntArray(8) == (number % 3 == 0 ? nil : [1, Int32(number)]))
                    #expect(try row.textArray(9) == (number % 2 == 0 ? [] : ["x", "\(number)"]))
                    number += 1
                }
                #expect(number == 1_000)
            }
        }
    }

    @Test func `an empty stream copies nothing, both ways`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("copy") { transaction in
                try Self.makeTable(transaction)
                let copied = try transaction.copyIn(
                    "COPY copied FROM STDIN (FORMAT binary)",
                    BinaryCopyBuffer(reserving: 0).finish()
                )
                #expect(copied == 0)
                try transaction.copyOut("COPY copied TO STDOUT (FORMAT binary)") { _ in
                    Issue.record("no row was copied")
                }
            }
        }
    }

    @Test func `large streams pass in both directions`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("copy") { transaction in
                try transaction.execute("CREATE TEMP TABLE large_copy (n bigint, t text) ON COMMIT DROP")
                var buffer = BinaryCopyBuffer(reserving: 60_000_000)
                let text = [UInt8](repeating: UInt8(ascii: "x"), count: 200)
                for number in 0..<200_000 {
                    buffer.beginRow(columnCount: 2)
                    buffer.append(int64: Int64(number))
                    buffer.append(text: text)
                }
                #expect(
                    try transaction.copyIn("COPY large_copy FROM STDIN (FORMAT binary)", buffer.finish()) == 200_000
                )
                var (count, sum): (Int64, Int64) = (0, 0)
                try transaction.copyOut("COPY large_copy TO STDOUT (FORMAT binary)") { row in
                    count += 1
                    sum += try row.int64(0)
                }
                #expect(count == 200_000 && sum == 199_999 * 100_000)
            }
        }
    }

    @Test func `a COPY that the server refuses is refused, and the connection serves on`() async throws {
        try await TestServer.withPool { pool in
            try await pool.run("CREATE TABLE copied_once (n int PRIMARY KEY)")
            let backend = try await pool.backend()
            var buffer = BinaryCopyBuffer(reserving: 100)
            for _ in 1...200_000 {
                buffer.beginRow(columnCount: 1)
                buffer.append(int32: 1)
            }
            let data = buffer.finish()
            let error = try await failure {
                try await pool.transaction("copy") {
                    _ = try $0.copyIn("COPY copied_once FROM STDIN (FORMAT binary)", data)
                }
            }
            #expect(error.code == .refused && error.isUniqueViolation)
            let broken = try await failure {
                try await pool.transaction("copy") {
                    _ = try $0.copyIn("COPY copied_once FROM STDIN (FORMAT binary)", Array(data.dropLast(5)))
                }
            }
            #expect(broken.code == .refused)
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `a statement that is no COPY is a decoding error`() async throws {
        try await TestServer.withPool { pool in
            let isIn = try await failure { try await pool.transaction("copy") { _ = try $0.copyIn("SELECT 1", []) } }
            let isOut = try await failure { try await pool.transaction("copy") { try $0.copyOut("SELECT 1") { _ in } } }
            #expect(isIn.code == .decoding && isOut.code == .decoding)
            let wrongWay = try await failure {
                try await pool.transaction("copy") {
                    _ = try $0.copyIn("COPY (SELECT 1) TO STDOUT (FORMAT binary)", [])
                }
            }
            #expect(wrongWay.code == .decoding)
            let viaExecute = try await failure {
                try await pool.transaction("copy") { transaction in
                    try transaction.execute("CREATE TEMP TABLE in_vain (n int)")
                    try transaction.execute("COPY in_vain FROM STDIN")
                }
            }
            #expect(viaExecute.code == .refused)
        }
    }

    @Test func `an error of the body ends a stream and is rethrown`() async throws {
        struct Enough: Error {}
        try await TestServer.withPool { pool in
            let backend = try await pool.backend()
            await #expect(throws: Enough.self) {
                try await pool.transaction("copy") { transaction in
                    try transaction.copyOut("COPY (SELECT generate_series(1, 100000)) TO STDOUT (FORMAT binary)") { _ in
                        throw Enough()
                    }
                }
            }
            await #expect(throws: Enough.self) {
                try await pool.transaction("rows") { transaction in
                    try transaction.forEachRow("SELECT generate_series(1, 100000)") { _ in throw Enough() }
                }
            }
            #expect(try await pool.backend() == backend)
        }
    }

    @Test func `a deadline ends an endless stream`() async throws {
        try await TestServer.withPool { pool in
            _ = try await pool.backend()
            let out = try await failure {
                try await pool.transaction("copy", deadline: .milliseconds(300)) {
                    try $0.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT (FORMAT binary)") { _ in }
                }
            }
            #expect(out.code == .deadlineExceeded)
            _ = try await pool.backend()
            let rows = try await failure {
                try await pool.transaction("rows", deadline: .milliseconds(300)) {
                    try $0.forEachRow("SELECT generate_series(1, 1000000000)") { _ in }
                }
            }
            #expect(rows.code == .deadlineExceeded)
        }
    }

    @Test func `a row with too many or too few columns traps`() async {
        await #expect(processExitsWith: .failure) {
            var buffer = BinaryCopyBuffer(reserving: 10)
            buffer.beginRow(columnCount: 1)
            buffer.append(bool: true)
            buffer.append(bool: true)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = BinaryCopyBuffer(reserving: 10)
            buffer.beginRow(columnCount: 2)
            buffer.append(bool: true)
            _ = buffer.finish()
        }
    }
}
