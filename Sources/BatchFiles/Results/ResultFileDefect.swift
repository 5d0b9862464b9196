/// Why a result file is not stored: what was written is not what was meant.
package struct ResultFileDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// The physical line, from 1; 0 when the file as a whole is meant.
    package let line: Int64
    package let what: String

    package init(line: Int64, what: String) {
        self.line = line
        self.what = what
    }

    package var description: String {
        (line > 0 ? "line \(line): " : "") + what + "; the file is not stored: make it again, and report this"
    }
}
