import ChannelKit
import PaymentCore
import Testing

@Suite struct JSONBatchAnswerTests {
    @Test func `a submit that is taken names only the items that were not`() throws {
        let body = Sample.body("0000", #", "items": [{"item_no": 2, "code": "E102", "message": "account closed"}]"#)
        let expected = ChannelAnswer(
            header: .taken,
            headerCode: "0000",
            items: [ItemAnswer(item: 2, code: "E102", meaning: .notDone(.customer), echo: nil)]
        )
        #expect(try Sample.decode(body, kind: .submit) == .answered(expected))
    }

    @Test func `a query that finds the batch repeats each order`() throws {
        let body = Sample.body(
            "0000",
            #"""
            , "total_count": 2, "total_amount": 350075, "items": [
            {"item_no": 1, "code": "S000", "message": "",
             "account_no": "6222020200112233445", "amount": 100075, "currency": "CNY"},
            {"item_no": 2, "code": "E102", "message": "账户已销户",
             "account_no": "6217000010001234567", "amount": 250000, "currency": "CNY"}]
            """#
        )
        let expected = ChannelAnswer(
            header: .found,
            headerCode: "0000",
            items: [
                ItemAnswer(
                    item: 1,
                    code: "S000",
                    meaning: .done,
                    echo: ItemAnswer.Echo(accountNumber: "6222020200112233445", amountMinor: 100_075, currency: "CNY")
                ),
                ItemAnswer(
                    item: 2,
                    code: "E102",
                    meaning: .notDone(.customer),
                    echo: ItemAnswer.Echo(accountNumber: "6217000010001234567", amountMinor: 250_000, currency: "CNY")
                ),
            ]
        )
        #expect(try Sample.decode(body) == .answered(expected))
    }

    @Test(
        arguments: [
            ("0000", .taken, .found), ("2001", .processing, .processing),
            ("1001", .refused(.system), .unknown(listed: false)), ("1002", .refused(.system), .unknown(listed: true)),
            ("1003", .refused(.system), .unknown(listed: false)), ("1004", .refused(.channel), .unknown(listed: false)),
            ("1005", .duplicateSame, .unknown(listed: false)), ("1006", .duplicateOther, .unknown(listed: false)),
            ("3028", .slowDown, .slowDown), ("9999", .unknown(listed: true), .unknown(listed: true)),
            ("1404", .unknown(listed: false), .notFound), ("7777", .unknown(listed: false), .unknown(listed: false)),
            ("S000", .unknown(listed: false), .unknown(listed: false)),
        ] as [(String, HeaderMeaning, HeaderMeaning)]
    )
    func `a header code means what the table says for that message`(
        code: String,
        submit: HeaderMeaning,
        query: HeaderMeaning
    ) throws {
        let body = Sample.body(code, #", "items": []"#)
        #expect(
            try Sample.decode(body, kind: .submit).answer == ChannelAnswer(header: submit, headerCode: code, items: [])
        )
        #expect(
            try Sample.decode(body, kind: .query).answer == ChannelAnswer(header: query, headerCode: code, items: [])
        )
    }

    @Test func `items beside a header that promises none are left alone`() throws {
        let body = Sample.body("2001", #", "items": [{"item_no": 1, "code": "S000"}]"#)
        #expect(try Sample.decode(body).answer?.items == [])
    }

    @Test(
        arguments: [
            (#"{"item_no": 1, "code": "S000"}"#, "S000", .done),
            (#"{"item_no": 1, "code": "P002"}"#, "P002", .processing),
            (#"{"item_no": 1, "code": "X000"}"#, "X000", .unknown(listed: false)),
            (#"{"item_no": 1, "code": "0000"}"#, "0000", .unknown(listed: false)),
            (#"{"item_no": 1, "code": ""}"#, "unreadable_code", .unknown(listed: false)),
            (#"{"item_no": 1, "code": "6222 0202"}"#, "unreadable_code", .unknown(listed: false)),
            (#"{"item_no": 1, "code": "S000\n"}"#, "unreadable_code", .unknown(listed: false)),
            (#"{"item_no": 1, "code": "S000", "amount": 1}"#, "partial_echo", .unknown(listed: false)),
            (#"{"item_no": 1, "code": "E101", "account_no": "1"}"#, "partial_echo", .unknown(listed: false)),
            (
                #"{"item_no": 1, "code": "E101", "amount": 1, "currency": "CNY"}"#, "partial_echo",
                .unknown(listed: false)
            ),
        ] as [(String, String, ItemMeaning)]
    )
    func `an item is decided by its own code, and by nothing that it hides`(
        item: String,
        code: String,
        meaning: ItemMeaning
    ) throws {
        let answer = try #require(try Sample.decode(Sample.body("0000", #", "items": [\#(item)]"#)).answer)
        #expect(answer.items == [ItemAnswer(item: 1, code: code, meaning: meaning, echo: nil)])
    }

    @Test(
        arguments: [
            ("9007199254740993", 9_007_199_254_740_993), ("-5", -5), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("0", 0),
        ] as [(String, Int64)]
    )
    func `amounts are read exactly`(text: String, amount: Int64) throws {
        let item = #"{"item_no": 1, "code": "S000", "account_no": "1", "amount": \#(text), "currency": "CNY"}"#
        let answer = try Sample.decode(Sample.body("0000", #", "items": [\#(item)]"#)).answer
        #expect(answer?.items.first?.echo?.amountMinor == amount)
    }

    @Test(
        arguments: [
            #""items": [{"item_no": 0, "code": "S000"}]"#, #""items": [{"item_no": 2147483648, "code": "S000"}]"#,
            #""items": [{"item_no": 1.0, "code": "S000"}]"#, #""items": [{"item_no": "1", "code": "S000"}]"#,
            #""items": [{"code": "S000"}]"#, #""items": [{"item_no": 1}]"#, #""items": [{"item_no": 1, "code": 0}]"#,
            #""items": ["S000"]"#, #""items": {"1": "S000"}"#, #""items": null"#, #""total_count": 0"#,
            #""items": [], "items": []"#, #""items": [], "code": "0000""#, #""items": [], "batch_no": "SL-41-12000""#,
        ])
    func `a signed answer of another form is unknown as a whole`(rest: String) throws {
        #expect(try Sample.decode(Sample.body("0000", ", " + rest)) == .unknown("unparsable_answer"))
    }

    @Test(
        arguments: [
            #"[]"#, #"null"#, #""0000""#, #"{}"#, #"{"code": "0000"}"#, "<html><body>502</body></html>", "\u{FEFF}{}",
            " ",
            #"{"code": 0, "batch_no": "SL-41-12000", "trade_date": "20261121"}"#,
            #"{"code": "", "batch_no": "SL-41-12000", "trade_date": "20261121"}"#,
            #"{"code": "王小明", "batch_no": "SL-41-12000", "trade_date": "20261121"}"#,
            #"{"code": "2001", "batch_no": "SL-41-12000", "trade_date": 20261121}"#,
            #"{"code": "2001", "batch_no": "SL-41-12000"}"#,
        ])
    func `a signed body that is no answer is unknown`(body: String) throws {
        for kind in MessageKind.allCases {
            #expect(try Sample.decode(Array(body.utf8), kind: kind) == .unknown("unparsable_answer"))
        }
    }

    @Test(
        arguments: [
            (#""1""#, "1.0"), (#""1""#, "1e2"), (#""1""#, "9223372036854775808"), (#""1""#, #""100""#),
            (#""1""#, "null"),
            ("1", "100"), ("null", "100"), ("[]", "100"),
        ])
    func `an order that is repeated in another form makes the whole answer unknown`(
        account: String,
        amount: String
    ) throws {
        let item =
            #"{"item_no": 1, "code": "S000", "account_no": \#(account), "amount": \#(amount), "currency": "CNY"}"#
        #expect(try Sample.decode(Sample.body("0000", #", "items": [\#(item)]"#)) == .unknown("unparsable_answer"))
    }

    @Test func `a thousand items are read, one more are not`() throws {
        func body(_ count: Int) -> [UInt8] {
            let items = (1...count).map { #"{"item_no": \#($0), "code": "P001"}"# }.joined(separator: ",")
            return Sample.body("0000", #", "items": [\#(items)]"#)
        }
        #expect(try Sample.decode(body(1_000)).answer?.items.count == 1_000)
        #expect(try Sample.decode(body(1_001)) == .unknown("unparsable_answer"))
    }

    @Test(
        arguments: [
            #"{"code": "2001", "batch_no": "SL-41-12001", "trade_date": "20261121"}"#,
            #"{"code": "2001", "batch_no": "sl-41-12000", "trade_date": "20261121"}"#,
            #"{"code": "2001", "batch_no": "SL-41-12000", "trade_date": "20261122"}"#,
        ])
    func `an answer about another batch or day is unknown`(body: String) throws {
        #expect(try Sample.decode(Array(body.utf8)) == .unknown("answer_of_another_request"))
    }

    @Test func `an answer to another request is unknown though its signature is good`() throws {
        let replayed = Sample.answer(Sample.body("2001"), nonce: String(Sample.nonce.reversed()))
        #expect(try Sample.decode(replayed) == .unknown("answer_of_another_request"))
    }

    @Test func `an answer under another secret is unknown`() throws {
        let forged = Sample.answer(Sample.body("2001"), secret: "another")
        #expect(try Sample.decode(forged) == .unknown("bad_signature"))
    }

    @Test func `an envelope that is none of ours gives no meaning to an answer`() throws {
        let envelope = Envelope(kind: .query, method: "POST", path: "/v1/batches/query", headers: [], body: [0x7B])
        let outcome = try Sample.harbor().codec.decode(
            Sample.answer(Sample.body("2001")),
            to: envelope,
            nonce: Sample.nonce,
            secret: ChannelSecret(Sample.secret)
        )
        #expect(outcome == .unknown("unreadable_envelope"))
    }

    @Test func `a change of any byte of the body breaks the signature`() throws {
        let answer = Sample.answer(Sample.body("2001"))
        #expect(try Sample.decode(answer).answer != nil)
        for index in answer.body.indices {
            for bit in [0x01, 0x20, 0x80] as [UInt8] {
                var body = answer.body
                body[index] ^= bit
                let tampered = ChannelResponse(status: 200, headers: answer.headers, body: body)
                #expect(try Sample.decode(tampered) == .unknown("bad_signature"))
            }
        }
        for body in [answer.body + [0x20], Array(answer.body.dropLast())] {
            let tampered = ChannelResponse(status: 200, headers: answer.headers, body: body)
            #expect(try Sample.decode(tampered) == .unknown("bad_signature"))
        }
    }

    @Test(arguments: ["x-timestamp", "x-nonce", "x-signature"])
    func `a change of any byte of a signed header breaks the signature`(name: String) throws {
        let answer = Sample.answer(Sample.body("2001"))
        let position = try #require(answer.headers.firstIndex { $0.name == name })
        let value = Array(answer.headers[position].value.utf8)
        var variants = value.indices.flatMap { index in
            ([0x01, 0x20] as [UInt8]).map { bit in
                var changed = value
                changed[index] ^= bit
                return String(decoding: changed, as: UTF8.self)
            }
        }
        variants += [
            "", String(decoding: value.dropLast(), as: UTF8.self), String(decoding: value + [0x30], as: UTF8.self),
        ]
        for variant in variants {
            var headers = answer.headers
            headers[position] = Envelope.Header(name: name, value: variant)
            let tampered = ChannelResponse(status: 200, headers: headers, body: answer.body)
            #expect(try Sample.decode(tampered) == .unknown("bad_signature"))
        }
    }

    @Test(arguments: ["x-timestamp", "x-nonce", "x-signature"])
    func `a signed header that is missing or doubled breaks the signature`(name: String) throws {
        let answer = Sample.answer(Sample.body("2001"))
        let without = answer.headers.filter { $0.name != name }
        let doubled = answer.headers + answer.headers.filter { $0.name == name }
        for headers in [without, doubled] {
            let tampered = ChannelResponse(status: 200, headers: headers, body: answer.body)
            #expect(try Sample.decode(tampered) == .unknown("bad_signature"))
        }
    }

    @Test func `an upper-case signature is another signature`() throws {
        let answer = Sample.answer(Sample.body("2001"))
        let headers = answer.headers.map { header in
            header.name == "x-signature" ? Envelope.Header(name: header.name, value: header.value.uppercased()) : header
        }
        #expect(
            try Sample.decode(ChannelResponse(status: 200, headers: headers, body: answer.body))
                == .unknown("bad_signature")
        )
    }

    @Test(arguments: [201, 204, 301, 302, 400, 401, 403, 404, 408, 500, 502, 503, 504] as [Int32])
    func `a status other than 200 is unknown, whatever the body says`(status: Int32) throws {
        for kind in MessageKind.allCases {
            for body in [Sample.body("1001"), Sample.body("0000", #", "items": []"#), []] {
                let answer = Sample.answer(body, status: status, more: [("retry-after", "5")])
                #expect(try Sample.decode(answer, kind: kind) == .unknown("http_\(status)"))
            }
        }
    }

    @Test func `an empty answer is unknown, signed or not`() throws {
        #expect(try Sample.decode(Sample.answer([])) == .unknown("empty_answer"))
        #expect(
            try Sample.decode(ChannelResponse(status: 200, headers: [], body: [])) == .unknown("empty_answer")
        )
    }

    @Test(
        arguments: [
            (nil, nil), ("5", 5), ("0", 0), ("3600", 3_600), ("3601", 3_600), ("999999999", 3_600), ("9999999999", nil),
            ("-1", nil), ("+5", nil), ("5.5", nil), ("", nil), ("soon", nil), ("Sat, 21 Nov 2026 10:00:00 GMT", nil),
        ] as [(String?, Int64?)]
    )
    func `429 slows the lane for as long as it says, within an hour`(header: String?, seconds: Int64?) throws {
        let headers = header.map { [Envelope.Header(name: "Retry-After", value: $0)] } ?? []
        let expected = ChannelAnswer(
            header: .slowDown,
            headerCode: "http_429",
            items: [],
            retryAfter: seconds.map { .seconds($0) }
        )
        for kind in MessageKind.allCases {
            let outcome = try Sample.decode(ChannelResponse(status: 429, headers: headers, body: []), kind: kind)
            #expect(outcome == .answered(expected))
        }
        let coded = Sample.answer(Sample.body("3028"), more: header.map { [("retry-after", $0)] } ?? [])
        #expect(try Sample.decode(coded).answer?.retryAfter == seconds.map { .seconds($0) })
    }

    @Test func `only an answer that slows down carries a wait`() throws {
        let answer = Sample.answer(Sample.body("2001"), more: [("retry-after", "5")])
        #expect(try Sample.decode(answer).answer?.retryAfter == nil)
    }
}
