import BatchFiles
import PaymentCore
import Review
import SharedFileTesting
import Store
import Testing

/// Sheets of amendments: what is written opens safe, and what comes back is followed line by line, or told of.
@Suite struct SheetTests {
    private static let header = "record,revision,field,old,new,reasons,mend"

    private static func export(_ desk: QuarantineDesk, fields: Set<RecordField> = []) async throws -> String {
        var bytes: [UInt8] = []
        _ = try await desk.review().export(.everything, fields: fields) { bytes += $0 }
        #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]), "spreadsheets take other files for another charset")
        return String(decoding: bytes.dropFirst(3), as: UTF8.self)
    }

    private static func bring(
        _ lines: [String],
        to desk: QuarantineDesk,
        isPreview: Bool = false
    ) async throws -> ImportReport {
        try await desk.review().importSheet(
            Array(([header] + lines).joined(separator: "\r\n").utf8),
            comment: "by sheet",
            session: isPreview ? nil : try QuarantineDesk.session()
        )
    }

    // MARK: Out

    @Test func `there is a line for each field that fails, with room for a new text`() async throws {
        let desk = QuarantineDesk()
        desk.put(
            .line(7),
            GoodRecord.texts("A-7", .amount, "12.345"),
            reasons: [
                GoodRecord.reason(.amountTooManyDecimals, .amount), GoodRecord.reason(.surroundingSpace, .accountName),
            ]
        )
        desk.put(.line(8), GoodRecord.texts("A-8"))
        let lines = try await Self.export(desk).split(separator: "\r\n")
        #expect(lines.count == 3 && lines[0] == Self.header)
        let mend = ReasonCode.surroundingSpace.mend
        #expect(lines[1] == "'12-7,0,account_name,张*,,surrounding_space,\(mend)")
        #expect(lines[2].hasPrefix("'12-7,0,amount,'12.345,,amount_too_many_decimals,"))
        let all = try await Self.export(desk, fields: Set(RecordField.allCases)).split(separator: "\r\n")
        #expect(all.count == 1 + 2 * QuarantineDesk.form.fields.count)
        #expect(!all.joined().contains(GoodRecord.account))
    }

    @Test func `a record of which no field is to blame has a line for each`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(7), nil, reasons: [GoodRecord.reason(.wrongColumnCount, nil, "5 instead of 6")])
        let lines = try await Self.export(desk).split(separator: "\r\n")
        #expect(lines.count == 1 + QuarantineDesk.form.fields.count)
        #expect(lines[1].hasPrefix("'12-7,0,merchant_order_number,,,wrong_column_count,"))
    }

    // MARK: Back

    @Test func `a sheet that is filled in and brought back amends its records`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(
            .line(7),
            GoodRecord.texts("A-7", .amount, "12.345"),
            reasons: [GoodRecord.reason(.amountTooManyDecimals, .amount)]
        )
        let exported = try await Self.export(desk)
        let filled = exported.replacing("'12.345,,", with: "'12.345,12.35,")
        let review = try desk.review()
        let ahead = try await review.importSheet(Array(filled.utf8), comment: "", session: nil)
        #expect(ahead.amendment.amended == 1 && ahead.amendment.isPreview && ahead.refused == [])
        #expect(desk.row(key)?.record.record.state == .open)
        // Spreadsheets of other countries write semicolons.
        for text in [filled.replacing(",", with: ";")] {
            let done = try await review.importSheet(
                Array(text.utf8),
                comment: "by sheet",
                session: try QuarantineDesk.session()
            )
            #expect(done.refused == [] && done.amendment.passing == 1 && done.lines == 1)
        }
        #expect(desk.texts(key)?[.amount] == "12.35")
        // Brought a second time it is of another revision.
        let again = try await Self.bring(["12-7,0,amount,12.345,12.36,,"], to: desk)
        #expect(again.amendment.amended == 0)
        #expect(
            again.refused.map(\.why) == [
                "record 12-7 was amended by rita at 2025-11-13 02:13:20Z, and is in revision 1"
            ]
        )
    }

    /// A line that does not match, and what is said of it.
    private static let wrong: [(line: String, why: String)] = [
        ("12-9,0,amount,12.34,1.00,,", "there is no quarantined record 12-9"),
        ("7-Dec,0,amount,12.34,1.00,,", "`7-Dec` names no record"), ("x,0,amount,12.34,1.00,,", "names no record"),
        ("12-7,1,amount,12.34,1.00,,", "revision 0"), ("12-7,,amount,12.34,1.00,,", "is no revision"),
        ("12-7,0,price,12.34,1.00,,", "`price` is no field"), ("12-7,0,amount,12.3,1.00,,", "the column `old` is not"),
        ("12-7,0,amount,,1.00,,", "the column `old` is not"),
        ("12-7,0,amount,12.34,one,,", "amount_malformed: ***"),
        ("12-7,0,account_number,622848*********8109,6228480040106030000,,", "a spreadsheet has rounded"),
        ("12-7,0,account_number,622848*********8109,6.22848E+18,,", "a spreadsheet has rounded"),
        ("12-7,0,merchant_order_number,A-7,A-8,,", "duplicate_of_quarantined"),
    ]

    @Test func `a line that does not match what is stored is refused with its number, the others are followed`()
        async throws
    {
        for (index, wrong) in Self.wrong.enumerated() {
            let desk = QuarantineDesk()
            desk.put(.line(7), GoodRecord.texts("A-7"))
            desk.put(.line(8), GoodRecord.texts("A-8", .purpose, " rent"))
            let report = try await Self.bring([wrong.line, "12-8,0,purpose, *,rent,,"], to: desk)
            #expect(report.amendment.amended == 1, "\(index)")
            #expect(report.refused.map(\.line) == [2], "\(index): \(report.refused)")
            #expect(report.refused.first?.why.contains(wrong.why) == true, "\(index): \(report.refused)")
            #expect(desk.row(.line(7))?.record.record.state == .open, "\(index)")
            #expect(desk.texts(.line(8))?[.purpose] == "rent", "\(index)")
        }
    }

    @Test func `a record of which one line is refused is left alone whole`() async throws {
        let desk = QuarantineDesk()
        desk.put(.line(7), GoodRecord.texts("A-7"))
        let report = try await Self.bring(
            ["12-7,0,purpose,w*,fees,,", "12-7,0,amount,12.34,-1,,", "12-7,0,bank_code,102100099996,105100000017,,"],
            to: desk
        )
        #expect(report.amendment.amended == 0 && report.refused.map(\.line) == [2, 3, 4])
        #expect(report.refused[1].why.hasPrefix("amount_not_positive"))
        #expect(report.refused[0].why == "line 3 of the same record 12-7 is refused")
        #expect(desk.row(.line(7))?.record.record.state == .open)
        let twice = try await Self.bring(["12-7,0,purpose,w*,fees,,", "12-7,0,purpose,w*,rent,,"], to: desk)
        #expect(twice.amendment.amended == 0 && twice.refused.map(\.line) == [2, 3])
    }

    @Test func `lines without a new text say nothing, and a text may be marked as one`() async throws {
        let desk = QuarantineDesk()
        let key = desk.put(.line(7), GoodRecord.texts("A-7", .accountNumber, "x"))
        let report = try await Self.bring(
            [
                "'12-7,0,amount,'12.34,,,", ",,,,,,", "'12-7,0,account_number,*,'6228480040106028000,,",
                "12-7,0,purpose,w*,'=1+1,,",
            ],
            to: desk
        )
        #expect(report.refused == [] && report.linesWithoutText == 1 && report.lines == 2)
        #expect(desk.texts(key)?[.accountNumber] == "6228480040106028000")
        #expect(desk.texts(key)?[.purpose] == "=1+1" && desk.texts(key)?[.amount] == "12.34")
    }

    @Test(arguments: [
        "", "a,b,c\r\n", "record,revision,field,old\r\n12-7,0,amount,1\r\n", "record,revision,field,old,new\r\n\"12-7",
        "record,revision,field,old,new\r\n\"12\"7,0,amount,1,2",
        "record,revision,field,old,new\r\n12-7,0,amount,1,2\u{0}",
        "record,revision,field,old,new\r\n12-7,0,amount,1," + String(repeating: "x", count: 20_000),
    ])
    func `what is no sheet of amendments is refused whole`(text: String) async throws {
        let desk = QuarantineDesk()
        await #expect(throws: ReviewRefusal.self) {
            _ = try await desk.review().importSheet(Array(text.utf8), comment: "x", session: nil)
        }
    }

    @Test func `a sheet in another charset is refused whole`() async throws {
        let desk = QuarantineDesk()
        // "张" in GBK.
        let bytes = Array("record,revision,field,old,new\r\n12-7,0,account_name,x,".utf8) + [0xD5, 0xC5]
        let error = await #expect(throws: ReviewRefusal.self) {
            _ = try await desk.review().importSheet(bytes, comment: "x", session: nil)
        }
        #expect(error?.mend == "save it from the spreadsheet as CSV UTF-8")
    }

    // MARK: Safety

    @Test(.enabled(if: SharedFiles.exist("corpora/csv-formula/files")), arguments: [RecordField.merchantOrderNumber])
    func `no cell begins as a spreadsheet's formula, and each comes back as what it was`(
        field: RecordField
    ) async throws {
        let desk = QuarantineDesk()
        var line: Int32 = 0
        let signs = ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "'x", " =1", "7-8", "Mar 5", "1E5"]
        for text in try HostileTexts.all() + signs {
            line += 1
            desk.put(
                .line(line),
                GoodRecord.texts("A-\(line)").merging([field: text, .accountName: text, .purpose: text]) { $1 },
                reasons: [GoodRecord.reason(.controlCharacter, field, Masked.visible(text))],
                isOwner: false
            )
        }
        let text = try await Self.export(desk, fields: Set(RecordField.allCases))
        let sheet = SheetText(text)
        #expect(sheet.rows.count > 1_000)
        for (index, cells) in sheet.rows.enumerated() where index > 0 {
            #expect(cells.count == 7, "row \(index)")
            for cell in cells {
                let first = cell.unicodeScalars.first
                #expect(first.map { !"=+-@\t\r\n＝＋－＠".unicodeScalars.contains($0) } ?? true, "row \(index): \(cell)")
                #expect(HostileTexts.isSafe(cell), "row \(index)")
            }
        }
        // Each line comes back as it went out: what stands in `old` is known again, so only the new text is refused.
        let filled = sheet.rows.dropFirst().filter { $0[2] == "amount" }
            .map { cells in (cells[0...3] + ["13.00", "", ""]).map(SheetText.quoted).joined(separator: ",") }
        let report = try await Self.bring(filled, to: desk, isPreview: true)
        #expect(report.refused.isEmpty, "\(report.refused.prefix(3))")
        #expect(report.amendment.amended == Int64(line))
        let named = sheet.rows.dropFirst().filter { $0[2] == "account_name" }
            .map { cells in (cells[0...3] + ["ACME", "", ""]).map(SheetText.quoted).joined(separator: ",") }
        let names = try await Self.bring(named, to: desk, isPreview: true)
        #expect(names.refused.isEmpty, "\(names.refused.prefix(3))")
    }
}

/// Takes a sheet apart with other eyes than the product's.
private struct SheetText {
    var rows: [[String]] = []

    init(_ text: String) {
        var cell = ""
        var cells: [String] = []
        var isQuoted = false
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            switch (scalar, isQuoted) {
            case ("\"", true):
                if scalars.first == "\"" {
                    scalars.removeFirst()
                    cell.unicodeScalars.append("\"")
                } else {
                    isQuoted = false
                }
            case ("\"", false): isQuoted = true
            case (",", false):
                cells.append(cell)
                cell = ""
            case ("\r", false): break
            case ("\n", false):
                rows.append(cells + [cell])
                (cells, cell) = ([], "")
            default: cell.unicodeScalars.append(scalar)
            }
        }
    }

    static func quoted(_ cell: String) -> String { "\"\(cell.replacing("\"", with: "\"\""))\"" }
}
