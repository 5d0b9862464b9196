import BatchFiles
import PaymentCore
import Testing

@Suite struct NACHAReturnsTests {
    private static let created = BusinessDate("2026-03-05") ?? BusinessDate(daysSince1970: 0)

    private struct Written {
        var bytes: [UInt8] = []
        var returns: Int64 = 0
        var leftOut = AmountTotals()
        /// The totals of the lines that failed or came back.
        var expected = AmountTotals()

        var lines: [String] { String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { String($0) } }
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

    /// Writes as settlement does: a page of lines, then the request as far as it is needed.
    private static func written(
        _ lines: [ResultLine],
        _ request: [UInt8],
        version: Int32 = 1,
        pageLines: Int = 2,
        partBytes: Int = 300
    ) throws -> Written {
        var written = Written()
        var writer = NACHAReturnsWriter(created: created, version: version)
        var given = 0
        for start in stride(from: 0, to: lines.count, by: pageLines) {
            for line in lines[start..<min(start + pageLines, lines.count)] {
                try writer.append(line)
                guard line.status == .failed || line.status == .returned else { continue }
                switch line.content {
                case .order(let fields): written.expected.add(fields.amount)
                case .record(_, _, let amount): written.expected.add(amount)
                }
            }
            while writer.needsRequest, given < request.count {
                let end = min(given + partBytes, request.count)
                try writer.readRequest(Array(request[given..<end]), isLast: end == request.count)
                given = end
            }
            written.bytes += writer.drain()
        }
        try writer.finish()
        written.bytes += writer.drain()
        #expect(writer.pendingBytes == 0)
        written.returns = writer.returns
        written.leftOut = writer.leftOut
        return written
    }

    private static func check(_ written: Written, partBytes: Int = 40) throws {
        var check = NACHAResultCheck()
        for start in stride(from: 0, to: written.bytes.count, by: partBytes) {
            let end = min(start + partBytes, written.bytes.count)
            try check.read(Array(written.bytes[start..<end]), isLast: false)
        }
        try check.read([], isLast: true)
        try check.compare(with: written.expected, leftOut: written.leftOut)
    }

    @Test func `what failed comes back in the batches of the request`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let codes = ["R02", "", "E101", "AM04"]
        let lines = Self.lines(of: seen) { ($0 == 1 ? .succeeded : $0 == 3 ? .returned : .failed, codes[$0]) }
        let written = try Self.written(lines, request, version: 2)
        try Self.check(written)
        #expect(written.returns == 3 && written.leftOut == AmountTotals())
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
                    + NACHASample.filled("ID-1", 15) + NACHASample.filled("Jane Doe", 24) + "1121042880000002",
                "799R17121042880000007" + blank + "09100001" + NACHASample.filled("E101", 44) + "121042880000002",
                "82000000040024208576000000000000000000000133121042882 " + batchEnd + "1",
                NACHASample.usual().lines[7].replacing("5220", with: "5200").replacing("0000004", with: "0000002"),
                "621121042882" + NACHASample.filled("12345678", 17) + "9999999999"
                    + NACHASample.filled("ID-1", 15) + NACHASample.filled("Best Co. #23", 24) + "1121042880000003",
                "799R01121042880000001" + blank + "23138010" + NACHASample.filled("AM04", 44) + "121042880000003",
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
        ("duplicate_in_file", "PPD", "R24"), ("bank_check_digit", "PPD", "R28"), ("überzogen", "PPD", "R17"),
    ])
    func `a result code becomes a return reason code`(code: String, entryClass: String, reason: String) throws {
        var sample = NACHASample.usual(serviceClass: "225", code: "27")
        sample.batches[0].entryClass = entryClass
        let request = NACHASample.bytes(sample.lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout(.withhold))
        let lines = Self.lines(of: seen) { ($0 == 0 ? .failed : .processing, code) }
        let written = try Self.written(lines, request)
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

    @Test func `a result without returns has no file`() throws {
        let request = NACHASample.bytes(NACHASample.usual().lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        let written = try Self.written(Self.lines(of: seen) { _ in (.succeeded, "") }, request)
        #expect(written.bytes.isEmpty && written.returns == 0)
        try Self.check(written)
    }

    @Test func `a record that cannot be repeated is left out, and counted`() throws {
        var lines = NACHASample.usual().lines
        lines[2] = lines[2].replacing("0000000100", with: "00000X0100")
        lines[8] = lines[8].replacing("62223138010", with: "69923138010")
        lines[4] += "x"
        let request = NACHASample.bytes(lines)
        let seen = try SeenNACHAFile(request, try NACHASample.layout())
        #expect(seen.reasons.count == 3)
        let written = try Self.written(Self.lines(of: seen) { _ in (.failed, "account_malformed") }, request)
        try Self.check(written)
        #expect(written.returns == 1)
        #expect(written.leftOut.records == 3 && written.leftOut.amountUnreadable == 2)
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
        var returns: Int64 = 0
        for round in 0..<200 {
            var request = NACHASample.bytes(NACHAReaderPropertyTests.sample(&generator, direction).lines)
            // Digits only, behind the columns that control records add up: some entries break, the frame holds.
            for _ in 0..<3 {
                let line = Int.random(in: 0..<request.count / 95, using: &generator)
                if request[line * 95] == 0x36 {
                    request[line * 95 + Int.random(in: 39..<94, using: &generator)] = 0x39
                }
            }
            let seen = try SeenNACHAFile(request, layout)
            try #require(seen.defect == nil)
            let lines = Self.lines(of: seen) { _ in
                (statuses.randomElement(using: &generator) ?? .failed, "R0\(Int.random(in: 1...9, using: &generator))")
            }
            let written = try Self.written(
                lines,
                request,
                pageLines: Int.random(in: 1...9, using: &generator),
                partBytes: Int.random(in: 1...2_000, using: &generator)
            )
            do { try Self.check(written) } catch { Issue.record("round \(round): \(error)") }
            let came = lines.count { $0.status == .failed || $0.status == .returned }
            #expect(written.returns + written.leftOut.records == Int64(came))
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
        var short = written
        short.expected = AmountTotals()
        #expect(throws: ResultFileDefect.self) { try Self.check(short) }
    }
}
