import PaymentCore

/// What a status report says of its transactions together, counted one by one.
struct StatusReportTallies: Sendable {
    /// One payment information.
    struct Payment: Sendable {
        var transactions: Int32 = 0
        var statuses = TransactionStatusSet()
    }

    /// In the order of the request.
    private(set) var payments: [Payment] = []
    private(set) var statuses = TransactionStatusSet()
    private(set) var totals: [TransactionStatus: AmountTotals] = [:]

    mutating func beginPayment() { payments.append(Payment()) }

    mutating func add(_ line: ResultLine) {
        let status = TransactionStatus(line.status)
        totals[status, default: AmountTotals()].add(line.reportedMoney)
        statuses.note(status)
        payments[payments.count - 1].transactions += 1
        payments[payments.count - 1].statuses.note(status)
    }
}

extension AmountTotals {
    /// The plain sum of the amounts, whatever their currencies, in units of the last of `decimals` decimals: what ISO
    /// 20022 calls a control sum.
    func controlSum(decimals: Int) -> Int128 {
        amounts.reduce(into: 0) { sum, entry in
            let places = decimals - entry.key.minorUnits
            precondition(places >= 0, "a currency has more decimals than a control sum")
            sum += (0..<places).reduce(entry.value.amountMinor) { value, _ in value * 10 }
        }
    }
}
