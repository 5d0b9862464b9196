import Yams

/// A place in a file: line and column from 1, the column in Unicode scalars; zeros mean the file as a whole.
struct Place: Hashable {
    let line: Int
    let column: Int

    static let wholeFile = Place(line: 0, column: 0)

    init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The parser marks every node that it reads; only nodes made by hand have none.
    init(_ mark: Mark?) {
        self = mark.map { Place(line: $0.line, column: $0.column) } ?? .wholeFile
    }
}

extension YAMLError {
    init(file: String, place: Place, what: String, mend: String) {
        self.init(file: file, line: place.line, column: place.column, what: what, mend: mend)
    }
}
