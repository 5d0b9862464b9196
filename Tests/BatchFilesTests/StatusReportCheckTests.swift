import BatchFiles
import Foundation
import PaymentCore
import Testing

/// Reports are written, read again by their check and by another validator, and spoiled.
@Suite struct StatusReportCheckTests {
    typealias Item = StatusReportScene.Item

    static let requests = [
        "pain.001.001.03", "pain.001.001.09", "pain.001.001.10", "pain.001.001.13", "pain.008.001.02",
        "pain.008.001.08", "pain.008.001.11",
    ]

    private static func items(_ count: Int, _ generator: inout SeededGenerator) -> [Item] {
        let marks = ["&", "<", ">", "\"", "'", "\r", " ", "é", "张", "𠮷", "a", "1", "/"]
        let currencies = ["CNY", "EUR", "JPY", "KWD"].compactMap { Currency(code: $0) }
        return (0..<count).map { index in
            let text = (0..<Int.random(in: 1...20, using: &generator)).map { _ in
                marks.randomElement(using: &generator) ?? "a"
            }
            return Item(
                endToEnd: "\(index)" + text.joined(),
                instruction: Bool.random(using: &generator) ? text.joined() : nil,
                amount: Int.random(in: 0...20, using: &generator) == 0
                    ? nil
                    : currencies.randomElement(using: &generator).map {
                        Money(minor: Int64.random(in: 1...1_000_000_000, using: &generator), currency: $0)
                    },
                status: ResultStatus.allCases.randomElement(using: &generator) ?? .succeeded,
                code: ["", "E101", "amount_malformed", "<&>\u{1B}"].randomElement(using: &generator) ?? "",
                cause: FailureCause.allCases.randomElement(using: &generator)
            )
        }
    }

    @Test(arguments: requests) func `what is written is read again with the same totals`(message: String) throws {
        for seed in 1...4 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let payments = (0..<Int.random(in: 1...5, using: &generator)).map { _ in
                Self.items(Int.random(in: 1...30, using: &generator), &generator)
            }
            let scene = StatusReportScene(message: message, payments: payments)
            try scene.check(try scene.written(piece: Int.random(in: 1...5_000, using: &generator)))
        }
    }

    @Test(
        .enabled(if: PeerValidator.isInstalled, "libxml2-utils is not installed"),
        arguments: requests
    )
    func `another validator takes it too`(message: String) throws {
        var generator = SeededGenerator(seed: 42)
        let scene = StatusReportScene(
            message: message,
            payments: [Self.items(50, &generator), Self.items(3, &generator)]
        )
        let complaint = try PeerValidator.complaint(
            about: try scene.written(),
            named: "sluice-report-\(message)",
            schema: StatusReportScene.schemaFolder.appending(path: "\(try scene.version.rawValue).xsd")
        )
        #expect(complaint == nil)
    }

    @Test func `100,000 transactions are written in step with the request`() throws {
        let scene = StatusReportScene(
            message: "pain.001.001.03",
            payments: (0..<10).map { payment in (0..<10_000).map { Item(endToEnd: "E\(payment)-\($0)") } }
        )
        let request = scene.request
        let piece = 16_384
        var writer = StatusReportWriter(
            contents: try scene.contents(piece: piece),
            layout: try scene.layout,
            edition: StatusReportScene.edition
        )
        let schema = try #require(try StatusReportScene.schemas.get().schema(of: StatusReportVersion.v03.message))
        var check = StatusReportCheck(version: .v03, schema: schema)
        var given = 0
        var drainedMax = 0
        var aheadMax = 0
        for (index, line) in scene.lines.enumerated() {
            while writer.needsRequest {
                let end = min(given + piece, request.count)
                try writer.read(request: request[given..<end], isLast: end == request.count)
                given = end
            }
            try writer.append(line)
            aheadMax = max(aheadMax, given - request.count * index / 100_000)
            let bytes = writer.drain()
            drainedMax = max(drainedMax, bytes.count)
            try check.read(bytes, isLast: false)
        }
        while writer.needsRequest {
            try writer.read(request: request[given...], isLast: true)
            given = request.count
        }
        try writer.finish()
        try check.read(writer.drain(), isLast: true)
        try check.compare(with: scene.expected)
        #expect(given == request.count)
        // Never more than what a piece or two of the request hold, nor more than a few lines of output.
        #expect(aheadMax < 4 * piece)
        #expect(drainedMax < 4_096)
    }

    // MARK: Faults

    @Test(arguments: [
        ("<TxSts>RJCT</TxSts>", "<TxSts>ACSC</TxSts>"), ("<TxSts>RJCT</TxSts>", "<TxSts>PDNG</TxSts>"),
        ("<GrpSts>PART</GrpSts>", "<GrpSts>RJCT</GrpSts>"),
        ("<PmtInfSts>PART</PmtInfSts>", "<PmtInfSts>ACSC</PmtInfSts>"),
        ("<PmtInfSts>PART</PmtInfSts>\n", ""), ("<GrpSts>PART</GrpSts>\n", ""),
        ("<DtldNbOfTxs>2</DtldNbOfTxs>", "<DtldNbOfTxs>3</DtldNbOfTxs>"),
        ("<OrgnlNbOfTxs>4</OrgnlNbOfTxs>", "<OrgnlNbOfTxs>5</OrgnlNbOfTxs>"),
        ("<OrgnlNbOfTxs>3</OrgnlNbOfTxs>", "<OrgnlNbOfTxs>4</OrgnlNbOfTxs>"), ("RETURNED:", "FAILED:"),
        ("PROCESSING:", "UNDER_REVIEW:"), ("PROCESSING:", "FAILED:"), ("PROCESSING:", "?:"),
        ("Ccy=\"CNY\">12.30<", "Ccy=\"CNY\">12.31<"), ("Ccy=\"CNY\">12.30<", "Ccy=\"EUR\">12.30<"),
        ("<TxSts>ACSC</TxSts>\n", ""), ("<StsId>7-1</StsId>", "<StsId></StsId>"),
        ("<CreDtTm>2026-03-08T20:05:06Z</CreDtTm>", "<CreDtTm>now</CreDtTm>"), ("<Cd>NARR</Cd>", "<Cd>NARROW</Cd>"),
    ])
    func `a report that says anything else than the lines is not stored`(right: String, wrong: String) throws {
        let scene = StatusReportScene(
            message: "pain.001.001.03",
            payments: [
                [Item(endToEnd: "1"), Item(endToEnd: "2", status: .returned), Item(endToEnd: "3", status: .failed)],
                [Item(endToEnd: "4", status: .processing)],
            ]
        )
        let text = try scene.text
        try scene.check(Array(text.utf8))
        let place = try #require(text.firstRange(of: right))
        let changed = text.replacingCharacters(in: place, with: wrong)
        #expect(throws: ResultFileDefect.self) { try scene.check(Array(changed.utf8)) }
    }

    @Test func `a report that is cut is not stored`() throws {
        let scene = StatusReportScene(message: "pain.001.001.09", payments: [[Item()]])
        let report = try scene.written()
        for count in [0, 1, 100, report.count - 20] {
            #expect(throws: (any Error).self) { try scene.check(Array(report.prefix(count))) }
        }
    }

    @Test func `lines that are not those of the request are found`() throws {
        let scene = StatusReportScene(message: "pain.001.001.03", payments: [[Item(), Item(endToEnd: "F")]])
        var survey = StatusReportSurvey(layout: try scene.layout)
        try survey.read(request: scene.request[...], isLast: true)
        #expect(throws: ResultFileDefect.self) { try survey.add(scene.lines[1]) }
        var short = StatusReportSurvey(layout: try scene.layout)
        try short.read(request: scene.request[...], isLast: true)
        try short.add(scene.lines[0])
        let needsRequest = short.needsRequest
        #expect(!needsRequest)
        do {
            _ = try short.finish()
            Issue.record("a transaction has no line")
        } catch {
            #expect(error.what.contains("no line"))
        }
    }
}
