import BatchFiles
import Foundation
import PaymentCore
import SharedFileTesting
import Testing
import Transcoding

@Suite struct DelimitedReaderTests {
    /// Three columns, so that short lines are whole records.
    static let short: [LayoutColumn] = [
        .init(title: "a", field: .merchantOrderNumber), .init(title: "b", field: .accountNumber),
        .init(title: "c", field: .amount),
    ]

    @Test(arguments: [
        ("1,2,3\n", [["1", "2", "3"]]),
        ("1,2,3", [["1", "2", "3"]]),
        ("1,2,3\r\n4,5,6\r\n", [["1", "2", "3"], ["4", "5", "6"]]),
        ("\u{FEFF}1,2,3\n", [["1", "2", "3"]]),
        ("\n\r\n1,2,3\n\n\n4,5,6\n\n", [["1", "2", "3"], ["4", "5", "6"]]),
        (",,\n", [["", "", ""]]),
        ("1,,", [["1", "", ""]]),
        ("\"1\",\"2\",\"3\"\r\n", [["1", "2", "3"]]),
        ("\"\",\"\",\"\"", [["", "", ""]]),
        ("\"a,b\",\"a\"\"b\",\"a\nb\"\n1,2,3\n", [["a,b", "a\"b", "a\nb"], ["1", "2", "3"]]),
        ("1,a\"b,3\n", [["1", "a\"b", "3"]]),
        ("1,\"\"\"\",3\n", [["1", "\"", "3"]]),
        ("1,\"a\r\nb\",3\r\n", [["1", "a\r\nb", "3"]]),
        ("1,2,3\r\r\n", [["1", "2", "3\r"]]),
        ("1,2,3\0\n", [["1", "2", "3\0"]]),
        ("1,2,3\n4,5\n6,7,8,9\n", [["1", "2", "3"], ["4", "5"], ["6", "7", "8", "9"]]),
    ])
    func `records and fields are found`(text: String, rows: [[String]]) throws {
        let seen = SeenFile(text, try Samples.layout(columns: Self.short))
        #expect(seen.records.map(\.texts) == rows)
        #expect(seen.records.allSatisfy { $0.fault == nil })
        #expect(seen.defect == nil)
    }

    @Test func `ordinals, lines, ranges and raw bytes say where a record stands`() throws {
        let text = "\u{FEFF}# note\n\n1,\"a\nb\",3\r\n# more\n4,5,6"
        let seen = SeenFile(text, try Samples.layout(commentPrefix: "#", columns: Self.short))
        try #require(seen.records.count == 2)
        #expect(seen.records.map(\.ordinal) == [1, 2])
        #expect(seen.records.map(\.physicalLine) == [3, 6])
        #expect(seen.records.map(\.byteRange) == [11..<22, 29..<34])
        #expect(seen.records[0].raw == Array("1,\"a\nb\",3".utf8))
        #expect(seen.records[0].next == ReadPosition(byteOffset: 22, recordOrdinal: 1, physicalLine: 4))
    }

    @Test func `without a quote, quotes are characters`() throws {
        let seen = SeenFile("\"1,2\"\",3\n", try Samples.layout(quote: nil, columns: Self.short))
        #expect(seen.records.map(\.texts) == [["\"1", "2\"\"", "3"]])
    }

    // MARK: Stray quotes

    @Test(arguments: [
        ("1,\"2,3\n4,5,6\n7,8,9\n", 1),  // never closed
        ("1,\"2,3\n4,\"5\",6\n7,8,9\n", 1),  // closed in the middle of a later value
        ("1,\"2,3\n4,5,\"6\"\n7,8,9\n", 1),
        ("1,2,\"3\n4,5,6\n7,8,9\n", 1),
        ("4,5,6\n1,\"2,3\n7,8,9", 2),
        ("4,5,6\n7,8,9\n1,2,\"3", 3),
        ("1,\"2,3\r\n4,5,6\r\n7,8,9\r\n", 1),
    ])
    func `a stray quote costs one record`(text: String, bad: Int32) throws {
        let seen = SeenFile(text, try Samples.layout(columns: Self.short))
        #expect(seen.defect == nil)
        #expect(seen.records.filter { $0.fault != nil }.map(\.ordinal) == [bad])
        #expect(seen.records.filter { $0.fault == nil }.count == 2)
        #expect(Set(seen.records.filter { $0.fault == nil }.flatMap(\.texts)) == ["4", "5", "6", "7", "8", "9"])
    }

    @Test func `something after a closing quote is a fault of that record`() throws {
        let seen = SeenFile("1,\"2\"x,3\n4,5,6\n", try Samples.layout(columns: Self.short))
        #expect(seen.records.map(\.fault) == [.garbledQuote, nil])
        #expect(seen.records.map(\.fieldCount) == [3, 3])
    }

    @Test func `a quote that stays open beyond the limit costs one record`() throws {
        let layout = try Samples.layout(columns: Self.short, limits: .init(recordBytesMax: 256))
        let text = "1,\"2,3\n" + String(repeating: "4,5,6\n", count: 1_000)
        let seen = SeenFile(text, layout)
        #expect(seen.defect == nil)
        #expect(seen.records.count == 1_001)
        #expect(seen.records.filter { $0.fault != nil }.map(\.ordinal) == [1])
    }

    @Test func `a chain of stray quotes is read in time that grows with the file only`() throws {
        // Each line closes the quote of the one before it and opens the next: the worst case of reading again.
        let count = 200_000
        let text = "1,2,3\na,\"b\n" + String(repeating: "c\",\"d\n", count: count)
        let seen = SeenFile(text, try Samples.layout(columns: Self.short))
        #expect(seen.defect == nil)
        #expect(seen.records.last?.byteRange.upperBound == Int64(text.utf8.count))
        #expect(seen.records.count > count / 3)
    }

    // MARK: Charsets of several bytes

    @Test(arguments: [Charset.gbk, .gb18030])
    func `a second byte that equals the separator is part of its character`(charset: Charset) throws {
        let layout = try Samples.layout(charset: charset, separator: "|", quote: "`", columns: Self.short)
        // 95 7C, 81 5C and 81 60: second bytes equal to the bar, the backslash and the quote.
        let bytes: [UInt8] =
            [0x31, 0x7C, 0x95, 0x7C, 0x7C, 0x81, 0x5C, 0x0A] + [0x60, 0x81, 0x60, 0x60, 0x60, 0x60]
            + [0x7C, 0x95, 0x7C, 0x81, 0x60, 0x7C, 0x32, 0x0A]
        let seen = SeenFile(bytes, layout)
        #expect(seen.records.map(\.fault) == [nil, nil])
        #expect(
            seen.records.map(\.fields) == [
                [[0x31], [0x95, 0x7C], [0x81, 0x5C]], [[0x81, 0x60, 0x60], [0x95, 0x7C, 0x81, 0x60], [0x32]],
            ]
        )
    }

    @Test func `four-byte characters of GB 18030 are walked`() throws {
        let layout = try Samples.layout(charset: .gb18030, separator: "|", quote: nil, columns: Self.short)
        let bytes: [UInt8] = [0x31, 0x7C, 0x95, 0x32, 0x82, 0x36, 0x7C, 0x81, 0x39, 0xEE, 0x39, 0x0A]
        #expect(
            SeenFile(bytes, layout).records.map(\.fields) == [
                [[0x31], [0x95, 0x32, 0x82, 0x36], [0x81, 0x39, 0xEE, 0x39]]
            ]
        )
    }

    @Test(
        arguments: [Charset.gbk, .gb18030],
        [[0x81], [0x81, 0x20], [0x81, 0x30], [0x81, 0x30, 0x81], [0xFF], [0x80]] as [[UInt8]]
    )
    func `a damaged pair never swallows a line`(charset: Charset, damage: [UInt8]) throws {
        let layout = try Samples.layout(charset: charset, separator: "|", quote: nil, columns: Self.short)
        let bytes = Array("1|2|".utf8) + damage + Array("\n4|5|6\n".utf8)
        let seen = SeenFile(bytes, layout)
        #expect(seen.records.count == 2)
        #expect(seen.records.last?.texts == ["4", "5", "6"])
    }

    // MARK: Headers and trailers

    @Test func `a header is checked and passed over`() throws {
        let layout = try Samples.layout(header: .columnTitles, columns: Self.short)
        #expect(SeenFile("a,\"b\",c\n1,2,3\n", layout).records.map(\.texts) == [["1", "2", "3"]])
        for (text, line) in [("1,2,3\n", 1), ("\na,b\n1,2,3\n", 2), ("a,c,b\n", 1), ("A,b,c\n", 1), ("a,b,c,d\n", 1)] {
            let defect = SeenFile(text, layout).defect
            #expect(defect?.code == .headerMismatch)
            #expect(defect?.line == Int64(line))
        }
    }

    @Test func `a header is compared in the charset of the layout`() throws {
        let columns: [LayoutColumn] = [
            .init(title: "订单号", field: .merchantOrderNumber), .init(title: "帐号", field: .accountNumber),
            .init(title: "金额", field: .amount),
        ]
        let layout = try Samples.layout(charset: .gb18030, separator: "|", header: .columnTitles, columns: columns)
        let bytes = try Samples.encoded("订单号|帐号|金额\n1|2|3\n", .gb18030)
        #expect(SeenFile(bytes, layout).records.map(\.texts) == [["1", "2", "3"]])
        #expect(SeenFile("订单号|帐号|金额\n1|2|3\n", layout).defect?.code == .headerMismatch)
    }

    static let trailer = DelimitedLayout.Trailer(mark: "T", countPosition: 2, sumPosition: 3)

    @Test func `a trailer declares count and sum`() throws {
        let layout = try Samples.layout(trailer: Self.trailer, columns: Self.short)
        let seen = SeenFile("1,2,3\nT1,2,3\n\"T\",2,3\nT,3,9.50\n\n", layout)
        #expect(seen.defect == nil)
        #expect(seen.records.count == 3)
        #expect(
            seen.trailer
                == DeclaredTotals(
                    origin: .trailer(line: 4, byteOffset: 21),
                    count: 3,
                    sums: [.cny: 950]
                )
        )
    }

    @Test(arguments: [
        ("1,2,3\n", FileDefect.Code.trailerMissing, 2), ("1,2,3\nT,x,1\n", .trailerMalformed, 2),
        ("1,2,3\nT\n", .trailerMalformed, 2), ("1,2,3\nT,1,1.234\n", .trailerMalformed, 2),
        ("1,2,3\nT,-1,1\n", .trailerMalformed, 2), ("1,2,3\nT,1,3\n1,2,3\n", .trailerNotLast, 3),
        ("1,2,3\nT,1,3\nT,1,3\n", .trailerNotLast, 3), ("T,0,0\n", .noRecords, 2),
    ])
    func `a trailer that is missing, unreadable or not the last is a defect`(
        text: String,
        code: FileDefect.Code,
        line: Int64
    ) throws {
        let defect = SeenFile(text, try Samples.layout(trailer: Self.trailer, columns: Self.short)).defect
        #expect(defect?.code == code)
        #expect(defect?.line == line)
    }

    // MARK: Files that are refused

    @Test func `an empty file, and one without records, are refused`() throws {
        let layout = try Samples.layout(header: .columnTitles, commentPrefix: "#", columns: Self.short)
        #expect(SeenFile("", layout).defect?.code == .emptyFile)
        for text in ["\u{FEFF}", "\n\n", "# note", "a,b,c\n", "a,b,c", "a,b,c\r\n\n# note\n"] {
            #expect(SeenFile(text, layout).defect?.code == .noRecords, "\(text)")
        }
    }

    @Test(arguments: [
        "hello", "1;2;3\n4;5;6\n", "<html><body>504 Gateway Time-out</body></html>\n", "1,2,3\r4,5,6\r7,8,9\r",
    ])
    func `a file that no record of fits the layout is refused`(text: String) throws {
        let defect = SeenFile(text, try Samples.layout(columns: Self.short)).defect
        #expect(defect?.code == .layoutMismatch)
        #expect(defect?.line == 1)
        #expect(defect?.mend.contains("carriage return") == text.contains("\r"))
    }

    @Test func `a header that ends with a carriage return alone is told as such`() throws {
        let layout = try Samples.layout(header: .columnTitles, columns: Self.short)
        let defect = SeenFile("a,b,c\r1,2,3\r", layout).defect
        #expect(defect?.code == .headerMismatch)
        #expect(defect?.mend.contains("carriage return") == true)
        #expect(SeenFile("a,b\n1,2,3\n", layout).defect?.mend.contains("carriage return") == false)
    }

    @Test func `a hundred misfits at the beginning refuse a file, and fewer do not`() throws {
        let layout = try Samples.layout(columns: Self.short)
        let misfit = "1,2\n"
        let tooMany = SeenFile("\n" + String(repeating: misfit, count: 100) + "1,2,3\n", layout)
        #expect(tooMany.defect?.code == .layoutMismatch)
        #expect(tooMany.defect?.line == 2)
        #expect(tooMany.records.count == 99)
        let few = SeenFile(String(repeating: misfit, count: 99) + "1,2,3\n" + misfit, layout)
        #expect(few.defect == nil)
        #expect(few.records.count == 101)
    }

    @Test(arguments: [[0xFF, 0xFE], [0xFE, 0xFF], [0, 0, 0xFE, 0xFF], [0x84, 0x31, 0x95, 0x33]] as [[UInt8]])
    func `a mark of another charset refuses the file`(mark: [UInt8]) throws {
        let layout = try Samples.layout(columns: Self.short)
        #expect(SeenFile(mark + Array("1,2,3\n".utf8), layout).defect?.code == .charsetMismatch)
        let gb18030 = try Samples.layout(charset: .gb18030, columns: Self.short)
        #expect(SeenFile("\u{FEFF}1,2,3\n", gb18030).defect?.code == .charsetMismatch)
    }

    @Test func `a record of the longest length passes, one byte more does not`() throws {
        let layout = try Samples.layout(columns: Self.short, limits: .init(recordBytesMax: 256))
        for lineEnd in ["\n", "\r\n", ""] {
            let longest = "1,2," + String(repeating: "3", count: 252)
            #expect(SeenFile("1,2,3\n" + longest + lineEnd, layout).records.count == 2)
            let defect = SeenFile("1,2,3\n" + longest + "3" + lineEnd, layout).defect
            #expect(defect?.code == .recordTooLong)
            #expect(defect?.line == 2)
            #expect(defect?.byteOffset == 6)
        }
        #expect(SeenFile("1,2,3\n4,\"5," + String(repeating: "3", count: 300), layout).defect?.code == .recordTooLong)
        let comment = try Samples.layout(commentPrefix: "#", columns: Self.short, limits: .init(recordBytesMax: 256))
        #expect(SeenFile("#" + String(repeating: "3", count: 300), comment).defect?.code == .recordTooLong)
    }

    @Test func `a line of a gigabyte ends as a defect that names it, and no more than one piece is kept`() throws {
        var reader = DelimitedReader(layout: try Samples.layout(columns: Self.short))
        var records = 0
        try reader.read(Array("1,2,3\n\n".utf8), isLast: false) { _ in records += 1 }
        let part = [UInt8](repeating: 0x41, count: 1 << 20)
        var parts = 0
        let defect = #expect(throws: FileDefect.self) {
            for _ in 0..<1_024 {
                parts += 1
                try reader.read(part, isLast: false) { _ in records += 1 }
            }
        }
        #expect(defect?.code == .recordTooLong)
        #expect(defect?.line == 3)
        #expect(defect?.byteOffset == 7)
        #expect(records == 1)
        #expect(parts == 1)
    }

    @Test func `more records than the limit are refused`() throws {
        let layout = try Samples.layout(columns: Self.short, limits: .init(recordsMax: 2))
        let seen = SeenFile("1,2,3\n1,2,3\n1,2,3\n", layout)
        #expect(seen.records.count == 2)
        #expect(seen.defect?.code == .tooManyRecords)
        #expect(seen.defect?.line == 3)
    }

    @Test func `a defect never repeats the file`() throws {
        let layout = try Samples.layout(header: .columnTitles, trailer: Self.trailer, columns: Self.short)
        for text in [
            "6228480040106028109,张三丰,1\n", "a,b,c\n6228480040106028109;张三丰\n",
            "a,b,c\n1,2,3\nT,张三丰,6228480040106028109\n",
        ] {
            let words = try #require(SeenFile(text, layout).defect).description
            #expect(!words.contains("622848") && !words.contains("张三"))
        }
    }

    @Test func `what the body throws ends the reading`() throws {
        struct Stop: Error {}
        var reader = DelimitedReader(layout: try Samples.layout(columns: Self.short))
        var count = 0
        #expect(throws: Stop.self) {
            try reader.read(Array("1,2,3\n4,5,6\n7,8,9\n".utf8), isLast: true) { _ in
                count += 1
                if count == 2 { throw Stop() }
            }
        }
        #expect(count == 2)
    }

    // MARK: Corpora

    @Test(
        .enabled(if: SharedFiles.exist("corpora/csv-spectrum"), "needs the corpus csv-spectrum"),
        arguments: ["empty_crlf", "escaped_quotes", "json", "newlines", "newlines_crlf", "simple_crlf", "utf8"]
    )
    func `the CSV spectrum is read as its JSON says`(name: String) throws {
        let bytes = try SharedFiles.bytes("corpora/csv-spectrum/files/csvs/\(name).csv")
        let json = try SharedFiles.bytes("corpora/csv-spectrum/json-expected/\(name).json")
        let expected = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [[String: String]])
        // Files of two columns do not fit the layout, which says so only at their end.
        let rows = SeenFile(bytes, try Samples.layout(columns: Self.short)).records.map(\.texts)
        let titles = try #require(rows.first)
        let found = rows.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(titles, $0)) }
        // The copies of the corpus were checked out with line feeds alone, inside values too.
        let unified = expected.map { row in row.mapValues { $0.replacing("\r\n", with: "\n") } }
        #expect(found == unified)
    }
}
