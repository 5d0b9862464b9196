package import PaymentCore

/// Reads a result file of one format again as it was written, and compares it with what it should say, before it is
/// stored.
///
/// The second half of a pair: the writer counts nothing for it, the expected totals come from the orders.
package protocol ResultCheck: ~Copyable {
    /// Takes the next bytes of the file; throws when they are no result file.
    mutating func read(_ bytes: [UInt8], isLast: Bool) throws

    /// Compares what was read with what the orders and quarantined records add up to, per status.
    ///
    /// To be called after the last part. A status without lines may be absent from `expected`.
    func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect)
}
