/// Tells code, comments and string literals of Swift apart, byte by byte.
///
/// Knows nested comments, all forms of string literals with their interpolations, and raw identifiers. Bare regex
/// literals are taken as code.
struct SwiftScanner {
    private let bytes: [UInt8]
    private var classes: [SyntaxClass]
    private var index = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        classes = Array(repeating: .code, count: bytes.count)
    }

    mutating func scan() -> [SyntaxClass] {
        scanCode(untilClosingParenthesis: false)
        return classes
    }

    private mutating func scanCode(untilClosingParenthesis: Bool) {
        var depth = 0
        while index < bytes.count {
            if starts("//") {
                mark(.comment, while: { $0 != UInt8(ascii: "\n") })
            } else if starts("/*") {
                scanBlockComment()
            } else if let pounds = literalPounds() {
                scanString(pounds: pounds)
            } else if bytes[index] == UInt8(ascii: "`") {
                index += 1
                mark(.string, while: { $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\n") })
                index += 1
            } else {
                if bytes[index] == UInt8(ascii: "(") { depth += 1 }
                if bytes[index] == UInt8(ascii: ")") {
                    if untilClosingParenthesis, depth == 0 { return }
                    depth -= 1
                }
                index += 1
            }
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                mark(.comment, count: 2)
            } else if starts("*/") {
                depth -= 1
                mark(.comment, count: 2)
            } else {
                mark(.comment, count: 1)
            }
        } while depth > 0 && index < bytes.count
    }

    /// How many `#` stand before a quote that begins a literal here, if one does.
    private func literalPounds() -> Int? {
        var end = index
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        return end < bytes.count && bytes[end] == UInt8(ascii: "\"") ? end - index : nil
    }

    private mutating func scanString(pounds: Int) {
        let hashes = String(repeating: "#", count: pounds)
        index += pounds
        let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
        index += quotes.utf8.count
        while index < bytes.count {
            if starts(quotes + hashes) {
                index += quotes.utf8.count + pounds
                return
            }
            if quotes == "\"", bytes[index] == UInt8(ascii: "\n") { return }
            if starts("\\" + hashes + "(") {
                index += pounds + 2
                scanCode(untilClosingParenthesis: true)
                index += 1
            } else if starts("\\" + hashes) {
                mark(.string, count: pounds + 2)
            } else {
                mark(.string, count: 1)
            }
        }
    }

    private func starts(_ text: String) -> Bool {
        let wanted = text.utf8
        return index + wanted.count <= bytes.count && bytes[index..<(index + wanted.count)].elementsEqual(wanted)
    }

    private mutating func mark(_ kind: SyntaxClass, count: Int) {
        let end = min(index + count, bytes.count)
        while index < end {
            classes[index] = kind
            index += 1
        }
    }

    private mutating func mark(_ kind: SyntaxClass, while condition: (UInt8) -> Bool) {
        while index < bytes.count, condition(bytes[index]) { mark(kind, count: 1) }
    }
}

/// Tells code, comments and text literals of SQL apart; bodies between `$$` are code.
enum SQLScanner {
    static func scan(_ bytes: [UInt8]) -> [SyntaxClass] {
        var classes = Array(repeating: SyntaxClass.code, count: bytes.count)
        var state = SyntaxClass.code
        for index in bytes.indices {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch (state, bytes[index]) {
            case (.code, UInt8(ascii: "-")) where next == UInt8(ascii: "-"): state = .comment
            case (.comment, UInt8(ascii: "\n")): state = .code
            case (.code, UInt8(ascii: "'")):
                state = .string
                continue
            case (.string, UInt8(ascii: "'")): state = .code
            default: break
            }
            classes[index] = state
        }
        return classes
    }
}
