import Cryptography
import Store

/// Makes the keys under which orders are compared that may be one payment twice: equal for the same account, amount,
/// currency and purpose, and saying nothing of them to whoever has not the search key (R15).
struct PaymentKeys: ~Copyable {
    private var hash: KeyedHash
    private var message: [UInt8] = []

    init(key: [UInt8]) { hash = KeyedHash(key: key) }

    mutating func key(of order: NewOrder) -> Int64 {
        message.removeAll(keepingCapacity: true)
        // No account begins so, so that no payment's message is an account's.
        message.append(0)
        for part in [order.currency, order.accountNumber] {
            message.append(contentsOf: part.utf8)
            message.append(0)
        }
        withUnsafeBytes(of: order.amountMinor.bigEndian) { message.append(contentsOf: $0) }
        message.append(contentsOf: order.purpose.utf8)
        let whole = message
        return hash.beginning(ofCodeOf: whole.span)
    }
}
