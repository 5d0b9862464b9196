import BatchFiles
import Foundation
import PaymentCore
import SharedFileTesting
import Testing

/// Which code of ISO's list a refusal has.
@Suite struct RefusalReasonTests {
    /// Refusals for which ISO's list has no code of its own.
    private static let inWords: Set<FileDefect.Code> = [
        .totalsMismatch, .badRecordsOverLimit, .tooManyRecords, .refusedByRule,
    ]

    /// What only files of other formats are refused for.
    private static let ofOtherFormats: Set<FileDefect.Code> = [
        .headerMismatch, .headerMalformed, .layoutMismatch, .trailerMissing, .trailerMalformed, .trailerNotLast,
        .trailerMismatch, .recordOrder, .controlFieldMalformed, .entryClassNotAllowed, .serviceClassNotAllowed,
        .serviceClassMismatch, .effectiveDateRefused, .batchNumberOrder, .batchControlMismatch, .entryCountMismatch,
        .entryHashMismatch, .batchTotalMismatch, .batchCountMismatch, .blockCountMismatch,
    ]

    private static func reason(_ code: String, heldFor: String? = nil) -> RefusalReason {
        RefusalReason(code: code, line: 0, byteOffset: nil, what: "w", mend: "m", heldFor: heldFor)
    }

    @Test func `every refusal of ISO 20022 has a code of the list, or is told in words`() {
        for code in FileDefect.Code.allCases {
            let isWords = Self.inWords.contains(code) || Self.ofOtherFormats.contains(code)
            #expect((RefusalReason.externalCodes[code.rawValue] == nil) == isWords, "\(code)")
            #expect((Self.reason(code.rawValue).externalCode == "NARR") == isWords, "\(code)")
        }
    }

    @Test(
        arguments: [
            ("not_well_formed", nil, "FF01"), ("schema_violation", nil, "FF01"), ("control_sum_mismatch", nil, "AM10"),
            ("control_count_mismatch", nil, "AM18"), ("duplicate_payment", nil, "DU02"),
            ("cancelled_by_merchant", nil, "DS02"), ("cancelled_by_person", "same_content", "DS02"),
            ("refused_by_person", "same_content", "DU01"), ("refused_by_person", "same_name", "NARR"),
            ("refused_by_person", "too_many_bad_records", "NARR"), ("refused_by_person", nil, "NARR"),
            ("unheard_of", nil, "NARR"),
        ] as [(String, String?, String)]
    )
    func `a refusal is told by its code, or by that for which a person refused it`(
        code: String,
        heldFor: String?,
        expected: String
    ) {
        #expect(Self.reason(code, heldFor: heldFor).externalCode == expected)
    }

    @Test(.enabled(if: SharedFiles.exist("formats/iso20022-codes"), "shared/formats is not there"))
    func `every code is in the published list`() throws {
        let file = "formats/iso20022-codes/external-code-sets-2Q2026_v3.json"
        let root = try JSONSerialization.jsonObject(with: Data(try SharedFiles.bytes(file))) as? [String: Any]
        let sets = try #require(root?["definitions"] as? [String: Any])
        let list = try #require((sets["ExternalStatusReason1Code"] as? [String: Any])?["enum"] as? [String])
        for (own, code) in RefusalReason.externalCodes { #expect(list.contains(code), "\(own): \(code)") }
    }

    @Test func `the document lists the code of every refusal`() throws {
        let document = StatusReportScene.schemaFolder.appending(path: "../../../Docs/formats/iso20022-results.md")
        let text = String(decoding: try Data(contentsOf: document), as: UTF8.self)
        let section = try #require(
            text.split(separator: "## Refused requests").last?.split(separator: "## Memory").first
        )
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let named = RefusalReason.externalCodes.map { ($0.key, $0.value) } + Self.inWords.map { ($0.rawValue, "NARR") }
        for (own, code) in named {
            #expect(rows.contains { $0.hasPrefix("| `\(code)` |") && $0.contains("`\(own)`") }, "\(own): \(code)")
        }
    }

    @Test func `long words are cut into pieces that a report can carry`() throws {
        var scene = RefusalScene(file: [])
        scene.reason = RefusalReason(
            code: "totals_mismatch",
            line: 0,
            byteOffset: nil,
            what: String(repeating: "张<", count: 200),
            mend: "m"
        )
        let report = try scene.text
        #expect(!report.contains("line 0"))
        #expect(report.ranges(of: "<AddtlInf>").count == 4 + 3)
        try scene.check(Array(report.utf8))
    }
}
