package import PaymentCore

/// Reads a result file of one format again as it was written, and compares it with what it should say, before it is
/// stored.
///
/// The second half of a pair: the writer counts nothing for it, the expected totals come from the orders.
package protocol ResultCheck: ~Copyable {
    /// Whether a file of the format can say an amount that could be read.
    ///
    /// Its writer leaves out those that it cannot, so the expected totals count them like amounts that could not be
    /// read.
    static func carries(_ amount: Money) -> Bool

    /// Takes the next bytes of the file; throws when they are no result file.
    mutating func read(_ bytes: [UInt8], isLast: Bool) throws

    /// Compares what was read with what the orders and quarantined records add up to, per status.
    ///
    /// To be called after the last part. A status without lines may be absent from `expected`.
    func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect)
}

extension ResultCheck where Self: ~Copyable {
    /// Every amount, unless the format says otherwise.
    package static func carries(_ amount: Money) -> Bool { true }
}
