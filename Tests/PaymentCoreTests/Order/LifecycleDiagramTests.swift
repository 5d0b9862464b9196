import Foundation
import PaymentCore
import Testing

struct LifecycleDiagramTests {
    private static let document = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Docs/lifecycle.md")

    @Test func `the document says what the tables say`() throws {
        if ProcessInfo.processInfo.environment["SLUICE_REGENERATE_DOCS"] == "1" {
            try LifecycleDiagram.document().write(to: Self.document, atomically: true, encoding: .utf8)
        }
        let written = try? String(contentsOf: Self.document, encoding: .utf8)
        #expect(
            written == LifecycleDiagram.document(),
            "Docs/lifecycle.md is not what the tables generate: run this test with SLUICE_REGENERATE_DOCS=1, and commit"
        )
    }

    @Test func `the diagram of an order has every move once and nothing else`() {
        let lines = LifecycleDiagram.orders().split(separator: "\n").map { $0.trimmingPrefix { $0 == " " } }
        #expect(lines.first == "stateDiagram-v2")
        let arrows = lines.dropFirst().map { line in line.prefix { $0 != ":" } }
        let inner = arrows.filter { !$0.contains("[*]") }.map(String.init)
        #expect(inner == OrderTransition.table.map { "\($0.from.rawValue) --> \($0.to.rawValue)" })
        let outer = arrows.filter { $0.contains("[*]") }.map(String.init)
        #expect(
            outer == [
                "[*] --> held", "[*] --> ready", "succeeded --> [*]", "failed --> [*]", "returned --> [*]",
                "cancelled --> [*]",
            ]
        )
    }

    @Test func `no label breaks the diagram`() {
        for transition in OrderTransition.table {
            #expect(!transition.when.contains { ":;\n|".contains($0) })
            #expect(!transition.needs.contains { "\n|".contains($0) })
        }
    }

    @Test func `the diagrams of files and submissions have every move`() {
        for move in BatchFileState.moves {
            #expect(LifecycleDiagram.files().contains("    \(move.from.rawValue) --> \(move.to.rawValue)"))
        }
        for move in SubmissionPhase.moves {
            #expect(LifecycleDiagram.submissions().contains("    \(move.from.rawValue) --> \(move.to.rawValue)"))
        }
    }
}
