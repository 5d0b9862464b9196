/// Columns of one row, read by index.
///
/// Every accessor throws `PostgresError` with code `decoding` on NULL, on another type or length, and on an index out
/// of range; the error names the column's index, never its value.
package protocol PostgresFields {
    /// How many columns the row has.
    var columnCount: Int { get }

    /// Whether the column is NULL; traps when the index is out of range.
    func isNull(_ column: Int) -> Bool

    /// The label of the transaction that read the row, for errors.
    var label: String { get }

    /// Hands type and bytes of a column that is not NULL; the bytes are valid only inside of `body`.
    func withRawField<Result>(
        _ column: Int,
        _ body: (_ type: UInt32, _ bytes: UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result
}

extension PostgresFields {
    private func read<Value>(_ column: Int, _ decode: (BinaryField) throws -> Value) throws -> Value {
        do {
            guard (0..<columnCount).contains(column) else { throw FieldFault(reason: "does not exist") }
            guard !isNull(column) else { throw FieldFault.null }
            return try withRawField(column) { try decode(BinaryField(type: $0, bytes: $1)) }
        } catch let fault as FieldFault {
            throw PostgresError(.decoding, label: label, reason: "column \(column) \(fault.reason)")
        }
    }

    private func readOptional<Value>(_ column: Int, _ decode: (BinaryField) throws -> Value) throws -> Value? {
        if (0..<columnCount).contains(column), isNull(column) { return nil }
        return try read(column, decode)
    }

    /// A `boolean`.
    package func bool(_ column: Int) throws -> Bool { try read(column) { try $0.bool() } }
    /// A `smallint`.
    package func int16(_ column: Int) throws -> Int16 { try read(column) { try $0.int16() } }
    /// An `integer` or `smallint`.
    package func int32(_ column: Int) throws -> Int32 { try read(column) { try $0.int32() } }
    /// A `bigint`, `integer`, `smallint` or `oid`.
    package func int64(_ column: Int) throws -> Int64 { try read(column) { try $0.int64() } }
    /// An integral `numeric`, such as the sum of a `bigint` column, exactly; or any integer.
    package func int128(_ column: Int) throws -> Int128 { try read(column) { try $0.int128() } }
    /// A `text`, `varchar`, `bpchar`, `name`, `json`, `jsonb` or enum.
    package func text(_ column: Int) throws -> String { try read(column) { try $0.text() } }
    /// A `bytea`, or the bytes of a textual column.
    package func bytes(_ column: Int) throws -> [UInt8] { try read(column) { try $0.byteArray() } }
    /// A finite `timestamptz`, in microseconds since 1970-01-01 UTC.
    package func unixMicroseconds(_ column: Int) throws -> Int64 { try read(column) { try $0.unixMicroseconds() } }
    /// A finite `date`, in days since 1970-01-01.
    package func daysSince1970(_ column: Int) throws -> Int32 { try read(column) { try $0.daysSince1970() } }
    /// A `smallint[]` without nulls.
    package func smallintArray(_ column: Int) throws -> [Int16] { try read(column) { try $0.smallintArray() } }
    /// An `integer[]` without nulls.
    package func intArray(_ column: Int) throws -> [Int32] { try read(column) { try $0.intArray() } }
    /// A `bigint[]` without nulls.
    package func bigintArray(_ column: Int) throws -> [Int64] { try read(column) { try $0.bigintArray() } }
    /// A `text[]`, or an array of enums, without nulls.
    package func textArray(_ column: Int) throws -> [String] { try read(column) { try $0.textArray() } }
    /// A `bytea[]` without nulls.
    package func byteaArray(_ column: Int) throws -> [[UInt8]] { try read(column) { try $0.byteaArray() } }
    /// A `timestamptz[]` without nulls, in microseconds since 1970-01-01 UTC.
    package func timestamptzArray(_ column: Int) throws -> [Int64] { try read(column) { try $0.timestamptzArray() } }

    /// As `bool`, or nil for NULL.
    package func optionalBool(_ column: Int) throws -> Bool? { try readOptional(column) { try $0.bool() } }
    /// As `int16`, or nil for NULL.
    package func optionalInt16(_ column: Int) throws -> Int16? { try readOptional(column) { try $0.int16() } }
    /// As `int32`, or nil for NULL.
    package func optionalInt32(_ column: Int) throws -> Int32? { try readOptional(column) { try $0.int32() } }
    /// As `int64`, or nil for NULL.
    package func optionalInt64(_ column: Int) throws -> Int64? { try readOptional(column) { try $0.int64() } }
    /// As `int128`, or nil for NULL.
    package func optionalInt128(_ column: Int) throws -> Int128? { try readOptional(column) { try $0.int128() } }
    /// As `text`, or nil for NULL.
    package func optionalText(_ column: Int) throws -> String? { try readOptional(column) { try $0.text() } }
    /// As `bytes`, or nil for NULL.
    package func optionalBytes(_ column: Int) throws -> [UInt8]? { try readOptional(column) { try $0.byteArray() } }
    /// As `unixMicroseconds`, or nil for NULL.
    package func optionalUnixMicroseconds(_ column: Int) throws -> Int64? {
        try readOptional(column) { try $0.unixMicroseconds() }
    }
    /// As `daysSince1970`, or nil for NULL.
    package func optionalDaysSince1970(_ column: Int) throws -> Int32? {
        try readOptional(column) { try $0.daysSince1970() }
    }
    /// As `intArray`, or nil for NULL.
    package func optionalIntArray(_ column: Int) throws -> [Int32]? { try readOptional(column) { try $0.intArray() } }
    /// As `bigintArray`, or nil for NULL.
    package func optionalBigintArray(_ column: Int) throws -> [Int64]? {
        try readOptional(column) { try $0.bigintArray() }
    }
    /// As `textArray`, or nil for NULL.
    package func optionalTextArray(_ column: Int) throws -> [String]? {
        try readOptional(column) { try $0.textArray() }
    }
}
