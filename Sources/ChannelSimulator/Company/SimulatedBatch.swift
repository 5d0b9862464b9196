/// One taking of a batch: what the company owes, and from when on it shows it.
///
/// The same number and date may be taken again after the protection window; that is another value, with the next
/// ordinal. Times are milliseconds since 1970.
package struct SimulatedBatch: Sendable, Equatable {
    package let key: BatchKey
    /// 1 for the first taking.
    package let ordinal: Int
    package let direction: Direction
    package let currency: String
    package let totalAmount: Int64
    package let bodySHA256: [UInt8]
    package let takenAt: Int64
    /// Until then queries answer 1404.
    package let visibleAt: Int64
    /// Until then queries answer 2001.
    package let readyAt: Int64
    package let items: [SimulatedItem]

    package init(
        key: BatchKey,
        ordinal: Int,
        direction: Direction,
        currency: String,
        totalAmount: Int64,
        bodySHA256: [UInt8],
        takenAt: Int64,
        visibleAt: Int64,
        readyAt: Int64,
        items: [SimulatedItem]
    ) {
        self.key = key
        self.ordinal = ordinal
        self.direction = direction
        self.currency = currency
        self.totalAmount = totalAmount
        self.bodySHA256 = bodySHA256
        self.takenAt = takenAt
        self.visibleAt = visibleAt
        self.readyAt = readyAt
        self.items = items
    }

    /// The items that the answer to the submit lists.
    var refusedAtSubmit: [DialectAnswer.Item] {
        items.enumerated().compactMap { index, item in
            guard case .refusedAtSubmit(let code) = item.fate else { return nil }
            return DialectAnswer.Item(number: Int64(index + 1), code: code.rawValue, message: code.message)
        }
    }
}
