import BatchFiles
import PaymentCore
import Store

/// The lines of a sheet that came back, by record, and which of them are refused.
struct ImportedSheet {
    /// What one line asks for.
    private struct Wish {
        let line: Int
        let revision: Int32
        let field: RecordField
        let old: String
        let new: String
    }

    private static let exportAgain = "export the record again, and amend that"

    /// Lines that can be understood, by record.
    private var wishes: [RecordKey: [Wish]] = [:]
    /// Every line that names a record, by it.
    private var lines: [RecordKey: [Int]] = [:]
    private var refused: [Int: RefusedLine] = [:]

    init(_ entries: [AmendmentSheet.Entry]) {
        for entry in entries {
            guard let key = RecordKey(entry.record) else {
                refuse(
                    entry.line,
                    "`\(Masked.visible(entry.record))` names no record",
                    mend: "write it as it was exported, BATCH-LINE: a spreadsheet may have made a day of it"
                )
                continue
            }
            lines[key, default: []].append(entry.line)
            guard let field = RecordField(rawValue: entry.field) else {
                let known = RecordField.allCases.map(\.rawValue).joined(separator: ", ")
                refuse(entry.line, "`\(Masked.visible(entry.field))` is no field", mend: "write one of: \(known)")
                continue
            }
            guard let revision = Int32(entry.revision) else {
                refuse(
                    entry.line,
                    "`\(Masked.visible(entry.revision))` is no revision",
                    mend: "write it as it was exported"
                )
                continue
            }
            guard !AmendmentSheet.looksRounded(entry.new) else {
                refuse(
                    entry.line,
                    "the new text looks like a number that a spreadsheet has rounded",
                    mend: "make its cell a text, or write an apostrophe before it"
                )
                continue
            }
            if let earlier = wishes[key]?.first(where: { $0.field == field }) {
                refuse(
                    entry.line,
                    "line \(earlier.line) is about the same field of record \(key)",
                    mend: "leave one of them out"
                )
            }
            wishes[key, default: []].append(
                Wish(
                    line: entry.line,
                    revision: revision,
                    field: field,
                    old: entry.old,
                    new: SheetCell.meant(by: entry.new)
                )
            )
        }
    }

    /// The records that lines name.
    var keys: [RecordKey] { Array(lines.keys) }

    /// Whether no line of a record is refused.
    func isWhole(_ key: RecordKey) -> Bool { lines[key]?.contains { refused[$0] != nil } == false }

    /// The lines that were not followed; a line that is right itself hangs on the others of its record.
    var refusedLines: [RefusedLine] {
        var all = refused
        for (key, lines) in lines {
            guard let cause = lines.first(where: { refused[$0] != nil }) else { continue }
            for line in lines where refused[line] == nil {
                all[line] = RefusedLine(
                    line: line,
                    why: "line \(cause) of the same record \(key) is refused",
                    mend: "mend that line: a record is amended whole, or not at all"
                )
            }
        }
        return all.values.sorted { $0.line < $1.line }
    }

    /// Whether lines were written for another revision of a record, or it waits no longer.
    func isStale(_ record: RecordToReview) -> Bool {
        !record.record.state.isWaiting
            || wishes[record.key, default: []].contains { $0.revision != record.record.revision }
    }

    /// The texts that a record is to have; nil, and its lines refused, where the sheet does not say what it says now.
    mutating func newTexts(of key: RecordKey, _ texts: RecordTexts) -> FieldTexts? {
        var new = texts.current ?? FieldTexts()
        for wish in wishes[key, default: []] {
            guard wish.old == AmendmentSheet.old(wish.field, texts) else {
                refuse(
                    wish.line,
                    "the column `old` is not what \(wish.field.rawValue) of record \(key) says",
                    mend: Self.exportAgain
                )
                continue
            }
            guard wish.new.unicodeScalars.count <= AmendmentBounds.textScalarsMax else {
                refuse(
                    wish.line,
                    "the new text has more than \(AmendmentBounds.textScalarsMax) characters",
                    mend: "shorten it"
                )
                continue
            }
            new[wish.field] = wish.new
        }
        return isWhole(key) ? new : nil
    }

    // MARK: Refusing

    private mutating func refuse(_ line: Int, _ why: String, mend: String) {
        if refused[line] == nil { refused[line] = RefusedLine(line: line, why: why, mend: mend) }
    }

    /// Refuses every line of a record.
    mutating func refuse(_ key: RecordKey, _ why: String, mend: String) {
        for line in lines[key, default: []] { refuse(line, why, mend: mend) }
    }

    /// Others were faster.
    mutating func refuse(_ changes: [RecordChange]) {
        for change in changes { refuse(change.key, change.words, mend: Self.exportAgain) }
    }

    /// What the rules, or the number's owner, say to new texts.
    mutating func refuse(_ leftover: AmendmentRun.Leftover) {
        for (key, why) in leftover.unjudgeable { refuse(key, why, mend: "put back what its file was judged by") }
        for (key, reasons) in leftover.broken {
            for reason in reasons {
                guard let wish = wishes[key]?.first(where: { $0.field == reason.field }) else { continue }
                refuse(wish.line, "\(reason.code.rawValue): \(reason.maskedValue)", mend: reason.mend)
            }
        }
    }
}
