import ChannelKit
import Cryptography
import PaymentCore
import Testing

@Suite struct JSONBatchMessageTests {
    @Test func `a submit message is written as the description shows it`() throws {
        let envelope = try Sample.envelope(.submit)
        #expect(envelope.kind == .submit)
        #expect(envelope.method == "POST")
        #expect(envelope.path == "/v1/batches")
        #expect(
            envelope.headers == [
                Envelope.Header(name: "Content-Type", value: "application/json; charset=utf-8"),
                Envelope.Header(name: "X-Merchant-Id", value: "M10001"),
            ]
        )
        let expected =
            #"{"merchant_id":"M10001","batch_no":"SL-41-12000","trade_date":"20261121","direction":"payout","#
            + #""currency":"CNY","total_count":2,"total_amount":350075,"items":["#
            + #"{"item_no":1,"reference":"41-17","account_no":"6222020200112233445","account_name":"王小明","#
            + #""bank_code":"102100099996","amount":100075,"purpose":"工资"},"#
            + #"{"item_no":2,"reference":"41-18","account_no":"6217000010001234567","account_name":"李\"雷\\","#
            + #""bank_code":"105100000017","amount":250000,"purpose":""}]}"#
        #expect(String(decoding: envelope.body, as: UTF8.self) == expected)
    }

    @Test func `a query message names the batch and nothing else`() throws {
        let envelope = try Sample.envelope(.query)
        #expect(envelope.kind == .query)
        #expect(envelope.path == "/v1/batches/query")
        #expect(
            String(decoding: envelope.body, as: UTF8.self)
                == #"{"merchant_id":"M10001","batch_no":"SL-41-12000","trade_date":"20261121"}"#
        )
    }

    @Test func `the same submission always gives the same bytes`() throws {
        let first = try Sample.envelope(.submit)
        for _ in 0..<20 { #expect(try Sample.envelope(.submit).serialized == first.serialized) }
    }

    @Test func `a change of any field of a submission changes its bytes`() throws {
        let codec = try Sample.harbor().codec
        let original = try Sample.message()
        var items: [[SubmissionMessage.Item]] = [try Sample.items(1)]
        for change in 0..<6 {
            let first = original.items[0]
            let changed = try SubmissionMessage.Item(
                item: 1,
                reference: change == 0 ? "41-19" : first.reference,
                accountNumber: change == 1 ? "6222020200112233446" : first.accountNumber,
                accountName: change == 2 ? "王小" : first.accountName,
                bankCode: change == 3 ? "" : first.bankCode,
                amountMinor: change == 4 ? 100_076 : first.amountMinor,
                purpose: change == 5 ? "" : first.purpose
            )
            items.append([changed, original.items[1]])
        }
        var messages = items.map {
            SubmissionMessage(
                number: original.number,
                tradeDate: original.tradeDate,
                direction: .payout,
                currency: "CNY",
                items: $0
            )
        }
        for change in 0..<4 {
            messages.append(
                SubmissionMessage(
                    number: change == 0 ? "SL-41-12001" : original.number,
                    tradeDate: change == 1 ? original.tradeDate.advanced(byDays: 1) : original.tradeDate,
                    direction: change == 2 ? .withhold : .payout,
                    currency: change == 3 ? "USD" : "CNY",
                    items: original.items
                )
            )
        }
        let hashes = Set((messages + [original]).map { SHA256.hash(codec.submitEnvelope($0).serialized) })
        #expect(hashes.count == messages.count + 1)
        let other = JSONBatchCodec(merchantID: "M10002", codes: try Sample.harbor().codes)
        #expect(!hashes.contains(SHA256.hash(other.submitEnvelope(original).serialized)))
    }

    @Test func `a change of any element of an envelope changes its hash`() throws {
        let envelope = try Sample.envelope(.query)
        var others: [Envelope] = []
        func vary(
            kind: MessageKind? = nil,
            method: String? = nil,
            path: String? = nil,
            headers: [Envelope.Header]? = nil,
            body: [UInt8]? = nil
        ) {
            others.append(
                Envelope(
                    kind: kind ?? envelope.kind,
                    method: method ?? envelope.method,
                    path: path ?? envelope.path,
                    headers: headers ?? envelope.headers,
                    body: body ?? envelope.body
                )
            )
        }
        vary(kind: .submit)
        vary(method: "PUT")
        vary(path: "/v1/batches")
        vary(headers: Array(envelope.headers.reversed()))
        vary(headers: Array(envelope.headers.dropLast()))
        for index in envelope.headers.indices {
            var headers = envelope.headers
            headers[index] = Envelope.Header(name: headers[index].name + "x", value: headers[index].value)
            vary(headers: headers)
            headers[index] = Envelope.Header(name: envelope.headers[index].name, value: headers[index].value + "x")
            vary(headers: headers)
        }
        for index in envelope.body.indices {
            var body = envelope.body
            body[index] ^= 1
            vary(body: body)
        }
        vary(body: envelope.body + [0x20])
        let hash = SHA256.hash(envelope.serialized)
        for other in others { #expect(SHA256.hash(other.serialized) != hash) }
    }

    @Test func `a stored envelope signs as the one that was made`() throws {
        let codec = try Sample.harbor().codec
        let secret = ChannelSecret(Sample.secret)
        let envelope = try Sample.envelope(.submit)
        let stored = try #require(Envelope(serialized: envelope.serialized))
        #expect(stored == envelope)
        #expect(
            codec.sign(stored, at: Sample.now, nonce: Sample.nonce, secret: secret)
                == codec.sign(envelope, at: Sample.now, nonce: Sample.nonce, secret: secret)
        )
    }

    @Test func `a signature is the one that another implementation computes`() throws {
        let headers = try Sample.harbor().codec.sign(
            try Sample.envelope(.query),
            at: Sample.now,
            nonce: Sample.nonce,
            secret: ChannelSecret(Sample.secret)
        )
        #expect(
            headers == [
                Envelope.Header(name: "X-Timestamp", value: "1795226400123"),
                Envelope.Header(name: "X-Nonce", value: Sample.nonce),
                Envelope.Header(
                    name: "X-Signature",
                    value: "c67212077d9f8c1d23f78b051591183787f1c59f46c27313bde2fdc4b93c9541"
                ),
            ]
        )
    }

    @Test func `each signed part changes the signature`() throws {
        let codec = try Sample.harbor().codec
        let envelope = try Sample.envelope(.query)
        let merchant = [envelope.headers[0], Envelope.Header(name: "X-Merchant-Id", value: "M10002")]
        let variants: [(Envelope, Timestamp, String, String)] = [
            (envelope, Sample.now, Sample.nonce, Sample.secret),
            (envelope, Sample.now.advanced(by: .milliseconds(1)), Sample.nonce, Sample.secret),
            (envelope, Sample.now, String(Sample.nonce.reversed()), Sample.secret),
            (envelope, Sample.now, Sample.nonce, Sample.secret + "x"),
            (
                Envelope(
                    kind: .query,
                    method: "GET",
                    path: envelope.path,
                    headers: envelope.headers,
                    body: envelope.body
                ), Sample.now, Sample.nonce, Sample.secret
            ),
            (
                Envelope(
                    kind: .query,
                    method: "POST",
                    path: "/v1/batches",
                    headers: envelope.headers,
                    body: envelope.body
                ), Sample.now, Sample.nonce, Sample.secret
            ),
            (
                Envelope(kind: .query, method: "POST", path: envelope.path, headers: merchant, body: envelope.body),
                Sample.now, Sample.nonce, Sample.secret
            ),
            (
                Envelope(kind: .query, method: "POST", path: envelope.path, headers: envelope.headers, body: []),
                Sample.now, Sample.nonce, Sample.secret
            ),
        ]
        let signatures = variants.map { envelope, now, nonce, secret in
            codec.sign(envelope, at: now, nonce: nonce, secret: ChannelSecret(secret)).last?.value
        }
        #expect(Set(signatures).count == variants.count)
    }

    @Test(
        arguments: [
            ("41_17", "6222", "n", "b", 1, "p", .reference), ("", "6222", "n", "b", 1, "p", .reference),
            (String(repeating: "1", count: 41), "6222", "n", "b", 1, "p", .reference),
            ("1", "", "n", "b", 1, "p", .accountNumber), ("1", "6\n2", "n", "b", 1, "p", .accountNumber),
            ("1", "6222", "", "b", 1, "p", .accountName), ("1", "6222", "n\u{0}", "b", 1, "p", .accountName),
            ("1", "6222", String(repeating: "王", count: 171), "b", 1, "p", .accountName),
            ("1", "6222", "n", String(repeating: "1", count: 33), 1, "p", .bankCode),
            ("1", "6222", "n", "b", 0, "p", .amount), ("1", "6222", "n", "b", -1, "p", .amount),
            ("1", "6222", "n", "b", 1_000_000_000_000_001, "p", .amount),
            ("1", "6222", "n", "b", 1, String(repeating: "p", count: 1_025), .purpose),
        ] as [(String, String, String, String, Int64, String, SubmissionMessageDefect.Field)]
    )
    func `an order that no message can carry is refused by its field and never quoted`(
        reference: String,
        account: String,
        name: String,
        bank: String,
        amount: Int64,
        purpose: String,
        field: SubmissionMessageDefect.Field
    ) throws {
        let error = try #require(throws: SubmissionMessageDefect.self) {
            try SubmissionMessage.Item(
                item: 7,
                reference: reference,
                accountNumber: account,
                accountName: name,
                bankCode: bank,
                amountMinor: amount,
                purpose: purpose
            )
        }
        #expect(error.item == 7)
        #expect(error.field == field)
        #expect(!error.description.contains("6222"))
    }

    @Test func `a thousand items of the largest fields fit into a message`() throws {
        let items = try (1...1_000).map {
            try SubmissionMessage.Item(
                item: $0,
                reference: String(repeating: "9", count: 40),
                accountNumber: String(repeating: "\"", count: 64),
                accountName: String(repeating: "\\", count: 512),
                bankCode: String(repeating: "\"", count: 32),
                amountMinor: SubmissionMessage.Item.amountMinorMax,
                purpose: String(repeating: "\"", count: 1_024)
            )
        }
        let message = SubmissionMessage(
            number: "SL-1-1",
            tradeDate: Sample.tradeDate,
            direction: .withhold,
            currency: "CNY",
            items: items
        )
        #expect(message.totalAmountMinor == 1_000_000_000_000_000_000)
        #expect(try Sample.harbor().codec.submitEnvelope(message).body.count <= JSONBatchCodec.bodyBytesMax)
    }
}
