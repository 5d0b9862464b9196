package import PaymentCore
import XMLStream

/// Writes a pain.002 for a request that is refused as a whole: its group is rejected, and no transaction is named.
///
/// What the report repeats of the request is what could be read of it. Values that a report cannot carry are left out
/// or take the filler that schemes ask for, so that there is no request that cannot be answered.
package struct RefusalReportWriter: ResultWriter, ~Copyable {
    /// What stands where the request has no identification.
    private static let filler = "NOTPROVIDED"

    private var xml = XMLWriter()

    /// A writer of the report, which is in the buffer but for its end.
    package init(
        _ reason: RefusalReason,
        answering request: ISO20022HeaderLook.Found,
        layout: ISO20022Layout,
        edition: ResultEdition
    ) {
        xml.beginStatusReport(.init(answering: request, layout: layout), edition)
        xml.start("OrgnlGrpInfAndSts")
        let identification = request.messageIdentification
        let isCarried = StatusReportWriter.isIdentification(Array(identification.utf8))
        let isBlank = identification.utf8.allSatisfy { $0 <= 0x20 }
        xml.element("OrgnlMsgId", isCarried && !isBlank ? identification : Self.filler)
        xml.element("OrgnlMsgNmId", request.message?.name ?? layout.kind.rawValue)
        if XMLTime.isDateTime(request.creationTime) { xml.element("OrgnlCreDtTm", request.creationTime) }
        if Self.isCount(request.transactionCount) { xml.element("OrgnlNbOfTxs", request.transactionCount) }
        if Self.isSum(request.controlSum) { xml.element("OrgnlCtrlSum", request.controlSum) }
        xml.element("GrpSts", TransactionStatus.rejected.rawValue)
        xml.start("StsRsnInf")
        xml.start("Rsn")
        xml.element("Cd", reason.externalCode)
        xml.end()
        for words in reason.words { xml.element("AddtlInf", words) }
        if !isCarried, !isBlank { xml.element("AddtlInf", "left out as it is too long: OrgnlMsgId") }
        xml.end()
        xml.end()
    }

    package mutating func append(_ line: ResultLine) throws(ResultFileDefect) {
        throw ResultFileDefect(line: Int64(line.line.value), what: "a refused file has a line")
    }

    package mutating func finish() {
        xml.end()
        xml.end()
        precondition(xml.isComplete, "a report ends with an element open")
    }

    package mutating func drain() -> [UInt8] { xml.drain() }

    private static func isCount(_ text: String) -> Bool {
        (1...15).contains(text.utf8.count) && text.utf8.allSatisfy(isDigit)
    }

    /// Whether a text is a sum of at most 18 digits, 17 of them decimals.
    private static func isSum(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
            && parts.reduce(0) { $0 + $1.count } <= 18
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
