import PaymentCore
import Store

extension LoadSlice {
    /// An empty slice behind which the record of this line stands last.
    init(upTo line: Int32) {
        self.init(
            position: LoadPosition(
                byteOffset: Int64(line) * 10,
                recordOrdinal: Int64(line),
                physicalLine: Int64(line)
            )
        )
    }

    /// An order in CNY, whose values are texts.
    mutating func appendOrder(
        _ line: LineNumber,
        number: String,
        amountMinor: Int64 = 100,
        account: String = "6222020200112233445",
        name: String = "王小明",
        bankCode: String? = nil,
        purpose: String = "rent"
    ) {
        let code = (bankCode ?? "").utf8
        appendOrder(
            line: line,
            amount: Money(minor: amountMinor, currency: .cny),
            number: number.utf8.span,
            accountNumber: account.utf8.span,
            accountName: name.utf8.span,
            bankCode: bankCode == nil ? nil : code.span,
            purpose: purpose.utf8.span,
            raw: "A".utf8.span,
            byteRange: 0..<9,
            physicalLine: 1,
            charset: "UTF-8"
        )
    }
}
