import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing

/// Many records in one line: fields between carets, records between bars.
@Suite struct RecordStringTests {
    private static let columns: [LayoutColumn] = [
        .init(title: "serial", field: .merchantOrderNumber), .init(title: "account", field: .accountNumber),
        .init(title: "name", field: .accountName, isRequired: true), .init(title: "amount", field: .amount),
        .init(title: "memo", field: .purpose),
    ]

    private static func layout(columns: [LayoutColumn] = columns) throws -> DelimitedLayout {
        try Samples.layout(separator: "^", recordSeparator: "|", quote: nil, columns: columns)
    }

    @Test(arguments: ["", "|", "\n", "|\n", "\r\n", "|\r\n", "|\n\n"])
    func `the string may end in a mark, a line end, both or neither`(end: String) throws {
        let seen = SeenFile("1^a^b^c^d|2^a^b^c^" + end, try Self.layout())
        #expect(seen.defect == nil)
        #expect(seen.records.map(\.texts) == [["1", "a", "b", "c", "d"], ["2", "a", "b", "c", ""]])
        #expect(seen.records.map(\.physicalLine) == [1, 1])
        #expect(seen.records.map(\.raw) == [Array("1^a^b^c^d".utf8), Array("2^a^b^c^".utf8)])
        #expect(seen.records[0].byteRange == 0..<10)
    }

    @Test func `a line end after a mark is passed over, and one inside a record is part of it`() throws {
        let seen = SeenFile("1^a^b^c^d|\r\n2^a\nx^b^c^d\n|\n\n3^a^b^c^d|", try Self.layout())
        #expect(seen.records.map { $0.texts[0] } == ["1", "2", "3"])
        #expect(seen.records[1].texts == ["2", "a\nx", "b", "c", "d\n"])
        #expect(seen.records.map(\.physicalLine) == [1, 2, 6])
    }

    @Test func `a file of one record a line is not one of many`() throws {
        let seen = SeenFile("1^a^b^c^d\n2^a^b^c^d\n", try Self.layout())
        #expect(seen.defect?.code == .layoutMismatch)
    }

    @Test(
        .enabled(if: SharedFiles.exist("formats/cn-batch/alipay"), "needs the samples of gateways"),
        arguments: ["detail_data", "success_details", "fail_details"]
    )
    func `a sample of Alipay is read record by record`(name: String) throws {
        let bytes = try SharedFiles.bytes("formats/cn-batch/alipay/\(name).txt")
        let results = ["flag", "why", "inner", "time"].map { LayoutColumn(title: $0) }
        let columns = name == "detail_data" ? Self.columns : Array(Self.columns[0..<4]) + results
        let layout = try Self.layout(columns: columns)
        let checked = try RecordCheckerTests.check(bytes, layout, try RecordRules(accountForm: .lettersAndDigits))
        let expected: [String: [Int64]] = [
            "detail_data": [1, 10_000, 123_456], "success_details": [1], "fail_details": [10_000, 123_456],
        ]
        let found = checked.map { record -> Int64? in
            switch record {
            case .order(let draft): draft.fields.amount.minor
            case .quarantined(let draft):
                // An address of mail is no account here; all else is right.
                draft.reasons.map(\.code) == [.accountMalformed] ? draft.amount?.minor : nil
            }
        }
        #expect(found == expected[name])
    }

    @Test func `results of such a request are such a string, and are read back`() throws {
        let layout = try Self.layout()
        var writer = DelimitedResultWriter(layout: layout)
        let fields = OrderFields(
            merchantOrderNumber: "1",
            amount: Money(minor: 100, currency: .cny),
            accountNumber: "6228480040106028109",
            accountName: "张三",
            purpose: "a|b"
        )
        for (content, reason) in [
            (ResultLine.Content.order(fields), "one|two"),
            (.record(raw: Array("2^x^李四^2.00^m".utf8), merchantOrderNumber: "2", amount: nil), ""),
        ] {
            writer.append(
                ResultLine(
                    line: LineNumber(1),
                    content: content,
                    status: .failed,
                    code: "",
                    reason: reason,
                    finishedDate: nil
                )
            )
        }
        writer.finish()
        let bytes = writer.drain()
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "1^6228480040106028109^张三^1.00^^1^FAILED^^one two; left out as this layout cannot carry it: memo^|"
                + "2^x^李四^2.00^m^1^FAILED^^^|"
        )
        var check = DelimitedResultCheck(layout: layout)
        try check.read(bytes, isLast: true)
        var totals = AmountTotals()
        for minor: Int64 in [100, 200] { totals.add(Money(minor: minor, currency: .cny)) }
        try check.compare(with: [.failed: totals])
    }
}
