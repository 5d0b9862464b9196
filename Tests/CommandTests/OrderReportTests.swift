import PaymentCore
import Store
import Testing
import sluice

/// What `sluice order show` prints of an order that is in the history.
@Suite struct OrderReportTests {
    private static let at = Timestamp(unixMicroseconds: 1_780_275_600_000_000)

    private static func story(returned: [(minor: Int64, code: String?)]) -> OrderStory {
        var story = OrderStory(
            key: OrderKey(
                batch: BatchIdentifier(12),
                line: LineNumber(3),
                businessDate: BusinessDate(at: at)
            ),
            merchant: MerchantNumber("MER-PAYOUT"),
            direction: .payout,
            merchantOrderNumber: "A-1",
            state: returned.isEmpty ? .succeeded : .returned,
            amountMinor: 1_000,
            currency: "CNY",
            maskedAccount: "622202*********3445",
            maskedName: "张*",
            attempt: 1,
            isArchived: true
        )
        story.returns = returned.enumerated().map { index, part in
            OrderStory.Return(
                channel: ChannelName("harbor"),
                reference: "R-\(index + 1)",
                amountMinor: part.minor,
                code: part.code,
                returnedAt: at
            )
        }
        return story
    }

    @Test func `an order that came back says when, how much and why`() {
        let story = Self.story(returned: [(400, "AC04"), (600, nil)])
        #expect(story.words.hasPrefix("Order 12-3: returned\n"))
        let back = story.words.split(separator: "\n").filter { $0.hasPrefix("  came back") }.map(String.init)
        #expect(
            back == [
                "  came back      4.00 CNY on 2026-06-01 01:00:00Z, harbor R-1 (AC04)",
                "  came back      6.00 CNY on 2026-06-01 01:00:00Z, harbor R-2",
            ]
        )
        #expect(story.words.contains(", archived\n"))
        let text = story.json.text
        #expect(text.contains(#""reference":"R-1""#) && text.contains(#""amount_minor":400"#), "\(text)")
    }

    @Test func `an order that did not says nothing of that`() {
        let story = Self.story(returned: [])
        #expect(!story.words.contains("came back") && story.json.text.contains(#""returns":[]"#))
    }
}
