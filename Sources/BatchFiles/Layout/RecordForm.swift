package import PaymentCore
package import Transcoding

/// What the records of a layout hold, whatever their bytes look like: columns, and how values are written.
package struct RecordForm: Sendable {
    /// The name of the layout.
    package let layout: String
    package let columns: [LayoutColumn]
    /// The charset of the values; UTF-8 where a reader decodes them.
    package let charset: Charset
    package let amountUnit: AmountUnit
    /// Whether amounts have no sign; with one they are no amounts.
    package let isAmountUnsigned: Bool
    /// The currency of records that name none.
    package let defaultCurrency: Currency?

    package init(
        layout: String,
        columns: [LayoutColumn],
        charset: Charset,
        amountUnit: AmountUnit,
        isAmountUnsigned: Bool = false,
        defaultCurrency: Currency?
    ) {
        self.layout = layout
        self.columns = columns
        self.charset = charset
        self.amountUnit = amountUnit
        self.isAmountUnsigned = isAmountUnsigned
        self.defaultCurrency = defaultCurrency
    }

    /// The index of the column that holds `field`.
    package func index(of field: RecordField) -> Int? { columns.firstIndex { $0.field == field } }

    /// The fields that records of the layout have a column for, in the order of the columns.
    package var fields: [RecordField] { columns.compactMap(\.field) }

    /// The same columns with values in UTF-8, as texts that were read out of a file are.
    var ofTexts: RecordForm {
        RecordForm(
            layout: layout,
            columns: columns,
            charset: .utf8,
            amountUnit: amountUnit,
            isAmountUnsigned: isAmountUnsigned,
            defaultCurrency: defaultCurrency
        )
    }
}
