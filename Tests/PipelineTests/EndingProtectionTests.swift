import PaymentCore
import Pipeline
import Store
import Testing

/// The words that are read in the small hours, before a duplicate window ends.
@Suite struct `The warning of an ending protection` {
    struct Case: Sendable, CustomTestStringConvertible {
        let orders: Int64
        let amountMinor: Int64
        let currency: String
        let endsIn: TimeSpan
        let words: String

        var testDescription: String { words }
    }

    @Test(arguments: [
        Case(
            orders: 37,
            amountMinor: 41_200_000,
            currency: "CNY",
            endsIn: .hours(2),
            words: "37 orders, 412,000.00 CNY on channel harbor lose duplicate protection in 2 h 0 min:"
        ),
        Case(
            orders: 1,
            amountMinor: 5,
            currency: "CNY",
            endsIn: .minutes(61),
            words: "1 order, 0.05 CNY on channel harbor loses duplicate protection in 1 h 1 min:"
        ),
        Case(
            orders: 2,
            amountMinor: 500,
            currency: "JPY",
            endsIn: .seconds(30),
            words: "2 orders, 500 JPY on channel harbor lose duplicate protection in 0 min:"
        ),
    ])
    func `says how many orders, how much money, where, and how long is left`(_ given: Case) {
        let ending = EndingProtection(
            channel: ChannelName("harbor"),
            currency: given.currency,
            orders: given.orders,
            amountMinor: given.amountMinor,
            endsAt: Timestamp(unixMicroseconds: 0),
            endsIn: given.endsIn
        )
        let alarm = ending.alarm
        #expect(alarm.message.hasPrefix(given.words), "\(alarm.message)")
        #expect(alarm.kind == .protectionEnding && alarm.channel == ChannelName("harbor"))
    }
}
