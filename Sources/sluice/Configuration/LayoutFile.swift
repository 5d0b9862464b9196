import BatchFiles
import PaymentCore
import StrictYAML
import Transcoding

/// Reads `Config/layouts/NAME.yaml`; its keys stand in Docs/formats.
enum LayoutFile {
    /// What `format` may say.
    private enum Kind: String, CaseIterable, Sendable {
        case delimited
        case fixedWidth = "fixed_width"
        case iso20022
        case nacha
    }

    /// Reads a file; `schemas` is asked for those of ISO 20022 if the layout needs them.
    static func load(_ path: String, schemas: () throws -> ISO20022Schemas) throws -> DeclaredFormat {
        let root = try YAMLMapping.load(file: path)
        let wrapping = try wrapping(root)
        return DeclaredFormat(try format(root, schemas: schemas), wrapping: wrapping)
    }

    private static func format(_ root: YAMLMapping, schemas: () throws -> ISO20022Schemas) throws -> FileFormat {
        let kind = try root.optionalNode("format") == nil ? .delimited : root.enumeration("format", as: Kind.self)
        return switch kind {
        case .delimited: .delimited(try delimited(root))
        case .fixedWidth: .fixedWidth(try fixedWidth(root))
        case .iso20022: .iso20022(try iso20022(root, schemas: try schemas()))
        case .nacha: .nacha(try nacha(root))
        }
    }

    private static func delimited(_ root: YAMLMapping) throws(YAMLError) -> DelimitedLayout {
        let name = try ConfigurationFolder.name("name", of: root)
        let charset = try charset(root)
        let separator = try byte(root.node("separator"))
        let recordSeparator = try root.optionalNode("record_separator").map { node throws(YAMLError) in try byte(node) }
        let quote = try root.optionalNode("quote").map { node throws(YAMLError) in try byte(node) }
        let columns = try root.mappings("columns").map { mapping throws(YAMLError) in try column(mapping) }
        let headerRecord = try root.optionalMapping("header_record").map { mapping throws(YAMLError) in
            HeaderRecord(
                mark: try mapping.optionalString("mark"),
                count: try mapping.optionalInt("count_position", in: 1...10_000),
                sum: try mapping.optionalInt("sum_position", in: 1...10_000)
            )
        }
        let header = try root.enumeration("header", as: DelimitedLayout.Header.self)
        let trailer = try root.optionalMapping("trailer").map { mapping throws(YAMLError) in try self.trailer(mapping) }
        let comment = try root.optionalString("comment_prefix")
        let unit = try root.enumeration("amount_unit", as: AmountUnit.self)
        let currency = try defaultCurrency(root)
        let limits = try self.limits(try root.optionalMapping("limits"))
        try root.finish()
        do throws(LayoutDefect) {
            return try DelimitedLayout(
                name: name,
                charset: charset,
                separator: separator,
                recordSeparator: recordSeparator ?? DelimitedLayout.lineFeed,
                quote: quote,
                headerRecord: headerRecord,
                header: header,
                trailer: trailer,
                commentPrefix: comment,
                amountUnit: unit,
                defaultCurrency: currency,
                columns: columns,
                limits: limits
            )
        } catch {
            throw root.error(at: error.key, what: error.what, mend: error.mend)
        }
    }

    static func charset(_ root: YAMLMapping) throws(YAMLError) -> Charset {
        let charset = try root.enumeration("charset", as: Charset.self)
        guard charset.isAvailable else {
            throw root.error(
                at: "charset",
                what: "this machine has no converter for \(charset.rawValue)",
                mend: "install the gconv modules of the C library"
            )
        }
        return charset
    }

    static func defaultCurrency(_ root: YAMLMapping) throws(YAMLError) -> Currency? {
        try root.optionalNode("default_currency").map { node throws(YAMLError) in try currency(node) }
    }

    /// An ISO 4217 code that has minor units.
    static func currency(_ node: YAMLNode) throws(YAMLError) -> Currency {
        guard let currency = Currency(code: try node.string()) else {
            throw node.error(what: "not a currency of ISO 4217", mend: "write three capital letters, as in CNY")
        }
        return currency
    }

    private static func byte(_ node: YAMLNode) throws(YAMLError) -> UInt8 {
        let text = try node.string()
        guard text.utf8.count == 1, let byte = text.utf8.first else {
            throw node.error(what: "not one character of ASCII", mend: "write one, as in \",\"")
        }
        return byte
    }

    static func column(_ mapping: YAMLMapping) throws(YAMLError) -> LayoutColumn {
        LayoutColumn(
            title: try mapping.string("title"),
            field: try mapping.optionalEnumeration("field", as: RecordField.self),
            isRequired: try mapping.bool("required", default: false),
            lengthMax: try mapping.optionalInt("length_max", in: 1...16_777_216)
        )
    }

    private static func trailer(_ mapping: YAMLMapping) throws(YAMLError) -> DelimitedLayout.Trailer {
        DelimitedLayout.Trailer(
            mark: try mapping.string("mark"),
            countPosition: try mapping.optionalInt("count_position", in: 2...10_000),
            sumPosition: try mapping.optionalInt("sum_position", in: 2...10_000)
        )
    }

    static func limits(_ mapping: YAMLMapping?) throws(YAMLError) -> DelimitedLayout.Limits {
        let standard = DelimitedLayout.Limits()
        guard let mapping else { return standard }
        return DelimitedLayout.Limits(
            recordBytesMax: try mapping.optionalInt("record_bytes_max", in: 256...16_777_216)
                ?? standard.recordBytesMax,
            recordsMax: try mapping.optionalInt("records_max", in: 1...Int(Int32.max)).map(Int32.init)
                ?? standard.recordsMax,
            probeRecords: try mapping.optionalInt("probe_records", in: 1...Int(Int32.max)).map(Int32.init)
                ?? standard.probeRecords
        )
    }
}
