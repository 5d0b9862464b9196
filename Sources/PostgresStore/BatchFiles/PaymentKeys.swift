import Cryptography
import PaymentCore
import Store

/// Makes the keys under which orders are compared that may be one payment twice: equal for the same account, amount,
/// currency and purpose, and saying nothing of them to whoever has not the search key (R15).
struct PaymentKeys: ~Copyable {
    private let hash: KeyedHash
    private var message: [UInt8] = []

    init(key: [UInt8]) { hash = KeyedHash(key: key) }

    mutating func key(of order: NewOrder, in slice: LoadSlice) -> Int64 {
        let bytes = slice.bytes.span
        message.removeAll(keepingCapacity: true)
        // No account begins so, so that no payment's message is an account's.
        message.append(0)
        message.append(contentsOf: order.amount.currency.code.utf8)
        message.append(0)
        bytes.extracting(order.accountNumber.range).withUnsafeBufferPointer { message.append(contentsOf: $0) }
        message.append(0)
        withUnsafeBytes(of: order.amount.minor.bigEndian) { message.append(contentsOf: $0) }
        bytes.extracting(order.purpose.range).withUnsafeBufferPointer { message.append(contentsOf: $0) }
        let whole = message
        return hash.beginning(ofCodeOf: whole.span)
    }
}
