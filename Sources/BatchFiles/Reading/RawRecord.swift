package import PaymentCore
import Transcoding

/// One record as it stands in the file: its bytes, its place, and its fields.
///
/// It lives in its reader's storage and is valid only while the reader's body runs; what must stay is copied out.
/// Fields are parts of the record's own bytes where a value stands there as it is; a reader that takes values out of
/// another notation appends them behind the bytes.
package struct RawRecord: ~Copyable, Sendable {
    /// The position of the record among the records of the file, from 1.
    package internal(set) var ordinal = LineNumber(0)
    /// The physical line on which it begins, from 1.
    package internal(set) var physicalLine: Int64 = 0
    /// Its bytes in the file, the line end included.
    package internal(set) var byteRange: Range<Int64> = 0..<0
    /// How many fields it has, whatever the layout says.
    package internal(set) var fieldCount = 0
    /// Why its fields cannot be told apart, if so.
    package internal(set) var fault: FormFault?
    /// What its reader found wrong beside that.
    package internal(set) var findings: [RecordFinding] = []
    /// The charset of its bytes, as a person would name it.
    package internal(set) var charsetName: String
    /// What it says itself of the form of its values.
    var stated = StatedForms()
    /// The place just after it.
    package internal(set) var next = ReadPosition.start

    /// The reader's buffer; the record is `start ..< start + count` of it.
    var storage: [UInt8] = []
    var start = 0
    var count = 0
    /// Where the offsets of fields count from; the record's start, unless values are appended.
    private var fieldsStart: Int?
    /// The first fields, as many as the layout has columns and two more.
    var fields: [FieldRange] = []

    let quote: UInt8?
    private let walk: CharacterWalk

    /// For fields that stand in the record as they are; `quote` is doubled inside of them.
    init(charset: Charset, quote: UInt8?) {
        self.quote = quote
        self.walk = CharacterWalk(charset: charset)
        self.charsetName = charset.rawValue
    }

    /// For a reader that takes values, in UTF-8, out of bytes in `charsetName`.
    package init(charsetName: String) {
        self.quote = nil
        self.walk = CharacterWalk(charset: .utf8)
        self.charsetName = charsetName
    }

    /// Begins a record of these bytes, without values; its place is set by the reader.
    mutating func begin(raw: Span<UInt8>) {
        storage.removeAll(keepingCapacity: true)
        raw.withUnsafeBufferPointer { storage.append(contentsOf: $0) }
        start = 0
        count = raw.count
        fieldsStart = raw.count
        fields.removeAll(keepingCapacity: true)
        fieldCount = 0
        findings.removeAll(keepingCapacity: true)
        fault = nil
        stated = StatedForms()
    }

    /// Appends the value of the next column, in UTF-8.
    mutating func appendValue(_ bytes: Span<UInt8>) {
        let offset = storage.count - (fieldsStart ?? 0)
        bytes.withUnsafeBufferPointer { storage.append(contentsOf: $0) }
        fields.append(
            FieldRange(
                start: Int32(offset),
                end: Int32(offset + bytes.count),
                isQuoted: false,
                hasDoubledQuotes: false
            )
        )
        fieldCount += 1
    }

    /// Notes what is wrong with the record that was begun.
    mutating func add(_ finding: RecordFinding) { findings.append(finding) }

    /// Calls `body` with the bytes of the record, without its line end.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span.extracting(start..<start + count))
    }

    /// A copy of the bytes of the record, without its line end.
    package func copyBytes() -> [UInt8] { Array(storage[start..<start + count]) }

    /// Whether a carriage return stands inside: then lines may end with nothing else.
    var holdsReturn: Bool { storage[start..<start + count].contains(0x0D) }

    /// A copy of a field's value without its quotes; nil where the record has no such field, or it is beyond those
    /// kept.
    package func copyField(at index: Int) -> [UInt8]? {
        guard fields.indices.contains(index) else { return nil }
        let field = fields[index]
        if field.hasDoubledQuotes {
            var single: [UInt8] = []
            appendSingled(field, to: &single)
            return single
        }
        return Array(storage[bounds(of: field)])
    }

    /// Where a field's value stands in `storage`.
    func bounds(of field: FieldRange) -> Range<Int> {
        let base = fieldsStart ?? start
        return base + Int(field.start)..<base + Int(field.end)
    }

    /// Appends a field's value with its doubled quotes made single.
    func appendSingled(_ field: FieldRange, to single: inout [UInt8]) {
        let value = storage.span.extracting(bounds(of: field))
        var index = 0
        while index < value.count {
            let byte = value[index]
            // The second byte of a character may equal the quote, so characters are walked here too.
            let width = walk.isLead(byte) ? walk.width(at: index, in: value, isLast: true) ?? 1 : 1
            for offset in 0..<width { single.append(value[index + offset]) }
            index += byte == quote ? 2 : width
        }
    }
}
