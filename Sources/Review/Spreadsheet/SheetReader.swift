/// Reads a sheet that came back from a spreadsheet: CSV in UTF-8, with commas, semicolons or tabs, as the spreadsheet's
/// country has it.
struct SheetReader {
    /// One line of a sheet; a quoted cell may reach over several lines of text.
    struct Line {
        /// Of the text, from 1: where it begins.
        let number: Int
        let cells: [String]

        var isEmpty: Bool { cells.allSatisfy(\.isEmpty) }
    }

    static let bytesMax = QuarantineReview.sheetBytesMax
    static let linesMax = 200_000
    static let cellBytesMax = 16_384

    private let bytes: [UInt8]
    private var place = 0
    private var lineNumber = 1
    private let separator: UInt8

    /// Throws `ReviewRefusal` for what is no such sheet.
    init(_ bytes: [UInt8]) throws {
        guard bytes.count <= Self.bytesMax else {
            throw ReviewRefusal(
                what: "the file has more than \(Self.bytesMax >> 20) MiB",
                mend: "import it in parts"
            )
        }
        let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let text = isMarked ? Array(bytes.dropFirst(3)) : bytes
        guard String(validating: text, as: UTF8.self) != nil, !text.contains(0) else {
            throw ReviewRefusal(
                what: "the file is not in UTF-8",
                mend: "save it from the spreadsheet as CSV UTF-8"
            )
        }
        self.bytes = text
        let header = text.prefix { $0 != 0x0A && $0 != 0x0D }
        let marks = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        separator =
            marks.max { left, right in
                header.count { $0 == left } < header.count { $0 == right }
            } ?? UInt8(ascii: ",")
    }

    /// The next line; nil at the end.
    ///
    /// Throws `ReviewRefusal` where the form is broken, so that nobody knows what the rest means.
    mutating func next() throws -> Line? {
        guard place < bytes.count else { return nil }
        let number = lineNumber
        var cells: [String] = []
        while true {
            cells.append(try cell(startedIn: number))
            guard place < bytes.count, bytes[place] == separator else { break }
            place += 1
        }
        skipLineEnd()
        return Line(number: number, cells: cells)
    }

    private mutating func cell(startedIn number: Int) throws -> String {
        var cell: [UInt8] = []
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else {
            while place < bytes.count, bytes[place] != separator, bytes[place] != 0x0A, bytes[place] != 0x0D {
                cell.append(bytes[place])
                place += 1
            }
            return try text(cell, number)
        }
        place += 1
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == UInt8(ascii: "\"") {
                guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else {
                    try requireEndOfCell(number)
                    return try text(cell, number)
                }
                place += 1
            } else if byte == 0x0A {
                lineNumber += 1
            }
            cell.append(byte)
            guard cell.count <= Self.cellBytesMax else { break }
        }
        throw Self.broken(number, cell.count > Self.cellBytesMax ? "a cell is too long" : "a quote is not closed")
    }

    private func requireEndOfCell(_ number: Int) throws {
        guard place == bytes.count || [separator, 0x0A, 0x0D].contains(bytes[place]) else {
            throw Self.broken(number, "text follows a closing quote")
        }
    }

    private func text(_ cell: [UInt8], _ number: Int) throws -> String {
        guard cell.count <= Self.cellBytesMax else { throw Self.broken(number, "a cell is too long") }
        return String(decoding: cell, as: UTF8.self)
    }

    private mutating func skipLineEnd() {
        if place < bytes.count, bytes[place] == 0x0D { place += 1 }
        if place < bytes.count, bytes[place] == 0x0A { place += 1 }
        lineNumber += 1
    }

    private static func broken(_ number: Int, _ what: String) -> ReviewRefusal {
        ReviewRefusal(what: "line \(number) of the file: \(what)", mend: "save it from the spreadsheet as CSV UTF-8")
    }
}
