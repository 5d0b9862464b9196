/// One row of `COPY … TO STDOUT (FORMAT binary)`.
///
/// The stream names no types, so accessors check lengths only.
package struct BinaryCopyRow: PostgresFields, Sendable {
    private let bytes: [UInt8]
    /// The bytes of each column; nil for NULL.
    private let fields: [Range<Int>?]
    package let label: String

    init(bytes: [UInt8], fields: [Range<Int>?], label: String) {
        self.bytes = bytes
        self.fields = fields
        self.label = label
    }

    package var columnCount: Int { fields.count }

    package func isNull(_ column: Int) -> Bool {
        precondition(fields.indices.contains(column), "the row has no such column")
        return fields[column] == nil
    }

    package func withRawField<Result>(
        _ column: Int,
        _ body: (_ type: UInt32, _ bytes: UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let range = fields[column] ?? 0..<0
        return try bytes.withUnsafeBytes { try body(0, UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

/// Cuts a binary COPY stream into rows, however its bytes are cut into messages.
struct BinaryCopyReader {
    private enum State { case header, rows, ended }

    private let label: String
    private var state = State.header
    private var pending: [UInt8] = []

    init(label: String) {
        self.label = label
    }

    /// Whether the stream's trailer was seen and nothing follows it.
    var isComplete: Bool { state == .ended && pending.isEmpty }

    /// Takes a piece of the stream and hands on each row that it completes.
    mutating func feed(_ piece: UnsafeRawBufferPointer, _ body: (BinaryCopyRow) throws -> Void) throws {
        pending.append(contentsOf: piece)
        var offset = 0
        defer { pending.removeFirst(offset) }
        if state == .header {
            guard pending.count >= 19 else { return }
            let extensionLength = Int(integer(at: 15, as: Int32.self))
            guard pending.starts(with: BinaryCopyFormat.signature), extensionLength >= 0 else {
                throw PostgresError(.decoding, label: label, reason: "the answer is not a binary COPY stream")
            }
            guard pending.count >= 19 + extensionLength else { return }
            offset = 19 + extensionLength
            state = .rows
        }
        while state == .rows, let (row, end) = try nextRow(from: offset) {
            offset = end
            if let row { try body(row) }
        }
    }

    /// The row that starts at `start`, and where it ends; nil when it is not complete yet; no row for the trailer.
    private mutating func nextRow(from start: Int) throws -> (BinaryCopyRow?, Int)? {
        guard pending.count >= start + 2 else { return nil }
        let columnCount = Int(integer(at: start, as: Int16.self))
        if columnCount == -1 {
            state = .ended
            return (nil, start + 2)
        }
        guard columnCount >= 0 else {
            throw PostgresError(.decoding, label: label, reason: "the COPY stream has a row of negative width")
        }
        var fields: [Range<Int>?] = []
        fields.reserveCapacity(columnCount)
        var offset = start + 2
        for _ in 0..<columnCount {
            guard pending.count >= offset + 4 else { return nil }
            let length = Int(integer(at: offset, as: Int32.self))
            offset += 4
            guard length >= 0 else {
                fields.append(nil)
                continue
            }
            guard pending.count >= offset + length else { return nil }
            fields.append((offset - start)..<(offset - start + length))
            offset += length
        }
        return (BinaryCopyRow(bytes: Array(pending[start..<offset]), fields: fields, label: label), offset)
    }

    private func integer<Value: FixedWidthInteger>(at offset: Int, as: Value.Type) -> Value {
        pending.withUnsafeBytes { Value(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }
}
