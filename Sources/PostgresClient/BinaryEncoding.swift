/// PostgreSQL's binary wire formats, written to a byte array.
extension [UInt8] {
    mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    /// Appends a four-byte length and what `body` writes.
    mutating func appendLengthPrefixed(_ body: (inout [UInt8]) -> Void) {
        let start = count
        appendBigEndian(Int32(0))
        body(&self)
        let length = count - start - 4
        precondition(length <= Int32.max, "a single value must be smaller than 2 GiB")
        withUnsafeMutableBytes { $0.storeBytes(of: Int32(length).bigEndian, toByteOffset: start, as: Int32.self) }
    }

    mutating func appendText(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// Appends any bytes; through one copy where the collection is contiguous.
    mutating func appendBytes(_ bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ append(contentsOf: $0) }) == nil {
            append(contentsOf: bytes)
        }
    }

    /// Appends an array value: dimensions, null flag, element type, then each element with its length or -1.
    mutating func appendArray<Item>(
        of elementType: UInt32,
        _ elements: [Item?],
        _ encode: (inout [UInt8], Item) -> Void
    ) {
        appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        appendBigEndian(Int32(elements.contains { $0 == nil } ? 1 : 0))
        appendBigEndian(elementType)
        guard !elements.isEmpty else { return }
        precondition(elements.count <= Int32.max, "an array parameter must have fewer than 2^31 elements")
        appendBigEndian(Int32(elements.count))
        appendBigEndian(Int32(1))
        for element in elements {
            if let element {
                appendLengthPrefixed { encode(&$0, element) }
            } else {
                appendBigEndian(Int32(-1))
            }
        }
    }

    /// Appends an array of integers, which cannot hold nulls, without a detour through optionals.
    mutating func appendIntegerArray<Value: FixedWidthInteger>(of elementType: UInt32, _ elements: [Value]) {
        appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
        appendBigEndian(Int32(0))
        appendBigEndian(elementType)
        guard !elements.isEmpty else { return }
        precondition(elements.count <= Int32.max, "an array parameter must have fewer than 2^31 elements")
        reserveCapacity(count + 8 + elements.count * (4 + MemoryLayout<Value>.size))
        appendBigEndian(Int32(elements.count))
        appendBigEndian(Int32(1))
        for element in elements {
            appendBigEndian(Int32(MemoryLayout<Value>.size))
            appendBigEndian(element)
        }
    }
}

/// The distance between PostgreSQL's epoch (2000-01-01) and that of Unix (1970-01-01).
enum PostgresEpoch {
    static let microseconds: Int64 = 946_684_800_000_000
    static let days: Int32 = 10_957

    /// The wire form of a time; its two extreme values mean infinity there and are not times.
    static func wire(unixMicroseconds: Int64) -> Int64 {
        let (value, overflow) = unixMicroseconds.subtractingReportingOverflow(microseconds)
        precondition(!overflow && value != .min, "the time lies outside of what timestamptz can hold")
        return value
    }

    /// The wire form of a date; its two extreme values mean infinity there and are not dates.
    static func wire(daysSince1970: Int32) -> Int32 {
        let (value, overflow) = daysSince1970.subtractingReportingOverflow(days)
        precondition(!overflow && value != .min, "the date lies outside of what date can hold")
        return value
    }
}
