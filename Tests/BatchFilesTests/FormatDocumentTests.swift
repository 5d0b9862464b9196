import BatchFiles
import Compression
import Foundation
import PaymentCore
import Testing
import Transcoding

/// The document that merchants read says what the code does.
@Suite struct FormatDocumentTests {
    private static func document(_ name: String = "delimited.md") throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "Docs/formats/\(name)"), encoding: .utf8)
    }

    @Test(arguments: ReasonCode.allCases)
    func `each reason stands there with its severity and mend`(code: ReasonCode) throws {
        // A file may be refused for a reason of the same name.
        let reasons = try #require(try Self.document().split(separator: "## Record reasons").last)
        let row = try #require(reasons.split(separator: "\n").first { $0.hasPrefix("| `\(code.rawValue)` |") })
        #expect(row.contains("| \(code.severityDefault.rawValue) |"))
        let heavier = code.canRefuseFile ? "quarantine, refuse_file" : "quarantine"
        #expect(row.contains(code.canBeWeakened ? "| any |" : "| \(heavier) |"))
        #expect(row.hasSuffix("| \(code.mend) |"))
    }

    @Test func `each defect, hold, status, field, charset and result column stands there`() throws {
        let document = try Self.document()
        let names =
            FileDefect.Code.allCases.map(\.rawValue) + FileHold.Code.allCases.map(\.rawValue)
            + ResultStatus.allCases.map(\.rawValue) + RecordField.allCases.map(\.rawValue)
            + Charset.allCases.map(\.rawValue) + DelimitedLayout.resultTitles + Severity.allCases.map(\.rawValue)
        for name in names { #expect(document.contains("`\(name)`"), "\(name)") }
        for field in RecordField.allCases {
            #expect(document.contains("`\(field.rawValue)` (\(field.lengthMaxDefault))"), "\(field)")
        }
    }

    @Test func `each wrapping, its limits and its defects stand there`() throws {
        let document = try Self.document("wrapping.md")
        let defects = FileDefect.Code.allCases.map(\.rawValue).filter { $0.hasPrefix("wrapping_") }
        #expect(defects.count == 6)
        for name in defects + Wrapping.Kind.allCases.map(\.rawValue) + [FileDefect.Code.formatMismatch.rawValue] {
            #expect(document.contains("`\(name)`"), "\(name)")
        }
        let limits = UnpackLimits()
        #expect(document.contains("content_bytes_max` | integer, default \(limits.bytesMax) |"))
        #expect(document.contains("ratio_max` | integer, default \(limits.ratioMax) |"))
    }
}
