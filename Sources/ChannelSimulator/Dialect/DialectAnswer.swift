/// The content of a JSON answer of the dialect.
package struct DialectAnswer: Sendable, Equatable {
    /// The header code as sent; may be one that no table lists.
    package var code: String
    package var message: String
    /// The batch that the answer is about; absent where the request did not say.
    package var key: BatchKey?
    /// Count and amount of the batch, in an answer to a query that found it.
    package var totals: Totals?
    /// Absent where the code says nothing of items.
    package var items: [Item]?

    package struct Totals: Sendable, Equatable {
        package var count: Int64
        package var amount: Int64
    }

    package struct Item: Sendable, Equatable {
        package var number: Int64
        package var code: String
        package var message: String
        /// Only in an answer to a query.
        package var particulars: Particulars?
    }

    package struct Particulars: Sendable, Equatable {
        package var accountNumber: String
        package var amount: Int64
        package var currency: String
    }

    init(_ code: HeaderCode, key: BatchKey? = nil, totals: Totals? = nil, items: [Item]? = nil) {
        self.code = code.rawValue
        self.message = code.message
        self.key = key
        self.totals = totals
        self.items = items
    }

    /// The UTF-8 bytes of the JSON text.
    func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("code", code)
            writer.member("message", message)
            if let key {
                writer.member("batch_no", key.number)
                writer.member("trade_date", key.tradeDate)
            }
            if let totals {
                writer.member("total_count", totals.count)
                writer.member("total_amount", totals.amount)
            }
            if let items {
                writer.name("items")
                writer.array { writer in
                    for item in items { Self.encode(item, into: &writer) }
                }
            }
        }
        return writer.bytes
    }

    private static func encode(_ item: Item, into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("item_no", item.number)
            writer.member("code", item.code)
            writer.member("message", item.message)
            if let particulars = item.particulars {
                writer.member("account_no", particulars.accountNumber)
                writer.member("amount", particulars.amount)
                writer.member("currency", particulars.currency)
            }
        }
    }
}
