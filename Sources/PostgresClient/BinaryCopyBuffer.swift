/// Rows for `COPY … FROM STDIN (FORMAT binary)`, in the order and the exact types of the statement's columns.
///
/// Traps when a row does not get exactly the columns that it announced.
package struct BinaryCopyBuffer: Sendable {
    private var bytes: [UInt8]
    private var columnsMissing = 0

    /// How many rows were begun.
    package private(set) var rowCount = 0

    /// The size of the stream so far.
    package var byteCount: Int { bytes.count }

    /// An empty stream with room for `reserving` bytes.
    package init(reserving: Int) {
        bytes = []
        bytes.reserveCapacity(reserving + 32)
        bytes.append(contentsOf: BinaryCopyFormat.signature)
        bytes.appendBigEndian(Int32(0))
        bytes.appendBigEndian(Int32(0))
    }

    /// Begins a row of `columnCount` columns.
    package mutating func beginRow(columnCount: Int16) {
        precondition(columnsMissing == 0, "the row before has fewer columns than it announced")
        precondition(columnCount >= 0, "a row has no negative number of columns")
        bytes.appendBigEndian(columnCount)
        columnsMissing = Int(columnCount)
        rowCount += 1
    }

    @inline(__always)
    private mutating func beginField() {
        precondition(columnsMissing > 0, "the row has more columns than it announced")
        columnsMissing -= 1
    }

    private mutating func appendInteger<Value: FixedWidthInteger>(_ value: Value) {
        beginField()
        bytes.appendBigEndian(Int32(MemoryLayout<Value>.size))
        bytes.appendBigEndian(value)
    }

    private mutating func appendField(_ body: (inout [UInt8]) -> Void) {
        beginField()
        bytes.appendLengthPrefixed(body)
    }

    /// Appends length and value at once: what every row has most of.
    private mutating func appendField<Bytes: BitwiseCopyable>(ofBigEndian field: Bytes) {
        beginField()
        withUnsafeBytes(of: field) { bytes.append(contentsOf: $0) }
    }

    /// Appends NULL.
    package mutating func appendNull() {
        beginField()
        bytes.appendBigEndian(Int32(-1))
    }

    /// Appends a `smallint`.
    package mutating func append(int16 value: Int16) { appendInteger(value) }
    /// Appends an `integer`.
    package mutating func append(int32 value: Int32) {
        appendField(ofBigEndian: (UInt32(4).bigEndian, value.bigEndian))
    }
    /// Appends a `bigint`.
    package mutating func append(int64 value: Int64) {
        let (high, low) = (Int32(truncatingIfNeeded: value >> 32), UInt32(truncatingIfNeeded: value))
        appendField(ofBigEndian: (UInt32(8).bigEndian, high.bigEndian, low.bigEndian))
    }
    /// Appends a `boolean`.
    package mutating func append(bool value: Bool) { appendInteger(UInt8(value ? 1 : 0)) }
    /// Appends a `text`, `varchar` or enum from bytes in UTF-8; the server refuses others.
    package mutating func append(text value: some Collection<UInt8>) { appendField { $0.appendBytes(value) } }
    /// Appends a `text`, `varchar` or enum from bytes in UTF-8; the server refuses others.
    package mutating func append(text value: Span<UInt8>) {
        beginField()
        precondition(value.count <= Int32.max, "a single value must be smaller than 2 GiB")
        bytes.appendBigEndian(Int32(value.count))
        value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }
    /// Appends a `text`, `varchar` or enum.
    package mutating func append(text value: String) { appendField { $0.appendText(value) } }
    /// Appends a `jsonb`.
    package mutating func append(jsonb value: String) {
        appendField { field in
            field.append(1)
            field.appendText(value)
        }
    }
    /// Appends a `bytea`.
    package mutating func append(bytea value: some Collection<UInt8>) { appendField { $0.appendBytes(value) } }
    /// Appends a `bytea`: the bytes that `body` appends.
    package mutating func appendBytea(_ body: (inout [UInt8]) -> Void) { appendField(body) }
    /// Appends a `timestamptz`, in microseconds since 1970-01-01 UTC.
    package mutating func append(unixMicroseconds value: Int64) {
        appendInteger(PostgresEpoch.wire(unixMicroseconds: value))
    }
    /// Appends a `date`, in days since 1970-01-01.
    package mutating func append(daysSince1970 value: Int32) { appendInteger(PostgresEpoch.wire(daysSince1970: value)) }
    /// Appends an `integer[]`.
    package mutating func append(intArray values: [Int32]) {
        appendField { $0.appendIntegerArray(of: TypeOID.int4, values) }
    }
    /// Appends a `smallint[]`.
    package mutating func append(smallintArray values: [Int16]) {
        appendField { $0.appendIntegerArray(of: TypeOID.int2, values) }
    }
    /// Appends a `bigint[]`.
    package mutating func append(bigintArray values: [Int64]) {
        appendField { $0.appendIntegerArray(of: TypeOID.int8, values) }
    }
    /// Appends a `text[]`.
    package mutating func append(textArray values: [String]) {
        appendField { field in field.appendArray(of: TypeOID.text, values) { $0.appendText($1) } }
    }

    /// The complete stream, header and trailer included.
    package consuming func finish() -> [UInt8] {
        end()
        return bytes
    }

    /// Appends the trailer.
    mutating func end() {
        precondition(columnsMissing == 0, "the last row has fewer columns than it announced")
        bytes.appendBigEndian(Int16(-1))
    }

    /// Hands on what was made so far, or since `removeSent`.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes(body)
    }

    /// Forgets what was handed on; the stream goes on behind it.
    mutating func removeSent() { bytes.removeAll(keepingCapacity: true) }
}

/// What PostgreSQL's binary COPY streams start with.
enum BinaryCopyFormat {
    static let signature: [UInt8] = [
        UInt8(ascii: "P"), UInt8(ascii: "G"), UInt8(ascii: "C"), UInt8(ascii: "O"), UInt8(ascii: "P"),
        UInt8(ascii: "Y"), 0x0A, 0xFF, 0x0D, 0x0A, 0x00,
    ]
}
