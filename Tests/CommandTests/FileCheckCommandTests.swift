import BatchFiles
import Cryptography
import Foundation
import PaymentCore
import Pipeline
import Testing
import Transcoding
import sluice

/// `sluice file check` as a merchant's developer runs it.
@Suite struct FileCheckCommandTests {
    private static let head = "order_no,card_no,name,cnaps,amount,remark\n"
    private static let merchant = ["--merchant", "MER-PAYOUT"]

    /// A line that passes every check.
    private static func line(_ number: Int, amount: String = "12.34") -> String {
        "P\(number),6228480040106028109,\"Zhang, San\",102100099996,\(amount),wages \(number)\n"
    }

    private static func payout(_ count: Int) -> String { head + (1...count).map { line($0) }.joined() }

    private static func withhold(_ lines: [String]) throws -> [UInt8] {
        try encoded(lines.map { $0 + "\n" }.joined(), .gb18030)
    }

    private static func encoded(_ text: String, _ charset: Charset) throws -> [UInt8] {
        let encoder = TextEncoder(charset: charset)
        let bytes = encoder.encode(text)
        return try #require(bytes)
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        var arguments = merchant
        let status: Int32
        let verdict: String
        var why: String?
        var line: Int?
        var records = 0
        var quarantined = 0
        /// Codes with how often.
        var reasons: [String: Int] = [:]
    }

    static let samples: [Sample] = [
        Sample(testDescription: "a clean file", text: payout(40), status: 0, verdict: "clean", records: 40),
        Sample(
            testDescription: "declared as it is",
            text: payout(40),
            arguments: merchant + ["--declared-count", "40", "--declared-sum", "CNY=49360"],
            status: 0,
            verdict: "clean",
            records: 40
        ),
        Sample(
            testDescription: "a record whose amount is wrong",
            text: payout(40) + line(41, amount: "1,00"),
            status: 3,
            verdict: "quarantine",
            records: 41,
            quarantined: 1,
            reasons: ["wrong_column_count": 1]
        ),
        Sample(
            testDescription: "a number that stands twice",
            text: payout(40) + line(7),
            status: 3,
            verdict: "quarantine",
            records: 41,
            quarantined: 1,
            reasons: ["duplicate_in_file": 1, "same_payment": 1]
        ),
        Sample(
            testDescription: "too many bad records",
            text: payout(10) + line(11, amount: "0"),
            status: 3,
            verdict: "hold",
            why: "too_many_bad_records",
            records: 11,
            quarantined: 1,
            reasons: ["amount_not_positive": 1]
        ),
        Sample(
            testDescription: "a wrong check digit, which only warns by default",
            text: head + line(1).replacingOccurrences(of: "8109", with: "8108"),
            arguments: ["--format", "payout-csv-utf8"],
            status: 0,
            verdict: "clean",
            records: 1,
            reasons: ["account_check_digit": 1]
        ),
        Sample(
            testDescription: "a sum above the merchant's ceiling",
            text: head + (1...20_001).map { line($0, amount: "5000000.00") }.joined(),
            status: 3,
            verdict: "hold",
            why: "ceiling_file",
            records: 20_001
        ),
        Sample(
            testDescription: "another count than declared",
            text: payout(40),
            arguments: merchant + ["--declared-count", "41"],
            status: 1,
            verdict: "refuse",
            why: "totals_mismatch",
            records: 40
        ),
        Sample(
            testDescription: "another sum than declared",
            text: payout(40),
            arguments: merchant + ["--declared-sum", "CNY=49361"],
            status: 1,
            verdict: "refuse",
            why: "totals_mismatch",
            records: 40
        ),
        Sample(
            testDescription: "another header",
            text: "no,card\n" + line(1),
            arguments: ["--format", "payout-csv-utf8"],
            status: 1,
            verdict: "refuse",
            why: "header_mismatch",
            line: 1
        ),
        Sample(
            testDescription: "a header and no record",
            text: head,
            arguments: ["--format", "payout-csv-utf8"],
            status: 1,
            verdict: "refuse",
            why: "no_records",
            line: 2
        ),
        Sample(
            testDescription: "no byte",
            text: "",
            arguments: ["--format", "payout-csv-utf8"],
            status: 1,
            verdict: "refuse",
            why: "empty_file"
        ),
    ]

    @Test(arguments: samples)
    func `a file gets its verdict, its exit code and its counts`(sample: Sample) throws {
        let bytes = Array(sample.text.utf8)
        let run = try CheckRun(bytes, sample.arguments + ["--json"])
        #expect(run.status == sample.status, "\(run.output) \(run.log)")
        let report = try run.report()
        #expect(report.verdict == sample.verdict)
        #expect(report.why?.code == sample.why)
        #expect(report.why?.line == sample.line)
        #expect(report.records == sample.records)
        #expect(report.quarantined == sample.quarantined)
        #expect(report.orders == sample.records - sample.quarantined)
        #expect(report.bad_records.count == sample.quarantined)
        #expect(Dictionary(uniqueKeysWithValues: report.reasons.map { ($0.code, $0.count) }) == sample.reasons)
        #expect(report.format == "payout-csv-utf8")
        #expect(report.format_probed == !sample.arguments.contains("--format"))
        #expect(report.merchant == (sample.arguments.contains("--merchant") ? "MER-PAYOUT" : nil))
        #expect(report.bytes == bytes.count && report.file_name == "batch.txt")
        #expect(report.sha256 == Hexadecimal.encode(SHA256.hash(bytes)))
        #expect(report.numbers_compared)
        // The same in words.
        let words = try CheckRun(bytes, sample.arguments)
        #expect(words.status == sample.status)
        #expect(words.output.hasPrefix("File batch.txt: "))
        #expect(words.output.contains("what to do"))
        for code in sample.reasons.keys { #expect(words.output.contains(code)) }
        if let why = sample.why { #expect(words.output.contains(why)) }
        #expect(words.log.isEmpty, "no progress where nobody looks on")
    }

    @Test func `a bad record is told with its place, every reason, masked values and mends`() throws {
        let bad = "P41,6228480040106028108,,99,1.234,wages\n"
        let text = Self.payout(40) + bad
        let run = try CheckRun(Array(text.utf8), Self.merchant + ["--json"])
        let record = try #require(try run.report().bad_records.first)
        #expect(record.line_no == 41 && record.physical_line == 42)
        #expect(record.byte_from == text.utf8.count - bad.utf8.count && record.byte_to == text.utf8.count)
        #expect(record.merchant_order_number == "P41")
        #expect(
            record.reasons.map { "\($0.code) \($0.field ?? "") \($0.value)" } == [
                "account_check_digit account_number 622848*********8108", "missing_field account_name ",
                "bank_malformed bank_code 99", "amount_too_many_decimals amount 1.234",
            ]
        )
        #expect(record.reasons.allSatisfy { !$0.mend.isEmpty && $0.severity == "quarantine" })
        let words = try CheckRun(Array(text.utf8), Self.merchant).output
        #expect(words.contains("line 42 (bytes \(record.byte_from) up to \(record.byte_to), record 41, order P41)"))
        #expect(words.contains("amount_too_many_decimals in amount ‘1.234’: write no more decimals"))
        #expect(!words.contains("6228480040106028108") && !run.output.contains("6228480040106028108"))
        let few = try CheckRun(Array((text + bad + bad).utf8), Self.merchant + ["--bad-records", "2"])
        #expect(few.output.contains("the first 2 of 3"), "\(few.output)")
    }

    @Test func `each key and each verdict stands in the document`() throws {
        let document = try String(contentsOfFile: "\(ConfigurationFilesTests.project)/Docs/files.md", encoding: .utf8)
        let bytes = try Self.withhold(["W1|none|张三|102100099996|1|", "TRAILER|2|1"])
        let run = try CheckRun(bytes, ["--format", "withhold-bar-gb18030", "--json"])
        let keys = Self.keys(of: try JSONSerialization.jsonObject(with: Data(run.output.utf8)))
        #expect(keys.count >= 40, "\(run.output)")
        for key in keys {
            let forms = ["`\(key)`", "`\(key)[]`", ".\(key)`"]
            #expect(forms.contains { document.contains($0) }, "\(key)")
        }
        for outcome in FileCheck.Outcome.allCases { #expect(document.contains("`\(outcome.rawValue)`")) }
        for scope in AmountCeilings.Scope.allCases { #expect(document.contains("`\(scope.rawValue)`")) }
    }

    private static func keys(of value: Any) -> Set<String> {
        if let members = value as? [String: Any] {
            return members.values.reduce(into: Set(members.keys)) { $0.formUnion(keys(of: $1)) }
        }
        return (value as? [Any] ?? []).reduce(into: []) { $0.formUnion(keys(of: $1)) }
    }

    @Test func `declared totals stand beside those found, the trailer's too`() throws {
        let lines = ["W1|6228480040106028109|张三|102100099996|123450|学费", "TRAILER|1|123450"]
        let bytes = try Self.withhold(lines)
        let run = try CheckRun(bytes, ["--merchant", "MER-WITHHOLD", "--declared-count", "1", "--json"])
        #expect(run.status == 0, "\(run.output)\(run.log)")
        let report = try run.report()
        #expect(report.format == "withhold-bar-gb18030" && report.format_probed)
        #expect(
            report.declared == [
                .init(origin: "submission", line: nil, declared_count: 1, found_count: 1, sums: []),
                .init(
                    origin: "trailer",
                    line: 2,
                    declared_count: 1,
                    found_count: 1,
                    sums: [.init(currency: "CNY", declared_minor: 123_450, found_minor: 123_450)]
                ),
            ]
        )
        #expect(
            report.totals == [
                .init(
                    currency: "CNY",
                    records: 1,
                    records_minor: 123_450,
                    orders: 1,
                    orders_minor: 123_450,
                    quarantined: 0,
                    quarantined_minor: 0
                )
            ]
        )
        let wrong = try CheckRun(try Self.withhold([lines[0], "TRAILER|2|123450"]), ["--merchant", "MER-WITHHOLD"])
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("trailer_mismatch") && wrong.output.contains("the trailer, line 2"))
        #expect(wrong.output.contains("differs"))
    }

    @Test func `a file of fixed width is known by its beginning`() throws {
        func padded(_ text: String, _ width: Int) throws -> [UInt8] {
            let bytes = try Self.encoded(text, .gbk)
            return bytes + [UInt8](repeating: 0x20, count: width - bytes.count)
        }
        let record =
            try padded("W1", 20) + padded("6228480040106028109", 19) + padded("张三", 30)
            + padded("102100099996", 12) + padded("123450", 12) + padded("学费", 20) + [0x0A]
        let trailer = Array("TRAILER".utf8) + (try padded("1", 8)) + (try padded("123450", 16)) + [0x0A]
        let run = try CheckRun(Array("HEADER\n".utf8) + record + trailer, ["--json"])
        #expect(run.status == 0, "\(run.output)\(run.log)")
        let report = try run.report()
        #expect(report.format == "withhold-fixed-gbk" && report.format_probed && report.records == 1)
    }

    @Test func `a header that fits tells the layout of a file whose records are all bad`() throws {
        let text = Self.head + (1...9).map { "P\($0),none,,x,1,00,\n" }.joined()
        let run = try CheckRun(Array(text.utf8), ["--json"])
        #expect(run.status == 1, "\(run.output)\(run.log)")
        #expect(try run.report().format == "payout-csv-utf8")
        #expect(try run.report().why?.code == "layout_mismatch")
    }

    @Test func `standard input is read as a file is`() throws {
        let run = try CheckRun(Array(Self.payout(5).utf8), name: nil, ["--json"])
        #expect(run.status == 0, "\(run.log)")
        #expect(try run.report().records == 5)
        #expect(try run.report().file_name == "stdin")
    }

    @Test(arguments: [
        (["--format", "payout-csv"], ["payout-csv", "payout-csv-utf8, withhold-bar-gb18030"]),
        (["--merchant", "NOBODY"], ["NOBODY", "MER-PAYOUT, MER-WITHHOLD"]), (["--declared-sum", "XXX=1"], ["XXX=1"]),
        (["--declared-count", "-1"], ["declared-count"]), (["--business-date", "2026-02-29"], ["2026-02-29"]),
        (["--bad-records", "1001"], ["1000"]),
        (["--config", "/nowhere"], ["/nowhere"]), (["--unknown"], ["--unknown"]),
        (["--declared-sum", "CNY=1", "--declared-sum", "CNY=2"], ["twice"]),
    ]) func `what was asked wrongly exits 2 and says the mend`(_ arguments: [String], _ words: [String]) throws {
        let run = try CheckRun(Array(Self.payout(1).utf8), arguments)
        #expect(run.status == 2, "\(run.log)")
        for word in words { #expect(run.log.contains(word), "\(run.log)") }
        #expect(run.output.isEmpty)
    }

    @Test func `a file that looks like no layout, or like two, is asked about`() throws {
        let none = try CheckRun(Array("{\"order\": 1}\n".utf8), [])
        #expect(none.status == 2)
        #expect(none.log.contains("none of the layouts") && none.log.contains("payout-csv-utf8"))
        let empty = try CheckRun([], [])
        #expect(empty.status == 2 && empty.log.contains("no byte"))
        let fixture = try ConfigurationFixture()
        let layout = "\(ConfigurationFilesTests.project)/Config/layouts/payout-csv-utf8.yaml"
        let text = try String(contentsOfFile: layout, encoding: .utf8)
        for name in ["payout-csv-utf8", "twin"] {
            let twin = text.replacingOccurrences(of: "name: payout-csv-utf8", with: "name: \(name)")
            try fixture.write(twin, to: "layouts/\(name).yaml")
        }
        let two = try CheckRun(Array(Self.payout(1).utf8), configuration: fixture.folder, [])
        #expect(two.status == 2)
        #expect(two.log.contains("payout-csv-utf8, twin") && two.log.contains("--format"), "\(two.log)")
        #expect(none.log.contains("begins like text in UTF-8"), "\(none.log)")
        #expect(two.log.contains("begins like text in UTF-8 with ‘,’ between fields"), "\(two.log)")
    }

    static let strangers: [(bytes: [UInt8], words: [String])] = [
        (
            Array("<?xml version=\"1.0\"?><Orders xmlns=\"urn:example\"><Order/></Orders>".utf8),
            ["an XML document with the root ‘Orders’ of ‘urn:example’"]
        ),
        (Array("%PDF-1.7\n".utf8), ["a PDF document"]),
        (Array("PK\u{3}\u{4}".utf8) + [0x14, 0, 0, 0, 8, 0], ["a zip archive", "wrapping: zip"]),
        ([0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3], ["gzip", "wrapping: gzip"]),
        ([0xFF, 0xFE, 0x41, 0], ["text in UTF-16 or UTF-32"]), ([0, 1, 2, 3], ["binary data"]),
    ]

    @Test(arguments: strangers)
    func `a file that looks like no layout is named for what it begins like`(_ bytes: [UInt8], _ words: [String]) throws
    {
        let run = try CheckRun(bytes, [])
        #expect(run.status == 2 && run.output.isEmpty)
        for word in words + ["none of the layouts", "--format: ", "payout-csv-utf8"] {
            #expect(run.log.contains(word), "\(run.log)")
        }
    }

    @Test func `dates are held against the business date that is given`() throws {
        let fixture = try ConfigurationFixture()
        for path in ["channels/harbor.yaml", "channels/meridian.yaml", "calendars/weekdays.yaml"] {
            let text = try String(contentsOfFile: "\(ConfigurationFilesTests.project)/Config/\(path)", encoding: .utf8)
            try fixture.write(text, to: path)
        }
        let merchant = "\(ConfigurationFilesTests.project)/Config/merchants/MER-PAYOUT.yaml"
        try fixture.write(
            try String(contentsOfFile: merchant, encoding: .utf8)
                .replacingOccurrences(of: "account_form: digits", with: "calendar: weekdays\n  account_form: digits"),
            to: "merchants/MER-PAYOUT.yaml"
        )
        let layout = "\(ConfigurationFilesTests.project)/Config/layouts/payout-csv-utf8.yaml"
        try fixture.write(
            try String(contentsOfFile: layout, encoding: .utf8)
                .replacingOccurrences(
                    of: "columns:\n",
                    with: "columns:\n  - {title: day, field: execution_date}\n"
                ),
            to: "layouts/payout-csv-utf8.yaml"
        )
        // A Friday, the Saturday after it, and no day at all.
        let days = ["2026-03-06", "20260307", ""]
        let lines = (1...60).map { "\(days[$0 <= 2 ? $0 - 1 : 2]),\(Self.line($0))" }
        let bytes = Array(("day," + Self.head + lines.joined()).utf8)
        func codes(_ arguments: [String]) throws -> (day: String, codes: [[String]]) {
            let run = try CheckRun(bytes, configuration: fixture.folder, Self.merchant + arguments + ["--json"])
            let report = try run.report()
            return (report.business_date, report.bad_records.map { $0.reasons.map(\.code) })
        }
        let friday = try codes(["--business-date", "2026-03-06"])
        #expect(friday.day == "2026-03-06" && friday.codes == [["date_in_future", "date_not_working_day"]])
        let saturday = try codes(["--business-date", "2026-03-07"])
        #expect(saturday.day == "2026-03-07")
        #expect(saturday.codes == [["date_in_past"], ["date_not_working_day"]])
        let before = BusinessDate(at: SystemClock().now())
        let today = try #require(BusinessDate(try codes([]).day))
        #expect((before...BusinessDate(at: SystemClock().now())).contains(today))
        let words = try CheckRun(
            bytes,
            configuration: fixture.folder,
            Self.merchant + ["--business-date", "2026-03-06"]
        )
        #expect(words.output.contains("business date  2026-03-06"))
    }

    @Test(arguments: ["/nowhere/batch.csv", "/proc/self"])
    func `a file that cannot be read is not one that would be refused`(path: String) throws {
        let run = try CheckRun(path: path, ["--format", "payout-csv-utf8"])
        #expect(run.status == 2)
        #expect(run.log.contains(path) && run.output.isEmpty, "\(run.log)")
    }

    @Test func `nothing of a file moves the terminal or is shown in the clear`() throws {
        let odd = "\u{1B}[31mZhang\u{202E}\u{7}"
        let text = Self.head + "P1\u{1B}[2J,6228480040106028108,\(odd),102100099996,\(odd),\(odd)\n"
        for json in [[], ["--json"]] {
            let run = try CheckRun(Array(text.utf8), name: "a\u{1B}[31m\u{202E}.csv", Self.merchant + json)
            #expect(run.log.isEmpty)
            #expect(run.status == 3, "\(run.output)\(run.log)")
            let isSafe = run.output.unicodeScalars.allSatisfy { scalar in
                scalar == "\n"
                    || (scalar.properties.generalCategory != .control
                        && scalar.properties.generalCategory != .format)
            }
            #expect(isSafe, "\(run.output.debugDescription)")
            #expect(!run.output.contains("6228480040106028108") && !run.output.contains("Zhang"))
        }
    }
}
