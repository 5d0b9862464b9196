import PostgresClient
import Testing

@Suite(.serialized) struct TypesTests {
    @Test(arguments: [Int64.min, -1, 0, 1, Int64.max])
    func `bigint goes there and back`(value: Int64) async throws {
        let back = try await TestServer.withPool { pool in
            try await pool.transaction("types") { try $0.query("SELECT $1", [.int64(value)])[0].int64(0) }
        }
        #expect(back == value)
    }

    @Test func `integers of every width keep their extremes`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let sql = "SELECT $1, $2, $3, $4, $5, $6"
                let row = try transaction.query(
                    sql,
                    [.int16(.min), .int16(.max), .int32(.min), .int32(.max), .bool(true), .bool(false)]
                )[0]
                #expect(try row.int16(0) == .min)
                #expect(try row.int16(1) == .max)
                #expect(try row.int32(0) == Int32(Int16.min))
                #expect(try row.int64(0) == Int64(Int16.min))
                #expect(try row.int32(2) == .min)
                #expect(try row.int32(3) == .max)
                #expect(try row.int64(3) == Int64(Int32.max))
                #expect(try row.bool(4))
                #expect(try row.bool(5) == false)
            }
        }
    }

    @Test(arguments: ["", "plain", "中文 данные 🧧", "e\u{301}\"'\\ \n\t", String(repeating: "長", count: 100_000)])
    func `text goes there and back in every textual type`(value: String) async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query(
                    "SELECT $1, $2, $1::varchar, convert_to($1, 'UTF8')",
                    [.text(value), .utf8(Array(value.utf8))]
                )[0]
                #expect(try row.text(0) == value)
                #expect(try row.text(1) == value)
                #expect(try row.text(2) == value)
                #expect(try row.bytes(3) == Array(value.utf8))
                #expect(try row.bytes(0) == Array(value.utf8))
            }
        }
    }

    @Test func `name, bpchar, jsonb, json, enum and oid columns are readable`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                try transaction.executeScript("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'glad')")
                let row = try transaction.query(
                    """
                    SELECT 'n'::name, 'b'::char(3), $1, $1::json, $2::pg_temp.mood, 12::oid,
                        ARRAY['glad','sad']::pg_temp.mood[], 'q'::"char"::text
                    """,
                    [.jsonb(#"{"a": 1}"#), .unknown("glad")]
                )[0]
                #expect(try row.text(0) == "n")
                #expect(try row.text(1) == "b  ")
                #expect(try row.text(2) == #"{"a": 1}"#)
                #expect(try row.text(3) == #"{"a": 1}"#)
                #expect(try row.bytes(2) == Array(#"{"a": 1}"#.utf8))
                #expect(try row.text(4) == "glad")
                #expect(try row.int64(5) == 12)
                #expect(try row.textArray(6) == ["glad", "sad"])
                #expect(row.columnCount == 8)
            }
        }
    }

    @Test func `bytea holds every byte and may be empty`() async throws {
        let every = (0...255).map { UInt8($0) }
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query("SELECT $1, $2, length($2)", [.bytea(every), .bytea([])])[0]
                #expect(try row.bytes(0) == every)
                #expect(try row.bytes(1) == [])
                #expect(try row.int32(2) == 0)
            }
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00+00"), (946_684_800_000_000, "2000-01-01 00:00:00+00"),
            (-1, "1969-12-31 23:59:59.999999+00"), (1_795_000_000_123_456, "2026-11-18 11:06:40.123456+00"),
            (-62_135_596_800_000_000, "0001-01-01 00:00:00+00"),
            (253_402_300_799_999_999, "9999-12-31 23:59:59.999999+00"),
        ] as [(Int64, String)]
    )
    func `a time means the same on both sides`(micros: Int64, text: String) async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query(
                    "SELECT $1, $1::text, $2::timestamptz",
                    [.timestamptz(unixMicroseconds: micros), .unknown(text)]
                )[0]
                #expect(try row.unixMicroseconds(0) == micros)
                #expect(try row.text(1) == text)
                #expect(try row.unixMicroseconds(2) == micros)
            }
        }
    }

    @Test(
        arguments: [(0, "1970-01-01"), (10_957, "2000-01-01"), (20_775, "2026-11-18"), (-719_162, "0001-01-01")]
            as [(Int32, String)]
    )
    func `a date means the same on both sides`(days: Int32, text: String) async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query("SELECT $1, $1::text", [.date(daysSince1970: days)])[0]
                #expect(try row.daysSince1970(0) == days)
                #expect(try row.text(1) == text)
            }
        }
    }

    @Test func `arrays go there and back, empty ones and nulls too`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query(
                    "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9::text, $10::text, $11::text",
                    [
                        .bigintArray([.min, 0, .max]), .intArray([.min, 0, .max]), .smallintArray([.min, .max]),
                        .textArray(["", "中", "a,\"b\""]), .byteaArray([[], [0, 255]]), .timestamptzArray([0, 1]),
                        .bigintArray([]), .textArray([]), .nullableTextArray(["x", nil]),
                        .nullableBigintArray([nil, 3]), .nullableByteaArray([nil, [1]]),
                    ]
                )[0]
                #expect(try row.bigintArray(0) == [.min, 0, .max])
                #expect(try row.intArray(1) == [.min, 0, .max])
                #expect(try row.bigintArray(1) == [Int64(Int32.min), 0, Int64(Int32.max)])
                #expect(try row.smallintArray(2) == [.min, .max])
                #expect(try row.intArray(2) == [Int32(Int16.min), Int32(Int16.max)])
                #expect(try row.textArray(3) == ["", "中", "a,\"b\""])
                #expect(try row.byteaArray(4) == [[], [0, 255]])
                #expect(try row.timestamptzArray(5) == [0, 1])
                #expect(try row.bigintArray(6) == [])
                #expect(try row.textArray(7) == [])
                #expect(try row.text(8) == "{x,NULL}")
                #expect(try row.text(9) == "{NULL,3}")
                #expect(try row.text(10) == #"{NULL,"\\x01"}"#)
            }
        }
    }

    @Test(arguments: [
        "0", "1", "-1", "9999", "10000", "-10000", "100000000", "123456789012345678901234567890", "42.000",
        "170141183460469231731687303715884105727", "-170141183460469231731687303715884105728",
    ])
    func `an integral numeric is read exactly`(text: String) async throws {
        let value = try await TestServer.withPool { pool in
            try await pool.transaction("types") { try $0.query("SELECT $1::numeric", [.unknown(text)])[0].int128(0) }
        }
        #expect(value == Int128(text.prefix { $0 != "." }))
    }

    @Test func `the sum of a bigint column is exact beyond 64 bits`() async throws {
        let sum = try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                try transaction.query("SELECT sum(n) FROM unnest($1::bigint[]) n", [.bigintArray([.max, .max, 5])])[0]
                    .int128(0)
            }
        }
        #expect(sum == Int128(Int64.max) * 2 + 5)
    }

    @Test(arguments: [
        ("0.5::numeric", "int128"), ("'NaN'::numeric", "int128"), ("'Infinity'::numeric", "int128"),
        ("170141183460469231731687303715884105728::numeric", "int128"), ("1e60::numeric", "int128"),
        ("NULL::bigint", "int64"), ("'7'::text", "int64"), ("7::bigint", "int32"), ("7::bigint", "text"),
        ("7::int", "bool"), ("'infinity'::timestamptz", "time"), ("'-infinity'::timestamptz", "time"),
        ("'infinity'::date", "date"), ("'-infinity'::date", "date"), ("now()::timestamp", "time"),
        ("ARRAY[1,NULL]", "intArray"),
        ("ARRAY[[1,2],[3,4]]", "intArray"), ("ARRAY['a']", "intArray"), ("1", "column"), ("now()", "text"),
    ])
    func `a field of another shape is a decoding error`(expression: String, accessor: String) async throws {
        let error = try await failure {
            try await TestServer.withPool { pool in
                try await pool.transaction("types") { transaction in
                    let row = try transaction.query("SELECT \(expression)")[0]
                    switch accessor {
                    case "int128": _ = try row.int128(0)
                    case "int64": _ = try row.int64(0)
                    case "int32": _ = try row.int32(0)
                    case "text": _ = try row.text(0)
                    case "bool": _ = try row.bool(0)
                    case "time": _ = try row.unixMicroseconds(0)
                    case "date": _ = try row.daysSince1970(0)
                    case "intArray": _ = try row.intArray(0)
                    default: _ = try row.int64(1)
                    }
                }
            }
        }
        #expect(error.code == .decoding)
        #expect(error.description.contains("column "))
    }

    @Test func `NULL reads as nil where that is asked for`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let row = try transaction.query("SELECT $1::bigint, 5::bigint, NULL::text, 'x', NULL::bytea", [.null])[
                    0
                ]
                #expect(row.isNull(0) && !row.isNull(1))
                #expect(try row.optionalInt64(0) == nil)
                #expect(try row.optionalInt64(1) == 5)
                #expect(try row.optionalText(2) == nil)
                #expect(try row.optionalText(3) == "x")
                #expect(try row.optionalBytes(4) == nil)
                #expect(try row.optionalInt128(1) == 5)
            }
        }
    }

    @Test func `rows are a collection, and affected rows are counted`() async throws {
        try await TestServer.withPool { pool in
            try await pool.transaction("types") { transaction in
                let rows = try transaction.query("SELECT generate_series(1, 5)")
                #expect(rows.count == 5 && !rows.isEmpty)
                #expect(try rows.first?.int32(0) == 1)
                #expect(try rows.map { try $0.int32(0) } == [1, 2, 3, 4, 5])
                #expect(try transaction.query("SELECT 1 WHERE false").isEmpty)
                try transaction.executeScript(
                    "CREATE TEMP TABLE counted (n int) ON COMMIT DROP; INSERT INTO counted VALUES (0)"
                )
                #expect(try transaction.execute("INSERT INTO counted SELECT generate_series(1, 41)") == 41)
                #expect(try transaction.execute("UPDATE counted SET n = n + 1 WHERE n > 39") == 2)
                #expect(try transaction.execute("CREATE TEMP TABLE other (n int) ON COMMIT DROP") == 0)
            }
        }
    }
}
