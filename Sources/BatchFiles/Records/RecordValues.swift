/// What the fields of one record say, in UTF-8, as far as they could be read.
///
/// It is filled anew with each record, so that judging one allocates nothing: each value is a range of `bytes`.
package struct RecordValues: Sendable {
    /// The bytes of all values; those of the record before are gone.
    package private(set) var bytes: [UInt8] = []

    package internal(set) var merchantOrderNumber: Range<Int>?
    package private(set) var accountNumber: Range<Int>?
    package private(set) var accountName: Range<Int>?
    package private(set) var bankCode: Range<Int>?
    package private(set) var purpose: Range<Int>?
    /// As it is written; what it comes to is `RecordChecker.amount`.
    private(set) var amount: Range<Int>?

    /// The text of one of the values.
    package func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Forgets the record before, and keeps the memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        merchantOrderNumber = nil
        accountNumber = nil
        accountName = nil
        bankCode = nil
        purpose = nil
        amount = nil
    }

    /// Appends the value that `body` appends in UTF-8; nil when it says that there is none.
    mutating func append(_ body: (inout [UInt8]) -> Bool) -> Range<Int>? {
        let start = bytes.count
        guard body(&bytes) else {
            bytes.removeSubrange(start...)
            return nil
        }
        return start..<bytes.count
    }

    /// Says which field a value is of; those that no order holds are not kept.
    mutating func keep(_ range: Range<Int>, as field: RecordField?) {
        switch field {
        case .merchantOrderNumber: merchantOrderNumber = range
        case .accountNumber: accountNumber = range
        case .accountName: accountName = range
        case .bankCode: bankCode = range
        case .purpose: purpose = range
        case .amount: amount = range
        case .currency, .idNumber, .executionDate, nil: break
        }
    }
}
