/// What the fields of one record say, in UTF-8, as far as they could be read.
///
/// It is filled anew with each record, so that judging one allocates nothing: each value is a range of `bytes`.
package struct RecordValues: Sendable {
    /// The bytes of all values; those of the record before are gone.
    package private(set) var bytes: [UInt8] = []

    private var places = Places()

    package var merchantOrderNumber: Range<Int>? { places.merchantOrderNumber.range }
    package var accountNumber: Range<Int>? { places.accountNumber.range }
    package var accountName: Range<Int>? { places.accountName.range }
    package var bankCode: Range<Int>? { places.bankCode.range }
    package var purpose: Range<Int>? { places.purpose.range }
    /// As it is written; what it comes to is `RecordChecker.amount`.
    var amount: Range<Int>? { places.amount.range }

    /// The text of one of the values.
    package func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// Forgets the record before, and keeps the memory.
    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        places = Places()
    }

    /// Forgets the number: what stands in its place is none.
    mutating func dropMerchantOrderNumber() { places.merchantOrderNumber = Place() }

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
        let place = Place(range)
        switch field {
        case .merchantOrderNumber: places.merchantOrderNumber = place
        case .accountNumber: places.accountNumber = place
        case .accountName: places.accountName = place
        case .bankCode: places.bankCode = place
        case .purpose: places.purpose = place
        case .amount: places.amount = place
        case .currency, .idNumber, .executionDate, nil: break
        }
    }

    /// Small, because all of them are moved with every record.
    private struct Places: Sendable {
        var merchantOrderNumber = Place()
        var accountNumber = Place()
        var accountName = Place()
        var bankCode = Place()
        var purpose = Place()
        var amount = Place()
    }

    /// Where a value stands; one that ends before it begins is none.
    private struct Place: Sendable {
        private var start: Int32 = 0
        private var end: Int32 = -1

        init() {}

        init(_ range: Range<Int>) {
            start = Int32(range.lowerBound)
            end = Int32(range.upperBound)
        }

        var range: Range<Int>? { end < start ? nil : Int(start)..<Int(end) }
    }
}
