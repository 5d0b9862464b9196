import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// Layouts, files and random values that the suites share.
enum Samples {
    static let columns: [LayoutColumn] = [
        .init(title: "order_no", field: .merchantOrderNumber),
        .init(title: "account", field: .accountNumber),
        .init(title: "name", field: .accountName, isRequired: true),
        .init(title: "bank", field: .bankCode),
        .init(title: "amount", field: .amount),
        .init(title: "remark", field: .purpose, lengthMax: 20),
    ]

    static func layout(
        charset: Charset = .utf8,
        separator: Unicode.Scalar = ",",
        recordSeparator: Unicode.Scalar = "\n",
        quote: Unicode.Scalar? = "\"",
        header: DelimitedLayout.Header = .none,
        trailer: DelimitedLayout.Trailer? = nil,
        commentPrefix: String? = nil,
        amountUnit: AmountUnit = .major,
        defaultCurrency: Currency? = .cny,
        columns: [LayoutColumn] = columns,
        limits: DelimitedLayout.Limits = .init()
    ) throws -> DelimitedLayout {
        try DelimitedLayout(
            name: "sample",
            charset: charset,
            separator: UInt8(ascii: separator),
            recordSeparator: UInt8(ascii: recordSeparator),
            quote: quote.map { UInt8(ascii: $0) },
            header: header,
            trailer: trailer,
            commentPrefix: commentPrefix,
            amountUnit: amountUnit,
            defaultCurrency: defaultCurrency,
            columns: columns,
            limits: limits
        )
    }

    static func encoded(_ text: String, _ charset: Charset) throws -> [UInt8] {
        let encoder = TextEncoder(charset: charset)
        guard let bytes = encoder.encode(text) else { throw Unencodable() }
        return bytes
    }

    struct Unencodable: Error {}

    /// A clean record of `columns`.
    static let line = "A-1,6228480040106028109,张三,102100099996,12.34,wages"
}

extension RecordChecker {
    /// Checks a record as pass 1 does and, if it makes an order, takes it as pass 2 does: both must read the same.
    mutating func checkBothWays(_ record: borrowing RawRecord) -> CheckedRecord {
        let checked = check(record)
        guard case .order = checked else { return checked }
        let judged = (texts, amount)
        take(record)
        let taken = (texts, amount)
        #expect(taken.0 == judged.0 && taken.1 == judged.1, "record \(record.ordinal)")
        return checked
    }

    private var texts: [String?] {
        [values.merchantOrderNumber, values.accountNumber, values.accountName, values.bankCode, values.purpose]
            .map { $0.map(values.text) }
    }
}

/// One record as a test sees it.
struct SeenRecord: Equatable {
    var ordinal: Int32
    var physicalLine: Int64
    var byteRange: Range<Int64>
    var raw: [UInt8]
    var fields: [[UInt8]]
    var fieldCount: Int
    var fault: FormFault?
    var next: ReadPosition

    init(_ record: borrowing RawRecord) {
        ordinal = record.ordinal.value
        physicalLine = record.physicalLine
        byteRange = record.byteRange
        raw = record.copyBytes()
        fields = []
        while let field = record.copyField(at: fields.count) { fields.append(field) }
        fieldCount = record.fieldCount
        fault = record.fault
        next = record.next
    }

    var texts: [String] { fields.map { String(decoding: $0, as: UTF8.self) } }
}

/// What became of a whole file.
struct SeenFile: Equatable {
    var records: [SeenRecord] = []
    var defect: FileDefect?
    var trailer: DeclaredTotals?

    /// Reads `bytes` in parts that end at `cuts`, and at the end of the file.
    init(_ bytes: [UInt8], _ layout: DelimitedLayout, startingAt position: ReadPosition = .start, cuts: [Int] = []) {
        var reader = DelimitedReader(layout: layout, startingAt: position)
        var start = Int(position.byteOffset)
        do {
            for cut in cuts {
                try reader.read(bytes[start..<cut], isLast: false) { records.append(SeenRecord($0)) }
                start = cut
            }
            try reader.read(bytes[start...], isLast: true) { records.append(SeenRecord($0)) }
        } catch let error as FileDefect {
            defect = error
        } catch {
            preconditionFailure("a reader threw something else: \(error)")
        }
        trailer = reader.trailer
    }

    init(_ text: String, _ layout: DelimitedLayout) { self.init(Array(text.utf8), layout) }
}

/// A generator with a seed (SplitMix64), so that a failure can be made again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
