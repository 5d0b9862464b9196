package import PaymentCore

/// The `json-batch` dialect (Docs/channels/json-batch.md): its messages, its signature and its answers.
package struct JSONBatchCodec: ChannelDialect {
    /// §1: neither a message nor an answer is larger.
    package static let bodyBytesMax = 4 << 20

    static let merchantHeader = "X-Merchant-Id"
    static let submitPath = "/v1/batches"
    static let queryPath = "/v1/batches/query"

    let merchantID: String
    let codes: CodeTable

    /// Speaks for a merchant id, 1–64 of `[A-Za-z0-9-]`, given by the company.
    package init(merchantID: String, codes: CodeTable) {
        precondition(ChannelText.isNumber(merchantID, bytesMax: 64), "a merchant id is 1 to 64 of [A-Za-z0-9-]")
        self.merchantID = merchantID
        self.codes = codes
    }

    /// §3.
    package func submitEnvelope(_ submission: SubmissionMessage) -> Envelope {
        var json = JSONWriter()
        json.reserve(256 + submission.items.count * 256)
        json.beginObject()
        writeName(of: submission.number, submission.tradeDate, to: &json)
        json.member("direction", Self.word(for: submission.direction))
        json.member("currency", submission.currency)
        json.member("total_count", Int64(submission.items.count))
        json.member("total_amount", submission.totalAmountMinor)
        json.beginArray("items")
        for item in submission.items {
            json.beginObject()
            json.member("item_no", Int64(item.item))
            json.member("reference", item.reference)
            json.member("account_no", item.accountNumber)
            json.member("account_name", item.accountName)
            json.member("bank_code", item.bankCode)
            json.member("amount", item.amountMinor)
            json.member("purpose", item.purpose)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return envelope(.submit, path: Self.submitPath, body: json.bytes)
    }

    /// §4.
    package func queryEnvelope(number: String, tradeDate: BusinessDate) -> Envelope {
        precondition(ChannelText.isNumber(number, bytesMax: 32), "a channel number is 1 to 32 of [A-Za-z0-9-]")
        var json = JSONWriter()
        json.beginObject()
        writeName(of: number, tradeDate, to: &json)
        json.endObject()
        return envelope(.query, path: Self.queryPath, body: json.bytes)
    }

    private func writeName(of number: String, _ tradeDate: BusinessDate, to json: inout JSONWriter) {
        json.member("merchant_id", merchantID)
        json.member("batch_no", number)
        json.member("trade_date", tradeDate.compact)
    }

    private func envelope(_ kind: MessageKind, path: String, body: [UInt8]) -> Envelope {
        precondition(body.count <= Self.bodyBytesMax, "the checked fields of 1,000 items fit into a message")
        return Envelope(
            kind: kind,
            method: "POST",
            path: path,
            headers: [
                Envelope.Header(name: "Content-Type", value: "application/json; charset=utf-8"),
                Envelope.Header(name: Self.merchantHeader, value: merchantID),
            ],
            body: body
        )
    }

    private static func word(for direction: Direction) -> String {
        switch direction {
        case .payout: "payout"
        case .withhold: "withhold"
        }
    }
}
