package import PaymentCore
package import Transcoding

/// How a merchant writes its delimited files: one record a line, or many in one, fields in fixed columns.
///
/// A value of this type has passed its checks, so readers and writers rely on it. Separator, quote, comment prefix and
/// trailer mark are ASCII, which every supported charset shares.
package struct DelimitedLayout: Sendable {
    /// The line before the records.
    package enum Header: String, Sendable, Hashable, CaseIterable {
        /// The first line is a record.
        case none
        /// The first line holds the titles of the columns, in their order.
        case columnTitles = "column_titles"
    }

    /// The line after the records: its first field is `mark`, unquoted.
    package struct Trailer: Sendable, Hashable {
        package let mark: String
        /// The field that holds the number of records, counted from 1, the mark being 1.
        package let countPosition: Int?
        /// The field that holds the sum of the amounts, in the layout's unit.
        package let sumPosition: Int?

        package init(mark: String, countPosition: Int?, sumPosition: Int?) {
            self.mark = mark
            self.countPosition = countPosition
            self.sumPosition = sumPosition
        }
    }

    /// Bounds on what a reader takes.
    package struct Limits: Sendable, Hashable {
        /// The most bytes of a record, its line end not counted.
        package let recordBytesMax: Int
        /// The most records of a file.
        package let recordsMax: Int32
        /// How many records at the beginning must all miss the columns for the layout to be the wrong one.
        package let probeRecords: Int32

        package init(
            recordBytesMax: Int = 64 * 1_024,
            recordsMax: Int32 = 10_000_000,
            probeRecords: Int32 = 100
        ) {
            self.recordBytesMax = recordBytesMax
            self.recordsMax = recordsMax
            self.probeRecords = probeRecords
        }
    }

    package static let lineFeed: UInt8 = 0x0A

    package let name: String
    package let charset: Charset
    package let separator: UInt8
    /// What ends a record: a line feed, or a mark where many records stand in one line.
    package let recordSeparator: UInt8
    package let quote: UInt8?
    /// The first line, before that of the titles, where it tells what the records add up to; its places are fields,
    /// counted from 1.
    package let headerRecord: HeaderRecord<Int>?
    package let header: Header
    package let trailer: Trailer?
    package let commentPrefix: String?
    package let amountUnit: AmountUnit
    package let defaultCurrency: Currency?
    package let columns: [LayoutColumn]
    package let limits: Limits

    /// The titles of the columns that a result file adds to those of the request.
    package static let resultTitles = ["line_no", "result", "code", "reason", "finished_date"]

    package init(
        name: String,
        charset: Charset,
        separator: UInt8,
        recordSeparator: UInt8 = lineFeed,
        quote: UInt8?,
        headerRecord: HeaderRecord<Int>? = nil,
        header: Header,
        trailer: Trailer? = nil,
        commentPrefix: String? = nil,
        amountUnit: AmountUnit,
        defaultCurrency: Currency?,
        columns: [LayoutColumn],
        limits: Limits = Limits()
    ) throws(LayoutDefect) {
        self.name = name
        self.charset = charset
        self.separator = separator
        self.recordSeparator = recordSeparator
        self.quote = quote
        self.headerRecord = headerRecord
        self.header = header
        self.trailer = trailer
        self.commentPrefix = commentPrefix
        self.amountUnit = amountUnit
        self.defaultCurrency = defaultCurrency
        self.columns = columns
        self.limits = limits
        try checkMarks()
        try checkLimits()
        try checkColumns()
        if let headerRecord {
            try checkTotals("header_record", headerRecord.mark, headerRecord.count, headerRecord.sum)
        }
        if let trailer { try checkTotals("trailer", trailer.mark, trailer.countPosition, trailer.sumPosition) }
    }

    /// The layout in which the results of another format's records are told: commas, quotes and a header.
    package init(of form: RecordForm, limits: Limits = Limits()) throws(LayoutDefect) {
        try self.init(
            name: form.layout,
            charset: form.charset,
            separator: UInt8(ascii: ","),
            quote: UInt8(ascii: "\""),
            header: .columnTitles,
            amountUnit: form.amountUnit,
            defaultCurrency: form.defaultCurrency,
            columns: form.columns,
            limits: limits
        )
    }

    /// What its records hold.
    package var form: RecordForm {
        RecordForm(
            layout: name,
            columns: columns,
            charset: charset,
            amountUnit: amountUnit,
            defaultCurrency: defaultCurrency
        )
    }

    /// Whether a line is a record, not a part of one or many.
    var hasLines: Bool { recordSeparator == Self.lineFeed }

    /// The index of the column that holds `field`.
    package func index(of field: RecordField) -> Int? { columns.firstIndex { $0.field == field } }

    /// The layout of this layout's result files: the same columns, then those of `resultTitles`.
    package var forResults: DelimitedLayout { DelimitedLayout(resultsOf: self) }

    private init(resultsOf request: DelimitedLayout) {
        self.name = request.name
        self.charset = request.charset
        self.separator = request.separator
        self.recordSeparator = request.recordSeparator
        self.quote = request.quote
        // What the lines of a result file add up to is known only at its end.
        self.headerRecord = nil
        self.header = request.header
        self.trailer = request.trailer
        self.commentPrefix = request.commentPrefix
        self.amountUnit = request.amountUnit
        self.defaultCurrency = request.defaultCurrency
        // What a request left empty or wrote too long is a finding about the request, not about the result file.
        self.columns =
            request.columns.map {
                LayoutColumn(title: $0.title, field: $0.field, lengthMax: request.limits.recordBytesMax)
            }
            + Self.resultTitles.map { LayoutColumn(title: $0) }
        self.limits = Limits(
            // Quoting doubles a value at most; the rest is room for the added columns.
            recordBytesMax: request.limits.recordBytesMax * 2 + 16 * 1_024,
            recordsMax: .max,
            probeRecords: request.limits.probeRecords
        )
    }
}
