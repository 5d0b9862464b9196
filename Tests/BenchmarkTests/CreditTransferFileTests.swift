import Testing
import sluice_bench

@Suite struct CreditTransferFileTests {
    private static let file = CreditTransferFile(transactions: 100)

    /// The remainder of ISO 13616, digit by digit.
    private static func remainder(of iban: String) -> Int {
        let digits = (iban.dropFirst(4) + iban.prefix(4)).map { String(Int(String($0), radix: 36) ?? -1) }.joined()
        return digits.reduce(0) { ($0 * 10 + ($1.wholeNumberValue ?? 0)) % 97 }
    }

    @Test func `accounts have right check digits and the length of their country`() {
        let lengths = ["DE": 22, "NL": 18, "FR": 27, "ES": 24, "AT": 20]
        for number in 1...100 {
            let iban = Self.file.iban(number)
            #expect(Self.remainder(of: iban) == 1, "\(iban)")
            #expect(lengths[String(iban.prefix(2))] == iban.count, "\(iban)")
        }
        #expect(Set((1...100).map(Self.file.iban)).count == 100)
    }

    @Test func `a transaction stands in the file with its number, amount, account and bank of one country`() {
        let text = Self.file.text(1)
        #expect(text.hasPrefix("      <CdtTrfTxInf>\n        <PmtId>\n"))
        #expect(text.hasSuffix("      </CdtTrfTxInf>\n"))
        #expect(text.contains("<EndToEndId>E202603010000000001</EndToEndId>"))
        #expect(text.contains("<InstdAmt Ccy=\"EUR\">80.19</InstdAmt>"))
        #expect(Self.file.cents(1) == 8_019)
        #expect(text.contains("<IBAN>\(Self.file.iban(1))</IBAN>"))
        #expect(text.contains("<BICFI>ABNANL2AXXX</BICFI>"))
        #expect(Self.file.iban(1).hasPrefix("NL"))
    }

    @Test func `names are Latin and Chinese, and none breaks the markup`() {
        let names = (1...100).map { number in
            Self.file.text(number).split(separator: "<Nm>")[1].split(separator: "</Nm>")[0]
        }
        #expect(names.contains { $0.unicodeScalars.contains { $0.value > 0x4E00 } })
        #expect(names.contains { $0.allSatisfy(\.isASCII) })
        #expect(names.allSatisfy { !$0.contains("<") && ($0.contains("&amp;") || !$0.contains("&")) })
    }
}
