import BatchFiles
import PaymentCore
import Store

/// The sheet in which reviewers amend records: a line a field, with what it says, masked, and room for what it should.
enum AmendmentSheet {
    static let titles = ["record", "revision", "field", "old", "new", "reasons", "mend"]
    /// Spreadsheets take a file without it for one in the charset of their country.
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// One line of a sheet that came back.
    struct Entry {
        /// Of the text.
        let line: Int
        let record: String
        let revision: String
        let field: String
        let old: String
        /// As it stands in the cell.
        let new: String
    }

    /// Appends the lines of one record; answers how many.
    ///
    /// `fields`: for which there are lines beside those that fail.
    static func append(
        _ record: RecordToReview,
        _ texts: RecordTexts,
        fields wanted: Set<RecordField>,
        to bytes: inout [UInt8]
    ) -> Int {
        let reasons = ShownRecord(record.record).current
        // What is wrong with the record as a whole is mended in any of its fields.
        let ofRecord = reasons.filter { $0.field == nil }
        var count = 0
        for field in texts.form.fields {
            let ofField = reasons.filter { $0.field == field.rawValue }
            guard !ofField.isEmpty || !ofRecord.isEmpty || wanted.contains(field) else { continue }
            let told = ofField + ofRecord
            SheetCell.append(
                line: [
                    SheetCell.plain("\(record.key)"), String(record.record.revision), field.rawValue,
                    SheetCell.plain(old(field, texts)), "", told.map(\.code).joined(separator: " "),
                    SheetCell.plain(told.map(\.mend).joined(separator: " / ")),
                ],
                to: &bytes
            )
            count += 1
        }
        return count
    }

    /// What a field says, masked; nothing where nothing is known of it.
    static func old(_ field: RecordField, _ texts: RecordTexts) -> String {
        texts.current?[field].map(field.masked) ?? ""
    }

    /// The lines of a sheet that came back, those without a new text left out, and how many these were.
    ///
    /// Throws `ReviewRefusal` for what is no such sheet.
    static func entries(_ bytes: [UInt8]) throws -> (entries: [Entry], withoutNew: Int) {
        var reader = try SheetReader(bytes)
        guard let header = try reader.next() else { throw Self.noSheet("it is empty") }
        let found = header.cells.map { $0.trimmed.lowercased() }
        var places: [String: Int] = [:]
        for title in titles.prefix(5) {
            guard let place = found.firstIndex(of: title) else { throw Self.noSheet("it has no column `\(title)`") }
            places[title] = place
        }
        var entries: [Entry] = []
        var withoutNew = 0
        while let line = try reader.next() {
            guard !line.isEmpty else { continue }
            func cell(_ title: String) -> String {
                places[title].flatMap { $0 < line.cells.count ? line.cells[$0] : nil } ?? ""
            }
            guard !cell("new").isEmpty else {
                withoutNew += 1
                continue
            }
            guard entries.count < SheetReader.linesMax else {
                throw ReviewRefusal(
                    what: "the file has more than \(SheetReader.linesMax) lines",
                    mend: "import it in parts"
                )
            }
            entries.append(
                Entry(
                    line: line.number,
                    record: SheetCell.meant(by: cell("record")).trimmed,
                    revision: SheetCell.meant(by: cell("revision")).trimmed,
                    field: SheetCell.meant(by: cell("field")).trimmed,
                    old: SheetCell.meant(by: cell("old")),
                    new: cell("new")
                )
            )
        }
        return (entries, withoutNew)
    }

    private static func noSheet(_ why: String) -> ReviewRefusal {
        ReviewRefusal(
            what: "the file is no sheet of amendments: \(why)",
            mend: "begin with one that was exported: sluice quarantine export"
        )
    }

    /// Whether a spreadsheet has most likely rounded a number: they keep 15 digits.
    static func looksRounded(_ cell: String) -> Bool {
        guard !SheetCell.isSaidToBeText(cell) else { return false }
        let scalars = Array(cell.unicodeScalars)
        func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
        if scalars.count > 15, scalars.allSatisfy(isDigit), scalars.dropFirst(15).allSatisfy({ $0 == "0" }) {
            return true
        }
        // 6.22202E+18
        let sides = cell.uppercased().split(separator: "E", omittingEmptySubsequences: false)
        guard sides.count == 2, let first = sides[0].unicodeScalars.first, isDigit(first) else { return false }
        return sides[0].unicodeScalars.allSatisfy { isDigit($0) || $0 == "." || $0 == "," }
            && sides[1].unicodeScalars.first == "+" && sides[1].unicodeScalars.dropFirst().allSatisfy(isDigit)
    }
}
