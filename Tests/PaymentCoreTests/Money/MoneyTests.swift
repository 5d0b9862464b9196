import PaymentCore
import Testing

struct MoneyTests {
    @Test(
        arguments: [
            ("CNY", 41_200_000, "412,000.00 CNY"), ("CNY", 0, "0.00 CNY"), ("CNY", 1, "0.01 CNY"),
            ("CNY", 10, "0.10 CNY"),
            ("CNY", 100, "1.00 CNY"), ("CNY", 99_999, "999.99 CNY"), ("CNY", 100_000, "1,000.00 CNY"),
            ("CNY", 123_456_789, "1,234,567.89 CNY"), ("CNY", -5, "-0.05 CNY"), ("CNY", -123_456, "-1,234.56 CNY"),
            ("JPY", 0, "0 JPY"), ("JPY", 999, "999 JPY"), ("JPY", 1_000, "1,000 JPY"),
            ("JPY", -1_000_000, "-1,000,000 JPY"),
            ("BHD", 1, "0.001 BHD"), ("BHD", 1_234_567, "1,234.567 BHD"), ("CLF", 12_345, "1.2345 CLF"),
            ("CNY", Int64.max, "92,233,720,368,547,758.07 CNY"), ("CNY", Int64.min, "-92,233,720,368,547,758.08 CNY"),
            ("JPY", Int64.min, "-9,223,372,036,854,775,808 JPY"),
        ] as [(String, Int64, String)]
    )
    func `an amount is written for people`(code: String, minor: Int64, text: String) throws {
        let currency = try #require(Currency(code: code))
        #expect(Money(minor: minor, currency: currency).description == text)
    }

    @Test func `a sum beyond 64 bits is written in the same unit`() {
        let sum = Int128(Int64.max) * 3
        #expect(Currency.cny.words(sum) == "276,701,161,105,643,274.21 CNY")
        #expect(Currency.cny.words(-sum) == "-276,701,161,105,643,274.21 CNY")
    }

    @Test func `a tally counts and sums`() {
        var tally = Tally()
        for amount in [1, 250, -1] as [Int64] { tally.add(amount) }
        #expect(tally == Tally(count: 3, amountMinor: 250))
        #expect(tally + Tally(count: 2, amountMinor: 50) == Tally(count: 5, amountMinor: 300))
        #expect(tally + Tally() == tally)
    }

    @Test func `no file can overflow a tally`() {
        var tally = Tally()
        for _ in 0..<1_000 { tally.add(.max) }
        #expect(tally.amountMinor == Int128(Int64.max) * 1_000)
        #expect((tally + tally).amountMinor == Int128(Int64.max) * 2_000)
        for _ in 0..<2_000 { tally.add(.min) }
        #expect(tally.amountMinor == Int128(Int64.max) * 1_000 + Int128(Int64.min) * 2_000)
        #expect(tally.count == 3_000)
    }
}
