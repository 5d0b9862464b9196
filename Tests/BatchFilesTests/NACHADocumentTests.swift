import BatchFiles
import Foundation
import PaymentCore
import Testing

/// The document about NACHA files says what the code does.
@Suite struct NACHADocumentTests {
    private static func document() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "Docs/formats/nacha.md"), encoding: .utf8)
    }

    @Test func `each choice of a layout and each field that a file fills stands there`() throws {
        let document = try Self.document()
        let fields = try NACHASample.layout().form.columns.compactMap { $0.field?.rawValue }
        let names =
            NACHALayout.EntryClass.allCases.map(\.rawValue) + NACHALayout.ServiceClass.allCases.map(\.rawValue)
            + NACHALayout.EffectiveDateRule.allCases.map(\.rawValue) + Direction.allCases.map(\.rawValue) + fields
        #expect(fields.count == 7)
        for name in names { #expect(document.contains("`\(name)`"), "\(name)") }
    }

    @Test func `each result code stands there with its return reason code, and no other`() throws {
        var documented: [String: String] = [:]
        for line in try Self.document().split(separator: "\n") where line.hasPrefix("| `") {
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 2, cells[1].hasPrefix("R") else { continue }
            for code in cells[0].split(separator: ", ") {
                documented[code.trimmingCharacters(in: ["`"])] = String(cells[1].prefix(3))
            }
        }
        #expect(documented == NACHAReturnReason.table)
        #expect(try Self.document().contains("| every other | \(NACHAReturnReason.other) |"))
        let codes = Set((1...36).map { "R" + NACHASample.number($0, 2) }).subtracting(["R30", "R33"]).union(["R90"])
        #expect(codes == NACHAReturnReason.codes)
    }
}
