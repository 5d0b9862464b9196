import PaymentCore
import Testing

@Suite struct AmountCeilingsTests {
    private static let usd = Currency(code: "USD") ?? .cny
    private static let all = AmountCeilings(file: [.cny: 100], merchantDay: [.cny: 150], deploymentDay: [.cny: 200])

    @Test(arguments: [
        // added, of the merchant, of all, the ceiling broken and the sum.
        (Int128(100), Int128(0), Int128(0), AmountCeilings.Scope?.none, Int128(0)),
        (101, 0, 0, .file, 101), (100, 50, 100, nil, 0), (100, 51, 51, .merchantDay, 151),
        (100, 50, 101, .deploymentDay, 201), (101, 100, 200, .file, 101), (0, 500, 500, nil, 0),
        (100, Int128(Int64.max), 0, .merchantDay, Int128(Int64.max) + 100),
    ]) func `a sum may reach a ceiling and not go beyond it; the narrowest one is named`(
        _ added: Int128,
        _ merchant: Int128,
        _ deployment: Int128,
        _ scope: AmountCeilings.Scope?,
        _ sum: Int128
    ) {
        let counted: [AmountCeilings.Scope: [Currency: Int128]] = [
            .merchantDay: [.cny: merchant], .deploymentDay: [.cny: deployment],
        ]
        let breach = Self.all.breach(by: [.cny: added], beside: counted)
        #expect(breach?.scope == scope)
        #expect(breach.map(\.sumMinor) == (scope == nil ? nil : sum))
    }

    @Test func `currencies do not add up, and one without a ceiling is free`() {
        let counted: [AmountCeilings.Scope: [Currency: Int128]] = [.merchantDay: [Self.usd: 1_000]]
        #expect(Self.all.breach(by: [.cny: 100, Self.usd: 1_000_000], beside: counted) == nil)
        #expect(AmountCeilings().breach(by: [.cny: Int128.max], beside: [:]) == nil)
        #expect(Self.all.breach(by: [:], beside: [.deploymentDay: [.cny: 10_000]]) == nil)
    }

    @Test func `the alarm says batch, sum and ceiling`() {
        let breach = CeilingBreach(scope: .merchantDay, currency: .cny, sumMinor: 123_456, ceilingMinor: 100_000)
        let message = breach.message(batch: BatchIdentifier(7))
        #expect(message.contains("batch 7") && message.contains("1,234.56 CNY") && message.contains("1,000.00 CNY"))
    }
}
