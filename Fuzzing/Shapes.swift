import BatchFiles
import Compression
import Foundation
import PaymentCore
import Transcoding

/// The shapes in which readers are fuzzed: each way of writing a file that takes another path, with small limits.
enum Shapes {
    private static let limits = DelimitedLayout.Limits(recordBytesMax: 256, recordsMax: 60, probeRecords: 6)
    private static let yuan = currency("CNY")

    static let rules = made { try RecordRules() }

    /// Rules under which texts are measured, days are compared, and repeated payments are set aside.
    private static let strict = made {
        try RecordRules(
            accountForm: .lettersAndDigits,
            bankCodeForm: .shortName,
            currencies: [yuan, currency("EUR"), currency("JPY")],
            amountMinorMax: [yuan: 10_000],
            severities: [.samePayment: .quarantine, .accountCheckDigit: .off, .undecodableBytes: .refuseFile]
        )
    }

    private static let context = RecordContext(
        businessDate: BusinessDate(year: 2026, month: 11, day: 20),
        channels: [
            ChannelReach(
                currencies: [yuan],
                amountMinorMax: 100_000,
                text: TextProfile(repertoire: .gbk, lengthUnit: .gbkBytes, lengthMax: [.accountName: 8])
            ),
            ChannelReach(
                currencies: [yuan, currency("EUR")],
                amountMinorMax: 1_000_000,
                text: TextProfile(repertoire: .sepa, lengthUnit: .utf8Bytes, lengthMax: [.purpose: 10])
            ),
        ]
    )

    // MARK: Delimited

    private static let columns: [LayoutColumn] = [
        LayoutColumn(title: "no", field: .merchantOrderNumber),
        LayoutColumn(title: "account", field: .accountNumber),
        LayoutColumn(title: "name", field: .accountName, isRequired: true, lengthMax: 20),
        LayoutColumn(title: "amount", field: .amount),
    ]

    private static let wideColumns =
        columns + [
            LayoutColumn(title: "bank", field: .bankCode),
            LayoutColumn(title: "ccy", field: .currency),
            LayoutColumn(title: "remark", field: .purpose, lengthMax: 20),
            LayoutColumn(title: "id", field: .idNumber),
            LayoutColumn(title: "day", field: .executionDate),
            LayoutColumn(title: "other", lengthMax: 100),
        ]

    private static func delimited(
        _ charset: Charset,
        _ separator: Unicode.Scalar,
        quote: Unicode.Scalar?,
        header: DelimitedLayout.Header = .none,
        trailer: DelimitedLayout.Trailer? = nil,
        comment: String? = nil,
        unit: AmountUnit = .major,
        columns: [LayoutColumn] = columns
    ) -> FileFormat {
        .delimited(
            made {
                try DelimitedLayout(
                    name: "fuzzed",
                    charset: charset,
                    separator: UInt8(ascii: separator),
                    quote: quote.map { UInt8(ascii: $0) },
                    header: header,
                    trailer: trailer,
                    commentPrefix: comment,
                    amountUnit: unit,
                    defaultCurrency: columns.contains { $0.field == .currency } ? nil : yuan,
                    columns: columns,
                    limits: limits
                )
            }
        )
    }

    private static let trailer = DelimitedLayout.Trailer(mark: "T", countPosition: 2, sumPosition: 3)

    static let delimited: [FuzzedReader.Shape] = [
        .init(format: delimited(.utf8, ",", quote: "\"")),
        .init(
            format: delimited(
                .utf8,
                ",",
                quote: "\"",
                header: .columnTitles,
                trailer: trailer,
                comment: "##",
                unit: .minor
            )
        ),
        .init(format: delimited(.gbk, "|", quote: nil, unit: .minor), rules: strict, context: context),
        .init(format: delimited(.gb18030, "|", quote: "`", trailer: trailer)),
        .init(format: delimited(.latin1, "\t", quote: "'", comment: "#"), rules: strict, context: context),
        .init(format: delimited(.utf8, ";", quote: "\"", columns: wideColumns), rules: strict, context: context),
        .init(format: delimited(.gb18030, "^", quote: nil, header: .columnTitles, columns: wideColumns)),
    ]

    // MARK: Fixed width

    private static func fixedWidth(
        _ charset: Charset,
        hasLineEnds: Bool = true,
        headerLines: Int = 0,
        trailer: FixedWidthLayout.Trailer? = nil
    ) -> FixedWidthLayout {
        made {
            try FixedWidthLayout(
                name: "fuzzed",
                charset: charset,
                recordBytes: 24,
                hasLineEnds: hasLineEnds,
                headerLines: headerLines,
                trailer: trailer,
                amountUnit: .minor,
                defaultCurrency: yuan,
                columns: zip(columns, [(1, 6), (7, 6), (13, 6), (19, 4)]).map {
                    .init($0, at: .init(start: $1.0, width: $1.1))
                },
                limits: limits
            )
        }
    }

    private static let fixedTrailer = FixedWidthLayout.Trailer(
        mark: "T",
        count: .init(start: 2, width: 4),
        sum: .init(start: 6, width: 8)
    )

    /// Kept beside the shapes: inside of a `FileFormat` their addresses carry its case, so that the search for leaks
    /// does not know them.
    private static let fixedLayouts = [
        fixedWidth(.utf8),
        fixedWidth(.utf8, headerLines: 1, trailer: fixedTrailer),
        fixedWidth(.gb18030, hasLineEnds: false, trailer: fixedTrailer),
        fixedWidth(.gbk, hasLineEnds: false),
        fixedWidth(.latin1),
    ]

    static let fixedWidth: [FuzzedReader.Shape] =
        fixedLayouts.prefix(3).map { .init(format: .fixedWidth($0)) }
        + fixedLayouts.dropFirst(3).map { .init(format: .fixedWidth($0), rules: strict, context: context) }

    // MARK: ISO 20022

    private static let schemas = made {
        let names = ["pain.001.001.03", "pain.001.001.09", "pain.008.001.02", "pain.008.001.08"]
        return try ISO20022Schemas(
            files: try names.map { name in
                let file = URL(filePath: "Config/schemas/iso20022/\(name).xsd")
                return (name: "\(name).xsd", bytes: Array(try Data(contentsOf: file)))
            }
        )
    }

    private static func iso20022(_ direction: Direction, recordBytesMax: Int = 64 * 1_024) -> FileFormat {
        .iso20022(
            made {
                try ISO20022Layout(
                    name: "fuzzed",
                    direction: direction,
                    schemas: schemas,
                    limits: .init(recordBytesMax: recordBytesMax, recordsMax: 60)
                )
            }
        )
    }

    private static let transferRules = made { try RecordRules(accountForm: .iban, bankCodeForm: .bic) }

    static let iso20022: [FuzzedReader.Shape] = [
        .init(format: iso20022(.payout), rules: transferRules),
        .init(format: iso20022(.withhold), rules: transferRules),
        .init(format: iso20022(.payout, recordBytesMax: 1_000), rules: strict, context: context),
        .init(format: iso20022(.withhold, recordBytesMax: 1_000), rules: strict, context: context),
    ]

    // MARK: NACHA

    private static func nacha(_ direction: Direction, _ date: NACHALayout.EffectiveDateRule) -> FileFormat {
        .nacha(
            made {
                try NACHALayout(
                    name: "fuzzed",
                    direction: direction,
                    effectiveDate: date,
                    limits: .init(recordBytesMax: 512, recordsMax: 60)
                )
            }
        )
    }

    private static let routedRules = made { try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .aba) }

    static let nacha: [FuzzedReader.Shape] = [
        .init(format: nacha(.payout, .any), rules: routedRules),
        .init(format: nacha(.withhold, .notBeforeCreation), rules: routedRules),
        .init(format: nacha(.payout, .existing), rules: strict, context: context),
    ]

    // MARK: Wrappings

    static func wrapped(_ kind: Wrapping.Kind) -> [FuzzedReader.Shape] {
        let wrapping = Wrapping(
            kind,
            limits: UnpackLimits(bytesMax: 64 * 1_024, ratioMax: 40, ratioFreeBytes: 8 * 1_024)
        )
        return [delimited[0], delimited[1], fixedWidth[3], nacha[0], iso20022[0]].map {
            .init(format: $0.format, wrapping: wrapping, rules: $0.rules, context: $0.context)
        }
    }

    // MARK: Making

    private static func currency(_ code: String) -> Currency {
        guard let currency = Currency(code: code) else { fatalError("the table of currencies has no \(code)") }
        return currency
    }

    private static func made<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { fatalError("a shape is wrong: \(error)") }
    }
}
