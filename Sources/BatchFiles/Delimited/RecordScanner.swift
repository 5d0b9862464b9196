import PaymentCore

/// Finds the end of one record and the ranges of its fields, in as many calls as its bytes come in.
///
/// A pure machine over bytes: it keeps the place that it reached, so that no byte is looked at twice, however small the
/// parts are. Offsets count from the record's first byte.
///
/// Where records stand in one line, a line end is passed over between two of them and after the last, and is a
/// character like others within one. Such files have no quotes.
///
/// A line feed inside quotes is believed only while the record keeps its form. When the quote turns out not to be
/// closed (the end of the file, the limit of bytes, more fields than columns) or to be closed in the middle of a value,
/// the record is cut at its first line feed, and the lines after it are read as records of their own: one stray quote
/// costs one record. Each line is so read again at most once a column.
struct RecordScanner: Sendable {
    enum Found {
        /// The end lies beyond the bytes given.
        case nothingYet
        case record
        /// An empty line or a comment.
        case skippedLine
        /// More bytes than a record may have.
        case tooLong
    }

    private enum Mode {
        case fieldStart
        case plain
        case quoted
        /// After a quote inside quotes: the field's end, or the first of two.
        case quoteInQuotes
        /// After the carriage return that follows a closing quote.
        case returnAfterQuote
        case comment
    }

    private enum Kind {
        case ordinary
        case separator
        case quote
        case recordEnd
        case lead
    }

    private let separator: UInt8
    /// The line feed, or the mark between records that stand in one line.
    private let recordEnd: UInt8
    private let hasLines: Bool
    /// The quote, or the separator once more where there is none.
    private let quote: UInt8
    /// The greatest byte that never begins a character of several bytes.
    private let ordinaryMax: UInt8
    private let walk: CharacterWalk
    private let commentPrefix: [UInt8]
    private let columnCount: Int
    private let fieldsKept: Int
    private let bytesMax: Int

    private var mode = Mode.fieldStart
    private var offset = 0
    private var fieldStart = 0
    private var isFieldQuoted = false
    private var hasDoubledQuotes = false
    /// The first line feed inside quotes, with the fields before it: where a record with a stray quote is cut.
    private var firstLine: (end: Int, fieldStart: Int, fieldCount: Int)?

    /// Of the record found: its fields, the end of its content, the end of its line, its physical lines, its fault.
    private(set) var fieldCount = 0
    private(set) var contentEnd = 0
    private(set) var lineEnd = 0
    private(set) var physicalLines: Int64 = 0
    private(set) var fault: FormFault?

    init(layout: DelimitedLayout) {
        let walk = CharacterWalk(charset: layout.charset)
        self.separator = layout.separator
        self.recordEnd = layout.recordSeparator
        self.hasLines = layout.hasLines
        self.quote = layout.quote ?? layout.separator
        self.ordinaryMax = walk.isLead(0x81) ? 0x80 : 0xFF
        self.walk = walk
        self.commentPrefix = Array((layout.commentPrefix ?? "").utf8)
        self.columnCount = layout.columns.count
        // Two more, for the positions of a trailer.
        self.fieldsKept = layout.columns.count + 2
        self.bytesMax = layout.limits.recordBytesMax
    }

    /// Forgets the record found and expects the next.
    mutating func startRecord(_ fields: inout [FieldRange]) {
        fields.removeAll(keepingCapacity: true)
        mode = .fieldStart
        offset = 0
        startField(at: 0)
        firstLine = nil
        fieldCount = 0
        physicalLines = 0
        fault = nil
    }

    /// Reads on in `bytes`, which begin with the record's first byte and hold all that is known of the file behind it.
    mutating func scan(_ bytes: Span<UInt8>, isLast: Bool, fields: inout [FieldRange]) -> Found {
        if offset == 0 {
            guard !bytes.isEmpty else { return .nothingYet }
            if !hasLines, bytes[0] == 0x0A || bytes[0] == 0x0D {
                guard bytes.count > 1 || isLast else { return .nothingYet }
                if let end = lineEnd(in: bytes) { return skipLine(to: end) }
            }
            switch beginsComment(bytes) {
            case nil where !isLast: return .nothingYet
            case true: mode = .comment
            default: break
            }
        }
        // A carriage return may belong to the line end, so a record is surely too long only two bytes beyond the limit.
        let end = min(bytes.count, bytesMax + 2)
        while offset < end {
            let byte = bytes[offset]
            let kind = kind(of: byte)
            switch mode {
            case .plain:
                switch kind {
                case .ordinary: offset = ordinaryEnd(in: bytes, from: offset + 1, to: end)
                case .quote: offset += 1
                case .separator:
                    guard endField(at: offset, &fields) else { return cut(bytes, &fields) }
                    mode = .fieldStart
                    offset += 1
                    startField(at: offset)
                case .recordEnd: return endRecord(at: offset, next: offset + 1, bytes, &fields)
                default:
                    guard let width = walk.width(at: offset, in: bytes, isLast: isLast) else { return .nothingYet }
                    offset += width
                }
            case .fieldStart:
                mode = .plain
                if kind == .quote {
                    mode = .quoted
                    offset += 1
                    startField(at: offset)
                    isFieldQuoted = true
                }
            case .quoted:
                switch kind {
                case .ordinary: offset = ordinaryEnd(in: bytes, from: offset + 1, to: end)
                case .separator: offset += 1
                case .quote:
                    mode = .quoteInQuotes
                    offset += 1
                case .recordEnd:
                    if firstLine == nil { firstLine = (offset, fieldStart, fieldCount) }
                    guard fieldCount < columnCount else { return cut(bytes, &fields) }
                    physicalLines += 1
                    offset += 1
                default:
                    guard let width = walk.width(at: offset, in: bytes, isLast: isLast) else { return .nothingYet }
                    offset += width
                }
            case .quoteInQuotes:
                switch kind {
                case .quote:
                    hasDoubledQuotes = true
                    mode = .quoted
                    offset += 1
                case .separator:
                    guard endField(at: offset - 1, &fields) else { return cut(bytes, &fields) }
                    mode = .fieldStart
                    offset += 1
                    startField(at: offset)
                case .recordEnd: return endRecord(at: offset, next: offset + 1, bytes, &fields)
                case _ where byte == 0x0D:
                    mode = .returnAfterQuote
                    offset += 1
                default:
                    guard firstLine == nil else { return cut(bytes, &fields) }
                    fault = .garbledQuote
                    mode = .plain
                }
            case .returnAfterQuote:
                if kind == .recordEnd { return endRecord(at: offset, next: offset + 1, bytes, &fields) }
                guard firstLine == nil else { return cut(bytes, &fields) }
                fault = .garbledQuote
                mode = .plain
            case .comment:
                offset += 1
                if kind == .recordEnd { return skipComment(to: offset, bytes) }
            }
        }
        if offset >= bytesMax + 2 { return mode == .comment ? .tooLong : tooLong(bytes, &fields) }
        guard isLast else { return .nothingYet }
        if mode == .comment { return skipComment(to: bytes.count, bytes) }
        if mode == .quoted {
            guard firstLine == nil else { return cut(bytes, &fields) }
            fault = .unclosedQuote
        }
        return endRecord(at: bytes.count, next: bytes.count, bytes, &fields)
    }

    private func kind(of byte: UInt8) -> Kind {
        // The separator goes first: without a quote, `quote` equals it.
        if byte == separator { return .separator }
        if byte == recordEnd { return .recordEnd }
        if byte == quote { return .quote }
        return walk.isLead(byte) ? .lead : .ordinary
    }

    /// The first place from `start` on where a byte has a meaning.
    ///
    /// Most bytes of a file pass here, so it compares in registers instead of looking classes up.
    private func ordinaryEnd(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        let (separator, quote, recordEnd, ordinaryMax) = (separator, quote, recordEnd, ordinaryMax)
        var index = start
        while index < end {
            let byte = bytes[index]
            if byte == separator || byte == quote || byte == recordEnd || byte > ordinaryMax { break }
            index += 1
        }
        return index
    }

    /// Whether the bytes begin with the comment prefix; nil when there are too few to say.
    private func beginsComment(_ bytes: Span<UInt8>) -> Bool? {
        guard !commentPrefix.isEmpty else { return false }
        for index in 0..<commentPrefix.count {
            guard index < bytes.count else { return nil }
            if bytes[index] != commentPrefix[index] { return false }
        }
        return true
    }

    private mutating func startField(at start: Int) {
        fieldStart = start
        isFieldQuoted = false
        hasDoubledQuotes = false
    }

    /// Keeps the field that ends at `end`; false when a record of several lines has more fields than columns.
    private mutating func endField(at end: Int, _ fields: inout [FieldRange]) -> Bool {
        fieldCount += 1
        if fields.count < fieldsKept {
            fields.append(
                FieldRange(
                    start: Int32(truncatingIfNeeded: fieldStart),
                    end: Int32(truncatingIfNeeded: end),
                    isQuoted: isFieldQuoted,
                    hasDoubledQuotes: hasDoubledQuotes
                )
            )
        }
        return firstLine == nil || fieldCount <= columnCount
    }

    /// Ends the record before the line end at `end`.
    private mutating func endRecord(
        at end: Int,
        next: Int,
        _ bytes: Span<UInt8>,
        _ fields: inout [FieldRange]
    ) -> Found {
        contentEnd = end
        // The line end after the last of many records in one line is no part of it.
        if !hasLines, next == end, end > 0, bytes[end - 1] == 0x0A { contentEnd -= 1 }
        // The content keeps every carriage return but the one of the line end.
        if hasLines || contentEnd < end, contentEnd > 0, bytes[contentEnd - 1] == 0x0D, mode != .quoted {
            contentEnd -= 1
        }
        let isInsideQuotes = mode == .quoteInQuotes || mode == .returnAfterQuote
        let isWhole = endField(at: isInsideQuotes ? contentEnd - 1 : contentEnd, &fields)
        if !isWhole { return cut(bytes, &fields) }
        if contentEnd > bytesMax { return tooLong(bytes, &fields) }
        lineEnd = next
        physicalLines = hasLines ? physicalLines + 1 : lines(in: bytes, upTo: next)
        return contentEnd == 0 ? .skippedLine : .record
    }

    /// Where a line ends that begins the bytes and has nothing in it; nil if they begin otherwise.
    private func lineEnd(in bytes: Span<UInt8>) -> Int? {
        if bytes[0] == 0x0A { return 1 }
        return bytes.count > 1 && bytes[1] == 0x0A ? 2 : nil
    }

    private mutating func skipComment(to end: Int, _ bytes: Span<UInt8>) -> Found {
        lineEnd = end
        physicalLines = hasLines ? 1 : lines(in: bytes, upTo: end)
        return .skippedLine
    }

    private mutating func skipLine(to end: Int) -> Found {
        lineEnd = end
        physicalLines = 1
        return .skippedLine
    }

    /// The lines that end before `end`.
    private func lines(in bytes: Span<UInt8>, upTo end: Int) -> Int64 {
        var lines: Int64 = 0
        for index in 0..<end where bytes[index] == 0x0A { lines += 1 }
        return lines
    }

    private mutating func tooLong(_ bytes: Span<UInt8>, _ fields: inout [FieldRange]) -> Found {
        firstLine == nil ? .tooLong : cut(bytes, &fields)
    }

    /// Ends the record at its first line feed, although that stands inside a quote.
    private mutating func cut(_ bytes: Span<UInt8>, _ fields: inout [FieldRange]) -> Found {
        guard let firstLine else { preconditionFailure("only a record of several lines can be cut at its first") }
        contentEnd = firstLine.end
        if contentEnd > firstLine.fieldStart, bytes[contentEnd - 1] == 0x0D { contentEnd -= 1 }
        lineEnd = firstLine.end + 1
        physicalLines = 1
        fault = .unclosedQuote
        if fields.count > firstLine.fieldCount { fields.removeSubrange(firstLine.fieldCount...) }
        fieldCount = firstLine.fieldCount
        fieldStart = firstLine.fieldStart
        isFieldQuoted = true
        hasDoubledQuotes = false
        self.firstLine = nil
        _ = endField(at: contentEnd, &fields)
        return contentEnd > bytesMax ? .tooLong : .record
    }
}
