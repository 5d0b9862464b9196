import BatchFiles
import PaymentCore
import StrictYAML

extension LayoutFile {
    static func fixedWidth(_ root: YAMLMapping) throws(YAMLError) -> FixedWidthLayout {
        let name = try ConfigurationFolder.name("name", of: root)
        let charset = try charset(root)
        let recordBytes = try root.int("record_bytes", in: 1...16_777_216)
        let hasLineEnds = try root.bool("line_ends", default: true)
        let headerRecord = try root.optionalMapping("header_record").map { mapping throws(YAMLError) in
            HeaderRecord(
                mark: try mapping.optionalString("mark"),
                count: try optionalPlace("count", of: mapping),
                sum: try optionalPlace("sum", of: mapping)
            )
        }
        let headerLines = try root.optionalInt("header_lines", in: 0...1_000) ?? 0
        let trailer = try root.optionalMapping("trailer").map { mapping throws(YAMLError) in
            FixedWidthLayout.Trailer(
                mark: try mapping.string("mark"),
                count: try optionalPlace("count", of: mapping),
                sum: try optionalPlace("sum", of: mapping)
            )
        }
        let unit = try root.enumeration("amount_unit", as: AmountUnit.self)
        let currency = try defaultCurrency(root)
        let columns = try root.mappings("columns").map { mapping throws(YAMLError) in
            FixedWidthLayout.Column(try column(mapping), at: try place(mapping))
        }
        let limits = try limits(try root.optionalMapping("limits"))
        try root.finish()
        do throws(LayoutDefect) {
            return try FixedWidthLayout(
                name: name,
                charset: charset,
                recordBytes: recordBytes,
                hasLineEnds: hasLineEnds,
                headerRecord: headerRecord,
                headerLines: headerLines,
                trailer: trailer,
                amountUnit: unit,
                defaultCurrency: currency,
                columns: columns,
                limits: limits
            )
        } catch {
            throw root.error(at: error.key, what: error.what, mend: error.mend)
        }
    }

    private static func optionalPlace(
        _ key: String,
        of mapping: YAMLMapping
    ) throws(YAMLError) -> FixedWidthLayout.Place? {
        try mapping.optionalMapping(key).map { mapping throws(YAMLError) in try place(mapping) }
    }

    private static func place(_ mapping: YAMLMapping) throws(YAMLError) -> FixedWidthLayout.Place {
        FixedWidthLayout.Place(
            start: try mapping.int("start", in: 1...16_777_216),
            width: try mapping.int("width", in: 1...16_777_216)
        )
    }
}
