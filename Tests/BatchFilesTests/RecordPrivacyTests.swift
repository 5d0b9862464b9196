import BatchFiles
import PaymentCore
import Testing

/// What reports and registries get of records whose values stand in wrong columns (R15).
@Suite struct RecordPrivacyTests {
    private static let account = "6228480040106028109"

    private static func draft(_ line: String) throws -> QuarantineDraft {
        let layout = try Samples.layout()
        let checked = try RecordCheckerTests.check(
            Array("\(Samples.line)\n\(line)\n".utf8),
            layout,
            try RecordRules()
        )
        guard case .quarantined(let draft)? = checked.last else { throw NotQuarantined() }
        return draft
    }

    private struct NotQuarantined: Error {}

    /// A field, its column in a line, and values that are none of its own.
    private static let misplaced: [(field: RecordField, values: [String])] = [
        (.bankCode, ["Zhang San", "13800138000", "110101199003074514", "张三", "a@b.cn"]),
        (.amount, ["Zhang San", "13800138000x", "张三", "6228480040106028109x", "110101900307451x", "ZhangSan", "-"]),
        (.currency, ["Zhang Si", "Liu", "张三", "13800138"]),
        (.executionDate, ["Zhang San", "13800138000", "张三", "110101900307451"]),
    ]

    @Test func `a value that is not of its field is starred but for the ends of a long number`() {
        for (field, values) in Self.misplaced {
            for value in values {
                let shown = field.masked(value)
                #expect(!shown.contains(value) && shown.contains("*"), "\(field) \(value): \(shown)")
            }
        }
    }

    @Test(arguments: [
        (RecordField.bankCode, "622848004010"), (.bankCode, "10210009999"), (.bankCode, "ICBKCNBJ"), (.amount, "-5.00"),
        (.amount, "1,234.50"), (.amount, "+1"), (.executionDate, "2026-11-31"), (.executionDate, "21/11/2026"),
        (.currency, "cny"), (.currency, "RMB"), (.merchantOrderNumber, "A-2"),
    ])
    func `a value that may be of its field is shown`(field: RecordField, value: String) {
        #expect(field.masked(value) == value)
    }

    @Test(arguments: [
        "李四,1", "110101199003074514,1", "13800138000,1", "a@b.cn,1", "张三 6228480040106028108,1,2", "Zhang San,1",
        "110912345678,1", "DE89370400440532013000,1", "110101900307451,x", "A5 6228480040106028109x,1",
    ])
    func `of a record without its columns no number is kept that may be a person's`(line: String) throws {
        let draft = try Self.draft(line)
        #expect(draft.reasons.contains { $0.code == .wrongColumnCount })
        #expect(draft.merchantOrderNumber == nil)
    }

    @Test(arguments: ["A-2,1", "20261121000001-7,1,2", "\"A-3\",1"])
    func `a number that can be nothing else is kept though columns are missing`(line: String) throws {
        let number = try Self.draft(line).merchantOrderNumber
        #expect(number != nil && number.map { PersonalLook($0) == nil } == true)
    }

    @Test func `a repeated number is shown masked, and told by its record`() {
        let reason = RecordReason.duplicateInFile(of: LineNumber(7), number: "13800138000")
        #expect(reason.maskedValue == "***********")
        #expect(reason.mend.hasPrefix("record 7 of this file has the number"))
    }
}
