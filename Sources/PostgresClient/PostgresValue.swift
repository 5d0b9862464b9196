/// A statement parameter; each case is sent in binary with the type it names.
package enum PostgresValue: Sendable {
    /// NULL, of the type that the statement infers.
    case null
    case bool(Bool)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case text(String)
    /// `text` from bytes; the server refuses what is not UTF-8.
    case utf8([UInt8])
    case bytea([UInt8])
    /// `timestamptz`, in microseconds since 1970-01-01 UTC; traps outside of what the type can hold.
    case timestamptz(unixMicroseconds: Int64)
    /// `date`, in days since 1970-01-01; traps outside of what the type can hold.
    case date(daysSince1970: Int32)
    case jsonb(String)
    case bigintArray([Int64])
    case intArray([Int32])
    case smallintArray([Int16])
    case textArray([String])
    case nullableTextArray([String?])
    case byteaArray([[UInt8]])
    case nullableByteaArray([[UInt8]?])
    case nullableBigintArray([Int64?])
    /// `timestamptz[]`, in microseconds since 1970-01-01 UTC.
    case timestamptzArray([Int64])
    /// Text whose type the statement infers: for enums, and for types without a case of their own.
    case unknown(String)
}

extension PostgresValue {
    /// The type that is declared to the server; 0 leaves it to the statement.
    var typeOID: UInt32 {
        switch self {
        case .null, .unknown: 0
        case .bool: TypeOID.bool
        case .int16: TypeOID.int2
        case .int32: TypeOID.int4
        case .int64: TypeOID.int8
        case .text, .utf8: TypeOID.text
        case .bytea: TypeOID.bytea
        case .timestamptz: TypeOID.timestamptz
        case .date: TypeOID.date
        case .jsonb: TypeOID.jsonb
        case .bigintArray, .nullableBigintArray: TypeOID.int8Array
        case .intArray: TypeOID.int4Array
        case .smallintArray: TypeOID.int2Array
        case .textArray, .nullableTextArray: TypeOID.textArray
        case .byteaArray, .nullableByteaArray: TypeOID.byteaArray
        case .timestamptzArray: TypeOID.timestamptzArray
        }
    }

    /// Whether the value travels in binary; only text of unknown type does not.
    var isBinary: Bool {
        if case .unknown = self { false } else { true }
    }

    /// Appends the wire form; NULL has none.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .bool(let value): bytes.append(value ? 1 : 0)
        case .int16(let value): bytes.appendBigEndian(value)
        case .int32(let value): bytes.appendBigEndian(value)
        case .int64(let value): bytes.appendBigEndian(value)
        case .unknown(let value):
            bytes.appendText(value)
            // libpq reads a value in text format as a C string.
            bytes.append(0)
        case .text(let value): bytes.appendText(value)
        case .utf8(let value), .bytea(let value): bytes.append(contentsOf: value)
        case .timestamptz(let value): bytes.appendBigEndian(PostgresEpoch.wire(unixMicroseconds: value))
        case .date(let value): bytes.appendBigEndian(PostgresEpoch.wire(daysSince1970: value))
        case .jsonb(let value):
            // The binary form of jsonb starts with its version.
            bytes.append(1)
            bytes.appendText(value)
        case .bigintArray(let values): bytes.appendIntegerArray(of: TypeOID.int8, values)
        case .intArray(let values): bytes.appendIntegerArray(of: TypeOID.int4, values)
        case .smallintArray(let values): bytes.appendIntegerArray(of: TypeOID.int2, values)
        case .textArray(let values): bytes.appendArray(of: TypeOID.text, values) { $0.appendText($1) }
        case .nullableTextArray(let values): bytes.appendArray(of: TypeOID.text, values) { $0.appendText($1) }
        case .byteaArray(let values): bytes.appendArray(of: TypeOID.bytea, values) { $0.append(contentsOf: $1) }
        case .nullableByteaArray(let values):
            bytes.appendArray(of: TypeOID.bytea, values) { $0.append(contentsOf: $1) }
        case .nullableBigintArray(let values):
            bytes.appendArray(of: TypeOID.int8, values) { $0.appendBigEndian($1) }
        case .timestamptzArray(let values):
            bytes.appendIntegerArray(
                of: TypeOID.timestamptz,
                values.map { PostgresEpoch.wire(unixMicroseconds: $0) }
            )
        }
    }
}

/// The parameters of one statement, encoded side by side in a single buffer.
struct EncodedParameters {
    private var types: [UInt32] = []
    private var formats: [Int32] = []
    private var lengths: [Int32] = []
    private var offsets: [Int?] = []
    private var bytes: [UInt8] = []

    init(_ values: [PostgresValue]) {
        precondition(values.count <= 65_535, "a statement takes at most 65535 parameters; use an array parameter")
        for value in values {
            types.append(value.typeOID)
            formats.append(value.isBinary ? 1 : 0)
            let start = bytes.count
            value.encode(into: &bytes)
            precondition(bytes.count - start <= Int32.max, "a single parameter must be smaller than 2 GiB")
            lengths.append(Int32(bytes.count - start))
            if case .null = value { offsets.append(nil) } else { offsets.append(start) }
        }
        // An empty value is still a pointer: a null pointer would mean NULL.
        if bytes.isEmpty { bytes.append(0) }
    }

    /// The arrays as libpq wants them: count, types, values, lengths, formats.
    func withPointers<Result>(
        _ body: (
            Int32, UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
            UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        bytes.withUnsafeBytes { buffer in
            let values: [UnsafePointer<CChar>?] = offsets.map { offset in
                guard let offset, let base = buffer.baseAddress else { return nil }
                return (base + offset).assumingMemoryBound(to: CChar.self)
            }
            return body(Int32(values.count), types, values, lengths, formats)
        }
    }
}
