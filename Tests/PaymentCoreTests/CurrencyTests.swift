import Foundation
import PaymentCore
import SharedFileTesting
import Testing

@Suite struct CurrencyTests {
    static let published = "formats/iso4217/list-one.2026-01-01.xml"

    @Test(arguments: [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("AED", 2), ("ZWG", 2)])
    func `a code of the list has its minor units`(code: String, minorUnits: Int) throws {
        let currency = try #require(Currency(code: code))
        #expect(currency.code == code)
        #expect(currency.minorUnits == minorUnits)
        #expect(currency.description == code)
    }

    @Test(arguments: ["", "C", "CN", "CNYY", "cny", "XAU", "XXX", "XTS", "ZZZ", "AAA", "ＣＮＹ", "CN\0", "156"])
    func `anything else is no currency of orders`(code: String) {
        #expect(Currency(code: code) == nil)
    }

    @Test func `the constant for the renminbi is the one of the table`() {
        #expect(Currency(code: "CNY") == Currency.cny)
        #expect(Currency.all.contains(.cny))
        #expect(MemoryLayout<Currency>.size == 4)
    }

    @Test func `the table is sorted, and each of its codes is found`() {
        #expect(Currency.all.count == 165)
        #expect(Currency.all == Currency.all.sorted())
        for currency in Currency.all { #expect(Currency(code: currency.code) == currency) }
    }

    @Test(.enabled(if: SharedFiles.exist(published), "needs the published list of ISO 4217"))
    func `the table holds what the standard publishes`() throws {
        let entries = try SharedFiles.text(Self.published).components(separatedBy: "<CcyNtry>").dropFirst()
        var units: [String: Int] = [:]
        for entry in entries {
            guard let code = Self.element("Ccy", in: entry), let digits = Self.element("CcyMnrUnts", in: entry) else {
                continue
            }
            if digits == "N.A." { #expect(Currency(code: code) == nil) } else { units[code] = Int(digits) }
        }
        #expect(units.count == 165)
        #expect(Dictionary(uniqueKeysWithValues: Currency.all.map { ($0.code, $0.minorUnits) }) == units)
    }

    private static func element(_ name: String, in text: String) -> String? {
        guard let start = text.range(of: "<\(name)>"), let end = text.range(of: "</\(name)>") else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
    }
}
