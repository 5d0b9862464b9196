import Foundation
import SharedFileTesting
import Testing

/// The corpora of bad input through the built command: each file has its exit code and its reasons.
@Suite struct FileCheckCorpusTests {
    private static let card = "6228480040106028109"

    /// A folder with one layout and one merchant whose files all are judged record by record.
    static func fixture(_ layout: String) throws -> ConfigurationFixture {
        let fixture = try ConfigurationFixture()
        try fixture.write("name: corpus\n\(layout)", to: "layouts/corpus.yaml")
        return fixture
    }

    // MARK: Encodings

    struct Encoding: Sendable, CustomTestStringConvertible {
        let name: String
        var charset = "UTF-8"
        var records = 1
        /// The reason of the bad record, or the defect of the file.
        var code: String?
        var isRefused = false
        /// Bad records; the others are orders.
        var bad = 0

        var testDescription: String { name }
    }

    static let encodings: [Encoding] = [
        Encoding(name: "arabic_digits", code: "amount_malformed", bad: 1),
        Encoding(name: "bidi_name", code: "invisible_character"),
        Encoding(name: "cr_only", code: "layout_mismatch", isRefused: true),
        Encoding(name: "fullwidth_digits", code: "amount_malformed", bad: 1),
        Encoding(name: "gb18030_four_byte_ok", charset: "GB18030", records: 5),
        Encoding(name: "gbk_bad_trail", charset: "GBK", records: 4, code: "undecodable_bytes", bad: 1),
        Encoding(name: "gbk_cut_mid_char", charset: "GBK", code: "layout_mismatch", isRefused: true),
        Encoding(name: "gbk_ok", charset: "GBK", records: 4),
        Encoding(name: "gbk_trail_is_backslash", charset: "GBK"),
        Encoding(name: "gbk_trail_is_bar", charset: "GBK"),
        Encoding(name: "line_sep", code: "invisible_character"),
        Encoding(name: "mixed_gbk_utf8", records: 2, code: "undecodable_bytes", bad: 1),
        Encoding(name: "nbsp_amount", code: "amount_malformed", bad: 1),
        Encoding(name: "nfc_nfd", records: 2),
        Encoding(name: "utf16le_bom", code: "charset_mismatch", isRefused: true),
        Encoding(name: "utf8_above_max", code: "undecodable_bytes", bad: 1),
        Encoding(name: "utf8_bom", records: 4),
        Encoding(name: "utf8_cut", records: 4, code: "wrong_column_count", bad: 1),
        Encoding(name: "utf8_ok", records: 4),
        Encoding(name: "utf8_overlong", code: "undecodable_bytes", bad: 1),
        Encoding(name: "utf8_surrogate", code: "undecodable_bytes", bad: 1),
        Encoding(name: "vt_ff", code: "control_character", bad: 1),
        Encoding(name: "zero_width_order", code: "invisible_character"),
    ]

    private static func layout(of charset: String) -> String {
        """
        charset: \(charset)
        separator: "|"
        header: none
        amount_unit: minor
        default_currency: CNY
        columns:
          - {title: kind}
          - {title: number, field: merchant_order_number}
          - {title: name, field: account_name}
          - {title: fen, field: amount}
          - {title: account, field: account_number}
        """
    }

    /// The corpus has no accounts: the letter in its last column becomes one.
    private static func withAccounts(_ bytes: [UInt8]) -> [UInt8] {
        var filled: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isLast = index + 1 == bytes.count || [0x0A, 0x0D].contains(bytes[index + 1])
            if byte == UInt8(ascii: "S"), isLast, filled.last == UInt8(ascii: "|") {
                filled += Array(card.utf8)
            } else {
                filled.append(byte)
            }
        }
        return filled
    }

    @Test(
        .enabled(if: SharedFiles.exist("corpora/encodings-own"), "needs the corpus encodings-own"),
        arguments: encodings
    )
    func `a file of the corpus of encodings has its outcome`(sample: Encoding) throws {
        let fixture = try Self.fixture(Self.layout(of: sample.charset))
        let bytes = Self.withAccounts(try SharedFiles.bytes("corpora/encodings-own/files/\(sample.name).txt"))
        let run = try CheckRun(bytes, configuration: fixture.folder, ["--format", "corpus", "--json"])
        let report = try run.report()
        #expect(run.status == (sample.isRefused ? 1 : sample.bad > 0 ? 3 : 0), "\(run.output)")
        if sample.isRefused {
            #expect(report.why?.code == sample.code)
        } else {
            #expect(report.records == sample.records)
            #expect(report.quarantined == sample.bad)
            // Samples repeat amounts, and the account is ours.
            let codes = report.reasons.map(\.code).filter { $0 != "same_payment" }
            #expect(codes == [sample.code].compactMap(\.self))
        }
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/encodings-own"), "needs the corpus encodings-own"))
    func `the outcomes are those that the corpus expects`() throws {
        let rows = try SharedFiles.text("corpora/encodings-own/expected.tsv").split(separator: "\n").dropFirst()
        var accepted = 0
        var refused = 0
        for row in rows {
            let cells = row.split(separator: "\t", maxSplits: 1)
            let sample = try #require(Self.encodings.first { "\($0.name).txt" == cells[0] }, "\(row)")
            let isBad = sample.isRefused || sample.bad > 0
            if cells[1].hasPrefix("accept") {
                #expect(!isBad, "\(row)")
                accepted += 1
            } else if cells[1].hasPrefix("refuse") {
                #expect(isBad, "\(row)")
                refused += 1
            }
        }
        #expect(rows.count == Self.encodings.count)
        #expect(accepted >= 8 && refused >= 10)
    }

    // MARK: Values

    private static let amounts = """
        charset: UTF-8
        separator: "|"
        header: none
        amount_unit: major
        columns:
          - {title: number, field: merchant_order_number}
          - {title: account, field: account_number}
          - {title: currency, field: currency}
          - {title: amount, field: amount}
        """

    @Test(.enabled(if: SharedFiles.exist("corpora/value-tables-own"), "needs the corpus value-tables-own"))
    func `each amount of the table of values has its outcome`() throws {
        let fixture = try Self.fixture(Self.amounts)
        let currencies = ["0": "JPY", "2": "CNY", "4": "CLF"]
        // Where the table leaves it to the product: no order is of nothing, decimals beyond the currency's are refused,
        // and leading zeros are digits.
        let ours: [String: Int?] = ["0": nil, "1.100": nil, "001.00": 100]
        var judged = 0
        for row in try SharedFiles.text("corpora/value-tables-own/files/amounts.tsv").split(separator: "\n").dropFirst()
        {
            let cells = row.split(separator: "\t", omittingEmptySubsequences: false).map { String($0) }
            let expected: Int? =
                if let own = ours[cells[0]] {
                    own
                } else if cells[2].hasPrefix("ok ") {
                    Int(cells[2].dropFirst(3).prefix { $0.isNumber })
                } else {
                    nil
                }
            let currency = try #require(currencies[cells[1]])
            let run = try CheckRun(
                Array("A1|\(Self.card)|\(currency)|\(cells[0])\n".utf8),
                configuration: fixture.folder,
                ["--format", "corpus", "--json"]
            )
            let report = try run.report()
            #expect(run.status == (expected == nil ? 3 : 0), "\(row): \(run.output)")
            #expect(report.totals.first { $0.orders > 0 }?.orders_minor == expected, "\(row)")
            #expect(report.reasons.allSatisfy { $0.code.hasPrefix("amount_") }, "\(row)")
            judged += 1
        }
        #expect(judged == 20)
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/value-tables-own"), "needs the corpus value-tables-own"))
    func `no personal value of the table of masks is shown in the clear`() throws {
        let fixture = try Self.fixture(
            """
            charset: UTF-8
            separator: "|"
            header: none
            amount_unit: major
            default_currency: CNY
            columns:
              - {title: number, field: merchant_order_number}
              - {title: account, field: account_number}
              - {title: name, field: account_name, length_max: 3}
              - {title: amount, field: amount}
              - {title: remark, field: purpose, length_max: 3}
              - {title: other, length_max: 3}
            """
        )
        let personal = ["4111111111111111", "4111-1111", "6216261000000000018", "４１１１", "NDExMTEx", "138 0013"]
        for row in try SharedFiles.text("corpora/value-tables-own/files/log-masking.tsv").split(separator: "\n")
            .dropFirst()
        {
            let value = row.prefix { $0 != "\t" }
            let line = "A1|\(value)|\(value)|x|\(value)|\(value)\n"
            for json in [[], ["--json"]] {
                let run = try CheckRun(
                    Array(line.utf8),
                    configuration: fixture.folder,
                    ["--format", "corpus"] + json
                )
                #expect(run.status == 3)
                #expect(!run.output.contains(value) && !run.log.contains(value), "\(run.output)")
                for secret in personal { #expect(!run.output.contains(secret), "\(secret): \(run.output)") }
            }
        }
    }
}
