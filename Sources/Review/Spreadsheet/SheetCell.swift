/// One cell of a sheet that people open in spreadsheets, as CSV (RFC 4180).
///
/// A spreadsheet computes what begins like a formula, and rewrites what looks like a number or a day: `12-7` becomes a
/// day in July, and a long number loses its last digits. So an apostrophe stands before such a text, and is taken away
/// when the sheet comes back.
enum SheetCell {
    /// Signs that begin a formula, with their forms of full width, which some spreadsheets take for them.
    private static let formulaSigns: Set<Unicode.Scalar> = [
        "=", "+", "-", "@", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}",
    ]
    private static let months: Set<String> = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    /// A text as a spreadsheet leaves it.
    static func plain(_ text: String) -> String { isTouched(text) ? "'" + text : text }

    /// What was meant by a cell of a sheet that came back.
    static func meant(by cell: String) -> String {
        let scalars = cell.unicodeScalars
        guard scalars.first == "'", isTouched(String(scalars.dropFirst())) else { return cell }
        return String(scalars.dropFirst())
    }

    /// Whether a cell says that it is a text, whatever it looks like.
    static func isSaidToBeText(_ cell: String) -> Bool { cell.unicodeScalars.first == "'" }

    /// Whether a spreadsheet would do something to the text.
    private static func isTouched(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first else { return false }
        // An apostrophe of its own is doubled, so that it is not taken for this one.
        if first == "'" || formulaSigns.contains(first) || first.properties.numericType != nil { return true }
        // A space before a sign does not keep every spreadsheet from it.
        if first.properties.isWhitespace { return isTouched(String(scalars.drop { $0.properties.isWhitespace })) }
        return months.contains(String(text.prefix(3)).lowercased())
            && scalars.contains { $0.properties.numericType != nil }
    }

    /// Appends the cell, quoted where it must be.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        let needsQuotes = text.utf8.contains { byte in
            byte == UInt8(ascii: "\"") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte < 0x20
        }
        let isFramedByBlanks = text.utf8.first == 0x20 || text.utf8.last == 0x20
        guard needsQuotes || isFramedByBlanks else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a line of cells.
    static func append(line cells: [String], to bytes: inout [UInt8]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(cell, to: &bytes)
        }
        bytes.append(contentsOf: "\r\n".utf8)
    }
}
