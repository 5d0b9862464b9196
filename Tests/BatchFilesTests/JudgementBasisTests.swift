import BatchFiles
import PaymentCore
import Testing
import Transcoding

@Suite struct `What a file is judged by` {
    private struct Judge {
        var charset = Charset.utf8
        var unit = AmountUnit.major
        var titles = ["order_no", "card_no", "amount"]
        var recordsMax: Int32 = 1_000
        var wrapping = Wrapping.none
        var banks = ["102", "103", "104"]
        var currencies = ["CNY", "USD", "EUR"]
        var amountMax: [String: Int64] = ["CNY": 5, "USD": 6]
        var severities: [ReasonCode: Severity] = [.accountCheckDigit: .quarantine, .samePayment: .off]
        var holidays: [Int32] = [20_819, 20_820, 20_821]
        var channelAmountMax: Int64 = 900
        var lengthMax: [TextProfile.Field: Int] = [.purpose: 20, .accountName: 30]
        var isTurned = false

        func bytes() throws -> [UInt8] {
            let fields: [RecordField] = [.merchantOrderNumber, .accountNumber, .amount]
            let layout = try DelimitedLayout(
                name: "sample",
                charset: charset,
                separator: UInt8(ascii: ","),
                quote: nil,
                header: .none,
                amountUnit: unit,
                defaultCurrency: .cny,
                columns: zip(titles, fields).map { LayoutColumn(title: $0, field: $1) },
                limits: DelimitedLayout.Limits(recordsMax: recordsMax)
            )
            let rules = try RecordRules(
                banks: KnownBanks(prefixes: turned(banks)),
                currencies: Set(turned(currencies).compactMap { Currency(code: $0) }),
                calendar: WorkingCalendar(
                    name: "bank",
                    years: 2_026...2_027,
                    weekdays: Set(turned([Weekday.monday, .tuesday, .friday])),
                    holidays: Set(turned(holidays.map { BusinessDate(daysSince1970: $0) })),
                    makeUpDays: []
                ),
                amountMinorMax: Dictionary(
                    uniqueKeysWithValues: turned(amountMax.sorted { $0.key < $1.key }).compactMap { entry in
                        Currency(code: entry.key).map { ($0, entry.value) }
                    }
                ),
                severities: severities
            )
            let profiles = [TextProfile(repertoire: .gbk, lengthMax: lengthMax), TextProfile()]
            let context = RecordContext(
                businessDate: BusinessDate(daysSince1970: 20_800),
                channels: turned(profiles).map {
                    ChannelReach(currencies: [.cny], amountMinorMax: channelAmountMax, text: $0)
                }
            )
            let format = DeclaredFormat(.delimited(layout), wrapping: wrapping)
            return JudgementBasis(format: format, rules: rules, context: context).bytes
        }

        private func turned<Element>(_ list: [Element]) -> [Element] { isTurned ? list.reversed() : list }
    }

    @Test func `is the same in whatever order it was put together`() throws {
        let basis = try Judge().bytes()
        #expect(try Judge().bytes() == basis)
        #expect(try Judge(isTurned: true).bytes() == basis)
    }

    @Test func `differs by each thing that a record is read or checked with`() throws {
        let others = [
            Judge(), Judge(charset: .gbk), Judge(unit: .minor), Judge(titles: ["order_no", "card", "amount"]),
            Judge(recordsMax: 1_001), Judge(wrapping: Wrapping(.gzip)), Judge(banks: ["102", "103"]),
            Judge(banks: ["102", "103", "105"]), Judge(currencies: ["CNY", "USD"]),
            Judge(amountMax: ["CNY": 6, "USD": 5]), Judge(severities: [.accountCheckDigit: .quarantine]),
            Judge(severities: [.accountCheckDigit: .off, .samePayment: .off]), Judge(holidays: [20_819, 20_820]),
            Judge(channelAmountMax: 901), Judge(lengthMax: [.purpose: 21, .accountName: 30]), Judge(lengthMax: [:]),
        ]
        #expect(try Set(others.map { try $0.bytes() }).count == others.count)
    }

    @Test func `is described for each format`() throws {
        let column = FixedWidthLayout.Column(
            LayoutColumn(title: "order_no", field: .merchantOrderNumber),
            at: FixedWidthLayout.Place(start: 1, width: 10)
        )
        let account = FixedWidthLayout.Column(
            LayoutColumn(title: "card_no", field: .accountNumber),
            at: FixedWidthLayout.Place(start: 11, width: 20)
        )
        let amount = FixedWidthLayout.Column(
            LayoutColumn(title: "amount", field: .amount),
            at: FixedWidthLayout.Place(start: 31, width: 10)
        )
        let formats: [FileFormat] = [
            .fixedWidth(
                try FixedWidthLayout(
                    name: "fixed",
                    charset: .utf8,
                    recordBytes: 40,
                    amountUnit: .minor,
                    defaultCurrency: .cny,
                    columns: [column, account, amount]
                )
            ),
            .nacha(try NACHALayout(name: "credits", direction: .payout)),
            .nacha(try NACHALayout(name: "credits", direction: .payout, entryClasses: [.ppd])),
            .iso20022(try ISO20022Samples.layout(.payout)),
            .iso20022(try ISO20022Samples.layout(.withhold)),
        ]
        let rules = try RecordRules()
        let bases = formats.map {
            JudgementBasis(format: DeclaredFormat($0), rules: rules, context: RecordContext()).bytes
        }
        #expect(Set(bases).count == formats.count)
    }
}
