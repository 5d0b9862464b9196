package import PaymentCore

/// §3, §4: what answers mean.
extension JSONBatchCodec {
    /// Longer waits that a channel asks for are cut to this.
    private static let retryAfterMax = TimeSpan.hours(1)

    package func decode(
        _ response: ChannelResponse,
        to envelope: Envelope,
        nonce: String,
        secret: ChannelSecret
    ) -> CallOutcome {
        // An unsigned 429 may come from a gateway; it is believed because it decides nothing about money: it slows the
        // lane, and leaves a send unknown and a query's orders as they are (R7).
        if response.status == 429 {
            return .answered(
                ChannelAnswer(
                    header: .slowDown,
                    headerCode: "http_429",
                    items: [],
                    retryAfter: Self.retryAfter(response)
                )
            )
        }
        guard response.status == 200 else { return .unknown("http_\(response.status)") }
        guard !response.body.isEmpty else { return .unknown("empty_answer") }
        guard isAuthentic(response, secret: secret) else { return .unknown("bad_signature") }
        guard response.header(Self.nonceHeader) == nonce else { return .unknown("answer_of_another_request") }
        guard let sent = try? Self.object(envelope.body) else { return .unknown("unreadable_envelope") }
        do {
            let received = try Self.object(response.body)
            guard try Self.isAbout(sent, received) else { return .unknown("answer_of_another_request") }
            return .answered(try answer(received, of: response, kind: envelope.kind))
        } catch {
            return .unknown("unparsable_answer")
        }
    }

    private static func object(_ body: [UInt8]) throws(JSONDefect) -> JSONObject {
        try JSONObject(try JSONReader.read(body, bytesMax: bodyBytesMax))
    }

    /// Whether the answer repeats number and trade date of the message (R8: evidence names what it is about).
    private static func isAbout(_ sent: JSONObject, _ received: JSONObject) throws(JSONDefect) -> Bool {
        for key in ["batch_no", "trade_date"] where try sent.string(key) != received.string(key) { return false }
        return true
    }

    private func answer(
        _ object: JSONObject,
        of response: ChannelResponse,
        kind: MessageKind
    ) throws(JSONDefect) -> ChannelAnswer {
        let code = try object.string("code")
        // What is no code is neither looked up nor handed on: it would reach logs and counters.
        guard ChannelText.isCode(code) else { throw JSONDefect(what: "`code` is no code", offset: 0) }
        let meaning = codes.header(code, kind: kind)
        return ChannelAnswer(
            header: meaning,
            headerCode: code,
            items: try items(object, header: meaning, kind: kind),
            retryAfter: meaning == .slowDown ? Self.retryAfter(response) : nil
        )
    }

    private func items(
        _ object: JSONObject,
        header: HeaderMeaning,
        kind: MessageKind
    ) throws(JSONDefect) -> [ItemAnswer] {
        switch header {
        case .found:
            guard let elements = try object.optionalArray("items") else {
                throw JSONDefect(what: "`items` is missing", offset: 0)
            }
            return try items(elements, kind: kind)
        case .taken: return try items(object.optionalArray("items") ?? [], kind: kind)
        case .processing, .refused, .duplicateSame, .duplicateOther, .slowDown, .notFound, .unknown: return []
        }
    }

    private func items(_ elements: [JSONValue], kind: MessageKind) throws(JSONDefect) -> [ItemAnswer] {
        guard elements.count <= SubmissionMessage.itemsMax else {
            throw JSONDefect(what: "more items than a batch can have", offset: 0)
        }
        var answers: [ItemAnswer] = []
        answers.reserveCapacity(elements.count)
        for element in elements { answers.append(try item(try JSONObject(element), kind: kind)) }
        return answers
    }

    private func item(_ object: JSONObject, kind: MessageKind) throws(JSONDefect) -> ItemAnswer {
        guard let item = Int32(exactly: try object.integer("item_no")), item >= 1 else {
            throw JSONDefect(what: "`item_no` is out of range", offset: 0)
        }
        let code = try object.string("code")
        let account = try object.optionalString("account_no")
        let amount = try object.optionalInteger("amount")
        let currency = try object.optionalString("currency")
        guard ChannelText.isCode(code) else {
            return ItemAnswer(item: item, code: "unreadable_code", meaning: .unknown(listed: false), echo: nil)
        }
        if let account, let amount, let currency {
            let echo = ItemAnswer.Echo(accountNumber: account, amountMinor: amount, currency: currency)
            return ItemAnswer(item: item, code: code, meaning: codes.item(code, kind: kind), echo: echo)
        }
        // Half an echo can hide that the answer is about another order: it proves neither success nor failure.
        guard account == nil, amount == nil, currency == nil else {
            return ItemAnswer(item: item, code: "partial_echo", meaning: .unknown(listed: false), echo: nil)
        }
        return ItemAnswer(item: item, code: code, meaning: codes.item(code, kind: kind), echo: nil)
    }

    /// `Retry-After` in seconds; its form with a date, and whatever else stands there, is ignored.
    private static func retryAfter(_ response: ChannelResponse) -> TimeSpan? {
        guard let text = response.header("Retry-After"), ChannelText.isDecimal(text, digitsMax: 9),
            let seconds = Int64(text)
        else { return nil }
        return min(.seconds(seconds), retryAfterMax)
    }
}
