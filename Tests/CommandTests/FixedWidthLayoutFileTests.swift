import BatchFiles
import Foundation
import PaymentCore
import Testing
import Transcoding
import sluice

/// `Config/layouts/NAME.yaml` with `format: fixed_width`.
@Suite struct FixedWidthLayoutFileTests {
    private static let project = "\(ConfigurationFilesTests.project)/Config/layouts"
    private static let name = "withhold-fixed-gbk"

    private static func load(_ text: String) throws -> FileFormat {
        let fixture = try ConfigurationFixture()
        try fixture.write(text, to: "layouts/\(name).yaml")
        return try #require(try Catalogue.formats(try fixture.load())[name]).format
    }

    private static func text() throws -> String {
        try String(contentsOfFile: "\(project)/\(name).yaml", encoding: .utf8)
    }

    @Test func `a layout of fixed width says what its file says`() throws {
        guard case .fixedWidth(let layout) = try Self.load(try Self.text()) else {
            Issue.record("the layout is of fixed width")
            return
        }
        #expect(layout.charset == .gbk)
        #expect(layout.recordBytes == 113 && layout.hasLineEnds && layout.headerLines == 1)
        #expect(layout.trailer?.mark == "TRAILER")
        #expect(layout.trailer?.count == FixedWidthLayout.Place(start: 8, width: 8))
        #expect(layout.trailer?.sum == FixedWidthLayout.Place(start: 16, width: 16))
        #expect(layout.columns.map(\.place.start) == [1, 21, 40, 70, 82, 94])
        #expect(layout.columns.map(\.column.isRequired) == [true, true, true, true, true, false])
        #expect(layout.form.amountUnit == .minor && layout.form.defaultCurrency == .cny)
        #expect(layout.resultLayout.separator == UInt8(ascii: ",") && layout.resultLayout.charset == .gbk)
    }

    /// What is wrong, the text whose line is named (that of the key), and a word of the message.
    struct Slip: Sendable, CustomTestStringConvertible {
        let right: String
        let wrong: String
        /// A text that stands on the line that the error names, where it is not `wrong`'s own.
        var place: String?
        let word: String

        var testDescription: String { wrong }
    }

    static let slips = [
        Slip(right: "record_bytes: 113", wrong: "record_bytes: 0", word: "out of range"),
        Slip(right: "record_bytes: 113", wrong: "record_bytes: 110", place: "columns:", word: "outside of the record"),
        Slip(right: "record_bytes: 113", wrong: "record_bytes: 70000", word: "limit of 65536"),
        Slip(right: "record_bytes: 113", wrong: "record_byte: 113", word: "record_bytes"),
        Slip(right: "format: fixed_width", wrong: "format: fixed-width", word: "fixed_width"),
        Slip(right: "charset: GBK", wrong: "charset: GB2312", word: "GB18030"),
        Slip(right: "header_lines: 1", wrong: "header_lines: -1", word: "out of range"),
        Slip(right: "header_lines: 1", wrong: "header: none", word: "header"),
        Slip(right: "header_lines: 1", wrong: "line_ends: maybe", word: "line_ends"),
        Slip(right: "mark: TRAILER", wrong: "mark: \"\"", place: "trailer:", word: "mark is empty"),
        Slip(right: "mark: TRAILER", wrong: "mark: 合计", place: "trailer:", word: "printable ASCII"),
        Slip(right: "count: {start: 8,", wrong: "count: {start: 7,", place: "trailer:", word: "lies on the mark"),
        Slip(right: "width: 16}", wrong: "width: 99}", place: "trailer:", word: "outside of the record"),
        Slip(right: "{start: 16, width: 16}", wrong: "{start: 16}", word: "width"),
        Slip(right: "{start: 16, width: 16}", wrong: "{start: 16, size: 16}", word: "width"),
        Slip(right: "start: 21", wrong: "start: 20", place: "columns:", word: "over another column"),
        Slip(right: "start: 21", wrong: "start: 0", word: "out of range"),
        Slip(right: "field: account_number", wrong: "field: account", word: "account_number"),
        Slip(right: "title: card_no", wrong: "title: order_no", place: "columns:", word: "stands twice"),
        Slip(right: "field: bank_code", wrong: "field: purpose", place: "columns:", word: "stands twice"),
        Slip(right: "field: bank_code", wrong: "field: currency", place: "trailer:", word: "one sum cannot cover"),
        Slip(right: "default_currency: CNY", wrong: "default_currency: RMB", word: "ISO 4217"),
        Slip(right: "default_currency: CNY\n", wrong: "", place: "format:", word: "default_currency"),
        Slip(right: "name: withhold-fixed-gbk", wrong: "name: other", word: "name of the file"),
    ]

    @Test(arguments: slips)
    func `a mistake is told with file, line and mend`(slip: Slip) throws {
        let text = try Self.text()
        try #require(text.contains(slip.right))
        let spoilt = text.replacingOccurrences(of: slip.right, with: slip.wrong)
        let error = #expect(throws: (any Error).self) { try Self.load(spoilt) }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        let words = report?.words ?? ""
        let lines = spoilt.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains(slip.place ?? slip.wrong) && !$0.hasPrefix("#") }) + 1
        #expect(words.contains("\(Self.name).yaml:\(line):"), "\(words)")
        #expect(words.contains(slip.word), "\(words)")
    }
}
