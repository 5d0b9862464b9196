import BatchFiles
import Foundation
import SharedFileTesting
import Testing

/// The codes of returns in ISO's list and in NACHA's rulebook, and what one becomes in the other.
@Suite struct ReturnReasonTests {
    private static let codes = "formats/iso20022-codes/external-code-sets-2Q2026_v3.json"

    private static func list(_ name: String) throws -> Set<String> {
        let root = try JSONSerialization.jsonObject(with: Data(try SharedFiles.bytes(codes))) as? [String: Any]
        let sets = try #require(root?["definitions"] as? [String: Any])
        return Set(try #require((sets[name] as? [String: Any])?["enum"] as? [String]))
    }

    @Test(.enabled(if: SharedFiles.exist(codes), "shared/formats is not there"))
    func `a code of a return stays what it is where the list of status reasons has it too`() throws {
        let statuses = try Self.list("ExternalStatusReason1Code")
        #expect(try ReturnReason.external == Self.list("ExternalReturnReason1Code").intersection(statuses))
        for (own, code) in ReturnReason.externalCodes { #expect(statuses.contains(code), "\(own): \(code)") }
    }

    @Test(.enabled(if: SharedFiles.exist("formats/ach/return-codes.csv"), "shared/formats is not there"))
    func `codes of NACHA are those of the rulebook, and no code of ISO looks like one`() throws {
        let published = Set(
            try SharedFiles.text("formats/ach/return-codes.csv").split(whereSeparator: \.isNewline).dropFirst().map {
                String($0.prefix { $0 != "," })
            }
        )
        #expect(published.count > 60)
        #expect(Set(ReturnReason.externalCodes.keys).isSubset(of: published))
        #expect(ReturnReason.external.allSatisfy { $0.utf8.count == 4 })
        #expect(published.allSatisfy { $0.utf8.count == 3 })
    }

    @Test func `the document lists each code of NACHA with that of ISO`() throws {
        let document = StatusReportScene.schemaFolder.appending(path: "../../../Docs/formats/iso20022-results.md")
        let section = try #require(
            String(decoding: try Data(contentsOf: document), as: UTF8.self).split(separator: "### Reasons of returns")
                .last?.split(separator: "## Refused requests").first
        )
        var documented: [String: String] = [:]
        for line in section.split(separator: "\n") where line.hasPrefix("| `") && !line.hasPrefix("| `Cd`") {
            let cells = line.split(separator: "|").map { $0.replacing("`", with: "").replacing(" ", with: "") }
            for code in cells[1].split(separator: ",") { documented[String(code)] = String(cells[0]) }
        }
        #expect(documented == ReturnReason.externalCodes)
    }
}
