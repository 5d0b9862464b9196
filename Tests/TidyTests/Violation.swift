/// One place that breaks a rule.
struct Violation: CustomStringConvertible, Equatable {
    let path: String
    /// From 1; 0 means the file or folder as a whole.
    let line: Int
    let what: String

    init(_ path: String, line: Int = 0, _ what: String) {
        self.path = path
        self.line = line
        self.what = what
    }

    var description: String { line == 0 ? "\(path): \(what)" : "\(path):\(line): \(what)" }
}

extension [Violation] {
    /// The list as a failing test shows it.
    var report: String { "\n" + map(\.description).joined(separator: "\n") }
}
