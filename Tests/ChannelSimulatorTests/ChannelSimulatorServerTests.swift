import ChannelSimulator
import Foundation
import Glibc
import Testing

@Suite struct `the company as a server` {
    @Test func `a batch is submitted, asked for and paid, in signed answers`() throws {
        let company = try RunningCompany()
        let client = try company.client()
        let answer = client.submit(RawClient.submit("SL-41-12000"))
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
        #expect(answer.isSigned(for: RawClient.nonce))
        #expect(answer.code == "0000")
        #expect(answer.fields["batch_no"] as? String == "SL-41-12000")
        #expect(answer.fields["trade_date"] as? String == "20261121")
        #expect(answer.items.isEmpty)

        #expect(client.query(RawClient.query("SL-41-12000")).itemCodes.allSatisfy { $0.hasPrefix("P00") })
        company.clock.advance(100)
        let final = client.query(RawClient.query("SL-41-12000"))
        #expect(final.isSigned(for: RawClient.nonce))
        #expect(final.code == "0000")
        #expect(final.itemCodes == ["S000", "S000"])
        #expect(final.fields["total_count"] as? Int == 2)
        #expect(final.fields["total_amount"] as? Int == 350_075)
        let accounts = final.items.compactMap { $0["account_no"] as? String }
        #expect(accounts == ["6222020200112233445", "6222020200112233445"])
        #expect(final.items.compactMap { $0["amount"] as? Int } == [100_075, 250_000])
        #expect(final.items.compactMap { $0["currency"] as? String } == ["CNY", "CNY"])

        let truth = try company.truth()
        #expect(truth.payments.mapValues(\.count) == ["SL-41-12000-1": 1, "SL-41-12000-2": 1])
        #expect(truth.payments["SL-41-12000-2"]?.amount == 250_000)
        #expect(truth.payments["SL-41-12000-2"]?.accountSHA256 == Truth.accountSHA256("6222020200112233445"))
        #expect(truth.queries[Harbor.key("SL-41-12000")]?.count == 2)
        #expect(truth.queries[Harbor.key("SL-41-12000")]?.densestMilliseconds == 100)
        #expect(truth.concurrentMax == [.submit: 1, .query: 1])
        #expect(truth.overlaps.isEmpty)
    }

    private static let good = RawClient.submit("SL-1")

    private static func changed(_ old: String, _ new: String) -> String {
        precondition(good.contains(old), "the table changes what is there")
        return good.replacingOccurrences(of: old, with: new)
    }

    private static func repeated(_ count: Int) -> String {
        String(repeating: "a", count: count)
    }

    private static let bodies: [(body: String, code: String)] = [
        ("", "1001"), ("[]", "1001"), ("{", "1001"), ("\u{FEFF}" + good, "1001"), (good + "x", "1001"),
        (good + " \r\n\t", "0000"),
        (changed(#""currency": "CNY""#, #""currency": "CNY", "currency": "CNY""#), "1001"),
        (changed(#""currency": "CNY""#, #""currency": "CNY", "extra": 1"#), "1001"),
        (changed(#""currency": "CNY", "#, ""), "1001"),
        (changed(#""currency": "CNY""#, #""currency": "EUR""#), "1001"),
        (changed("M10001", "M10002"), "1002"),
        (changed("payout", "payin"), "1001"),
        (changed("20261121", "20261131"), "1001"), (changed("20261121", "20230229"), "1001"),
        (changed("20261121", "2026112"), "1001"), (changed("20261121", "20240229"), "0000"),
        (changed(#""batch_no": "SL-1""#, #""batch_no": "SL_1""#), "1001"),
        (changed(#""batch_no": "SL-1""#, #""batch_no": """#), "1001"),
        (changed(#""batch_no": "SL-1""#, #""batch_no": "\#(repeated(32))""#), "0000"),
        (changed(#""batch_no": "SL-1""#, #""batch_no": "\#(repeated(33))""#), "1001"),
        (changed(#""reference": "SL-1-1""#, #""reference": "\#(repeated(41))""#), "1001"),
        (changed(#""reference": "SL-1-1""#, #""reference": "SL-1-2""#), "0000"),
        (changed(#""item_no": 2"#, #""item_no": 3"#), "1001"), (changed(#""item_no": 2"#, #""item_no": "2""#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 250000.0"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 25e4"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": "250000""#), "1001"),
        (changed(#""amount": 250000"#, #""amount": -250000"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 0"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 0250000"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 500000001"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 18446744073709801616"#), "1001"),
        (changed(#""amount": 250000"#, #""amount": 250001"#), "1003"),
        (changed(#""total_count": 2"#, #""total_count": 3"#), "1003"),
        (changed(#""total_amount": 350075"#, #""total_amount": 350076"#), "1003"),
        (changed(#""total_amount": 350075"#, #""total_amount": null"#), "1001"),
        (changed(#""account_no": "6222020200112233445""#, #""account_no": """#), "1001"),
        (changed(#""account_no": "6222020200112233445""#, #""account_no": "62\u000a22""#), "1001"),
        (changed("王小明", #"\u738b\u5c0f\u660e"#), "0000"), (changed("王小明", #"\ud83d\ude00"#), "0000"),
        (changed("王小明", #"\ud83d"#), "1001"), (changed("王小明", "a\tb"), "1001"), (changed("王小明", #"\x"#), "1001"),
        (changed("工资", ""), "0000"),
        (RawClient.submit("SL-1", amounts: []), "1001"),
        (RawClient.submit("SL-1", amounts: Array(repeating: 1, count: 500)), "0000"),
        (RawClient.submit("SL-1", amounts: Array(repeating: 1, count: 501)), "1001"),
        (String(repeating: "[", count: 100_000), "1001"),
    ]

    @Test(arguments: Self.bodies)
    func `a submit is read strictly`(body: String, code: String) throws {
        let company = try RunningCompany()
        let answer = try company.client().submit(body)
        #expect(answer.code == code)
        #expect(answer.isSigned(for: RawClient.nonce))
        #expect(try company.truth().payments.isEmpty == (code != "0000"))
    }

    @Test func `bytes that are not UTF-8 are malformed`() throws {
        let company = try RunningCompany()
        var body = Array(Self.good.utf8)
        body[try #require(body.firstRange(of: Array("王".utf8))).lowerBound] = 0xFF
        let signed = RawClient.request("/v1/batches", bytes: body)
        #expect(try company.client().exchange(signed).code == "1001")
    }

    @Test(arguments: [
        ("X-Merchant-Id", "M10002"), ("X-Timestamp", "\(Harbor.start - 600_001)"), ("X-Timestamp", "x"),
        ("X-Timestamp", ""), ("X-Timestamp", "99999999999999999999"), ("X-Nonce", "0123456789abcdef"),
        ("X-Nonce", "0123456789ABCDEF0123456789ABCDEF"), ("X-Signature", String(repeating: "0", count: 64)),
        ("X-Signature", ""), ("X-Signature", "zz"),
    ])
    func `a request with one wrong header is refused and takes nothing`(name: String, value: String) throws {
        let company = try RunningCompany()
        for isAbsent in [false, true] {
            let request = RawClient.request("/v1/batches", Self.good) { headers in
                headers.removeAll { $0.0 == name }
                if !isAbsent { headers.append((name, value)) }
            }
            let answer = try company.client().exchange(request)
            #expect(answer.code == "1002")
            #expect(answer.isWhole)
        }
        #expect(try company.truth().copies.isEmpty)
    }

    @Test(arguments: [(-600_001 as Int64, "1002"), (-600_000, "0000"), (600_000, "0000"), (600_001, "1002")])
    func `a timestamp holds for ten minutes on either side`(skew: Int64, code: String) throws {
        let company = try RunningCompany()
        #expect(try company.client().submit(Self.good, at: Harbor.start + skew).code == code)
    }

    @Test func `the signature covers the path and the body`() throws {
        let company = try RunningCompany()
        var body = RawClient.request("/v1/batches", Self.good)
        body[body.count - 1] = UInt8(ascii: " ")
        #expect(try company.client().exchange(body).code == "1002")
        let path = String(decoding: RawClient.request("/v1/batches/query", Self.good), as: UTF8.self)
            .replacingOccurrences(of: "/v1/batches/query", with: "/v1/batches")
        #expect(try company.client().exchange(Array(path.utf8)).code == "1002")
    }

    @Test func `a body announced as something else is malformed`() throws {
        let company = try RunningCompany()
        let request = RawClient.request("/v1/batches", Self.good) { headers in
            headers.removeAll { $0.0 == "Content-Type" }
            headers.append(("Content-Type", "text/plain"))
        }
        #expect(try company.client().exchange(request).code == "1001")
    }

    @Test func `copies pay once inside the window and again after it`() throws {
        let company = try RunningCompany()
        let client = try company.client()
        #expect(client.submit(Self.good).code == "0000")
        #expect(client.submit(Self.good).code == "1005")
        #expect(client.submit(Self.good + " ").code == "1006")
        #expect(try company.truth().payments.values.map(\.count) == [1, 1])
        company.clock.advance(24 * Harbor.hour)
        #expect(client.submit(Self.good, at: company.clock.now()).code == "0000")
        let truth = try company.truth()
        #expect(truth.payments.values.map(\.count) == [2, 2])
        #expect(truth.payments["SL-1-1"]?.amount == 200_150)
        let copies = try #require(truth.copies[Harbor.key("SL-1")])
        #expect(copies.takenCount == 2)
        #expect(copies.codes == [.accepted, .duplicateSame, .duplicateOther, .accepted])
        #expect(copies.bodies.count == 2)
    }

    @Test(arguments: SubmitFault.allCases)
    func `each submit fault looks on the wire as it should, and the truth knows whether it took`(
        fault: SubmitFault
    ) throws {
        let company = try RunningCompany(Harbor.plan { $0.submitFaults[fault] = 1_000 })
        for number in 1...6 {
            let answer = try company.client().submit(RawClient.submit("SL-\(number)"))
            expect(answer, spoiltBy: fault.answerFault)
            let isTaken = try company.truth().copies[Harbor.key("SL-\(number)")]?.takenCount == 1
            let found = try company.client().query(RawClient.query("SL-\(number)"))
            #expect(found.code == (isTaken ? "0000" : "1404"))
        }
        #expect(try company.truth().submitFaults == [fault: 6])
    }

    @Test(arguments: QueryFault.allCases)
    func `each query fault looks on the wire as it should`(fault: QueryFault) throws {
        let company = try RunningCompany(
            Harbor.plan {
                $0.accounts["9"] = BehaviourPlan.AccountRule()
                $0.accounts["9"]?.queryFault = fault
            }
        )
        #expect(try company.client().submit(RawClient.submit("SL-1", accounts: ["6209"])).code == "0000")
        #expect(try company.client().submit(RawClient.submit("SL-2", accounts: ["6208"])).code == "0000")
        let answer = try company.client().query(RawClient.query("SL-1"))
        if let spoilt = fault.answerFault {
            expect(answer, spoiltBy: spoilt)
        } else {
            #expect(answer.isSigned(for: RawClient.nonce))
            #expect(answer.code == "0000")
        }
        #expect(try company.client().query(RawClient.query("SL-2")).itemCodes.count == 2)
        #expect(try company.truth().queryFaults == [fault: 1])
    }

    private func expect(_ answer: RawClient.Answer, spoiltBy fault: AnswerFault) {
        let isSigned = answer.isWhole && answer.isSigned(for: RawClient.nonce)
        switch fault {
        case .timeOut, .closeBeforeAnswer: #expect(answer.status == 0 && answer.body.isEmpty && !answer.wasReset)
        case .reset: #expect(answer.status == 0 && answer.wasReset)
        case .closeHalfWay, .wrongLength: #expect(answer.status == 200 && !answer.isWhole && !answer.body.isEmpty)
        case .drip: #expect(!answer.isWhole && answer.status == 0 && !answer.body.isEmpty && answer.body.count < 20)
        case .endless: #expect(answer.status == 200 && !answer.isWhole && answer.body.count > 65_536)
        case .unknownHeaderCode: #expect(isSigned && answer.code == "7777")
        case .systemError: #expect(isSigned && answer.code == "9999")
        case .slowDown: #expect(isSigned && answer.code == "3028")
        case .serverError: #expect(answer.isWhole && answer.status >= 500 && !isSigned && answer.code == nil)
        case .garbage: #expect(answer.isWhole && answer.status == 200 && answer.code == nil)
        case .badSignature:
            #expect(answer.isWhole && !isSigned && answer.code == "0000")
            #expect(answer.headers["x-nonce"] == RawClient.nonce)
        case .wrongNonce:
            #expect(answer.isWhole && !isSigned && answer.code == "0000")
            #expect(answer.isSigned(for: answer.headers["x-nonce"] ?? ""))
        }
    }

    @Test func `many at once are all taken, once`() async throws {
        let company = try RunningCompany { $0.latency = MillisecondRange(first: 1, last: 5) }
        let port = try #require(company.server.ports["harbor"])
        let codes = try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    let client = try RawClient(port: port)
                    // Two workers send each number.
                    return (1...25).map { client.submit(RawClient.submit("SL-\(worker / 2)-\($0)")).code ?? "none" }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(codes.count { $0 == "0000" } == 100)
        #expect(codes.count { $0 == "1005" } == 100)
        let truth = try company.truth()
        #expect(truth.payments.count == 200)
        #expect(truth.payments.values.allSatisfy { $0.count == 1 })
    }

    @Test func `twenty thousand items pass through submit and query`() throws {
        let company = try RunningCompany()
        let client = try company.client()
        for number in 1...40 {
            let amounts = Array(repeating: 1, count: 500)
            #expect(client.submit(RawClient.submit("SL-\(number)", amounts: amounts)).code == "0000")
        }
        company.clock.advance(100)
        for number in 1...40 {
            let answer = client.query(RawClient.query("SL-\(number)"))
            #expect(answer.itemCodes == Array(repeating: "S000", count: 500))
        }
        #expect(try company.truth().payments.count == 20_000)
    }
}
