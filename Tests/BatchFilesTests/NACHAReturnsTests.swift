import BatchFiles
import PaymentCore
import SharedFileTesting
import Testing

@Suite struct NACHAReturnsTests {
    private static func edition(_ version: Int32) -> ResultEdition {
        // 2026-03-05 04:05:06 UTC.
        ResultEdition(
            batch: BatchIdentifier(7),
            version: version,
            madeAt: Timestamp(unixMicroseconds: 1_772_683_506_000_000)
        )
    }

    private struct Written {
        var bytes: [UInt8] = []
        /// What can be drained before the first line.
        var beginning: [UInt8] = []
        /// The totals of all lines.
        var expected: [ResultStatus: AmountTotals] = [:]

        var lines: [String] { String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) } }
        var returns: Int { lines.count { $0.hasPrefix("799") } }
    }

    /// What became of each record of a request.
    private static func lines(
        of request: SeenNACHAFile,
        _ outcome: (Int) -> (status: ResultStatus, code: String)
    ) -> [ResultLine] {
        request.checked.enumerated().map { index, checked in
            let (status, code) = outcome(index)
            let content: ResultLine.Content =
                switch checked {
                case .order(let draft): .order(draft.fields)
                case .quarantined(let draft):
                    .record(
                        raw: draft.source.raw,
                        merchantOrderNumber: draft.merchantOrderNumber,
                        amount: draft.amount
                    )
                }
            return ResultLine(
                line: LineNumber(Int32(index + 1)),
                content: content,
                status: status,
                code: code,
                reason: "",
                finishedDate: nil
            )
        }
    }

    /// The parts of a request, and an empty one that says so at the end.
    private struct Parts {
        var rest: ArraySlice<UInt8>
        let partBytes: Int
        var isEnded = false

        mutating func next() throws -> (ArraySlice<UInt8>, Bool) {
            if isEnded { throw ResultFileDefect(line: 0, what: "there is no more of the request") }
            let part = rest.prefix(partBytes)
            rest = rest.dropFirst(part.count)
            isEnded = part.isEmpty
            return (part, isEnded)
        }
    }

    /// Writes as settlement does: the request's header, then the lines, with the request as far as it is needed.
    private static func written(
        _ lines: [ResultLine],
        _ request: [UInt8],
        version: Int32 = 1,
        direction: Direction = .payout,
        wrapping: Wrapping = .none,
        partBytes: Int = 300
    ) throws -> Written {
        let layout = try NACHASample.layout(direction)
        var survey = NACHAReturnsSurvey(layout: layout, wrapping: wrapping)
        var parts = Parts(rest: request[...], partBytes: partBytes)
        while survey.header == nil {
            let (part, isLast) = try parts.next()
            try survey.read(request: part, isLast: isLast)
        }
        let found = survey.header
        let header = try #require(found)
        parts = Parts(rest: request[...], partBytes: partBytes)
        var writer = NACHAReturnsWriter(header: header, layout: layout, wrapping: wrapping, edition: edition(version))
        var written = Written()
        written.beginning = writer.drain()
        written.bytes = written.beginning
        for line in lines {
            try writer.append(line)
            switch line.content {
            case .order(let fields): written.expected[line.status, default: AmountTotals()].add(fields.amount)
            case .record(_, _, let amount): written.expected[line.status, default: AmountTotals()].add(amount)
            }
            while writer.needsRequest {
                let (part, isLast) = try parts.next()
                try writer.read(request: part, isLast: isLast)
            }
            written.bytes += writer.drain()
        }
        try writer.finish()
        written.bytes += writer.drain()
        #expect(writer.drain().isEmpty)
        return written
    }

    private static func check(_ written: Written, partBytes: Int = 40) throws {
        var check = NACHAResultCheck()
        for start in stride(from: 0, to: written.bytes.count, by: partBytes) {
            let end = min(start + partBytes, written.bytes.count)
            try check.read(Array(written.bytes[start..<end]), isLast: false)
        }
        try check.read([], isLast: true)
        try check.compare(with: written.expected)
    }

    @Test func `what failed comes back in the batches of the request`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let codes = ["R02", "", "E101", "AM04"]
        let lines = Self.lines(of: seen) { ($0 == 1 ? .succeeded : $0 == 3 ? .returned : .failed, codes[$0]) }
        let written = try Self.written(lines, request, version: 2)
        try Self.check(written)
        #expect(written.returns == 3)
        let blank = String(repeating: " ", count: 6)
        let batchEnd = String(repeating: " ", count: 25) + "12104288000000"
        #expect(
            written.lines.prefix(13).map { String($0) } == [
                NACHASample.filled(
                    "101 121042882 231380104260305    B094101" + NACHASample.filled("My Bank Name", 23)
                        + "Federal Reserve Bank   12345678",
                    94
                ),
                NACHASample.usual().lines[1].replacing("5220", with: "5200"),
                "621121042882" + NACHASample.filled("12345678", 17) + "0000000100"
                    + NACHASample.filled("ID-1", 15) + NACHASample.filled("Jane Doe", 24) + "1121042880000001",
                "799R02121042880000001" + blank + "23138010" + NACHASample.filled("R02", 44) + "121042880000001",
                "621121042882" + NACHASample.filled("55555", 17) + "0000000033"
                    + NACHASample.filled("ID-1", 15) + NACHASample.filled("Jane Doe", 24) + "1121042880000003",
                "799R17121042880000007" + blank + "09100001" + NACHASample.filled("E101", 44) + "121042880000003",
                "82000000040024208576000000000000000000000133121042882 " + batchEnd + "1",
                NACHASample.usual().lines[7].replacing("5220", with: "5200").replacing("0000004", with: "0000002"),
                "621121042882" + NACHASample.filled("12345678", 17) + "9999999999"
                    + NACHASample.filled("ID-1", 15) + NACHASample.filled("Best Co. #23", 24) + "1121042880000004",
                "799R01121042880000001" + blank + "23138010" + NACHASample.filled("AM04", 44) + "121042880000004",
                "82000000020012104288000000000000009999999999121042882 " + batchEnd + "2",
                NACHASample.filled("9000002000002000000060036312864000000000000010000000132", 94),
                String(repeating: "9", count: 94),
            ]
        )
        #expect(written.lines.count == 20)
    }

    @Test(arguments: [
        ("R01", "PPD", "R01"), ("R90", "PPD", "R90"), ("R61", "PPD", "R17"), ("R80", "PPD", "R17"), ("", "PPD", "R17"),
        ("AC04", "PPD", "R02"), ("MD01", "PPD", "R10"), ("MD01", "CCD", "R29"), ("R10", "CCD", "R10"),
        ("AC07", "PPD", "R02"), ("BE01", "PPD", "R03"), ("CN01", "PPD", "R07"), ("CN01", "CCD", "R29"),
        ("FOCR", "PPD", "R06"), ("SP01", "PPD", "R08"), ("3071", "PPD", "R17"), ("duplicate_in_file", "PPD", "R24"),
        ("bank_check_digit", "PPD", "R28"), ("überzogen", "PPD", "R17"),
    ])
    func `a result code becomes a return reason code`(code: String, entryClass: String, reason: String) throws {
        var sample = NACHASample.usual(serviceClass: "225", code: "27")
        sample.batches[0].entryClass = entryClass
        let request = NACHASample.bytes(sample.lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout(.withhold))
        let lines = Self.lines(of: seen) { ($0 == 0 ? .failed : .processing, code) }
        let written = try Self.written(lines, request, direction: .withhold)
        try Self.check(written)
        #expect(written.lines[2].hasPrefix("626"))
        #expect(written.lines[3].hasPrefix("799\(reason)"))
    }

    @Test(.enabled(if: SharedFiles.exist("formats/ach/return-codes.csv"), "needs the list of return codes"))
    func `each code that we return stands in the published list`() throws {
        let published = try SharedFiles.text("formats/ach/return-codes.csv").split(whereSeparator: \.isNewline)
            .dropFirst().map { String($0.prefix(3)) }
        let ours = NACHAReturnReason.codes.union(NACHAReturnReason.table.values).union([NACHAReturnReason.other])
        #expect(ours.isSubset(of: published))
        #expect(Set(NACHAReturnReason.table.values).isSubset(of: NACHAReturnReason.codes))
    }

    @Test func `a result without returns is a file without batches`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let statuses: [ResultStatus] = [.succeeded, .processing, .underReview, .succeeded]
        let written = try Self.written(Self.lines(of: seen) { (statuses[$0], "") }, request)
        try Self.check(written)
        #expect(written.lines.count == 10 && written.lines[0].hasPrefix("101 121042882 231380104260305    A094101"))
        let zeros = "9000000000001000000000000000000000000000000000000000000"
        #expect(written.lines[1] == NACHASample.filled(zeros, 94))
        #expect(written.lines[2...].allSatisfy { $0 == String(repeating: "9", count: 94) })
        var none = written
        none.bytes = []
        #expect(throws: FileDefect.self, "no byte is no file") { try Self.check(none) }
    }

    @Test func `versions of the same lines differ in their first line alone`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let lines = Self.lines(of: seen) { _ in (.failed, "R03") }
        let first = try Self.written(lines, request)
        for (version, modifier) in [(2, "B"), (27, "0"), (36, "9"), (37, "A")] as [(Int32, Character)] {
            let later = try Self.written(lines, request, version: version)
            #expect(later.lines[0] == first.lines[0].replacing("    A094", with: "    \(modifier)094"))
            #expect(later.beginning.count == 95 && later.bytes.dropFirst(95) == first.bytes.dropFirst(95))
        }
        // One that fails later leaves the others as they were.
        let before = try Self.written(Self.lines(of: seen) { ($0 == 1 ? .processing : .failed, "R03") }, request)
        let returns = before.lines.filter { $0.hasPrefix("621") || $0.hasPrefix("799") }
        #expect(returns.count == 6 && Set(returns).isSubset(of: first.lines))
    }

    @Test(arguments: Wrapping.Kind.allCases)
    func `a packed request is read as one that came plain`(kind: Wrapping.Kind) throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let lines = Self.lines(of: seen) { ($0 == 3 ? .failed : .succeeded, "R03") }
        let packed = PackedFileTests.pack(request, kind)
        let written = try Self.written(lines, packed, wrapping: Wrapping(kind), partBytes: 7)
        try Self.check(written)
        #expect(written.bytes == (try Self.written(lines, request)).bytes && written.returns == 1)
    }

    @Test func `a record that cannot be repeated comes back with what can be read of it`() throws {
        var lines = NACHASample.usual().lines
        lines[2] = lines[2].replacing("0000000100", with: "-000000100")
        lines[3] = lines[3].replacing("John Roe", with: "J\u{1}hn Roe").replacing("62223138010", with: "6222313X010")
        lines[5] = lines[5].replacing("12104288", with: "121X4288")
        lines[8] = lines[8].replacing("62223138010", with: "69923138010")
        let request = NACHASample.bytes(lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        #expect(
            seen.reasons.map { $0.first } == [
                .amountMalformed, .controlCharacter, .missingField, .transactionCodeUnknown,
            ]
        )
        let codes = ["amount_malformed", "bank_malformed", "trace_number_malformed", "transaction_code_unknown"]
        let written = try Self.written(Self.lines(of: seen) { (.failed, codes[$0]) }, request)
        try Self.check(written)
        let returns = written.lines.filter { $0.hasPrefix("6") }
        let addenda = written.lines.filter { $0.hasPrefix("799") }.map { String($0.prefix(79)) }
        #expect(returns.count == 4)
        #expect(returns[0].hasPrefix("621121042882" + NACHASample.filled("12345678", 17) + "0000000000ID-1"))
        #expect(returns[1].contains("0000002500ID-1           J?hn Roe ") && returns[1].hasPrefix("621"))
        #expect(returns[2].contains("0000000033") && returns[3].hasPrefix("621"))
        #expect(returns.map { $0.suffix(7) } == ["0000001", "0000002", "0000003", "0000004"])
        let blank = String(repeating: " ", count: 6)
        #expect(
            addenda == [
                "799R19121042880000001\(blank)23138010" + NACHASample.filled("amount_malformed", 44),
                "799R28121042880000002\(blank)00000000" + NACHASample.filled("bank_malformed", 44),
                "799R27000000000000000\(blank)09100001" + NACHASample.filled("trace_number_malformed", 44),
                "799R17121042880000001\(blank)23138010" + NACHASample.filled("transaction_code_unknown", 44),
            ]
        )
    }

    @Test func `more than a file can add up is no file`() throws {
        let entries = (1...102).map { NACHASample.Entry(code: "99", cents: 9_999_999_999, serial: $0) }
        var sample = NACHASample(batches: [NACHASample.Batch(entries: entries)])
        sample.batches[0].entries[0] = NACHASample.Entry(cents: 1)
        var lines = sample.lines
        // Its sender adds up only what is a credit.
        for index in [104, 105] { lines[index] = lines[index].replacing("009999999900", with: "000000000001") }
        let request = NACHASample.bytes(lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        try #require(seen.defect == nil && seen.records.count == 102)
        let most = Self.lines(of: seen) { ($0 < 2 ? .processing : .failed, "") }
        try Self.check(try Self.written(most, request))
        let defect = #expect(throws: ResultFileDefect.self) {
            try Self.written(Self.lines(of: seen) { _ in (.failed, "") }, request)
        }
        #expect(defect?.what.contains("results: delimited") == true)
    }

    @Test func `a request that is not the file's own is noticed`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let lines = Self.lines(of: seen) { _ in (.failed, "R03") }
        var other = NACHASample.usual()
        other.batches[0].entries[0].cents = 101
        let wrongAmount = NACHASample.bytes(other.lines)
        other = NACHASample.usual()
        other.modifier = "B"
        let wrongNumber = NACHASample.bytes(other.lines)
        for wrong in [wrongAmount, wrongNumber, Array(request.prefix(500)), Array(request.dropFirst(95))] {
            #expect(throws: ResultFileDefect.self) { try Self.written(lines, wrong) }
        }
    }

    @Test(arguments: Direction.allCases)
    func `any request's returns add up, in parts of any size`(direction: Direction) throws {
        var generator = SeededGenerator(seed: 31)
        let layout = try NACHASample.layout(direction)
        let statuses: [ResultStatus] = [.succeeded, .failed, .failed, .returned, .processing, .underReview]
        var returns = 0
        for round in 0..<200 {
            var request = NACHASample.bytes(NACHAReaderPropertyTests.sample(&generator, direction).lines)
            // What control records add up must stay, or become unreadable: entries break, the frame holds.
            for _ in 0..<3 {
                let line = Int.random(in: 0..<request.count / 95, using: &generator)
                guard request[line * 95] == 0x36 else { continue }
                let column = Int.random(in: 1..<94, using: &generator)
                let isCounted = (3..<11).contains(column) || (29..<39).contains(column)
                let byte = Array(isCounted ? "X- ".utf8 : "9X- ".utf8) + [0x01, 0xE9]
                request[line * 95 + column] = byte.randomElement(using: &generator) ?? 0x58
            }
            let seen = try SeenNACHAFile(request, layout)
            try #require(seen.defect == nil)
            let lines = Self.lines(of: seen) { _ in
                (statuses.randomElement(using: &generator) ?? .failed, "R0\(Int.random(in: 1...9, using: &generator))")
            }
            let written = try Self.written(
                lines,
                request,
                direction: direction,
                partBytes: Int.random(in: 1...2_000, using: &generator)
            )
            do { try Self.check(written) } catch { Issue.record("round \(round): \(error)") }
            let came = lines.count { $0.status == .failed || $0.status == .returned }
            #expect(written.returns == came)
            #expect(written.bytes.count % 950 == 0)
            returns += written.returns
        }
        #expect(returns > 500)
    }

    @Test func `a file of returns that was changed is noticed`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let written = try Self.written(Self.lines(of: seen) { _ in (.failed, "R03") }, request)
        try Self.check(written)
        let good = written.lines
        let changes: [(line: Int, column: Int, text: String)] = [
            (2, 2, "22"), (2, 4, "23138010"), (2, 30, "0000000101"), (2, 79, "0"), (2, 80, "2"), (3, 4, "R61"),
            (3, 2, "05"), (3, 7, "X"), (3, 28, "X"), (3, 94, "9"), (4, 94, "1"), (8, 5, "000005"), (8, 44, "0"),
            (8, 20, "1"), (13, 14, "00000009"), (13, 7, "3"), (13, 13, "3"), (13, 55, "0"), (13, 31, "1"), (0, 35, "X"),
        ]
        for change in changes {
            var lines = good
            var line = Array(lines[change.line].utf8)
            line.replaceSubrange(change.column - 1..<change.column - 1 + change.text.utf8.count, with: change.text.utf8)
            lines[change.line] = String(decoding: line, as: UTF8.self)
            try #require(lines != good, "\(change)")
            var changed = written
            changed.bytes = NACHASample.bytes(lines)
            #expect(throws: (any Error).self, "\(change)") { try Self.check(changed) }
        }
        for line in 0..<14 {
            var changed = written
            changed.bytes = NACHASample.bytes(Array(good[..<line] + good[(line + 1)...]))
            #expect(throws: (any Error).self, "without line \(line)") { try Self.check(changed) }
        }
        for missing in [AmountTotals(), AmountTotals(amountUnreadable: 4)] {
            var other = written
            other.expected = [.failed: missing]
            #expect(throws: ResultFileDefect.self) { try Self.check(other) }
        }
    }
}
