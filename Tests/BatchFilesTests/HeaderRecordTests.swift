import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing
import Transcoding

/// A first line that tells what the records add up to.
@Suite struct HeaderRecordTests {
    private static let columns: [LayoutColumn] = [
        .init(title: "serial", field: .merchantOrderNumber), .init(title: "account", field: .accountNumber),
        .init(title: "name", field: .accountName), .init(title: "amount", field: .amount),
    ]

    private static func layout(
        _ headerRecord: HeaderRecord<Int>,
        header: DelimitedLayout.Header = .none,
        trailer: DelimitedLayout.Trailer? = nil
    ) throws -> DelimitedLayout {
        try DelimitedLayout(
            name: "sample",
            charset: .utf8,
            separator: UInt8(ascii: "|"),
            quote: nil,
            headerRecord: headerRecord,
            header: header,
            trailer: trailer,
            amountUnit: .minor,
            defaultCurrency: .cny,
            columns: columns
        )
    }

    private static let marked = HeaderRecord(mark: "H", count: 2, sum: 3)

    private static func verdict(_ text: String, _ format: FileFormat) throws -> (FileVerdict, [DeclaredTotals]) {
        var verification = FileVerification(
            format: DeclaredFormat(format),
            rules: try RecordRules(),
            tolerance: FileTolerance()
        )
        try verification.read(Array(text.utf8)[...], isLast: true)
        return (verification.verdict(submitted: nil), verification.declared)
    }

    private static func code(_ text: String, _ format: FileFormat) throws -> FileDefect.Code? {
        if case .refuse(let defect) = try verdict(text, format).0 { return defect.code }
        return nil
    }

    @Test(arguments: [
        ("H|2|30\n1|622202|A|10\n2|622202|B|20\n", nil),
        ("H|2|30|more|and more|still\r\n1|622202|A|10\n2|622202|B|20", nil),
        ("\nH|2|30\n1|622202|A|10\n2|622202|B|20\n", nil),
        ("H|3|30\n1|622202|A|10\n2|622202|B|20\n", FileDefect.Code.controlCountMismatch),
        ("H|2|31\n1|622202|A|10\n2|622202|B|20\n", .controlSumMismatch),
        ("H|two|30\n1|622202|A|10\n2|622202|B|20\n", .headerMalformed),
        ("H|2\n1|622202|A|10\n2|622202|B|20\n", .headerMalformed),
        ("H|-2|30\n1|622202|A|10\n", .headerMalformed), ("1|622202|A|10\n2|622202|B|20\n", .headerMismatch),
        ("H2|2|30\n1|622202|A|10\n", .headerMismatch), ("H|0|0\n", .noRecords),
    ])
    func `count and sum of the header are those of the records`(text: String, code: FileDefect.Code?) throws {
        #expect(try Self.code(text, .delimited(Self.layout(Self.marked))) == code)
    }

    @Test func `header and trailer stand with their places, and titles between header and records`() throws {
        let trailer = DelimitedLayout.Trailer(mark: "T", countPosition: 2, sumPosition: 3)
        let layout = try Self.layout(Self.marked, header: .columnTitles, trailer: trailer)
        let text = "H|1|10\nserial|account|name|amount\n1|622202|A|10\nT|1|10\n"
        let (verdict, declared) = try Self.verdict(text, .delimited(layout))
        #expect(verdict == .load)
        #expect(
            declared.map(\.origin) == [
                .header(line: 1, byteOffset: 0), .trailer(line: 4, byteOffset: Int64(text.utf8.count - 7)),
            ]
        )
        #expect(declared.allSatisfy { $0.count == 1 && $0.sums == [.cny: 10] })
        let split = text.replacing("T|1|10", with: "T|1|11")
        #expect(try Self.code(split, .delimited(layout)) == .trailerMismatch, "one of them is not that of the records")
        #expect(layout.forResults.headerRecord == nil)
    }

    @Test func `a reader that goes on in the middle expects no header`() throws {
        let layout = try Self.layout(Self.marked)
        let text = "H|2|30\n1|622202|A|10\n2|622202|B|20\n"
        let whole = SeenFile(text, layout)
        let rest = SeenFile(Array(text.utf8), layout, startingAt: whole.records[0].next)
        #expect(whole.records.count == 2 && rest.records == [whole.records[1]] && rest.defect == nil)
        for cut in 1..<text.utf8.count { #expect(SeenFile(Array(text.utf8), layout, cuts: [cut]) == whole) }
    }

    @Test(
        .enabled(if: SharedFiles.exist("formats/cn-batch/unionpay-acp"), "needs the samples of gateways")
    )
    func `a sample of UnionPay is read with the totals of its first line`() throws {
        let text = try SharedFiles.text("formats/cn-batch/unionpay-acp/fileContent.plain.INVENTED-FIELDS.txt")
        // Batch number, day, merchant, count, sum: the first line is known by its place.
        let layout = try Self.layout(HeaderRecord(mark: nil, count: 4, sum: 5))
        let (verdict, declared) = try Self.verdict(text, .delimited(layout))
        #expect(verdict == .load)
        #expect(declared.map(\.count) == [3] && declared.map(\.sums) == [[.cny: 123_557]])
        let wrong = text.replacing("|123456", with: "|123455")
        #expect(try Self.code(wrong, .delimited(layout)) == .controlSumMismatch)
    }

    @Test(arguments: [
        HeaderRecord(mark: "", count: 2, sum: nil), HeaderRecord(mark: "H|", count: 2, sum: nil),
        HeaderRecord(mark: "H", count: 1, sum: nil), HeaderRecord(mark: "H", count: 2, sum: 2),
        HeaderRecord(mark: nil, count: 0, sum: nil), HeaderRecord(mark: nil, count: 99, sum: nil),
    ])
    func `a header has a mark or none, and positions of their own`(record: HeaderRecord<Int>) {
        let defect = #expect(throws: LayoutDefect.self) { try Self.layout(record) }
        #expect(defect?.key == "header_record")
    }

    // MARK: Fixed width

    @Test(arguments: [
        ("H   2      14\n", nil), ("H   3      14\n", FileDefect.Code.controlCountMismatch),
        ("H   2      15\n", .controlSumMismatch), ("X   2      14\n", .headerMismatch), ("H   2\n", .headerMalformed),
        ("H   x      14\n", .headerMalformed),
    ])
    func `a file of fixed width has such a line too, before those passed over`(
        header: String,
        code: FileDefect.Code?
    ) throws {
        typealias Place = FixedWidthLayout.Place
        let layout = try FixedWidthLayout(
            name: "sample",
            charset: .utf8,
            recordBytes: FixedWidthReaderTests.width,
            headerRecord: HeaderRecord(mark: "H", count: Place(start: 2, width: 4), sum: Place(start: 6, width: 8)),
            headerLines: 1,
            amountUnit: .minor,
            defaultCurrency: .cny,
            columns: FixedWidthReaderTests.columns
        )
        let text = "\(header)titles\n\(FixedWidthReaderTests.one)\n\(FixedWidthReaderTests.two)\n"
        #expect(try Self.code(text, .fixedWidth(layout)) == code)
    }
}
