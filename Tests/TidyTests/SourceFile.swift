/// One text file of the repository, as the rules see it.
struct SourceFile {
    /// Relative to the root, with `/`.
    let path: String
    let text: String
    /// The lines as written.
    let lines: [Substring]
    /// The lines with comments blanked; string literals stay.
    let uncommented: [String]
    /// The lines with comments, the text of string literals and names between backticks blanked; what is interpolated
    /// stays, for it is code.
    let code: [String]
    /// The lines with everything but comments blanked.
    let comments: [String]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let classes: [SyntaxClass]
        if path.hasSuffix(".swift") {
            var scanner = SwiftScanner(Array(text.utf8))
            classes = scanner.scan()
        } else if path.hasSuffix(".sql") {
            classes = SQLScanner.scan(Array(text.utf8))
        } else {
            classes = Array(repeating: .code, count: text.utf8.count)
        }
        func keeping(_ wanted: Set<SyntaxClass>) -> [String] {
            var kept: [UInt8] = []
            for (byte, kind) in zip(text.utf8, classes) {
                kept.append(byte == 0x0A || wanted.contains(kind) ? byte : 0x20)
            }
            return String(decoding: kept, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .map(String.init)
        }
        uncommented = keeping([.code, .string])
        code = keeping([.code])
        comments = keeping([.comment])
    }

    /// The target that a file under `Sources/` belongs to.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    var isSQL: Bool { path.hasSuffix(".sql") }
}

/// What a byte of a source file belongs to.
enum SyntaxClass {
    case code
    case comment
    case string
}
