import PaymentCore
import Transcoding

/// Writes a result file in the layout of its request: the same columns in the same order, then `line_no`, `result`,
/// `code`, `reason` and `finished_date`.
///
/// Streaming: lines go to a buffer that the caller drains. Fields are quoted by RFC 4180 where the layout has a quote.
/// A value that cannot be written, because the layout has no quote for it or the charset lacks a character, is left out
/// and that said in `reason`: a line never breaks. Nothing is protected against spreadsheets: machines read these
/// files.
package struct DelimitedResultWriter: ResultWriter, ~Copyable {
    private let layout: DelimitedLayout
    private let splitsRecords: Bool
    private let quote: Unicode.Scalar?
    private let separator: Unicode.Scalar
    private let recordSeparator: Unicode.Scalar
    private let encoder: TextEncoder
    private let recordAmount: RecordAmount
    private var decoder: TextDecoder
    private var scanner: RecordScanner
    private var record: RawRecord
    private var buffer: [UInt8] = []
    private var totals = AmountTotals()
    private var isFinished = false

    /// A writer in `layout`; the header, where it has one, is in the buffer at once.
    ///
    /// `splitsRecords`: whether the bytes of records are of this layout, as they are where it is the request's own;
    /// else only what was read of them is written.
    package init(layout: DelimitedLayout, splitsRecords: Bool = true) {
        self.layout = layout
        self.splitsRecords = splitsRecords
        self.quote = layout.quote.map { Unicode.Scalar($0) }
        self.separator = Unicode.Scalar(layout.separator)
        self.recordSeparator = Unicode.Scalar(layout.recordSeparator)
        self.encoder = TextEncoder(charset: layout.charset)
        self.decoder = TextDecoder(charset: layout.charset)
        self.recordAmount = RecordAmount(form: layout.form)
        self.scanner = RecordScanner(layout: layout)
        self.record = RawRecord(charset: layout.charset, quote: layout.quote)
        if layout.header == .columnTitles {
            let titles = layout.columns.map(\.title) + DelimitedLayout.resultTitles
            for (index, title) in titles.enumerated() {
                let isWritten = append(title, isFirst: index == 0)
                precondition(isWritten, "a title that its own layout cannot write passed the layout's checks")
                endField(isLast: index == titles.count - 1)
            }
        }
    }

    /// Bytes written and not yet drained.
    package var pendingBytes: Int { buffer.count }

    /// The bytes written since the last call.
    package mutating func drain() -> [UInt8] {
        let drained = buffer
        buffer.removeAll(keepingCapacity: true)
        return drained
    }

    /// Writes one line.
    package mutating func append(_ line: ResultLine) {
        precondition(!isFinished, "a result file is written to after its end")
        let leftOut: [String]
        switch line.content {
        case .order(let fields):
            leftOut = append(fields)
            totals.add(fields.amount)
        case .record(let raw, let number, let amount):
            leftOut = splitsRecords ? append(raw: raw) : append(number, amount)
        }
        appendPlain(String(line.line.value))
        endField(isLast: false)
        appendPlain(line.status.rawValue)
        endField(isLast: false)
        appendWords(line.code)
        endField(isLast: false)
        appendWords(Self.reason(line.reason, leftOut))
        endField(isLast: false)
        appendPlain(line.finishedDate?.description ?? "")
        endField(isLast: true)
    }

    /// Writes the trailer, where the layout has one; afterwards only `drain` may be called.
    package mutating func finish() {
        precondition(!isFinished, "a result file is ended twice")
        isFinished = true
        guard let trailer = layout.trailer else { return }
        let last = max(trailer.countPosition ?? 1, trailer.sumPosition ?? 1)
        appendPlain(trailer.mark)
        for position in 1...last {
            if position == trailer.countPosition { appendPlain(String(totals.records)) }
            if position == trailer.sumPosition, let currency = layout.defaultCurrency {
                // Only amounts above zero are orders, but a bad record may have taken the sum below it.
                appendPlain(layout.amountUnit.text(totals.amounts[currency]?.amountMinor ?? 0, in: currency))
            }
            endField(isLast: position == last)
        }
    }

    private static func reason(_ words: String, _ leftOut: [String]) -> String {
        if leftOut.isEmpty { return words }
        let note = "left out as this layout cannot carry it: " + leftOut.joined(separator: " ")
        return words.isEmpty ? note : words + "; " + note
    }

    // MARK: The columns of the request

    private mutating func append(_ fields: OrderFields) -> [String] {
        let amount = layout.amountUnit.text(Int128(fields.amount.minor), in: fields.amount.currency)
        return appendColumns { field in
            switch field {
            case .merchantOrderNumber: fields.merchantOrderNumber
            case .accountNumber: fields.accountNumber
            case .accountName: fields.accountName
            case .bankCode: fields.bankCode
            case .amount: amount
            case .currency: fields.amount.currency.code
            case .purpose: fields.purpose
            // No order keeps them.
            case .idNumber, .executionDate, nil: nil
            }
        }
    }

    /// Writes what was read of a record whose bytes are of another layout.
    private mutating func append(_ number: String?, _ amount: Money?) -> [String] {
        totals.add(amount)
        let text = amount.map { layout.amountUnit.text(Int128($0.minor), in: $0.currency) }
        return appendColumns { field in
            switch field {
            case .merchantOrderNumber: number
            case .amount: text
            case .currency: amount?.currency.code
            case .accountNumber, .accountName, .bankCode, .purpose, .idNumber, .executionDate, nil: nil
            }
        }
    }

    /// Writes the columns of the request; answers which values could not be written.
    private mutating func appendColumns(_ value: (RecordField?) -> String?) -> [String] {
        let values = layout.columns.map { value($0.field) ?? "" }
        var leftOut: [String] = []
        for (index, column) in layout.columns.enumerated() {
            if !append(values[index], isFirst: index == 0) { leftOut.append(column.title) }
            endField(isLast: false)
        }
        return leftOut
    }

    /// Writes the values of a record that made no order, as far as its columns are known and its bytes are text.
    private mutating func append(raw: [UInt8]) -> [String] {
        record.storage.removeAll(keepingCapacity: true)
        record.storage.append(contentsOf: raw)
        // With a line end of its own, so that a carriage return of the value is not taken for one.
        record.storage.append(contentsOf: layout.hasLines ? [0x0D, 0x0A] : [layout.recordSeparator])
        scanner.startRecord(&record.fields)
        let storage = record.storage
        let found = scanner.scan(storage.span, isLast: true, fields: &record.fields)
        guard case .record = found, scanner.fault == nil, scanner.contentEnd == raw.count,
            scanner.fieldCount == layout.columns.count
        else {
            totals.add(nil)
            for _ in layout.columns { endField(isLast: false) }
            return layout.columns.map(\.title)
        }
        record.start = 0
        record.count = raw.count
        let values = layout.columns.indices.map { index in
            record.copyField(at: index).flatMap { decoder.decode($0) }
        }
        // Amount and currency go together: one without the other would say another amount.
        let isMoneyWhole = [RecordField.amount, .currency].allSatisfy { field in
            guard let index = layout.index(of: field) else { return true }
            return values[index].map { encoded($0, isFirst: index == 0) != nil } ?? false
        }
        totals.add(isMoneyWhole ? recordAmount.money(of: record) : nil)
        var leftOut: [String] = []
        for (index, column) in layout.columns.enumerated() {
            let isMoney = column.field == .amount || column.field == .currency
            let value = isMoney && !isMoneyWhole ? nil : values[index]
            if !(value.map { append($0, isFirst: index == 0) } ?? false) { leftOut.append(column.title) }
            endField(isLast: false)
        }
        return leftOut
    }

    // MARK: Fields

    private mutating func endField(isLast: Bool) {
        // A line feed alone: whoever splits lines by it gets no carriage return in the last column.
        buffer.append(isLast ? layout.recordSeparator : layout.separator)
    }

    /// Appends ASCII that needs no quotes.
    private mutating func appendPlain(_ text: String) { buffer.append(contentsOf: text.utf8) }

    /// Appends a value, or nothing when it cannot be written; says which.
    private mutating func append(_ value: String, isFirst: Bool) -> Bool {
        guard let bytes = encoded(value, isFirst: isFirst) else { return false }
        buffer.append(contentsOf: bytes)
        return true
    }

    /// Appends words of our own: what the layout cannot carry of them becomes a space or a question mark.
    private mutating func appendWords(_ words: String) {
        if append(words, isFirst: false) { return }
        var plain = ""
        for scalar in words.unicodeScalars {
            let isMark =
                scalar == separator || scalar == recordSeparator || scalar == quote
                || scalar.properties.generalCategory == .control
            plain.unicodeScalars.append(isMark ? " " : scalar.isASCII ? scalar : "?")
        }
        appendPlain(plain)
    }

    /// The bytes of a value with its quotes; nil when the layout or the charset cannot carry it.
    private func encoded(_ value: String, isFirst: Bool) -> [UInt8]? {
        var needsQuotes = false
        var hasQuotes = false
        for scalar in value.unicodeScalars {
            switch scalar {
            case separator, recordSeparator, "\r", "\n": needsQuotes = true
            // Only a value in quotes may hold a line end; no other control character belongs in a file of text.
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: return nil
            case _ where scalar == quote: hasQuotes = true
            default: break
            }
        }
        if !needsQuotes, !hasQuotes {
            guard let plain = encoder.encode(value) else { return nil }
            if !isFirst || !isTakenForMark(value, plain) { return plain }
        }
        guard let quote else { return nil }
        var quoted = String.UnicodeScalarView()
        quoted.append(quote)
        for scalar in value.unicodeScalars {
            if scalar == quote { quoted.append(quote) }
            quoted.append(scalar)
        }
        quoted.append(quote)
        return encoder.encode(String(quoted))
    }

    /// Whether a value at the beginning of a line would be taken for a comment, the trailer or a byte order mark.
    private func isTakenForMark(_ value: String, _ plain: [UInt8]) -> Bool {
        if ByteOrderMark.beginning(plain) != nil { return true }
        if let prefix = layout.commentPrefix, value.utf8.starts(with: prefix.utf8) { return true }
        guard let mark = layout.trailer?.mark else { return false }
        return value.utf8.elementsEqual(mark.utf8)
    }
}
