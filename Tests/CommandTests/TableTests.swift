import Testing
import sluice

@Suite struct TableTests {
    private static func table() -> Table {
        var table = Table("#items", "cause", "channel", "what", "#amount")
        table.add("12", "answer_mismatch", "harbor", String(repeating: "long ", count: 40), "412,000.00 CNY")
        table.add("7", "ceiling", nil, "\u{1B}[2Jshort", "3.00 USD")
        return table
    }

    @Test func `fits the terminal by its widest texts, and cuts no number`() {
        let lines = Self.table().text(columns: 80).split(separator: "\n")
        #expect(lines.count == 3 && lines.allSatisfy { $0.unicodeScalars.count <= 80 }, "\(lines)")
        #expect(lines[0].hasSuffix("AMOUNT") && lines[1].hasSuffix("412,000.00 CNY") && lines[2].hasSuffix("3.00 USD"))
        #expect(lines[1].contains("answer_mismatch  harbor") && lines[1].contains("…"))
        #expect(!lines[2].contains("\u{1B}"))
    }

    @Test func `is as wide as its content where nothing bounds it`() {
        let lines = Self.table().text(columns: nil).split(separator: "\n")
        #expect(lines[1].unicodeScalars.count > 200 && !lines[1].contains("…"))
    }

    @Test(arguments: [10, 40, 60])
    func `is cut at the end where nothing gives way any more`(_ columns: Int) {
        let lines = Self.table().text(columns: columns).split(separator: "\n")
        #expect(lines.allSatisfy { $0.unicodeScalars.count <= columns }, "\(lines)")
    }
}
