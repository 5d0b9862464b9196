package import PaymentCore
package import Transcoding

/// How a merchant writes its files of fixed width: each field at its own bytes of a record.
///
/// A value of this type has passed its checks, so readers rely on it. Places and widths count bytes, as the systems do
/// that write such files; a column that cuts a character makes its value undecodable.
package struct FixedWidthLayout: Sendable {
    /// Bytes of a record, counted from 1.
    package struct Place: Sendable, Hashable {
        package let start: Int
        package let width: Int

        package init(start: Int, width: Int) {
            self.start = start
            self.width = width
        }

        /// The last byte.
        package var end: Int { start + width - 1 }
        /// The same, counted from 0.
        var range: Range<Int> { start - 1..<end }
    }

    /// One column and where it stands.
    package struct Column: Sendable, Hashable {
        package let column: LayoutColumn
        package let place: Place

        package init(_ column: LayoutColumn, at place: Place) {
            self.column = column
            self.place = place
        }
    }

    /// The line after the records; it begins with `mark`.
    package struct Trailer: Sendable, Hashable {
        package let mark: String
        /// Where the number of records stands.
        package let count: Place?
        /// Where the sum of the amounts stands, in the layout's unit.
        package let sum: Place?

        package init(mark: String, count: Place?, sum: Place?) {
            self.mark = mark
            self.count = count
            self.sum = sum
        }
    }

    package let name: String
    package let charset: Charset
    /// The bytes of a record, its line end not counted.
    package let recordBytes: Int
    /// Whether records end with LF or CR LF; without, they stand back to back.
    package let hasLineEnds: Bool
    /// The first line, where it tells what the records add up to.
    package let headerRecord: HeaderRecord<Place>?
    /// Lines before the records that are passed over.
    package let headerLines: Int
    package let trailer: Trailer?
    package let amountUnit: AmountUnit
    package let defaultCurrency: Currency?
    package let columns: [Column]
    package let limits: DelimitedLayout.Limits
    /// The layout of result files: the same columns, delimited.
    package let resultLayout: DelimitedLayout

    package init(
        name: String,
        charset: Charset,
        recordBytes: Int,
        hasLineEnds: Bool = true,
        headerRecord: HeaderRecord<Place>? = nil,
        headerLines: Int = 0,
        trailer: Trailer? = nil,
        amountUnit: AmountUnit,
        defaultCurrency: Currency?,
        columns: [Column],
        limits: DelimitedLayout.Limits = DelimitedLayout.Limits()
    ) throws(LayoutDefect) {
        self.name = name
        self.charset = charset
        self.recordBytes = recordBytes
        self.hasLineEnds = hasLineEnds
        self.headerRecord = headerRecord
        self.headerLines = headerLines
        self.trailer = trailer
        self.amountUnit = amountUnit
        self.defaultCurrency = defaultCurrency
        self.columns = columns
        self.limits = limits
        // With the checks that hold for any layout with these columns: titles, fields, lengths, the currency.
        self.resultLayout = try DelimitedLayout(
            of: RecordForm(
                layout: name,
                columns: columns.map(\.column),
                charset: charset,
                amountUnit: amountUnit,
                defaultCurrency: defaultCurrency
            ),
            limits: limits
        )
        try checkPlaces()
        if let headerRecord {
            try checkTotals("header_record", headerRecord.mark, headerRecord.count, headerRecord.sum)
        }
        if let trailer { try checkTotals("trailer", trailer.mark, trailer.count, trailer.sum) }
    }

    /// All lines before the records.
    var linesBeforeRecords: Int { headerLines + (headerRecord == nil ? 0 : 1) }

    /// What its records hold.
    package var form: RecordForm { resultLayout.form }

    private func checkPlaces() throws(LayoutDefect) {
        guard (1...limits.recordBytesMax).contains(recordBytes) else {
            throw LayoutDefect(
                key: "record_bytes",
                what: "it is not between 1 and the limit of \(limits.recordBytesMax)",
                mend: "give the bytes of one record, its line end not counted"
            )
        }
        var end = 0
        for column in columns.sorted(by: { $0.place.start < $1.place.start }) {
            guard column.place.start > end, column.place.width >= 1, column.place.end <= recordBytes else {
                throw LayoutDefect(
                    key: "columns",
                    what: "‘\(column.column.title)’ lies outside of the record, or over another column",
                    mend: "give start (from 1) and width in bytes"
                )
            }
            end = column.place.end
        }
    }

    private func checkTotals(_ key: String, _ mark: String?, _ count: Place?, _ sum: Place?) throws(LayoutDefect) {
        let places = [count, sum].compactMap(\.self)
        let first = (mark?.utf8.count ?? 0) + 1
        guard mark.map({ !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } }) ?? true,
            places.allSatisfy({ $0.start >= first && $0.width >= 1 && $0.end <= recordBytes })
        else {
            throw LayoutDefect(
                key: key,
                what: "its mark is empty or not printable ASCII, or a place lies on the mark or outside of the record",
                mend: "give start (from 1) and width in bytes"
            )
        }
        guard sum == nil || (form.index(of: .currency) == nil && defaultCurrency != nil) else {
            throw LayoutDefect(
                key: key,
                what: "one sum cannot cover a file whose records name their currencies",
                mend: "leave sum out, or the currency column"
            )
        }
    }
}
