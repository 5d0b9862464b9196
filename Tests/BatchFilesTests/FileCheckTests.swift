import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// What is said of a file without a database.
@Suite struct FileCheckTests {
    private static let card = "6228480040106028109"

    private static func line(_ number: String, account: String = card, amount: String = "1.00") -> String {
        "\(number),\(account),张三,102100099996,\(amount),wages"
    }

    /// Checks a file as the command does: twice, if need be.
    private static func check(
        _ lines: [String],
        rules: RecordRules,
        tolerance: FileTolerance = FileTolerance(badPerTenThousandMax: 10_000),
        badRecordsMax: Int = 100,
        body: (borrowing FileCheck, _ readings: Int) throws -> Void
    ) throws {
        let bytes = Array(lines.joined(separator: "\n").utf8)
        var check = FileCheck(
            format: DeclaredFormat(.delimited(try Samples.layout())),
            rules: rules,
            tolerance: tolerance,
            fileBytes: Int64(bytes.count),
            badRecordsMax: badRecordsMax
        )
        var readings = 1
        try read(bytes, into: &check)
        if check.needsSecondReading {
            check.beginSecondReading()
            try read(bytes, into: &check)
            readings = 2
        }
        let isDone = !check.needsSecondReading
        #expect(isDone)
        try body(check, readings)
    }

    private static func read(_ bytes: [UInt8], into check: inout FileCheck) throws {
        let middle = bytes.count / 2
        try check.read(bytes[..<middle], isLast: false)
        try check.read(bytes[middle...], isLast: true)
    }

    @Test func `a file of good records is clean after one reading`() throws {
        try Self.check((1...2_000).map { Self.line("A-\($0)") }, rules: try RecordRules()) { check, readings in
            #expect(readings == 1)
            #expect(check.outcome(of: check.verdict(submitted: nil)) == .clean)
            #expect(check.totals.records == 2_000)
            #expect(check.totals.accepted == [.cny: Tally(count: 2_000, amountMinor: 200_000)])
            #expect(check.badRecords.isEmpty && check.hasComparedAllNumbers)
            #expect(check.reasons.map(\.code) == [.samePayment], "a warning: all of them pay the same")
        }
    }

    @Test func `a number that stands again sets the later record aside, whatever became of the first`() throws {
        let lines = [
            Self.line("A-1"), Self.line("A-2", amount: "0"), Self.line("A-1", amount: "2.00"), Self.line("A-2"),
            Self.line("A-3"), Self.line("A-1", account: "x"), Self.line("a-1"),
        ]
        try Self.check(lines, rules: try RecordRules(severities: [.samePayment: .off])) { check, readings in
            #expect(readings == 2)
            #expect(check.outcome(of: check.verdict(submitted: nil)) == .quarantine)
            #expect(check.totals.records == 7)
            #expect(check.totals.quarantined == 4)
            #expect(check.totals.accepted == [.cny: Tally(count: 3, amountMinor: 300)])
            #expect(check.accepted == [.cny: Tally(count: 5, amountMinor: 600)], "pass 1 does not compare numbers")
            #expect(check.badRecords.map(\.line.value) == [2, 3, 4, 6])
            #expect(
                check.badRecords.map { $0.reasons.map(\.code) } == [
                    [.amountNotPositive], [.duplicateInFile], [.duplicateInFile],
                    [.accountMalformed, .duplicateInFile],
                ]
            )
            let mends = check.badRecords.dropFirst().map { $0.reasons.last?.mend ?? "" }
            #expect(zip(mends, [1, 2, 1]).allSatisfy { $0.hasPrefix("record \($1) of this file") }, "\(mends)")
            #expect(check.reasons.map(\.code).first == .duplicateInFile)
            #expect(check.reasons.map(\.count) == [3, 1, 1])
            #expect(check.badRecords.allSatisfy { $0.source.raw.isEmpty })
        }
    }

    @Test func `repeated numbers are found in a large file, each against its first line`() throws {
        var generator = SeededGenerator(seed: 21)
        var lines: [String] = []
        var first: [Int: Int] = [:]
        var expected: [Int32] = []
        for line in 1...20_000 {
            let number = Int.random(in: 0..<200_000, using: &generator)
            lines.append(Self.line("A-\(number)"))
            if first[number] == nil { first[number] = line } else { expected.append(Int32(line)) }
        }
        try Self.check(lines, rules: try RecordRules(), badRecordsMax: 1_000_000) { check, _ in
            #expect(expected.count > 500)
            #expect(check.badRecords.map(\.line.value) == expected)
            #expect(check.totals.quarantined == Int64(expected.count))
            let isComplete = check.hasComparedAllNumbers
            #expect(isComplete)
        }
    }

    @Test(arguments: [(4, false), (5, true), (99, true)])
    func `repeated numbers count to the bad records before any is loaded`(repeats: Int, isHeld: Bool) throws {
        let lines = (1...(100 - repeats)).map { Self.line("A-\($0)") } + (0..<repeats).map { _ in Self.line("A-1") }
        let tolerance = FileTolerance(badPerTenThousandMax: 400)
        try Self.check(lines, rules: try RecordRules(), tolerance: tolerance) { check, _ in
            switch check.verdict(submitted: nil) {
            case .load: #expect(!isHeld)
            case .hold(let hold):
                #expect(isHeld && hold.code == .tooManyBadRecords)
                #expect(hold.what.contains(" \(repeats) of them for the number of an earlier record"))
            case .refuse(let defect): Issue.record("\(defect)")
            }
        }
    }

    @Test func `a bad record that repeats a number counts once`() throws {
        let lines = (1...18).map { Self.line("A-\($0)") } + [Self.line("A-1", account: "x")]
        let tolerance = FileTolerance(badPerTenThousandMax: 600)
        try Self.check(lines, rules: try RecordRules(), tolerance: tolerance) { check, _ in
            #expect(check.verdict(submitted: nil) == .load)
        }
    }

    @Test func `pass 1 counts each order with the number of a record before it, however the file is cut`() throws {
        var generator = SeededGenerator(seed: 7)
        var (text, earlier, expected, passed) = ("", Set<Int>(), Int64(0), [Bool]())
        for _ in 1...3_000 {
            let number = Int.random(in: 0..<4_000, using: &generator)
            let isBad = Int.random(in: 0..<10, using: &generator) == 0
            text += Self.line("A-\(number)", account: isBad ? "none" : "622202000001") + "\n"
            if !earlier.insert(number).inserted, !isBad { expected += 1 }
            passed.append(!isBad)
        }
        var verification = FileVerification(
            format: DeclaredFormat(.delimited(try Samples.layout())),
            rules: try RecordRules(),
            tolerance: FileTolerance(),
            tellsWarnings: false
        )
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...20_000, using: &generator))
            rest = rest.dropFirst(piece.count)
            try verification.read(piece, isLast: rest.isEmpty)
        }
        #expect(expected > 500)
        #expect(verification.totals.repeated == expected)
        let found = (1...3_001).map { verification.passed.contains(LineNumber($0)) }
        #expect(found == passed + [false])
    }

    @Test func `repeats are counted against as many numbers as memory is set aside for`() throws {
        let layout = try Samples.layout(separator: "|", amountUnit: .minor)
        var verification = FileVerification(
            format: DeclaredFormat(.delimited(layout)),
            rules: try RecordRules(),
            tolerance: FileTolerance(),
            tellsWarnings: false
        )
        let kept = 786_432
        let numbers = Array(1...kept + 1) + [1, kept, kept + 1]
        for start in stride(from: 0, to: numbers.count, by: 50_000) {
            let part = numbers[start..<min(start + 50_000, numbers.count)]
            let lines = part.map { "A-\($0)|622202000001|A|102100099996|5|\n" }.joined()
            try verification.read(Array(lines.utf8)[...], isLast: part.endIndex == numbers.count)
        }
        #expect(verification.totals.repeated == 2)
        #expect(verification.totals.quarantined == 0 && verification.totals.records == Int64(numbers.count))
        #expect(verification.totals.reasons.isEmpty, "nobody asked for warnings of payments that look the same")
    }

    @Test(arguments: [64, 512])
    func `what cannot be repeated is never marked as such`(recordBytes: Int) {
        // As full as it gets: 32 bits a number.
        let count = 65_536
        var numbers = RepeatedNumbers(fileBytes: Int64(count * recordBytes), recordBytes: recordBytes)
        for number in 0..<count { numbers.mark("N\(number)") }
        numbers.mark("N17")
        #expect(numbers.mayBeRepeated && numbers.isComplete)
        numbers.beginSecondReading()
        var repeated: [String] = []
        for number in Array(0..<count) + [17] {
            let line = LineNumber(Int32(number + 1))
            if let earlier = numbers.earlierLine(of: "N\(number)", in: line) {
                repeated.append("N\(number) \(earlier)")
            }
        }
        #expect(repeated == ["N17 18"])
    }

    @Test func `only so many bad records are kept, and all are counted`() throws {
        let lines = (1...50).map { Self.line("A-\($0)", account: "none") }
        try Self.check(lines, rules: try RecordRules(), badRecordsMax: 3) { check, _ in
            #expect(check.badRecords.map(\.line.value) == [1, 2, 3])
            #expect(check.totals.quarantined == 50)
        }
    }

    @Test func `tolerance, declared totals and rules decide as in pass 1`() throws {
        let lines = (1...10).map { Self.line("A-\($0)", account: $0 == 4 ? "none" : Self.card) }
        let careful = FileTolerance()
        try Self.check(lines, rules: try RecordRules(), tolerance: careful) { check, _ in
            let verdict = check.verdict(submitted: nil)
            guard case .hold(let hold) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            #expect(hold.code == .tooManyBadRecords)
            #expect(check.outcome(of: verdict) == .hold)
            let wrong = DeclaredTotals(submittedCount: 11, sums: [:])
            #expect(check.outcome(of: check.verdict(submitted: wrong)) == .refuse)
            let right = DeclaredTotals(submittedCount: 10, sums: [.cny: 1_000])
            #expect(check.outcome(of: check.verdict(submitted: right)) == .hold)
        }
        let strict = try RecordRules(severities: [.accountMalformed: .refuseFile])
        try Self.check(lines, rules: strict) { check, readings in
            #expect(readings == 1)
            #expect(check.refusal?.code == .refusedByRule)
            #expect(check.refusal?.line == 4)
            #expect(check.outcome(of: check.verdict(submitted: nil)) == .refuse)
            #expect(check.badRecords.map(\.line.value) == [4], "the record that refuses the file is shown")
        }
        #expect(DeclaredTotals(submittedCount: nil, sums: [:]) == nil)
    }

    // MARK: The beginning of a file

    @Test func `the beginning of a file tells its format, and no other`() throws {
        let formats: [String: FileFormat] = [
            "commas": .delimited(try Samples.layout()),
            "bars": .delimited(try Samples.layout(charset: .gb18030, separator: "|", quote: nil, amountUnit: .minor)),
            "titles": .delimited(try Samples.layout(header: .columnTitles)),
            "fixed": .fixedWidth(try FixedWidthReaderTests.layout()),
        ]
        let titles = Samples.columns.map(\.title).joined(separator: ",")
        let bars = "A-1|6228480040106028109|张三|102100099996|1234|wages"
        let files: [(bytes: [UInt8], fits: Set<String>)] = [
            (Array(Samples.line.utf8), ["commas"]),
            (Array("\(titles)\n\(Samples.line)\n".utf8), ["titles"]),
            (try Samples.encoded("\(bars)\n\(bars)\n", .gb18030), ["bars"]),
            (Array("\(FixedWidthReaderTests.one)\n\(FixedWidthReaderTests.two)\n".utf8), ["fixed"]),
            (Array("{\"no\":1}\n".utf8), []), ([0, 1, 2, 3], []), ([], []),
        ]
        for file in files {
            let fitting = try formats.filter { _, format in
                try FormatProbe(
                    file.bytes,
                    isWhole: true,
                    format: DeclaredFormat(format),
                    rules: try RecordRules()
                ).fits
            }
            #expect(Set(fitting.keys) == file.fits, "\(String(decoding: file.bytes, as: UTF8.self))")
        }
    }

    @Test func `a few bad records, a cut record and a missing trailer say nothing against a format`() throws {
        let trailer = DelimitedLayout.Trailer(mark: "T", countPosition: 2, sumPosition: nil)
        let format = DeclaredFormat(.delimited(try Samples.layout(trailer: trailer)))
        var lines = (1...300).map { Self.line("A-\($0)") }
        lines[3] = "what,is,this"
        lines[5] = Self.line("A-5", amount: "1,00")
        let bytes = Array(lines.joined(separator: "\n").utf8)
        let rules = try RecordRules()
        #expect(try FormatProbe(bytes, isWhole: true, format: format, rules: rules).fits)
        #expect(try FormatProbe(Array(bytes.prefix(2_000)), isWhole: false, format: format, rules: rules).fits)
        let foreign = try FormatProbe(
            Array("head,er\n".utf8) + bytes,
            isWhole: true,
            format: DeclaredFormat(.delimited(try Samples.layout(header: .columnTitles))),
            rules: rules
        )
        #expect(!foreign.fits && !foreign.beginsAsItsOwn)
        #expect(foreign.defect?.code == .headerMismatch)
    }

    @Test(arguments: ["", "\n1,2,3\n4,5,6\n", "\nA-1,none,,none,1.2.3,\n"])
    func `the titles of a format tell it, whatever follows them`(records: String) throws {
        let bytes = Array((Samples.columns.map(\.title).joined(separator: ",") + records).utf8)
        let rules = try RecordRules()
        let titled = DeclaredFormat(.delimited(try Samples.layout(header: .columnTitles)))
        let probe = try FormatProbe(bytes, isWhole: true, format: titled, rules: rules)
        #expect(!probe.fits && probe.beginsAsItsOwn)
        let untitled = DeclaredFormat(.delimited(try Samples.layout()))
        #expect(try !FormatProbe(bytes, isWhole: true, format: untitled, rules: rules).beginsAsItsOwn)
    }

    /// Without a mark the first bytes must be those of a declaration.
    @Test(
        arguments: [
            ([0xFF, 0xFE], true), ([0xFF, 0xFE], false), ([0xFE, 0xFF], true), ([0xFE, 0xFF], false), ([], true),
        ] as [([UInt8], Bool)]
    )
    func `a document in UTF-16 is read, with a mark or without`(mark: [UInt8], isDeclared: Bool) throws {
        let text = ISO20022Samples.message(
            [ISO20022Samples.payment([ISO20022Samples.transfer("E-1")])],
            count: 1,
            declaration: isDeclared ? "<?xml version='1.0' encoding='UTF-16'?>" : ""
        )
        let bytes =
            mark
            + text.utf16.flatMap { unit in
                let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
                return mark == [0xFE, 0xFF] ? bytes.reversed() : bytes
            }
        var check = FileCheck(
            format: DeclaredFormat(.iso20022(try ISO20022Samples.layout(.payout))),
            rules: try RecordRules(accountForm: .iban, bankCodeForm: .bic),
            tolerance: FileTolerance(),
            fileBytes: Int64(bytes.count),
            badRecordsMax: 1
        )
        try Self.read(bytes, into: &check)
        #expect(check.outcome(of: check.verdict(submitted: nil)) == .clean)
        #expect(check.totals.records == 1)
    }
}
