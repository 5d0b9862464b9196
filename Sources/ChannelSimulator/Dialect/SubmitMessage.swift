/// A submit message whose shape is as the page says (section 3).
///
/// Whether its totals, direction and number are acceptable is decided by `SimulatedChannel`.
package struct SubmitMessage: Sendable, Equatable {
    package let key: BatchKey
    package let direction: Direction
    package let currency: String
    package let totalCount: Int64
    package let totalAmount: Int64
    package let items: [Item]

    /// One order; its item number is its place, from 1.
    package struct Item: Sendable, Equatable {
        package let reference: String
        package let accountNumber: String
        /// Minor units, from 1 to the channel's limit.
        package let amount: Int64

        package init(reference: String, accountNumber: String, amount: Int64) {
            self.reference = reference
            self.accountNumber = accountNumber
            self.amount = amount
        }
    }

    package init(
        key: BatchKey,
        direction: Direction,
        currency: String,
        totalCount: Int64,
        totalAmount: Int64,
        items: [Item]
    ) {
        self.key = key
        self.direction = direction
        self.currency = currency
        self.totalCount = totalCount
        self.totalAmount = totalAmount
        self.items = items
    }

    private static let names = [
        "merchant_id", "batch_no", "trade_date", "direction", "currency", "total_count", "total_amount", "items",
    ]
    private static let itemNames = [
        "item_no", "reference", "account_no", "account_name", "bank_code", "amount", "purpose",
    ]

    /// Reads a message; `nil` means code 1001.
    init?(_ message: JSONValue, of channel: ChannelDescription) {
        guard
            message.hasMembers(exactly: Self.names),
            let key = BatchKey(in: message),
            let direction = message["direction"]?.text.flatMap(Direction.init(rawValue:)),
            let currency = message["currency"]?.text, channel.currencies.contains(currency),
            let totalCount = message["total_count"]?.integer,
            let totalAmount = message["total_amount"]?.integer,
            let elements = message["items"]?.array, (1...channel.itemsMax).contains(elements.count)
        else { return nil }
        var items: [Item] = []
        items.reserveCapacity(elements.count)
        for element in elements {
            guard let item = Self.item(element, number: items.count + 1, amountMax: channel.amountMax) else {
                return nil
            }
            items.append(item)
        }
        self.init(
            key: key,
            direction: direction,
            currency: currency,
            totalCount: totalCount,
            totalAmount: totalAmount,
            items: items
        )
    }

    private static func item(_ element: JSONValue, number: Int, amountMax: Int64) -> Item? {
        guard
            element.hasMembers(exactly: itemNames),
            element["item_no"]?.integer == Int64(number),
            let reference = element["reference"]?.text, BatchKey.isIdentifier(reference, lengthMax: 40),
            let accountNumber = element["account_no"]?.text, isText(accountNumber, bytes: 1...64),
            let name = element["account_name"]?.text, isText(name, bytes: 1...512),
            let bank = element["bank_code"]?.text, isText(bank, bytes: 0...64),
            let purpose = element["purpose"]?.text, isText(purpose, bytes: 0...1_024),
            let amount = element["amount"]?.integer, amount >= 1, amount <= amountMax
        else { return nil }
        return Item(reference: reference, accountNumber: accountNumber, amount: amount)
    }

    private static func isText(_ text: String, bytes: ClosedRange<Int>) -> Bool {
        bytes.contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
