/// A YAML file that is refused: where, what is wrong, and how to mend it.
///
/// Its description is safe to log: keys, kinds and limits are quoted, and of values only those that were to be a
/// number, a duration, a truth value or one of a list, cut to 40 characters. A text value is never quoted, for a secret
/// may have been put where a reference belongs.
package struct YAMLError: Error, CustomStringConvertible, Sendable, Equatable {
    /// The path as the caller gave it.
    package let file: String
    /// The line, from 1; 0 if the file as a whole is meant.
    package let line: Int
    /// The column in Unicode scalars, from 1; 0 if the file as a whole is meant.
    package let column: Int
    /// What is wrong, without a full stop.
    package let what: String
    /// What to do about it, without a full stop.
    package let mend: String

    /// Makes an error; callers that read a mapping use `YAMLMapping.error(at:what:mend:)`, which knows the place.
    package init(file: String, line: Int, column: Int, what: String, mend: String) {
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        self.mend = mend
    }

    /// `FILE:LINE:COLUMN: what; mend`.
    package var description: String {
        line == 0 ? "\(file): \(what); \(mend)" : "\(file):\(line):\(column): \(what); \(mend)"
    }
}
