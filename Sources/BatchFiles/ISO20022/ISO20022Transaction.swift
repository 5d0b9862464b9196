import PaymentCore

/// The transaction in work: what its elements say, until it is handed out as a record.
struct ISO20022Transaction {
    /// The columns of `ISO20022Layout.columns` that are collected, in their order.
    enum Column: Int, CaseIterable {
        case endToEndIdentification
        case account
        case name
        case agent
        case amount
        case currency
        case purpose
        case paymentIdentification
        case instructionIdentification
        case requestedDate
    }

    /// More findings than these tell a person nothing more.
    private static let findingsMax = 20

    /// The depth of its element; nil between transactions.
    private(set) var depth: Int?
    private(set) var line: Int64 = 0
    private(set) var start: Int64 = 0
    private var values: [[UInt8]] = Array(repeating: [], count: Column.allCases.count)
    private var member: [UInt8] = []
    private var references: [UInt8] = []
    private var findings: [RecordFinding] = []
    /// From which element the account comes.
    private var stated = StatedForms()
    private(set) var mandate = ISO20022Mandate()
    private(set) var creditor = ISO20022Creditor()
    /// The plain number of its amount, also of an equivalent one; nil when it cannot be read.
    private(set) var amount: ExactDecimal?

    mutating func begin(depth: Int, line: Int64, start: Int64) {
        self.depth = depth
        self.line = line
        self.start = start
        for index in values.indices { values[index].removeAll(keepingCapacity: true) }
        member.removeAll(keepingCapacity: true)
        references.removeAll(keepingCapacity: true)
        findings.removeAll(keepingCapacity: true)
        amount = nil
        stated = StatedForms()
        mandate = ISO20022Mandate()
        creditor = ISO20022Creditor()
    }

    mutating func end() { depth = nil }

    /// Its currency; nil when it names none that orders can be in.
    var currency: Currency? {
        let code = values[Column.currency.rawValue]
        return Currency(bytes: code.span)
    }

    var instructionIdentification: [UInt8] { values[Column.instructionIdentification.rawValue] }

    mutating func set(_ column: Column, _ text: Span<UInt8>) {
        values[column.rawValue].removeAll(keepingCapacity: true)
        append(text, to: column)
    }

    mutating func add(_ finding: RecordFinding) {
        if findings.count < Self.findingsMax { findings.append(finding) }
    }

    /// Takes the value of one of its elements.
    mutating func take(_ element: ISO20022Element, _ text: Span<UInt8>) {
        switch element {
        case .instructionIdentification: set(.instructionIdentification, text)
        case .endToEndIdentification:
            // The filler that schemes ask for where there is no number.
            if !Self.isNotProvided(text) { set(.endToEndIdentification, text) }
        case .amount:
            setAmount(text)
            values[Column.amount.rawValue].removeAll(keepingCapacity: true)
            if let digits = DecimalDigits(text) {
                digits.appendText(of: text, to: &values[Column.amount.rawValue])
            } else {
                append(text, to: .amount)
            }
        // Given in the currency of the account to be debited: it counts in control sums, and makes no order.
        case .equivalentAmount: setAmount(text)
        case .agentBIC: set(.agent, text)
        case .agentMember: Self.replace(&member, text)
        case .name: set(.name, text)
        case .accountIBAN:
            set(.account, text)
            stated.account = .iban
        case .accountOther:
            set(.account, text)
            stated.account = .other
        case .purpose: Self.append(text, to: &values[Column.purpose.rawValue], after: 0x20)
        case .purposeReference: Self.append(text, to: &references, after: 0x20)
        case .mandate, .mandateDate: mandate.take(element, text)
        case .serviceLevel, .creditorIdentifier, .creditorScheme: creditor.take(element, text)
        case .other, .path, .groupHeader, .messageIdentification, .creationTime, .transactionCount, .controlSum,
            .payment, .paymentIdentification, .paymentMethod, .requestedDate, .orderingIBAN, .orderingOther,
            .transaction:
            break
        }
    }

    /// Gives a record the values of its columns, and the findings; `payment`: the payment information around it.
    func fill(_ record: inout RawRecord, in payment: ISO20022Payment) {
        for column in Column.allCases {
            let value = values[column.rawValue]
            switch column {
            case .agent where value.isEmpty: record.appendValue(member.span)
            case .purpose where value.isEmpty: record.appendValue(references.span)
            case .paymentIdentification: record.appendValue(payment.identification.span)
            case .requestedDate: record.appendValue(payment.requestedDate.span)
            default: record.appendValue(value.span)
            }
        }
        record.stated = stated
        let hasBIC = !values[Column.agent.rawValue].isEmpty
        record.stated.bankCode = hasBIC ? .bic : member.isEmpty ? nil : .clearingMember
        for finding in findings { record.add(finding) }
    }

    private mutating func setAmount(_ text: Span<UInt8>) { amount = ExactDecimal(text) }

    private mutating func append(_ text: Span<UInt8>, to column: Column) {
        Self.append(text, to: &values[column.rawValue])
    }

    private static func replace(_ value: inout [UInt8], _ text: Span<UInt8>) {
        value.removeAll(keepingCapacity: true)
        append(text, to: &value)
    }

    private static func append(_ text: Span<UInt8>, to value: inout [UInt8], after separator: UInt8? = nil) {
        if let separator, !value.isEmpty { value.append(separator) }
        text.withUnsafeBufferPointer { value.append(contentsOf: $0) }
    }

    /// Whether a text is the filler that schemes ask for where there is nothing to write.
    static func isNotProvided(_ text: Span<UInt8>) -> Bool {
        let filler: StaticString = "NOTPROVIDED"
        return text.count == filler.utf8CodeUnitCount
            && (0..<text.count).allSatisfy { text[$0] == filler.utf8Start[$0] }
    }
}
