import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// What holds for every file, on random and on all small ones.
@Suite struct DelimitedReaderPropertyTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let charset: Charset
        let separator: Unicode.Scalar
        let quote: Unicode.Scalar?
        let hasFrame: Bool
        var recordSeparator: Unicode.Scalar = "\n"
        let alphabet: [[UInt8]]

        var testDescription: String { name }

        func layout(recordBytesMax: Int = 256) throws -> DelimitedLayout {
            try Samples.layout(
                charset: charset,
                separator: separator,
                recordSeparator: recordSeparator,
                quote: quote,
                header: hasFrame ? .columnTitles : .none,
                trailer: hasFrame ? .init(mark: "T", countPosition: 2, sumPosition: nil) : nil,
                commentPrefix: hasFrame ? "##" : nil,
                columns: DelimitedReaderTests.short,
                limits: .init(recordBytesMax: recordBytesMax, probeRecords: 1_000)
            )
        }
    }

    static let marks: [[UInt8]] = [
        [0x0A], [0x0A], [0x0D, 0x0A], [0x0D], [0x00], [0x61], [0x31], [0x2C], [0x22], [0x22, 0x22],
    ]
    static let pairs: [[UInt8]] = [
        [0x0A], [0x0D, 0x0A], [0x61], [0x30], [0x81], [0x95, 0x7C], [0x7C], [0x7C], [0x22], [0x95, 0x32, 0x82, 0x36],
        [0xFF],
    ]
    static let cases = [
        Case(name: "quoted UTF-8", charset: .utf8, separator: ",", quote: "\"", hasFrame: false, alphabet: marks),
        Case(name: "plain UTF-8", charset: .utf8, separator: ",", quote: nil, hasFrame: false, alphabet: marks),
        Case(name: "GBK with a bar", charset: .gbk, separator: "|", quote: nil, hasFrame: false, alphabet: pairs),
        Case(
            name: "GB 18030 with quotes",
            charset: .gb18030,
            separator: "|",
            quote: "\"",
            hasFrame: false,
            alphabet: pairs
        ),
        Case(
            name: "quote in the range of second bytes",
            charset: .gb18030,
            separator: "|",
            quote: "`",
            hasFrame: false,
            alphabet: pairs + [[0x60], [0x60], [0x81, 0x60]]
        ),
        Case(
            name: "records in one line, in GBK",
            charset: .gbk,
            separator: "^",
            quote: nil,
            hasFrame: false,
            recordSeparator: "|",
            alphabet: pairs + [[0x5E], [0x5E], [0x0D], [0x95, 0x5E]]
        ),
        Case(
            name: "header, comments and trailer",
            charset: .utf8,
            separator: ",",
            quote: "\"",
            hasFrame: true,
            alphabet: marks + [Array("a,b,c\n".utf8), Array("##".utf8), Array("\nT,1\n".utf8), Array("\n1,2,3\n".utf8)]
        ),
    ]

    static func file(_ sample: Case, _ generator: inout SeededGenerator, pieces: ClosedRange<Int>) -> [UInt8] {
        var bytes: [UInt8] = sample.hasFrame && Bool.random(using: &generator) ? Array("a,b,c\n".utf8) : []
        for _ in 0..<Int.random(in: pieces, using: &generator) {
            bytes += sample.alphabet.randomElement(using: &generator) ?? []
        }
        if sample.hasFrame, Bool.random(using: &generator) { bytes += Array("\nT,1\n".utf8) }
        return bytes
    }

    @Test(arguments: cases)
    func `a file reads the same however it is cut`(sample: Case) throws {
        let layout = try sample.layout()
        var generator = SeededGenerator(seed: 1)
        for round in 0..<1_500 {
            let bytes = Self.file(sample, &generator, pieces: 0...60)
            let whole = SeenFile(bytes, layout)
            #expect(SeenFile(bytes, layout, cuts: Array(bytes.indices)) == whole, "byte by byte, round \(round)")
            for cut in bytes.indices where SeenFile(bytes, layout, cuts: [cut]) != whole {
                Issue.record("cut at \(cut), round \(round)")
            }
        }
    }

    @Test(arguments: cases)
    func `long and overlong records read the same however they are cut`(sample: Case) throws {
        let layout = try sample.layout()
        var generator = SeededGenerator(seed: 2)
        for round in 0..<150 {
            var bytes = Self.file(sample, &generator, pieces: 0...20)
            for _ in 0..<Int.random(in: 230...270, using: &generator) { bytes.append(0x78) }
            bytes += Self.file(sample, &generator, pieces: 0...20)
            let whole = SeenFile(bytes, layout)
            #expect(SeenFile(bytes, layout, cuts: Array(bytes.indices)) == whole, "round \(round)")
        }
    }

    @Test(arguments: cases)
    func `ranges of records and lines passed over cover the file exactly`(sample: Case) throws {
        let layout = try sample.layout()
        var generator = SeededGenerator(seed: 3)
        var defectless = 0
        for round in 0..<4_000 {
            let bytes = Self.file(sample, &generator, pieces: 1...60)
            let seen = SeenFile(bytes, layout)
            var end: Int64 = 0
            for (index, record) in seen.records.enumerated() {
                #expect(record.ordinal == Int32(index + 1))
                #expect(record.byteRange.lowerBound >= end, "round \(round)")
                Self.expectPassedOver(bytes[Int(end)..<Int(record.byteRange.lowerBound)], sample, "round \(round)")
                let line = bytes[Int(record.byteRange.lowerBound)..<Int(record.byteRange.upperBound)]
                #expect(line.starts(with: record.raw))
                #expect([[], [0x0A], [0x0D], [0x0D, 0x0A], [0x7C]].contains(Array(line.dropFirst(record.raw.count))))
                #expect(
                    record.physicalLine == Int64(bytes[..<Int(record.byteRange.lowerBound)].count { $0 == 0x0A } + 1)
                )
                end = record.byteRange.upperBound
            }
            if seen.defect == nil {
                defectless += 1
                Self.expectPassedOver(bytes[Int(end)...], sample, "round \(round)")
            }
        }
        #expect(defectless > 100)
    }

    /// Expects whole lines that are empty, comments, the header or the trailer.
    private static func expectPassedOver(_ gap: ArraySlice<UInt8>, _ sample: Case, _ comment: Comment) {
        for line in gap.split(whereSeparator: { $0 == 0x0A || sample.recordSeparator.value == UInt32($0) }) {
            let text = String(decoding: line, as: UTF8.self)
            let isFrame =
                sample.hasFrame
                && (text.hasPrefix("##") || text.hasPrefix("T") || text.filter { $0 != "\"" }.hasPrefix("a,b,c"))
            #expect(text.isEmpty || text == "\r" || isFrame, comment)
        }
    }

    @Test(arguments: cases)
    func `a reader started after any record yields the rest`(sample: Case) throws {
        let layout = try sample.layout()
        var generator = SeededGenerator(seed: 4)
        var resumed = 0
        for round in 0..<1_500 {
            let bytes = Self.file(sample, &generator, pieces: 0...60)
            let whole = SeenFile(bytes, layout)
            for (index, record) in whole.records.enumerated() {
                let rest = SeenFile(bytes, layout, startingAt: record.next)
                #expect(rest.records == Array(whole.records[(index + 1)...]), "after \(record.ordinal), round \(round)")
                if whole.defect?.code != .layoutMismatch { #expect(rest.defect == whole.defect) }
                resumed += 1
            }
        }
        #expect(resumed > 1_000)
    }

    @Test func `every small file over the marks reads the same whole and byte by byte`() throws {
        let layout = try Samples.layout(columns: DelimitedReaderTests.short)
        for file in Self.words(over: [0x61, 0x2C, 0x22, 0x0A, 0x0D], lengthMax: 6) {
            if SeenFile(file, layout) != SeenFile(file, layout, cuts: Array(file.indices)) { Issue.record("\(file)") }
        }
        let gb18030 = try Samples.layout(charset: .gb18030, separator: "|", columns: DelimitedReaderTests.short)
        for file in Self.words(over: [0x81, 0x30, 0x7C, 0x22, 0x0A], lengthMax: 6) {
            if SeenFile(file, gb18030) != SeenFile(file, gb18030, cuts: Array(file.indices)) { Issue.record("\(file)") }
        }
    }

    private static func words(over alphabet: [UInt8], lengthMax: Int) -> [[UInt8]] {
        var all: [[UInt8]] = [[]]
        var longest: [[UInt8]] = [[]]
        for _ in 0..<lengthMax {
            longest = longest.flatMap { word in alphabet.map { word + [$0] } }
            all += longest
        }
        return all
    }

    @Test func `without quotes, a file reads as a plain split by lines and separators`() throws {
        let layout = try Samples.layout(
            quote: nil,
            columns: DelimitedReaderTests.short,
            limits: .init(probeRecords: 1_000)
        )
        var generator = SeededGenerator(seed: 5)
        for round in 0..<2_000 {
            let bytes = Self.file(Self.cases[1], &generator, pieces: 1...50)
            var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
            for index in lines.indices where lines[index].last == 0x0D { lines[index].removeLast() }
            let expected = lines.filter { !$0.isEmpty }
                .map { $0.split(separator: 0x2C, omittingEmptySubsequences: false).map { Array($0) } }
            let seen = SeenFile(bytes, layout)
            #expect(seen.records.map { Array($0.fields.prefix(5)) } == expected.map { Array($0.prefix(5)) }, "\(round)")
            #expect(seen.records.map(\.fieldCount) == expected.map(\.count), "\(round)")
        }
    }

    @Test func `what RFC 4180 writes is read back`() throws {
        let layout = try Samples.layout(columns: DelimitedReaderTests.short)
        var generator = SeededGenerator(seed: 6)
        for round in 0..<2_000 {
            let rows = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                (0..<3).map { _ in Self.file(Self.cases[0], &generator, pieces: 1...6) }
            }
            var bytes: [UInt8] = []
            for row in rows {
                for (index, field) in row.enumerated() {
                    if index > 0 { bytes.append(0x2C) }
                    bytes += [0x22] + field.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]
                }
                bytes += Bool.random(using: &generator) ? [0x0A] : [0x0D, 0x0A]
            }
            let seen = SeenFile(bytes, layout)
            #expect(seen.records.map(\.fields) == rows, "round \(round)")
            #expect(seen.defect == nil)
        }
    }
}
