import Foundation
import SharedFileTesting
import Testing

/// The corpora that were made for this project, through the built command: each file has what its corpus expects of a
/// reader, as far as intake is the reader.
@Suite struct FileCheckOwnCorpusTests {
    /// The rows of a table of tab-separated cells, without its titles.
    private static func rows(_ path: String) throws -> [[String]] {
        try SharedFiles.text(path).split(separator: "\n").dropFirst().map { row in
            row.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
        }
    }

    private static func names(_ path: String) throws -> Set<String> { Set(try SharedFiles.names(in: path)) }

    // MARK: Files with header and trailer

    private static let withTotals = """
        charset: UTF-8
        separator: "|"
        header: none
        header_record: {mark: H, count_position: 3, sum_position: 4}
        trailer: {mark: T, count_position: 2, sum_position: 3}
        amount_unit: minor
        default_currency: CNY
        columns:
          - {title: kind}
          - {title: position}
          - {title: number, field: merchant_order_number}
          - {title: amount, field: amount}
          - {title: account, field: account_number}
          - {title: answer}
        """

    /// The corpus has the end of an order where a layout needs an account: its letter becomes one.
    private static func withAccounts(_ bytes: [UInt8]) -> [UInt8] {
        let bar = UInt8(ascii: "|")
        let fields = bytes.split(separator: bar, omittingEmptySubsequences: false).map { Array($0) }
        let filled = fields.map { field in
            guard let first = field.first, "SFP".utf8.contains(first), field.count == 1 || field[1] == 0x0A
            else { return field }
            return Array("6228480040106028109".utf8) + field.dropFirst()
        }
        return Array(filled.joined(separator: [bar]))
    }

    /// What refuses a file.
    private static let defects = [
        "no_trailer": "trailer_missing", "cut_mid_row": "trailer_missing", "cut_at_line_end": "trailer_missing",
        "count_low": "control_count_mismatch", "count_high": "control_count_mismatch",
        "total_off_by_one": "control_sum_mismatch", "header_trailer_differ": "trailer_mismatch",
        "negative_amount": "control_sum_mismatch", "empty": "empty_file", "html_error_page": "header_mismatch",
        "two_files_joined": "trailer_not_last",
    ]
    /// The reason of a file's one bad record, for which a file of a dozen records waits for a person.
    private static let reasons = [
        "amount_overflow": "amount_over_limit", "amount_decimal": "amount_too_many_decimals",
        "extra_field": "wrong_column_count", "missing_field": "wrong_column_count", "nul_bytes": "control_character",
        "dup_row_same": "duplicate_in_file", "dup_row_conflict": "duplicate_in_file",
    ]
    /// Wrong only to somebody who knows what orders there are, or what the answers to them mean.
    private static let unknowable: Set = [
        "amount_differs", "unknown_order", "unknown_code", "status_code_disagree", "other_batch",
    ]

    @Test(.enabled(if: SharedFiles.exist("corpora/result-files-own"), "needs the corpus result-files-own"))
    func `a file with header and trailer is taken, set aside or refused as its corpus expects`() throws {
        let fixture = try FileCheckCorpusTests.fixture(Self.withTotals)
        let folder = "corpora/result-files-own"
        let rows = try Self.rows("\(folder)/expected.tsv")
        #expect(try Self.names("\(folder)/files") == Set(rows.map { $0[0] }) && rows.count == 28)
        for row in rows {
            let name = String(row[0].dropLast(".txt".count))
            let run = try CheckRun(
                Self.withAccounts(try SharedFiles.bytes("\(folder)/files/\(row[0])")),
                configuration: fixture.folder,
                ["--format", "corpus", "--json"]
            )
            let report = try run.report()
            if let defect = Self.defects[name] {
                #expect(row[1] == "quarantine-file", "\(row)")
                #expect(run.status == 1 && report.verdict == "refuse" && report.why?.code == defect, "\(row)")
            } else if let reason = Self.reasons[name] {
                // Nothing of it is worked until a person decides; then one record is parked, or applied once.
                #expect(["quarantine-file", "quarantine-rows", "accept-once"].contains(row[1]), "\(row)")
                #expect(run.status == 3 && report.why?.code == "too_many_bad_records", "\(row)")
                #expect(report.quarantined == 1, "\(row)")
                #expect(report.bad_records.first?.reasons.contains { $0.code == reason } == true, "\(row)")
            } else {
                #expect(["accept", "accept-noop"].contains(row[1]) || Self.unknowable.contains(name), "\(row)")
                #expect(run.status == 0 && report.verdict == "clean" && report.quarantined == 0, "\(row)")
                #expect(report.declared.count == 2, "\(row)")
            }
        }
    }

    // MARK: Documents

    /// Where reading a document stops; it is no payment, so that the others are refused for what they are.
    private static let documents = [
        "xml_doctype_only": "document_type", "xml_external_entity": "document_type",
        "xml_internal_entity": "document_type", "xml_parameter_entity": "document_type",
        "xml_dup_attr": "not_well_formed", "xml_utf7": "charset_mismatch",
    ]

    @Test(
        .enabled(if: SharedFiles.exist("corpora/xml-json-own"), "needs the corpus xml-json-own"),
        arguments: ["pain-001", "pain-008"]
    )
    func `no document that is another one than a payment is taken`(format: String) throws {
        let folder = "corpora/xml-json-own"
        let rows = try Self.rows("\(folder)/expected.tsv")
        #expect(try Self.names("\(folder)/files") == Set(rows.map { $0[0] }) && rows.count == 30)
        for row in rows {
            let run = try CheckRun(
                try SharedFiles.bytes("\(folder)/files/\(row[0])"),
                name: row[0],
                ["--format", format, "--json"]
            )
            let report = try run.report()
            #expect(run.status == 1 && report.records == 0, "\(row): \(run.output)")
            let code = try #require(report.why?.code, "\(row)")
            if row[0].hasSuffix(".json") {
                #expect(["format_mismatch", "not_well_formed"].contains(code), "\(row): \(code)")
            } else {
                #expect(code == Self.documents[String(row[0].dropLast(4))] ?? "message_unsupported", "\(row)")
            }
        }
    }

    // MARK: Days

    @Test(.enabled(if: SharedFiles.exist("corpora/value-tables-own"), "needs the corpus value-tables-own"))
    func `each day of the table of times exists or is refused`() throws {
        let fixture = try FileCheckCorpusTests.fixture(
            """
            charset: UTF-8
            separator: "|"
            header: none
            amount_unit: minor
            default_currency: CNY
            columns:
              - {title: number, field: merchant_order_number}
              - {title: account, field: account_number}
              - {title: fen, field: amount}
              - {title: day, field: execution_date}
            """
        )
        var codes: [String: Int] = [:]
        for row in try Self.rows("corpora/value-tables-own/files/local-times.tsv") {
            let day = String(row[1].prefix(10))
            let isRejected = row[2].contains("reject")
            // A day that exists is that of its file; the epoch is one, and no file is of that day.
            let run = try CheckRun(
                Array("A1|6228480040106028109|100|\(day)\n".utf8),
                configuration: fixture.folder,
                ["--format", "corpus", "--json", "--business-date", isRejected ? "2026-03-02" : day]
            )
            #expect(run.status == (isRejected ? 3 : 0), "\(row): \(run.output)\(run.log)")
            let code = try run.report().bad_records.first?.reasons.first?.code ?? "none"
            codes[code, default: 0] += 1
        }
        #expect(codes == ["none": 5, "date_malformed": 3, "date_in_past": 1])
    }
}
