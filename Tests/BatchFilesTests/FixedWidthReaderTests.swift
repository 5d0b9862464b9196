import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing
import Transcoding

/// Records of fixed width: their bytes, whatever surrounds them.
@Suite struct FixedWidthReaderTests {
    // MARK: Samples

    /// 1–6 number, 7–12 account, 13–18 name, 19–22 amount; bytes 23 and 24 are of no column.
    static let columns: [FixedWidthLayout.Column] = [
        .init(LayoutColumn(title: "no", field: .merchantOrderNumber), at: .init(start: 1, width: 6)),
        .init(LayoutColumn(title: "account", field: .accountNumber), at: .init(start: 7, width: 6)),
        .init(LayoutColumn(title: "name", field: .accountName), at: .init(start: 13, width: 6)),
        .init(LayoutColumn(title: "amount", field: .amount), at: .init(start: 19, width: 4)),
    ]
    static let width = 24

    static func layout(
        charset: Charset = .utf8,
        hasLineEnds: Bool = true,
        headerLines: Int = 0,
        trailer: FixedWidthLayout.Trailer? = nil,
        limits: DelimitedLayout.Limits = .init()
    ) throws -> FixedWidthLayout {
        try FixedWidthLayout(
            name: "sample",
            charset: charset,
            recordBytes: width,
            hasLineEnds: hasLineEnds,
            headerLines: headerLines,
            trailer: trailer,
            amountUnit: .minor,
            defaultCurrency: .cny,
            columns: columns,
            limits: limits
        )
    }

    static let trailer = FixedWidthLayout.Trailer(
        mark: "T",
        count: .init(start: 2, width: 4),
        sum: .init(start: 6, width: 8)
    )

    /// A record with these values, padded with spaces.
    static func record(
        _ number: String,
        _ account: String = "123456",
        _ name: String = "Li",
        _ amount: String = "7"
    )
        -> String
    {
        padded(number, 6) + padded(account, 6) + padded(name, 6) + padded(amount, 4) + "--"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: width - text.utf8.count)
    }

    private static func read(
        _ bytes: [UInt8],
        _ layout: FixedWidthLayout,
        startingAt position: ReadPosition = .start,
        cuts: [Int] = []
    ) -> SeenFixedFile { SeenFixedFile(bytes, layout, startingAt: position, cuts: cuts) }

    // MARK: Shapes

    struct Shape: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        /// The numbers of its records; nil for one of another length.
        var numbers: [String?] = []
        /// The physical lines on which they begin.
        var lines: [Int64] = []
        var defect: FileDefect.Code?
        /// Where the defect is.
        var line: Int64 = 0
        var hasLineEnds = true
        var headerLines = 0
        var trailer: FixedWidthLayout.Trailer?
        var limits = DelimitedLayout.Limits()
    }

    static let (one, two, three) = (record("A1"), record("A2"), record("A3"))

    static let shapes: [Shape] = [
        Shape(testDescription: "lines end with LF", text: "\(one)\n\(two)\n", numbers: ["A1", "A2"], lines: [1, 2]),
        Shape(
            testDescription: "lines end with CR LF",
            text: "\(one)\r\n\(two)\r\n",
            numbers: ["A1", "A2"],
            lines: [1, 2]
        ),
        Shape(
            testDescription: "the last line has no end",
            text: "\(one)\n\(two)",
            numbers: ["A1", "A2"],
            lines: [1, 2]
        ),
        Shape(
            testDescription: "empty lines are passed over and counted",
            text: "\n\(one)\n\r\n\n\(two)\n\n",
            numbers: ["A1", "A2"],
            lines: [2, 5]
        ),
        Shape(
            testDescription: "back to back",
            text: one + two + three,
            numbers: ["A1", "A2", "A3"],
            lines: [1, 2, 3],
            hasLineEnds: false
        ),
        Shape(
            testDescription: "back to back, the last one cut",
            text: one + two.dropLast(3),
            numbers: ["A1", nil],
            lines: [1, 2],
            hasLineEnds: false
        ),
        Shape(
            testDescription: "a record that is too short, and one that is too long, cost no other",
            text: "\(one)\n\(two.dropLast())\n\(three)x\n\(one)\n",
            numbers: ["A1", nil, nil, "A1"],
            lines: [1, 2, 3, 4]
        ),
        Shape(
            testDescription: "a carriage return may be the last byte of a record",
            text: "\(one.dropLast())\r\n\(two)\n",
            numbers: ["A1", "A2"],
            lines: [1, 2]
        ),
        Shape(
            testDescription: "header lines of any length are passed over",
            text: "head\n\(one) and more\n\(two)\n",
            numbers: ["A2"],
            lines: [3],
            headerLines: 2
        ),
        Shape(
            testDescription: "a trailer that is right",
            text: "\(one)\n\(two)\nT   2      14\n",
            numbers: ["A1", "A2"],
            lines: [1, 2],
            trailer: trailer
        ),
        Shape(
            testDescription: "empty lines after the trailer",
            text: "\(one)\nT   1       7\r\n\r\n\n",
            numbers: ["A1"],
            lines: [1],
            trailer: trailer
        ),
        Shape(
            testDescription: "a trailer without its end of line",
            text: "\(one)\nT0001       7",
            numbers: ["A1"],
            lines: [1],
            trailer: trailer
        ),
        Shape(
            testDescription: "a trailer that is missing",
            text: "\(one)\n\(two)\n",
            numbers: ["A1", "A2"],
            lines: [1, 2],
            defect: .trailerMissing,
            line: 3,
            trailer: trailer
        ),
        Shape(
            testDescription: "a trailer that is not the last line",
            text: "\(one)\nT   1       7\n\(two)\n",
            numbers: ["A1"],
            lines: [1],
            defect: .trailerNotLast,
            line: 3,
            trailer: trailer
        ),
        Shape(
            testDescription: "a trailer whose count is no number",
            text: "\(one)\nT  1x       7\n",
            numbers: ["A1"],
            lines: [1],
            defect: .trailerMalformed,
            line: 2,
            trailer: trailer
        ),
        Shape(
            testDescription: "a trailer that is cut inside its sum",
            text: "\(one)\nT   1     7",
            numbers: ["A1"],
            lines: [1],
            defect: .trailerMalformed,
            line: 2,
            trailer: trailer
        ),
        Shape(testDescription: "no byte", text: "", defect: .emptyFile),
        Shape(testDescription: "empty lines only", text: "\n\r\n", defect: .noRecords, line: 3),
        Shape(testDescription: "a header only", text: "head\n", defect: .noRecords, line: 2, headerLines: 1),
        Shape(
            testDescription: "the first records all have another length",
            text: "short\nshort\n\(one)\n",
            numbers: [nil],
            lines: [1],
            defect: .layoutMismatch,
            line: 2,
            limits: .init(probeRecords: 2)
        ),
        Shape(
            testDescription: "all records have another length, fewer than are probed",
            text: "short\nshort\n",
            numbers: [nil, nil],
            lines: [1, 2],
            defect: .layoutMismatch,
            line: 3
        ),
        Shape(
            testDescription: "one right record ends the probe",
            text: "short\n\(one)\nshort\nshort\nshort\n",
            numbers: [nil, "A1", nil, nil, nil],
            lines: [1, 2, 3, 4, 5],
            limits: .init(probeRecords: 2)
        ),
        Shape(
            testDescription: "more records than the limit",
            text: "\(one)\n\(two)\n\(three)\n",
            numbers: ["A1", "A2"],
            lines: [1, 2],
            defect: .tooManyRecords,
            line: 3,
            limits: .init(recordsMax: 2)
        ),
        Shape(
            testDescription: "a line of more bytes than the limit",
            text: "\(one)\n" + String(repeating: "x", count: 258) + "\n\(two)\n",
            numbers: ["A1"],
            lines: [1],
            defect: .recordTooLong,
            line: 2,
            limits: .init(recordBytesMax: 256)
        ),
        Shape(
            testDescription: "a line of as many bytes as the limit, and its line end",
            text: "\(one)\n" + String(repeating: "x", count: 256) + "\r\n\(two)\n",
            numbers: ["A1", nil, "A2"],
            lines: [1, 2, 3],
            limits: .init(recordBytesMax: 256)
        ),
        Shape(
            testDescription: "a line without end",
            text: "\(one)\n" + String(repeating: "x", count: 300),
            numbers: ["A1"],
            lines: [1],
            defect: .recordTooLong,
            line: 2,
            limits: .init(recordBytesMax: 256)
        ),
    ]

    @Test(arguments: shapes)
    func `a file of this shape gives these records`(shape: Shape) throws {
        let layout = try Self.layout(
            hasLineEnds: shape.hasLineEnds,
            headerLines: shape.headerLines,
            trailer: shape.trailer,
            limits: shape.limits
        )
        let bytes = Array(shape.text.utf8)
        let seen = Self.read(bytes, layout)
        #expect(seen.records.map { $0.fault == nil ? $0.texts.first : nil } == shape.numbers)
        #expect(seen.records.map { $0.fault == .wrongLength } == shape.numbers.map { $0 == nil })
        #expect(seen.records.map(\.physicalLine) == shape.lines)
        #expect(seen.defect?.code == shape.defect)
        #expect(seen.defect?.line ?? 0 == shape.line)
        #expect(seen.defect.map { !$0.what.isEmpty && !$0.mend.isEmpty } ?? true)
    }

    @Test(arguments: shapes)
    func `every cut of the bytes gives the same records`(shape: Shape) throws {
        let layout = try Self.layout(
            hasLineEnds: shape.hasLineEnds,
            headerLines: shape.headerLines,
            trailer: shape.trailer,
            limits: shape.limits
        )
        let bytes = Array(shape.text.utf8)
        let whole = Self.read(bytes, layout)
        for cut in bytes.indices { #expect(Self.read(bytes, layout, cuts: [cut]) == whole, "cut at \(cut)") }
        #expect(Self.read(bytes, layout, cuts: Array(bytes.indices)) == whole, "byte by byte")
    }

    @Test func `a trailer declares count and sum with its place`() throws {
        let bytes = Array("\(Self.one)\nT  12  -00034\n".utf8)
        let seen = Self.read(bytes, try Self.layout(trailer: Self.trailer))
        let origin = DeclaredTotals.Origin.trailer(line: 2, byteOffset: Int64(Self.width + 1))
        #expect(seen.declared == [DeclaredTotals(origin: origin, count: 12, sums: [.cny: -34])])
    }

    // MARK: Values

    @Test func `spaces around a value are padding, and those inside are not`() throws {
        let line = "  A1  " + "123456" + " L i  " + "0007" + "--"
        let seen = Self.read(Array(line.utf8), try Self.layout())
        #expect(seen.records.first?.texts == ["A1", "123456", "L i", "0007"])
        let empty = Self.read(
            Array((String(repeating: " ", count: Self.width) + "\n").utf8),
            try Self.layout()
        )
        #expect(empty.records.first?.texts == ["", "", "", ""])
        #expect(empty.records.first?.fieldCount == 4)
    }

    @Test(arguments: [Charset.gbk, .gb18030])
    func `a Chinese name keeps its bytes, and a column that cuts a character says so`(charset: Charset) throws {
        let layout = try Self.layout(charset: charset)
        let rules = try RecordRules(severities: [.accountCheckDigit: .off])
        // 张三丰 has six bytes; with a letter before it the column cuts the last character.
        for (name, fits) in [("张三丰", true), ("a张三丰", false)] {
            let field = Array(try Samples.encoded(name, charset).prefix(6))
            let bytes = Array("A1    123456".utf8) + field + Array("7   --\n".utf8)
            var reader = FixedWidthReader(layout: layout)
            var checker = RecordChecker(form: layout.form, rules: rules)
            var checked: [CheckedRecord] = []
            try reader.read(bytes, isLast: true) { checked.append(checker.checkBothWays($0)) }
            switch try #require(checked.first) {
            case .order(let draft):
                #expect(fits)
                #expect(draft.fields.accountName == name)
            case .quarantined(let draft):
                #expect(!fits)
                #expect(draft.reasons.map(\.code) == [.undecodableBytes])
                #expect(draft.reasons.first?.field == .accountName)
                #expect(draft.merchantOrderNumber == "A1")
                #expect(draft.amount == Money(minor: 7, currency: .cny))
            }
        }
    }

    // MARK: Properties

    /// A file of pieces that are right, wrong in length, or empty.
    private static func file(_ generator: inout SeededGenerator, hasLineEnds: Bool) -> [UInt8] {
        var text = ""
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            let record = record(
                "N\(UInt16.random(in: 0...9_999, using: &generator))",
                "\(Int.random(in: 0...999_999, using: &generator))",
                ["Li", "Wu  K", "", " X "].randomElement(using: &generator) ?? "",
                "\(Int.random(in: -9...999, using: &generator))"
            )
            guard hasLineEnds else {
                text += record
                continue
            }
            let end = ["\n", "\n", "\r\n"].randomElement(using: &generator) ?? ""
            switch Int.random(in: 0...9, using: &generator) {
            case 0: text += end
            case 1: text += record.dropLast(Int.random(in: 1...20, using: &generator)) + end
            case 2: text += record + "xyz" + end
            default: text += record + end
            }
        }
        if Bool.random(using: &generator) { text.removeLast() }
        return Array(text.utf8)
    }

    @Test(arguments: [true, false])
    func `ranges of records and lines passed over cover the file`(hasLineEnds: Bool) throws {
        let layout = try Self.layout(hasLineEnds: hasLineEnds)
        var generator = SeededGenerator(seed: 11)
        var defectless = 0
        for round in 0..<1_000 {
            let bytes = Self.file(&generator, hasLineEnds: hasLineEnds)
            let seen = Self.read(bytes, layout)
            var end: Int64 = 0
            for (index, record) in seen.records.enumerated() {
                #expect(record.ordinal == Int32(index + 1))
                #expect(record.byteRange.lowerBound >= end, "round \(round)")
                let gap = bytes[Int(end)..<Int(record.byteRange.lowerBound)]
                #expect(gap.allSatisfy { $0 == 0x0A || $0 == 0x0D }, "round \(round)")
                let range = Int(record.byteRange.lowerBound)..<Int(record.byteRange.upperBound)
                #expect(bytes[range].starts(with: record.raw))
                #expect([[], [0x0A], [0x0D, 0x0A]].contains(Array(bytes[range].dropFirst(record.raw.count))))
                if hasLineEnds {
                    #expect(record.physicalLine == Int64(bytes[..<range.lowerBound].count { $0 == 0x0A } + 1))
                }
                end = record.byteRange.upperBound
            }
            guard seen.defect == nil else { continue }
            defectless += 1
            #expect(bytes[Int(end)...].allSatisfy { $0 == 0x0A || $0 == 0x0D }, "round \(round)")
        }
        #expect(defectless > 500)
    }

    @Test(arguments: [true, false])
    func `a reader started after any record yields the rest`(hasLineEnds: Bool) throws {
        let layout = try Self.layout(hasLineEnds: hasLineEnds)
        var generator = SeededGenerator(seed: 12)
        var resumed = 0
        for round in 0..<400 {
            let bytes = Self.file(&generator, hasLineEnds: hasLineEnds)
            let whole = Self.read(bytes, layout)
            for (index, record) in whole.records.enumerated() {
                let rest = Self.read(bytes, layout, startingAt: record.next)
                #expect(rest.records == Array(whole.records[(index + 1)...]), "after \(record.ordinal), round \(round)")
                if whole.defect?.code != .layoutMismatch { #expect(rest.defect == whole.defect) }
                resumed += 1
            }
        }
        #expect(resumed > 1_000)
    }

    @Test(arguments: [Charset.utf8, .gbk, .gb18030])
    func `what is written at its places is read back`(charset: Charset) throws {
        let layout = try Self.layout(charset: charset, headerLines: 1, trailer: Self.trailer)
        let names = ["", "Li", "张三", "王", "O K"]
        var generator = SeededGenerator(seed: 13)
        for round in 0..<500 {
            var rows: [[[UInt8]]] = []
            var bytes = Array("HEADER\n".utf8)
            var sum = 0
            for _ in 0..<Int.random(in: 1...9, using: &generator) {
                let amount = Int.random(in: 1...999, using: &generator)
                sum += amount
                let values = [
                    Array("N\(Int.random(in: 0...9_999, using: &generator))".utf8),
                    Array("\(Int.random(in: 0...999_999, using: &generator))".utf8),
                    try Samples.encoded(names.randomElement(using: &generator) ?? "", charset),
                    Array("\(amount)".utf8),
                ]
                rows.append(values)
                var record = [UInt8](repeating: 0x20, count: Self.width)
                for (column, value) in zip(Self.columns, values) {
                    let start = column.place.start - 1
                    // Numbers stand to the right, texts to the left, as such files have them.
                    let isNumber = column.column.field == .amount || column.column.field == .accountNumber
                    let offset = isNumber ? column.place.width - value.count : 0
                    record.replaceSubrange(start + offset..<start + offset + value.count, with: value)
                }
                bytes += record + [0x0A]
            }
            let (count, total) = (String(rows.count), String(sum))
            bytes += Array("T".utf8) + Array(repeating: 0x20, count: 4 - count.utf8.count) + Array(count.utf8)
            bytes += Array(repeating: 0x30, count: 8 - total.utf8.count) + Array(total.utf8) + [0x0A]
            let seen = Self.read(bytes, layout)
            #expect(seen.records.map(\.fields) == rows, "round \(round)")
            #expect(seen.defect == nil)
            #expect(seen.declared.first?.count == Int64(rows.count))
            #expect(seen.declared.first?.sums == [.cny: Int128(sum)])
        }
    }

    @Test(
        .enabled(if: SharedFiles.exist("corpora/utf8-sequences"), "needs the corpus utf8-sequences"),
        arguments: [true, false]
    )
    func `any bytes are read to their end`(hasLineEnds: Bool) throws {
        let layout = try Self.layout(charset: .gb18030, hasLineEnds: hasLineEnds)
        for name in try SharedFiles.names(in: "corpora/utf8-sequences/files") {
            let bytes =
                Array(Self.one.utf8) + (hasLineEnds ? [0x0A] : [])
                + (try SharedFiles.bytes("corpora/utf8-sequences/files/\(name)"))
            let seen = Self.read(bytes, layout)
            #expect(seen.records.count >= 1)
            #expect(seen.defect == nil || seen.defect?.code == .recordTooLong)
        }
    }
}

/// What became of a whole file of fixed width.
private struct SeenFixedFile: Equatable {
    var records: [SeenRecord] = []
    var defect: FileDefect?
    var declared: [DeclaredTotals] = []

    init(_ bytes: [UInt8], _ layout: FixedWidthLayout, startingAt position: ReadPosition, cuts: [Int]) {
        var reader = FixedWidthReader(layout: layout, startingAt: position)
        var start = Int(position.byteOffset)
        do {
            for cut in cuts {
                try reader.read(bytes[start..<cut], isLast: false) { records.append(SeenRecord($0)) }
                start = cut
            }
            try reader.read(bytes[start...], isLast: true) { records.append(SeenRecord($0)) }
        } catch let error as FileDefect {
            defect = error
        } catch {
            preconditionFailure("a reader threw something else: \(error)")
        }
        declared = reader.declared
    }
}
