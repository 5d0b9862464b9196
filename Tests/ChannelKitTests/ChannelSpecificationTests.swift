import ChannelKit
import Cryptography
import Foundation
import PaymentCore
import Testing

@Suite struct ChannelSpecificationTests {
    @Test(arguments: ["harbor", "meridian"])
    func `a shipped specification loads without its secrets and is named by the hash of its bytes`(
        channel: String
    ) throws {
        let file = Sample.configurationFile(channel)
        let specification = try ChannelSpecification.load(file: file)
        #expect(specification.name == ChannelName(channel))
        #expect(specification.dialect == .jsonBatch)
        #expect(specification.environmentClass == .test)
        #expect(specification.directions == [.payout, .withhold])
        #expect(specification.currencies == ["CNY"])
        #expect(specification.zone.identifier == "Asia/Shanghai")
        #expect(specification.sha256 == SHA256.hash(Array(try Data(contentsOf: URL(filePath: file)))))
    }

    @Test func `every figure of a specification arrives where it belongs`() throws {
        let harbor = try Sample.harbor()
        #expect(harbor.title == "Harbor Pay (simulated)")
        #expect(
            harbor.deadlines
                == ChannelDeadlines(connect: .seconds(3), total: .seconds(10), stall: .seconds(5), sendBy: .seconds(15))
        )
        #expect(harbor.limits.itemsPerSubmission == 500)
        #expect(harbor.limits.amountMinorMax == 500_000_000)
        #expect(harbor.limits.responseBytesMax == 4_194_304)
        #expect(harbor.concurrency.submit == 4)
        #expect(harbor.concurrency.query == 4)
        #expect(harbor.rate.submit == .milliseconds(50) && harbor.rate.query == .milliseconds(20))
        #expect(harbor.breaker == LaneRules.Breaker(failures: 5, open: .seconds(10), openMax: .minutes(5)))
        #expect(harbor.endpoint.merchantID == "M10001")
        #expect(harbor.endpoint.secret == .environment("SLUICE_CHANNEL_HARBOR_SECRET"))
        #expect(harbor.endpoint.url == .reference(.environment("SLUICE_CHANNEL_HARBOR_URL")))
        #expect(harbor.endpoint.certificates == nil)
        let policy = ChannelPolicy(
            deadlines: harbor.deadlines,
            poll: PollCurve(
                first: .seconds(10),
                growthPercent: 160,
                cap: .minutes(30),
                jitterPercent: 20,
                countMax: 60
            ),
            unsent: BackOff(first: .seconds(5), growthPercent: 200, cap: .minutes(5)),
            notFound: NotFoundPolicy(grace: .seconds(60), asks: 3, spacing: .seconds(30), conclusion: .resend),
            duplicateCheck: DuplicateCheck(window: .hours(24), margin: .hours(1), warning: .hours(3))
        )
        #expect(harbor.policy(for: .payout) == policy)
        #expect(harbor.policy(for: .withhold) == policy)
    }

    @Test func `a specification says what text the company carries`() throws {
        #expect(try Sample.harbor().text == TextProfile())
        let some = try Sample.harbor([
            (
                "concurrency:\n",
                "text: {repertoire: gbk, counted_in: gbk_bytes, length_max: {account_name: 60, purpose: 30}}"
                    + "\nconcurrency:\n"
            )
        ])
        #expect(
            some.text
                == TextProfile(
                    repertoire: .gbk,
                    lengthUnit: .gbkBytes,
                    lengthMax: [.accountName: 60, .purpose: 30]
                )
        )
        let sepa = try Sample.harbor([("concurrency:\n", "text: {repertoire: sepa}\nconcurrency:\n")])
        #expect(sepa.text == TextProfile(repertoire: .sepa))
    }

    @Test func `each repertoire, unit and field of text stands in the document`() throws {
        let file = Sample.packageFolder.appending(path: "Docs/channels/specification.md")
        let document = try String(contentsOf: file, encoding: .utf8)
        let words =
            TextProfile.Repertoire.allCases.map(\.rawValue) + TextProfile.LengthUnit.allCases.map(\.rawValue)
            + TextProfile.Field.allCases.map(\.rawValue)
        for word in words { #expect(document.contains("`\(word)`"), "\(word)") }
    }

    @Test func `directions may have policies of their own`() throws {
        let harbor = try Sample.harbor([
            (
                "payout:   {grace: 60s, ask: 3, spacing: 30s, then: resend}",
                "payout: {grace: 2m, ask: 5, spacing: 1m, then: review}"
            )
        ])
        #expect(harbor.policy(for: .payout).notFound.conclusion == .review)
        #expect(harbor.policy(for: .payout).notFound.asks == 5)
        #expect(harbor.policy(for: .withhold).notFound.conclusion == .resend)
    }

    @Test func `a channel without a duplicate check loads if nothing is ever resent`() throws {
        let harbor = try Sample.harbor([
            ("then: resend", "then: review"),
            (
                Sample.duplicateCheck,
                ""
            ),
        ])
        #expect(harbor.policy(for: .payout).duplicateCheck == nil)
    }

    @Test func `any change of a byte gives another hash`() throws {
        let first = try Sample.harbor()
        let second = try Sample.harbor([("# production | test (R13)", "# production | test  (R13)")])
        #expect(first.sha256 != second.sha256)
    }

    @Test func `codes mean what the file lists, and nothing else means anything`() throws {
        let codes = try Sample.harbor().codes
        #expect(codes.header("0000", kind: .submit) == .taken)
        #expect(codes.header("0000", kind: .query) == .found)
        #expect(codes.header("1004", kind: .submit) == .refused(.channel))
        #expect(codes.header("9999", kind: .submit) == .unknown(listed: true))
        #expect(codes.header("1404", kind: .query) == .notFound)
        #expect(codes.header("1404", kind: .submit) == .unknown(listed: false))
        #expect(codes.header("0", kind: .submit) == .unknown(listed: false))
        #expect(codes.item("S000", kind: .query) == .done)
        #expect(codes.item("S000", kind: .submit) == .unknown(listed: false))
        #expect(codes.item("E105", kind: .query) == .notDone(.limit))
    }

    /// A rate is rounded so that a lane is never faster than it.
    @Test(arguments: [
        ("1/s", Int64(1_000_000)), ("3/s", 333_334), ("1000/s", 1_000), ("600/m", 100_000), ("7/m", 8_571_429),
        ("1/h", 3_600_000_000), ("3600000/h", 1_000),
    ]) func `a rate is the least time between two calls`(_ text: String, _ microseconds: Int64) throws {
        let harbor = try Sample.harbor([("submit: 20/s", "submit: \(text)")])
        #expect(harbor.rate.submit == TimeSpan(microseconds: microseconds))
    }

    @Test func `pace and breaker may be left out, whole or in part`() throws {
        let text = try Sample.harborText()
        let start = try #require(text.range(of: "rate:  ")), end = try #require(text.range(of: "number:\n"))
        func parse(_ pace: String) throws -> ChannelSpecification {
            let changed = text[..<start.lowerBound] + pace + text[end.lowerBound...]
            return try ChannelSpecification.parse(Array(changed.utf8), file: "harbor.yaml")
        }
        let bare = try parse("")
        #expect(bare.rate.submit == .zero && bare.rate.query == .zero)
        #expect(bare.breaker == LaneRules.Breaker())
        let some = try parse("rate: {query: 2/s}\nbreaker: {open: 1s}\n")
        #expect(some.rate.submit == .zero && some.rate.query == .milliseconds(500))
        #expect(some.breaker == LaneRules.Breaker(open: .seconds(1)))
    }

    @Test func `numbers are a function of batch and submission`() throws {
        let harbor = try Sample.harbor()
        let number = harbor.number(batch: BatchIdentifier(41), submission: SubmissionNumber(12_000))
        #expect(number == "SL-41-12000")
        #expect(number == harbor.number(batch: BatchIdentifier(41), submission: SubmissionNumber(12_000)))
        let longest = try Sample.harbor([("prefix: SL", "prefix: SLU42")]).number(
            batch: BatchIdentifier(NumberRule.batchMax),
            submission: SubmissionNumber(.max)
        )
        #expect(longest.utf8.count == 32)
    }

    @Test func `a number that is unique for ever has one scope without an end`() throws {
        let harbor = try Sample.harbor()
        #expect(harbor.scope(tradeDate: Sample.tradeDate) == "*")
        #expect(harbor.scopeEndsAt(tradeDate: Sample.tradeDate) == nil)
    }

    @Test func `a number that is unique per trade date ends with that day of the channel's zone`() throws {
        let harbor = try Sample.harbor([("scope: forever", "scope: trade_date")])
        #expect(harbor.scope(tradeDate: Sample.tradeDate) == "20261121")
        let end = try #require(harbor.scopeEndsAt(tradeDate: Sample.tradeDate))
        // 2026-11-21T16:00:00Z.
        #expect(end == Timestamp(unixMicroseconds: 1_795_276_800_000_000))
        #expect(harbor.tradeDate(at: end) == Sample.tradeDate.advanced(byDays: 1))
        #expect(harbor.tradeDate(at: Timestamp(unixMicroseconds: end.unixMicroseconds - 1)) == Sample.tradeDate)
    }
}
