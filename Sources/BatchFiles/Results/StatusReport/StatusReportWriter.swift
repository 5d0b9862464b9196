package import PaymentCore
import XMLStream

/// Writes a pain.002 for a request of ISO 20022: every transaction of it with its status and reason.
///
/// The second of two passes: what stands before the first transaction comes from `StatusReportSurvey`. Memory is
/// bounded by what was not drained and one piece of the request. Values of the request that a report cannot carry are
/// left out, and that said among the words.
package struct StatusReportWriter: ResultWriter, ~Copyable {
    /// A sum with more digits cannot be written.
    private static let sumLimit: Int128 = 1_000_000_000_000_000_000
    /// The most characters of an identification.
    private static let identificationLengthMax = 35

    private let tallies: StatusReportTallies
    private let statusPrefix: String
    private var records: RequestRecords
    private var xml = XMLWriter()
    private var payment: [UInt8]?
    private var paymentsBegun = 0

    /// A writer of one version of a report, whose beginning is in the buffer at once.
    package init(
        contents: StatusReportContents,
        layout: ISO20022Layout,
        wrapping: Wrapping = .none,
        edition: ResultEdition
    ) {
        self.tallies = contents.tallies
        self.statusPrefix = "\(edition.batch)-"
        self.records = RequestRecords(layout: layout, wrapping: wrapping)
        xml.beginStatusReport(StatusReportVersion(answering: contents.message), edition)
        appendGroup(contents.header)
    }

    private mutating func appendGroup(_ header: ISO20022Reader.Header) {
        let all = tallies.totals.values.reduce(AmountTotals(), +)
        xml.start("OrgnlGrpInfAndSts")
        xml.element("OrgnlMsgId", header.messageIdentification)
        xml.element("OrgnlMsgNmId", header.message.name)
        if !header.creationTime.isEmpty { xml.element("OrgnlCreDtTm", header.creationTime) }
        appendCount("OrgnlNbOfTxs", all.records)
        // That of the request covers amounts too that cannot be read.
        if all.amountUnreadable == 0 { appendSum("OrgnlCtrlSum", all) }
        if let code = tallies.statuses.code { xml.element("GrpSts", code) }
        for status in TransactionStatus.allCases {
            guard let totals = tallies.totals[status] else { continue }
            xml.start("NbOfTxsPerSts")
            appendCount("DtldNbOfTxs", totals.records)
            xml.element("DtldSts", status.rawValue)
            if totals.amountUnreadable == 0 { appendSum("DtldCtrlSum", totals) }
            xml.end()
        }
        xml.end()
    }

    private mutating func appendCount(_ name: StaticString, _ count: Int64) {
        xml.start(name)
        xml.text(count)
        xml.end()
    }

    private mutating func appendSum(_ name: StaticString, _ totals: AmountTotals) {
        // With the decimals that its currencies have, so that it reads like the amounts.
        let decimals = totals.amounts.keys.map(\.minorUnits).max() ?? 0
        let sum = totals.controlSum(decimals: decimals)
        guard sum < Self.sumLimit else { return }
        xml.start(name)
        xml.text(sum, decimals: decimals)
        xml.end()
    }

    package var needsRequest: Bool { records.needsRequest }

    package mutating func read(request: ArraySlice<UInt8>, isLast: Bool) throws {
        try records.read(request, isLast: isLast)
    }

    package mutating func append(_ line: ResultLine) throws {
        let record = try records.take(line.line)
        if record.paymentIdentification != payment { beginPayment(record.paymentIdentification) }
        xml.start("TxInfAndSts")
        xml.start("StsId")
        xml.text(statusPrefix)
        xml.text(line.line.value)
        xml.end()
        let hasInstruction = Self.isIdentification(record.instructionIdentification)
        if hasInstruction { xml.element("OrgnlInstrId", utf8: record.instructionIdentification.span) }
        let hasEndToEnd = appendEndToEnd(record.endToEndIdentification)
        xml.element("TxSts", TransactionStatus(line.status).rawValue)
        if let reason = StatusReason(line) { append(reason) }
        if !hasEndToEnd { appendNote("left out as it is too long: OrgnlEndToEndId") }
        if !hasInstruction, !record.instructionIdentification.isEmpty {
            appendNote("left out as it is too long: OrgnlInstrId")
        }
        if let money = line.reportedMoney { append(money) }
        xml.end()
    }

    /// Writes the identification that goes from end to end; says whether it could.
    private mutating func appendEndToEnd(_ value: [UInt8]) -> Bool {
        if value.isEmpty {
            // The filler that schemes ask for where there is none.
            xml.element("OrgnlEndToEndId", "NOTPROVIDED")
            return true
        }
        guard Self.isIdentification(value) else { return false }
        xml.element("OrgnlEndToEndId", utf8: value.span)
        return true
    }

    private mutating func beginPayment(_ identification: [UInt8]) {
        if payment != nil { xml.end() }
        payment = identification
        let totals = tallies.payments[paymentsBegun]
        paymentsBegun += 1
        xml.start("OrgnlPmtInfAndSts")
        xml.element("OrgnlPmtInfId", utf8: identification.span)
        appendCount("OrgnlNbOfTxs", Int64(totals.transactions))
        if let code = totals.statuses.code { xml.element("PmtInfSts", code) }
    }

    private mutating func append(_ reason: StatusReason) {
        xml.start("StsRsnInf")
        if let code = reason.code {
            xml.start("Rsn")
            switch code {
            case .external(let code): xml.element("Cd", code)
            case .own(let code): xml.element("Prtry", code)
            }
            xml.end()
        }
        for words in reason.words { xml.element("AddtlInf", words) }
        xml.end()
    }

    private mutating func appendNote(_ words: String) {
        xml.start("StsRsnInf")
        xml.element("AddtlInf", words)
        xml.end()
    }

    private mutating func append(_ money: Money) {
        xml.start("OrgnlTxRef")
        xml.start("Amt")
        xml.start("InstdAmt")
        xml.attribute("Ccy", money.currency.code)
        xml.text(money.minor, decimals: money.currency.minorUnits)
        xml.end()
        xml.end()
        xml.end()
    }

    package mutating func finish() throws {
        guard records.isComplete, paymentsBegun == tallies.payments.count else {
            throw ResultFileDefect(line: 0, what: "there are fewer lines than transactions")
        }
        if payment != nil { xml.end() }
        xml.end()
        xml.end()
        precondition(xml.isComplete, "a report ends with an element open")
    }

    package mutating func drain() -> [UInt8] { xml.drain() }

    /// Whether a value of the request fits where a report has an identification.
    static func isIdentification(_ value: [UInt8]) -> Bool {
        if value.isEmpty { return false }
        if value.count <= identificationLengthMax { return true }
        // In characters, every byte being one that does not go on with the one before.
        return value.lazy.filter { $0 & 0xC0 != 0x80 }.count <= identificationLengthMax
    }
}

extension XMLWriter {
    /// Begins a report: its document, and what it says of itself.
    mutating func beginStatusReport(_ version: StatusReportVersion, _ edition: ResultEdition) {
        start("Document")
        attribute("xmlns", version.namespace)
        start("CstmrPmtStsRpt")
        start("GrpHdr")
        element("MsgId", "\(edition.batch)-R\(edition.version)")
        element("CreDtTm", edition.madeAt.secondsText)
        end()
    }
}

extension Timestamp {
    /// The time in UTC to the second, as xs:dateTime writes it: `2026-03-09T04:05:06Z`.
    var secondsText: String {
        let date = BusinessDate(at: self)
        let microsecondsPerDay: Int64 = 86_400_000_000
        let seconds = (unixMicroseconds - Int64(date.daysSince1970) * microsecondsPerDay) / 1_000_000
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(date)T\(two(seconds / 3_600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))Z"
    }
}
