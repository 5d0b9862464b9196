package import PaymentCore

/// One record as it stands in the file: its bytes, its place, and where its fields are.
///
/// It lives in its reader's storage and is valid only while the reader's body runs; what must stay is copied out.
package struct RawRecord: ~Copyable, Sendable {
    /// The position of the record among the records of the file, from 1.
    package internal(set) var ordinal = LineNumber(0)
    /// The physical line on which it begins, from 1.
    package internal(set) var physicalLine: Int64 = 0
    /// Its bytes in the file, the line end included.
    package internal(set) var byteRange: Range<Int64> = 0..<0
    /// How many fields it has, whatever the layout says.
    package internal(set) var fieldCount = 0
    /// What is wrong with its quotes, if anything.
    package internal(set) var fault: QuotingFault?
    /// The place just after it.
    package internal(set) var next = ReadPosition.start

    /// The reader's buffer; the record is `start ..< start + count` of it.
    var storage: [UInt8] = []
    var start = 0
    var count = 0
    /// The first fields, as many as the layout has columns and two more.
    var fields: [FieldRange] = []

    let quote: UInt8?
    private let walk: CharacterWalk

    init(layout: DelimitedLayout) {
        self.quote = layout.quote
        self.walk = CharacterWalk(charset: layout.charset)
    }

    /// Calls `body` with the bytes of the record, without its line end.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(storage.span.extracting(start..<start + count))
    }

    /// A copy of the bytes of the record, without its line end.
    package func copyBytes() -> [UInt8] { Array(storage[start..<start + count]) }

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
    func bounds(of field: FieldRange) -> Range<Int> { start + Int(field.start)..<start + Int(field.end) }

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
