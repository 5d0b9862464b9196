import Foundation

/// A pain.001 for a benchmark: salaries and suppliers of a company, to accounts in five countries.
///
/// Each transaction has what a bank asks for: identifications, a structured address, an IBAN with its check digits, the
/// BIC of a bank of that country, and a purpose. Names are written in Latin letters of several languages or in Chinese.
package struct CreditTransferFile: Sendable {
    static let message = "pain.001.001.09"
    /// The day on which all of them are to be worked.
    static let executionDate = "2026-03-02"
    /// Transactions of one payment information.
    private static let transactionsAPayment = 10_000

    /// A country with one of its banks, and the form of its account numbers without check digits.
    private struct Country: Sendable {
        let code: String
        let town: String
        let bic: String
        let bank: String
        let accountDigits: Int
    }

    private static let countries = [
        Country(code: "DE", town: "Köln", bic: "COBADEFFXXX", bank: "37040044", accountDigits: 10),
        Country(code: "NL", town: "Utrecht", bic: "ABNANL2AXXX", bank: "ABNA", accountDigits: 10),
        Country(code: "FR", town: "Lyon", bic: "AGRIFRPPXXX", bank: "30006000", accountDigits: 15),
        Country(code: "ES", town: "Málaga", bic: "BSCHESMMXXX", bank: "00490075", accountDigits: 12),
        Country(code: "AT", town: "Graz", bic: "BKAUATWWXXX", bank: "12000", accountDigits: 11),
    ]
    private static let names = [
        "Jürgen Weiß", "Marta Kowalska", "王秀英", "Søren Ødegård", "Lucía Fernández García", "上海远洋进出口有限公司",
        "Jean-Baptiste Lefèvre", "O’Neill &amp; Sons Ltd", "张敏", "Zhang San Trading GmbH", "深圳市前海科技有限公司", "Ana Sousa",
    ]
    private static let purposes = ["Invoice", "Salary 2026-02, personnel no.", "货款 合同", "Expenses", "Rechnung Nr."]

    package let transactions: Int

    /// A file of so many transactions, always the same.
    package init(transactions: Int) {
        precondition(transactions > 0, "a message has a transaction")
        self.transactions = transactions
    }

    /// The amount of a transaction, from 1, in cents.
    package func cents(_ number: Int) -> Int { 100 + number * 7_919 % 5_000_000 }

    /// The account of a transaction's creditor.
    package func iban(_ number: Int) -> String {
        let country = country(number)
        let account = Figure.padded(Int64(number), country.accountDigits)
        return Self.iban(country.code, country.bank + account)
    }

    /// A transaction as it stands in the file.
    package func text(_ number: Int) -> String {
        let country = country(number)
        return """
                  <CdtTrfTxInf>
                    <PmtId>
                      <InstrId>I\(Figure.padded(Int64(number), 9))</InstrId>
                      <EndToEndId>E20260301\(Figure.padded(Int64(number), 10))</EndToEndId>
                    </PmtId>
                    <Amt>
                      <InstdAmt Ccy="EUR">\(Self.amount(cents(number)))</InstdAmt>
                    </Amt>
                    <CdtrAgt>
                      <FinInstnId>
                        <BICFI>\(country.bic)</BICFI>
                      </FinInstnId>
                    </CdtrAgt>
                    <Cdtr>
                      <Nm>\(Self.names[number % Self.names.count])</Nm>
                      <PstlAdr>
                        <TwnNm>\(country.town)</TwnNm>
                        <Ctry>\(country.code)</Ctry>
                      </PstlAdr>
                    </Cdtr>
                    <CdtrAcct>
                      <Id>
                        <IBAN>\(iban(number))</IBAN>
                      </Id>
                    </CdtrAcct>
                    <RmtInf>
                      <Ustrd>\(Self.purposes[number % Self.purposes.count]) \(number)</Ustrd>
                    </RmtInf>
                  </CdtTrfTxInf>

            """
    }

    /// Writes the file piece by piece.
    func write(to path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw BenchmarkFailure("cannot write \(path)") }
        defer { try? file.close() }
        var piece = head
        for number in 1...transactions {
            let place = (number - 1) % Self.transactionsAPayment
            if place == 0 { piece += paymentHead(from: number) }
            piece += text(number)
            if place == Self.transactionsAPayment - 1 || number == transactions { piece += "    </PmtInf>\n" }
            if piece.utf8.count >= 1 << 20 {
                try file.write(contentsOf: Data(piece.utf8))
                piece.removeAll(keepingCapacity: true)
            }
        }
        piece += "  </CstmrCdtTrfInitn>\n</Document>\n"
        try file.write(contentsOf: Data(piece.utf8))
    }

    private func country(_ number: Int) -> Country { Self.countries[number % Self.countries.count] }

    private var head: String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:\(Self.message)">
          <CstmrCdtTrfInitn>
            <GrpHdr>
              <MsgId>M20260301-1</MsgId>
              <CreDtTm>2026-03-01T08:00:00+01:00</CreDtTm>
              <NbOfTxs>\(transactions)</NbOfTxs>
              <CtrlSum>\(Self.amount(sum(1...transactions)))</CtrlSum>
              <InitgPty>
                <Nm>Rheinwerk Maschinenbau GmbH</Nm>
              </InitgPty>
            </GrpHdr>

        """
    }

    private func paymentHead(from number: Int) -> String {
        let last = min(transactions, number + Self.transactionsAPayment - 1)
        return """
                <PmtInf>
                  <PmtInfId>P20260301-\(number)</PmtInfId>
                  <PmtMtd>TRF</PmtMtd>
                  <NbOfTxs>\(last - number + 1)</NbOfTxs>
                  <CtrlSum>\(Self.amount(sum(number...last)))</CtrlSum>
                  <ReqdExctnDt>
                    <Dt>\(Self.executionDate)</Dt>
                  </ReqdExctnDt>
                  <Dbtr>
                    <Nm>Rheinwerk Maschinenbau GmbH</Nm>
                  </Dbtr>
                  <DbtrAcct>
                    <Id>
                      <IBAN>\(Self.iban("DE", "370400440532013000"))</IBAN>
                    </Id>
                  </DbtrAcct>
                  <DbtrAgt>
                    <FinInstnId>
                      <BICFI>COBADEFFXXX</BICFI>
                    </FinInstnId>
                  </DbtrAgt>

            """
    }

    private func sum(_ numbers: ClosedRange<Int>) -> Int { numbers.reduce(0) { $0 + cents($1) } }

    private static func amount(_ cents: Int) -> String { "\(cents / 100).\(Figure.padded(Int64(cents % 100), 2))" }

    /// An IBAN: the check digits make the remainder by 97 one (ISO 13616).
    private static func iban(_ country: String, _ account: String) -> String {
        var remainder = 0
        for character in account + country + "00" {
            guard let digit = character.checksumValue else { preconditionFailure("an account has an odd letter") }
            remainder = (remainder * (digit > 9 ? 100 : 10) + digit) % 97
        }
        return country + Figure.padded(Int64(98 - remainder), 2) + account
    }
}

extension Character {
    /// What an IBAN's checksum takes it for: a digit for itself, a letter for 10 to 35.
    fileprivate var checksumValue: Int? {
        guard let byte = asciiValue else { return nil }
        return switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
