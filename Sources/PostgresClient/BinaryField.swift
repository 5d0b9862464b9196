/// Why a field could not be read as the wanted type; fixed words, never the value.
struct FieldFault: Error {
    let reason: String

    static let null = FieldFault(reason: "is NULL")
    static let length = FieldFault(reason: "has not the length of its type")
    static func type(_ wanted: String) -> FieldFault { FieldFault(reason: "is not of type \(wanted)") }
    static func range(_ wanted: String) -> FieldFault { FieldFault(reason: "does not fit into \(wanted)") }
}

/// One field of an answer in binary form, valid only while its owner is.
///
/// `type` is 0 where the stream names no types (COPY); then only the length is checked.
struct BinaryField {
    let type: UInt32
    let bytes: UnsafeRawBufferPointer

    private func requireType(_ wanted: String, _ accepted: UInt32...) throws {
        guard type == 0 || accepted.contains(type) else { throw FieldFault.type(wanted) }
    }

    private func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws -> Value {
        guard bytes.count == MemoryLayout<Value>.size else { throw FieldFault.length }
        return Value(bigEndian: bytes.loadUnaligned(as: Value.self))
    }

    func bool() throws -> Bool {
        try requireType("boolean", TypeOID.bool)
        return try integer(UInt8.self) != 0
    }

    func int16() throws -> Int16 {
        try requireType("smallint", TypeOID.int2)
        return try integer()
    }

    func int32() throws -> Int32 {
        try requireType("integer", TypeOID.int4, TypeOID.int2)
        return bytes.count == 2 ? Int32(try integer(Int16.self)) : try integer()
    }

    func int64() throws -> Int64 {
        if type == TypeOID.oid { return Int64(try integer(UInt32.self)) }
        try requireType("bigint", TypeOID.int8, TypeOID.int4, TypeOID.int2)
        switch bytes.count {
        case 2: return Int64(try integer(Int16.self))
        case 4: return Int64(try integer(Int32.self))
        default: return try integer()
        }
    }

    func text() throws -> String {
        let content = try textContent("text")
        guard !content.contains(0), let text = String(validating: content, as: UTF8.self) else {
            throw FieldFault(reason: "is not text in UTF-8")
        }
        return text
    }

    func byteArray() throws -> [UInt8] {
        type == TypeOID.bytea ? [UInt8](bytes) : [UInt8](try textContent("bytea or text"))
    }

    private func textContent(_ wanted: String) throws -> UnsafeRawBufferPointer {
        switch type {
        case TypeOID.jsonb:
            // The binary form of jsonb starts with its version.
            guard bytes.first == 1 else { throw FieldFault(reason: "is jsonb of an unknown version") }
            return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        case 0, TypeOID.text, TypeOID.varchar, TypeOID.bpchar, TypeOID.name, TypeOID.json, TypeOID.xml,
            TypeOID.unknown, TypeOID.firstUserDefined...:
            return bytes
        default:
            throw FieldFault.type(wanted)
        }
    }

    func unixMicroseconds() throws -> Int64 {
        try requireType("timestamptz", TypeOID.timestamptz)
        return try Self.unixMicroseconds(wire: try integer())
    }

    private static func unixMicroseconds(wire: Int64) throws -> Int64 {
        let (value, overflow) = wire.addingReportingOverflow(PostgresEpoch.microseconds)
        guard wire != .min, !overflow else { throw FieldFault.range("a finite time") }
        return value
    }

    func daysSince1970() throws -> Int32 {
        try requireType("date", TypeOID.date)
        let wire: Int32 = try integer()
        let (value, overflow) = wire.addingReportingOverflow(PostgresEpoch.days)
        guard wire != .min, !overflow else { throw FieldFault.range("a finite date") }
        return value
    }

    /// Reads an integral `numeric` exactly: groups of four decimal digits, `weight` groups before the point.
    func int128() throws -> Int128 {
        if [TypeOID.int8, TypeOID.int4, TypeOID.int2].contains(type) { return Int128(try int64()) }
        try requireType("numeric", TypeOID.numeric)
        guard bytes.count >= 8 else { throw FieldFault.length }
        func word(_ index: Int) -> UInt16 {
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
        let groupCount = Int(word(0))
        let weight = Int(Int16(bitPattern: word(1)))
        guard bytes.count == 8 + groupCount * 2 else { throw FieldFault.length }
        guard word(2) == 0x0000 || word(2) == 0x4000 else { throw FieldFault.range("a finite integer") }
        let isNegative = word(2) == 0x4000
        // 39 digits fill ten groups; more cannot fit and would only make the loop long.
        guard weight < 10 else { throw FieldFault.range("a 128-bit integer") }
        var value: Int128 = 0
        for index in 0..<max(groupCount, weight + 1) {
            let group = index < groupCount ? Int128(word(4 + index)) : 0
            guard index <= weight else {
                guard group == 0 else { throw FieldFault.range("an integer") }
                continue
            }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10_000)
            // Summed towards the sign, so that the smallest value is reached without overflow.
            let (sum, carry) = product.addingReportingOverflow(isNegative ? -group : group)
            guard !overflow, !carry else { throw FieldFault.range("a 128-bit integer") }
            value = sum
        }
        return value
    }

    /// Calls `body` for each element of a one-dimensional array without nulls.
    private func forEachElement(
        _ wanted: String,
        _ accepts: (UInt32) -> Bool,
        _ body: (BinaryField) throws -> Void
    ) throws {
        guard bytes.count >= 12 else { throw FieldFault.type(wanted) }
        func word(_ offset: Int) -> Int32 {
            Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        let elementType = UInt32(bitPattern: word(8))
        guard (0...1).contains(word(4)), accepts(elementType) else { throw FieldFault.type(wanted) }
        guard word(0) != 0 else {
            guard bytes.count == 12 else { throw FieldFault.length }
            return
        }
        guard word(0) == 1, bytes.count >= 20 else { throw FieldFault(reason: "is not a one-dimensional array") }
        var offset = 20
        for _ in 0..<max(0, word(12)) {
            guard bytes.count >= offset + 4 else { throw FieldFault.length }
            let length = Int(word(offset))
            guard length >= 0 else { throw FieldFault(reason: "holds NULL in its array") }
            guard bytes.count >= offset + 4 + length else { throw FieldFault.length }
            let element = UnsafeRawBufferPointer(rebasing: bytes[(offset + 4)..<(offset + 4 + length)])
            try body(BinaryField(type: elementType, bytes: element))
            offset += 4 + length
        }
        guard offset == bytes.count else { throw FieldFault.length }
    }

    private func requireArrayType(_ wanted: String, _ accepted: UInt32...) throws {
        guard type == 0 || type >= TypeOID.firstUserDefined || accepted.contains(type) else {
            throw FieldFault.type(wanted)
        }
    }

    func smallintArray() throws -> [Int16] {
        try requireArrayType("smallint[]", TypeOID.int2Array)
        var values: [Int16] = []
        try forEachElement("smallint[]", { $0 == TypeOID.int2 }) { values.append(try $0.int16()) }
        return values
    }

    func intArray() throws -> [Int32] {
        try requireArrayType("integer[]", TypeOID.int4Array, TypeOID.int2Array)
        var values: [Int32] = []
        try forEachElement("integer[]", { [TypeOID.int4, TypeOID.int2].contains($0) }) { values.append(try $0.int32()) }
        return values
    }

    func bigintArray() throws -> [Int64] {
        try requireArrayType("bigint[]", TypeOID.int8Array, TypeOID.int4Array, TypeOID.int2Array)
        var values: [Int64] = []
        try forEachElement("bigint[]", { [TypeOID.int8, TypeOID.int4, TypeOID.int2].contains($0) }) {
            values.append(try $0.int64())
        }
        return values
    }

    func textArray() throws -> [String] {
        try requireArrayType("text[]", TypeOID.textArray, TypeOID.varcharArray, TypeOID.nameArray)
        var values: [String] = []
        try forEachElement(
            "text[]",
            { [TypeOID.text, TypeOID.varchar, TypeOID.name].contains($0) || $0 >= TypeOID.firstUserDefined }
        ) { values.append(try $0.text()) }
        return values
    }

    func byteaArray() throws -> [[UInt8]] {
        try requireArrayType("bytea[]", TypeOID.byteaArray)
        var values: [[UInt8]] = []
        try forEachElement("bytea[]", { $0 == TypeOID.bytea }) { values.append([UInt8]($0.bytes)) }
        return values
    }

    func timestamptzArray() throws -> [Int64] {
        try requireArrayType("timestamptz[]", TypeOID.timestamptzArray)
        var values: [Int64] = []
        try forEachElement("timestamptz[]", { $0 == TypeOID.timestamptz }) { values.append(try $0.unixMicroseconds()) }
        return values
    }
}
