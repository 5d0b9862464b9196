import SharedFileTesting

/// Texts of the published corpora that break terminals, spreadsheets and databases.
enum HostileTexts {
    static let folders = ["naughty-strings", "injection-strings", "csv-formula"]

    /// Each line of each file, and some that no line of a text file can be.
    static func all() throws -> [String] {
        var texts: Set<String> = [
            "\u{0}", "\u{1B}]0;title\u{7}", "a\rb", "a\nb", "\u{9B}2J", "\u{202E}abc", "a\u{2028}b",
        ]
        for folder in folders {
            for file in try SharedFiles.files(below: "corpora/\(folder)/files") {
                for line in try SharedFiles.text(file).split(separator: "\n", omittingEmptySubsequences: true) {
                    texts.insert(String(line.prefix(400)))
                }
            }
        }
        return texts.sorted()
    }

    /// Whether a terminal shows the text and does nothing else.
    static func isSafe(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: false
            default: true
            }
        }
    }
}
