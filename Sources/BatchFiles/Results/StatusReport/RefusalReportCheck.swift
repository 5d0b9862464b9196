package import PaymentCore
package import XMLStream

/// The check of reports of refused requests: the schema takes them, the group is rejected for the reason that was
/// meant, and nothing is said of any transaction.
package struct RefusalReportCheck: ResultCheck, ~Copyable {
    /// The elements that are looked at, in the order of their names' indices.
    private enum Name: Int, CaseIterable {
        case groupStatus
        case code
        case words
        case payment

        var text: String {
            switch self {
            case .groupStatus: "GrpSts"
            case .code: "Cd"
            case .words: "AddtlInf"
            case .payment: "OrgnlPmtInfAndSts"
            }
        }
    }

    private let reason: RefusalReason
    private var xml: XMLStreamReader
    private var groupStatus: String?
    private var codes: [String] = []
    private var words: [String] = []

    /// A check against the schema of the report's version.
    package init(_ reason: RefusalReason, version: StatusReportVersion, schema: XMLSchemaFile) {
        self.reason = reason
        xml = XMLStreamReader(names: Name.allCases.map(\.text), schemas: [version.namespace: schema])
    }

    package mutating func read(_ bytes: [UInt8], isLast: Bool) throws {
        xml.append(bytes[...], isLast: isLast)
        while let event = try xml.nextEvent() {
            switch (event.kind, event.name.flatMap(Name.init(rawValue:))) {
            case (.finding, _): throw ResultFileDefect(xml.finding(of: event))
            case (.start, .payment):
                throw ResultFileDefect(line: event.line, what: "a refused file has a payment information")
            case (.end, .groupStatus): groupStatus = text(event)
            case (.end, .code): codes.append(text(event))
            case (.end, .words): words.append(text(event))
            default: break
            }
        }
    }

    package func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect) {
        guard expected.isEmpty else { throw ResultFileDefect(line: 0, what: "a refused file has lines") }
        guard groupStatus == TransactionStatus.rejected.rawValue, codes == [reason.externalCode],
            words.starts(with: reason.words)
        else { throw ResultFileDefect(line: 0, what: "the group is not refused as the file is") }
    }

    private func text(_ event: XMLEvent) -> String { String(decoding: xml.text[event.text], as: UTF8.self) }
}
