import PaymentCore

/// What a payment information says of all its transactions, and what is wrong with them because of it.
struct ISO20022Payment: Sendable {
    /// How its transactions are to be made, as PmtMtd says it.
    private static let methods: [ISO20022Message.Kind: String] = [.creditTransfer: "TRF", .directDebit: "DD"]

    private let kind: ISO20022Message.Kind
    var identification: [UInt8] = []
    /// The day on which it is to be executed or collected, as it is written, without a time and a time zone.
    private(set) var requestedDate: [UInt8] = []
    /// The account to be debited for transfers, to be credited for debits.
    private(set) var orderingAccount: [UInt8] = []
    private var isOrderingAccountWrong = false
    private var method = ""
    private var creditor = ISO20022Creditor()
    /// That of the first transaction that names one.
    private var currency: Currency?

    init(kind: ISO20022Message.Kind) { self.kind = kind }

    /// Takes the value of one of its elements that stands outside of its transactions.
    mutating func take(_ element: ISO20022Element, _ text: Span<UInt8>) {
        switch element {
        case .paymentMethod: method = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        case .requestedDate:
            // In newer versions the element holds another one, and blanks.
            let day = XMLDay.digits(text)
            if !day.isEmpty { requestedDate = day }
        case .orderingIBAN, .orderingOther:
            orderingAccount = text.withUnsafeBufferPointer { Array($0) }
            isOrderingAccountWrong = element == .orderingIBAN && IBAN.defect(of: text) != nil
        default: creditor.take(element, text)
        }
    }

    /// What is wrong with a transaction because of what is said for all of them.
    mutating func findings(of transaction: borrowing ISO20022Transaction) -> [RecordFinding] {
        var findings: [RecordFinding] = []
        if !method.isEmpty, method != Self.methods[kind] {
            findings.append(
                RecordFinding(code: .paymentMethodNotSupported, field: nil, value: method, isPersonal: false)
            )
        }
        if isOrderingAccountWrong {
            let account = String(decoding: orderingAccount, as: UTF8.self)
            findings.append(
                RecordFinding(
                    code: .orderingAccountMalformed,
                    field: nil,
                    value: Masked.account(account),
                    isPersonal: false
                )
            )
        }
        if let found = transaction.currency {
            if let currency, currency != found {
                findings.append(RecordFinding(code: .currencyMixed, field: .currency, value: found.code))
            }
            currency = currency ?? found
        }
        if kind == .directDebit {
            findings += transaction.mandate.findings(collectedOn: requestedDate)
            findings += transaction.creditor.filled(from: creditor).findings
        }
        return findings
    }
}
