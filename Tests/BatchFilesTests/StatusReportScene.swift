import BatchFiles
import Foundation
import PaymentCore
import XMLStream

/// A request of ISO 20022, the lines of its result, and the report made of both.
struct StatusReportScene {
    /// The schemas that the repository ships.
    static let schemaFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Config/schemas/iso20022")

    static let schemas: Result<ISO20022Schemas, any Error> = Result {
        let names = try FileManager.default.contentsOfDirectory(atPath: schemaFolder.path())
        return try ISO20022Schemas(
            files: names.filter { $0.hasSuffix(".xsd") }.sorted().map { name in
                (name, Array(try Data(contentsOf: schemaFolder.appending(path: name))))
            }
        )
    }

    static let edition = ResultEdition(
        batch: BatchIdentifier(7),
        version: 2,
        madeAt: Timestamp(unixMicroseconds: 1_773_000_306_999_999)
    )

    /// One transaction and what became of it.
    struct Item {
        var endToEnd: String? = "E"
        var instruction: String?
        var amount: Money? = Money(minor: 1230, currency: .cny)
        /// Whether it made no order, though its amount was read.
        var isRecord = false
        var status = ResultStatus.succeeded
        var code = ""
        var cause: FailureCause?
        var reason = ""
    }

    let message: String
    /// By payment information.
    var payments: [[Item]]

    var layout: ISO20022Layout {
        get throws {
            try ISO20022Layout(
                name: "sample",
                direction: message.hasPrefix("pain.001") ? .payout : .withhold,
                schemas: try Self.schemas.get()
            )
        }
    }

    var lines: [ResultLine] {
        payments.joined().enumerated().map { index, item in
            ResultLine(
                line: LineNumber(Int32(index + 1)),
                content: item.isRecord
                    ? .record(raw: [], merchantOrderNumber: nil, amount: item.amount)
                    : item.amount.map { amount in
                        .order(
                            OrderFields(
                                merchantOrderNumber: item.endToEnd ?? "",
                                amount: amount,
                                accountNumber: "DE89370400440532013000",
                                accountName: "n"
                            )
                        )
                    } ?? .record(raw: [], merchantOrderNumber: nil, amount: nil),
                status: item.status,
                code: item.code,
                cause: item.cause,
                reason: item.reason,
                finishedDate: nil
            )
        }
    }

    /// The request, written without our own writer.
    var request: [UInt8] {
        let isPayout = message.hasPrefix("pain.001")
        let isNew = (Int(message.split(separator: ".")[3]) ?? 0) >= 8
        var text = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:\(message)\">"
        text += isPayout ? "<CstmrCdtTrfInitn>" : "<CstmrDrctDbtInitn>"
        text += "<GrpHdr><MsgId>M&amp;1</MsgId><CreDtTm>2026-03-08T12:00:00</CreDtTm>"
        text += "<NbOfTxs>\(payments.joined().count)</NbOfTxs><InitgPty><Nm>n</Nm></InitgPty></GrpHdr>"
        for (index, items) in payments.enumerated() {
            text += "<PmtInf><PmtInfId>P\(index + 1)</PmtInfId>"
            if isPayout {
                text += "<PmtMtd>TRF</PmtMtd>"
                text += "<ReqdExctnDt>\(isNew ? "<Dt>2026-03-09</Dt>" : "2026-03-09")</ReqdExctnDt>"
                text += Self.party("Dbtr") + Self.account("Dbtr") + Self.agent("Dbtr")
            } else {
                text += "<PmtMtd>DD</PmtMtd><ReqdColltnDt>2026-03-09</ReqdColltnDt>"
                text += Self.party("Cdtr") + Self.account("Cdtr") + Self.agent("Cdtr")
            }
            for item in items { text += Self.transaction(item, isPayout: isPayout) }
            text += "</PmtInf>"
        }
        return Array((text + (isPayout ? "</CstmrCdtTrfInitn>" : "</CstmrDrctDbtInitn>") + "</Document>").utf8)
    }

    private static func transaction(_ item: Item, isPayout: Bool) -> String {
        func escaped(_ text: String) -> String {
            text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
                "\r",
                with: "&#13;"
            )
        }
        let number = item.amount.map { money in
            "<InstdAmt Ccy=\"\(money.currency.code)\">\(decimal(money))</InstdAmt>"
        }
        let amount = number ?? "<InstdAmt Ccy=\"XXX\">1</InstdAmt>"
        return (isPayout ? "<CdtTrfTxInf>" : "<DrctDbtTxInf>") + "<PmtId>"
            + (item.instruction.map { "<InstrId>\(escaped($0))</InstrId>" } ?? "")
            + "<EndToEndId>\(escaped(item.endToEnd ?? "NOTPROVIDED"))</EndToEndId></PmtId>"
            + (isPayout ? "<Amt>\(amount)</Amt>" : amount)
            + (isPayout ? party("Cdtr") + account("Cdtr") : agent("Dbtr") + party("Dbtr") + account("Dbtr"))
            + (isPayout ? "</CdtTrfTxInf>" : "</DrctDbtTxInf>")
    }

    private static func decimal(_ money: Money) -> String {
        let places = money.currency.minorUnits
        if money.minor < 0 { return "-" + decimal(Money(minor: -money.minor, currency: money.currency)) }
        let digits = String(money.minor)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return places == 0 ? padded : padded.dropLast(places) + "." + padded.suffix(places)
    }

    private static func party(_ role: String) -> String { "<\(role)><Nm>n</Nm></\(role)>" }
    private static func account(_ role: String) -> String {
        "<\(role)Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></\(role)Acct>"
    }
    private static func agent(_ role: String) -> String {
        "<\(role)Agt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></\(role)Agt>"
    }

    // MARK: The report

    func contents(piece: Int = 100) throws -> StatusReportContents {
        var survey = StatusReportSurvey(layout: try layout)
        var rest = request[...]
        func give(_ survey: inout StatusReportSurvey) throws {
            let bytes = rest.prefix(piece)
            rest = rest.dropFirst(piece)
            try survey.read(request: bytes, isLast: rest.isEmpty)
        }
        for line in lines {
            while survey.needsRequest { try give(&survey) }
            try survey.add(line)
        }
        while survey.needsRequest { try give(&survey) }
        return try survey.finish()
    }

    func written(edition: ResultEdition = edition, piece: Int = 100) throws -> [UInt8] {
        var writer = StatusReportWriter(contents: try contents(), layout: try layout, edition: edition)
        var bytes = writer.drain()
        var rest = request[...]
        func give(_ writer: inout StatusReportWriter) throws {
            let bytes = rest.prefix(piece)
            rest = rest.dropFirst(piece)
            try writer.read(request: bytes, isLast: rest.isEmpty)
        }
        for line in lines {
            while writer.needsRequest { try give(&writer) }
            try writer.append(line)
            bytes += writer.drain()
        }
        while writer.needsRequest { try give(&writer) }
        try writer.finish()
        return bytes + writer.drain()
    }

    var text: String { get throws { String(decoding: try written(), as: UTF8.self) } }

    /// What the lines add up to, as settlement counts them.
    var expected: [ResultStatus: AmountTotals] {
        payments.joined().reduce(into: [:]) { totals, item in
            let isSaid = item.amount.map(StatusReportCheck.carries) ?? false
            totals[item.status, default: AmountTotals()].add(isSaid ? item.amount : nil)
        }
    }

    var version: StatusReportVersion {
        get throws { StatusReportVersion(answering: try contents().message) }
    }

    /// Reads a report again, and compares it with the lines.
    func check(_ report: [UInt8], piece: Int = 1_000) throws {
        let version = try version
        guard let schema = try Self.schemas.get().schema(of: version.message) else { throw CocoaError(.fileNoSuchFile) }
        var check = StatusReportCheck(version: version, schema: schema)
        var rest = report[...]
        while !rest.isEmpty {
            try check.read(Array(rest.prefix(piece)), isLast: false)
            rest = rest.dropFirst(piece)
        }
        try check.read([], isLast: true)
        try check.compare(with: expected)
    }
}
