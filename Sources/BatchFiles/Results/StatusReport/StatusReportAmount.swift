import PaymentCore

/// Which amounts a status report can carry: those that its schemas take.
///
/// Records that are set aside may have others, negative ones and such as have more digits: those are left out, and with
/// them the sums that they belong to.
enum StatusReportAmount {
    /// The least number of minor units with more than 18 digits.
    private static let limit: Int64 = 1_000_000_000_000_000_000

    static func fits(_ amount: Money) -> Bool { (0..<limit).contains(amount.minor) }
}

extension ResultLine {
    /// The amount, where it could be read and a report can carry it.
    var reportedMoney: Money? {
        let money: Money? =
            switch content {
            case .order(let fields): fields.amount
            case .record(_, _, let amount): amount
            }
        return money.flatMap { StatusReportAmount.fits($0) ? $0 : nil }
    }
}
