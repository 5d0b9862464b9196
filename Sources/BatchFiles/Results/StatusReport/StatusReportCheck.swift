package import PaymentCore
package import XMLStream

/// The check of status reports: the schema takes them, every transaction has a status, and what they say of many
/// transactions together is what those say.
package struct StatusReportCheck: ResultCheck, ~Copyable {
    /// The elements and the attribute that are looked at, in the order of their names' indices.
    private enum Name: Int, CaseIterable {
        case groupStatus
        case detailedCount
        case detailedStatus
        case payment
        case paymentCount
        case paymentStatus
        case transaction
        case transactionStatus
        case words
        case amount
        case currency

        var text: String {
            switch self {
            case .groupStatus: "GrpSts"
            case .detailedCount: "DtldNbOfTxs"
            case .detailedStatus: "DtldSts"
            case .payment: "OrgnlPmtInfAndSts"
            case .paymentCount: "OrgnlNbOfTxs"
            case .paymentStatus: "PmtInfSts"
            case .transaction: "TxInfAndSts"
            case .transactionStatus: "TxSts"
            case .words: "AddtlInf"
            case .amount: "InstdAmt"
            case .currency: "Ccy"
            }
        }
    }

    /// What the transaction in work says.
    private struct Transaction {
        var status: TransactionStatus?
        /// The first of its words.
        var words: String?
        var currency: Currency?
        var money: Money?
    }

    private var xml: XMLStreamReader
    private var transaction = Transaction()
    private var isInPayment = false
    private var payment = StatusReportTallies.Payment()
    private var paymentStatus: String?
    private var declaredPaymentCount: String?
    private var statuses = TransactionStatusSet()
    private var groupStatus: String?
    private var detailedCount: String?
    private var detailed: [String: String] = [:]
    private var declaredCount: String?
    /// What was read, per status.
    package private(set) var totals: [ResultStatus: AmountTotals] = [:]

    /// A check against the schema of the report's version.
    package init(version: StatusReportVersion, schema: XMLSchemaFile) {
        xml = XMLStreamReader(names: Name.allCases.map(\.text), schemas: [version.namespace: schema])
    }

    package static func carries(_ amount: Money) -> Bool { StatusReportAmount.fits(amount) }

    package mutating func read(_ bytes: [UInt8], isLast: Bool) throws {
        xml.append(bytes[...], isLast: isLast)
        while let event = try xml.nextEvent() {
            let name = event.name.flatMap(Name.init(rawValue:))
            switch (event.kind, name) {
            case (.finding, _): throw ResultFileDefect(xml.finding(of: event))
            case (.start, .transaction): transaction = Transaction()
            case (.start, .payment): beginPayment()
            case (.attribute, .currency): transaction.currency = Currency(code: text(event))
            case (.end, let name?): try end(name, event)
            default: break
            }
        }
    }

    private func text(_ event: XMLEvent) -> String {
        String(decoding: xml.text[event.text], as: UTF8.self)
    }

    private mutating func beginPayment() {
        isInPayment = true
        payment = StatusReportTallies.Payment()
        paymentStatus = nil
        declaredPaymentCount = nil
    }

    private mutating func end(_ name: Name, _ event: XMLEvent) throws(ResultFileDefect) {
        switch name {
        case .groupStatus: groupStatus = text(event)
        case .detailedCount: detailedCount = text(event)
        case .detailedStatus: detailed[text(event)] = detailedCount
        case .paymentCount where isInPayment: declaredPaymentCount = text(event)
        case .paymentCount: declaredCount = text(event)
        case .paymentStatus: paymentStatus = text(event)
        case .transactionStatus: transaction.status = TransactionStatus(rawValue: text(event))
        case .words: transaction.words = transaction.words ?? text(event)
        case .amount: transaction.money = money(event)
        case .transaction: try endTransaction(event)
        case .payment:
            guard paymentStatus == payment.statuses.code, declaredPaymentCount == String(payment.transactions) else {
                throw ResultFileDefect(line: event.line, what: "a payment information is not what its transactions are")
            }
            isInPayment = false
        case .currency: break
        }
    }

    private func money(_ event: XMLEvent) -> Money? {
        guard let currency = transaction.currency else { return nil }
        let bytes = xml.text
        let amount = AmountText<Int64>(
            bytes.span.extracting(event.text),
            unit: .major,
            minorUnits: currency.minorUnits
        )
        guard case .value(let minor) = amount else { return nil }
        return Money(minor: minor, currency: currency)
    }

    private mutating func endTransaction(_ event: XMLEvent) throws(ResultFileDefect) {
        guard let coded = transaction.status else {
            throw ResultFileDefect(line: event.line, what: "the transaction has no status")
        }
        let word = transaction.words?.prefix { $0 != ":" } ?? ""
        let status = coded == .settled ? .succeeded : ResultStatus(rawValue: String(word))
        guard let status, TransactionStatus(status) == coded else {
            throw ResultFileDefect(line: event.line, what: "the transaction's words are not those of its status")
        }
        totals[status, default: AmountTotals()].add(transaction.money)
        payment.transactions += 1
        payment.statuses.note(coded)
        statuses.note(coded)
    }

    package func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect) {
        try ResultFileDefect.compare(totals, with: expected)
        var counts: [String: String] = [:]
        for status in TransactionStatus.allCases {
            let count = totals.reduce(Int64(0)) { count, entry in
                TransactionStatus(entry.key) == status ? count + entry.value.records : count
            }
            if count > 0 { counts[status.rawValue] = String(count) }
        }
        let all = totals.values.reduce(0) { $0 + $1.records }
        guard groupStatus == statuses.code, detailed == counts, declaredCount == String(all) else {
            throw ResultFileDefect(line: 0, what: "the group is not what its transactions are")
        }
    }
}
