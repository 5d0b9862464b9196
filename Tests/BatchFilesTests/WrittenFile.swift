import BatchFiles
import PaymentCore
import Testing
import Transcoding

/// A file of random orders, written independently of what reads it.
struct WrittenFile {
    /// A way of writing files.
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let write: @Sendable (inout SeededGenerator) throws -> WrittenFile
    }

    let format: FileFormat
    let bytes: [UInt8]
    let orders: [OrderFields]
    /// What begins and ends a record where records are elements of XML.
    var element: String?

    static let rules = Result {
        try RecordRules(
            accountForm: .lettersAndDigits,
            bankCodeForm: .shortName,
            severities: [.accountCheckDigit: .off, .bankCountryDiffers: .off]
        )
    }

    static let kinds: [Kind] =
        [
            delimited("commas, quotes", .utf8, ",", quote: "\"", unit: .major),
            delimited("a header and a trailer", .utf8, ",", quote: "\"", unit: .minor, isFramed: true),
            delimited("semicolons, single quotes, Latin-1", .latin1, ";", quote: "'", unit: .major),
            delimited("tabs without quotes", .utf8, "\t", quote: nil, unit: .minor),
            delimited("bars, GBK", .gbk, "|", quote: nil, unit: .minor, isFramed: true),
            delimited("carets, GB 18030, quotes among second bytes", .gb18030, "^", quote: "`", unit: .major),
        ]
        + [(Charset.utf8, true), (.gbk, true), (.gb18030, false), (.latin1, false)].map { fixedWidth($0, $1) }
        + [("pain.001.001.03", "UTF-8"), ("pain.001.001.09", "UTF-16"), ("pain.008.001.02", "GBK")].map { xml($0, $1) }
        + Direction.allCases.map { direction in
            Kind(testDescription: "NACHA, \(direction)") { generator in
                let sample = NACHAReaderPropertyTests.sample(&generator, direction)
                return WrittenFile(
                    format: .nacha(try NACHASample.layout(direction)),
                    bytes: NACHASample.bytes(sample.lines, lineEnd: ["\n", "\r\n", ""].one(&generator)),
                    orders: try NACHAReaderPropertyTests.expected(sample)
                )
            }
        }

    // MARK: Orders

    private static let han = "张三丰李四王五赵钱孙买提陈林"
    private static let punctuation = " .,;|^`'\"&<>()-/"

    /// Letters that a charset has; `marks` are not among them.
    private static func text(
        _ charset: Charset,
        without marks: String,
        _ lengths: ClosedRange<Int>,
        _ generator: inout SeededGenerator
    ) -> String {
        var letters = Array("abcXYZ019" + punctuation + (charset == .latin1 ? "éßÿ" : han))
        if charset == .gbk || charset == .gb18030 {
            // Their second bytes are a bar, a caret and a backquote.
            var decoder = TextDecoder(charset: .gbk)
            for second: UInt8 in [0x7C, 0x5E, 0x60] { letters += decoder.decode([0x95, second]) ?? "" }
        }
        if charset == .gb18030 || charset == .utf8 { letters.append("\u{20BB7}") }
        letters.removeAll { marks.contains($0) }
        let count = Int.random(in: lengths, using: &generator)
        var text = String((0..<count).map { _ in letters.one(&generator) })
        // Blanks around a value are padding in some formats.
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return text
    }

    /// `marks` are the characters that a format cannot have in texts.
    private static func orders(
        _ charset: Charset,
        without marks: String,
        currencies: [Currency] = [.cny],
        lengthMax: Int = 20,
        _ generator: inout SeededGenerator
    ) -> [OrderFields] {
        (1...Int.random(in: 1...30, using: &generator)).map { index in
            let name = text(charset, without: marks, 1...lengthMax, &generator)
            let purpose = text(charset, without: marks, 0...lengthMax, &generator)
            let bank = ["", "102100099996", "ICBC"].one(&generator)
            return OrderFields(
                merchantOrderNumber: "N\(index)-\(UInt16.random(in: 0 ... .max, using: &generator))",
                amount: Money(
                    minor: Int64.random(in: 1...9_999_999_999, using: &generator),
                    currency: currencies.one(&generator)
                ),
                accountNumber: String(Int.random(in: 100_000...9_999_999_999_999_999, using: &generator)),
                accountName: name.isEmpty ? "x" : name,
                bankCode: bank.isEmpty ? nil : bank,
                purpose: purpose.isEmpty ? nil : purpose
            )
        }
    }

    /// An amount with all of its currency's decimals, or without those that are zero.
    private static func major(_ amount: Money, _ generator: inout SeededGenerator) -> String {
        let digits = amount.currency.minorUnits
        guard digits > 0 else { return String(amount.minor) }
        let padded = String(repeating: "0", count: max(0, digits + 1 - String(amount.minor).count)) + "\(amount.minor)"
        var text = "\(padded.dropLast(digits)).\(padded.suffix(digits))"
        guard Bool.random(using: &generator) else { return text }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    // MARK: Delimited

    private static func delimited(
        _ name: String,
        _ charset: Charset,
        _ separator: Character,
        quote: Character?,
        unit: AmountUnit,
        isFramed: Bool = false
    ) -> Kind {
        Kind(testDescription: "delimited: \(name)") { generator in
            let layout = try Samples.layout(
                charset: charset,
                separator: try #require(separator.unicodeScalars.first),
                quote: quote?.unicodeScalars.first,
                header: isFramed ? .columnTitles : .none,
                trailer: isFramed ? .init(mark: "TRAILER", countPosition: 2, sumPosition: 3) : nil,
                commentPrefix: isFramed ? "#" : nil,
                amountUnit: unit
            )
            let marks = quote == nil ? String(separator) : ""
            let orders = orders(charset, without: marks, &generator)
            let end = ["\n", "\r\n"].one(&generator)
            func line(_ values: [String]) -> String {
                values.map { value in
                    guard let quote else { return value }
                    let mustQuote = value.contains(separator) || value.first == quote
                    guard mustQuote || Bool.random(using: &generator) else { return value }
                    return "\(quote)\(value.replacing(String(quote), with: "\(quote)\(quote)"))\(quote)"
                }.joined(separator: String(separator)) + end
            }
            var text = isFramed ? line(layout.columns.map(\.title)) : ""
            for order in orders {
                if Bool.random(using: &generator) { text += isFramed ? "# note\(end)\(end)" : end }
                text += line([
                    order.merchantOrderNumber, order.accountNumber, order.accountName ?? "", order.bankCode ?? "",
                    unit == .minor ? "\(order.amount.minor)" : major(order.amount, &generator), order.purpose ?? "",
                ])
            }
            if isFramed {
                let sum = orders.reduce(0) { $0 + $1.amount.minor }
                text += "TRAILER\(separator)\(orders.count)\(separator)\(sum)\(end)"
            }
            return WrittenFile(
                format: .delimited(layout),
                bytes: try Samples.encoded(text, charset),
                orders: orders
            )
        }
    }

    // MARK: Fixed width

    private static func fixedWidth(_ charset: Charset, _ hasLineEnds: Bool) -> Kind {
        Kind(testDescription: "fixed width: \(charset.rawValue), \(hasLineEnds ? "lines" : "back to back")") {
            generator in
            let widths = [24, 20, 90, 14, 12, 90]
            var start = 1
            let columns = zip(Samples.columns, widths).map { column, width in
                defer { start += width }
                return FixedWidthLayout.Column(column, at: .init(start: start, width: width))
            }
            let layout = try FixedWidthLayout(
                name: "sample",
                charset: charset,
                recordBytes: 260,
                hasLineEnds: hasLineEnds,
                headerLines: hasLineEnds ? 2 : 0,
                trailer: .init(mark: "END", count: .init(start: 10, width: 6), sum: .init(start: 20, width: 20)),
                amountUnit: .minor,
                defaultCurrency: .cny,
                columns: columns
            )
            let orders = orders(charset, without: "", &generator)
            let end = hasLineEnds ? ["\n", "\r\n"].one(&generator) : ""
            var bytes = Array((hasLineEnds ? "HEAD\(end)of any length\(end)" : "").utf8)
            func append(_ values: [(start: Int, width: Int, text: String)]) throws {
                var record = [UInt8](repeating: 0x20, count: layout.recordBytes)
                for value in values {
                    let field = try Samples.encoded(value.text, charset)
                    record.replaceSubrange(value.start - 1..<value.start - 1 + field.count, with: field)
                }
                bytes += record + Array(end.utf8)
            }
            for order in orders {
                let values = [
                    order.merchantOrderNumber, order.accountNumber, order.accountName ?? "", order.bankCode ?? "",
                    "\(order.amount.minor)", order.purpose ?? "",
                ]
                try append(zip(columns, values).map { ($0.place.start, $0.place.width, $1) })
            }
            let sum = orders.reduce(0) { $0 + $1.amount.minor }
            try append([(1, 3, "END"), (10, 6, "\(orders.count)"), (20, 20, "\(sum)")])
            return WrittenFile(format: .fixedWidth(layout), bytes: bytes, orders: orders)
        }
    }

    // MARK: ISO 20022

    private static func xml(_ message: String, _ encoding: String) -> Kind {
        Kind(testDescription: "\(message) in \(encoding)") { generator in
            let direction: Direction = message.hasPrefix("pain.001") ? .payout : .withhold
            let currencies = try ["EUR", "JPY", "KWD"].map { try #require(Currency(code: $0)) }
            let orders = orders(
                encoding == "GBK" ? .gbk : .utf8,
                without: "",
                currencies: Bool.random(using: &generator) ? currencies : [currencies[0]],
                &generator
            ).map(banked)
            var payments = ""
            var rest = orders[...]
            while !rest.isEmpty {
                // A payment information has one currency.
                let currency = rest.first?.amount.currency
                let ofOne = rest.prefix { $0.amount.currency == currency }
                let part = ofOne.prefix(Int.random(in: 1...10, using: &generator))
                rest = rest.dropFirst(part.count)
                payments += payment(message, "P\(rest.count)", part.map { transaction(message, $0, &generator) })
            }
            let root = direction == .payout ? "CstmrCdtTrfInitn" : "CstmrDrctDbtInitn"
            let text = """
                <?xml version="1.0" encoding="\(encoding)"?>
                <Document xmlns="urn:iso:std:iso:20022:tech:xsd:\(message)"><\(root)><GrpHdr><MsgId>M</MsgId>\
                <CreDtTm>2026-01-05T09:30:00</CreDtTm><NbOfTxs>\(orders.count)</NbOfTxs>\(controlSum(orders))\
                <InitgPty><Nm>ACME</Nm></InitgPty></GrpHdr>\(payments)</\(root)></Document>
                """
            let layout = try ISO20022Samples.layout(direction)
            return WrittenFile(
                format: .iso20022(layout),
                bytes: try encoded(text, encoding),
                orders: orders,
                element: direction == .payout ? "CdtTrfTxInf" : "DrctDbtTxInf"
            )
        }
    }

    /// The order with a bank that schemas take.
    private static func banked(_ order: OrderFields) -> OrderFields {
        OrderFields(
            merchantOrderNumber: order.merchantOrderNumber,
            amount: order.amount,
            accountNumber: order.accountNumber,
            accountName: order.accountName,
            bankCode: order.bankCode == nil ? "DEUTDEFFXXX" : "COBADEFF",
            purpose: order.purpose
        )
    }

    /// The plain sum of all amounts, in thousandths.
    private static func controlSum(_ orders: [OrderFields]) -> String {
        let sum = orders.reduce(Int64(0)) { sum, order in
            sum + order.amount.minor * [1_000, 100, 10, 1][order.amount.currency.minorUnits]
        }
        let padded = String(repeating: "0", count: max(0, 4 - String(sum).count)) + String(sum)
        return "<CtrlSum>\(padded.dropLast(3)).\(padded.suffix(3))</CtrlSum>"
    }

    private static func escaped(_ text: String, _ generator: inout SeededGenerator) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": Bool.random(using: &generator) ? "&gt;" : ">"
            default: Int.random(in: 0..<20, using: &generator) == 0 ? "&#\(scalar.value);" : String(scalar)
            }
        }.joined()
    }

    private static func transaction(
        _ message: String,
        _ order: OrderFields,
        _ generator: inout SeededGenerator
    ) -> String {
        let bank = message.hasSuffix("09") ? "BICFI" : "BIC"
        let isCredit = message.hasPrefix("pain.001")
        let party = isCredit ? "Cdtr" : "Dbtr"
        let amount = """
            <InstdAmt Ccy="\(order.amount.currency.code)">\(major(order.amount, &generator))</InstdAmt>
            """
        let mandate = """
            <DrctDbtTx><MndtRltdInf><MndtId>M</MndtId><DtOfSgntr>2026-01-01</DtOfSgntr></MndtRltdInf></DrctDbtTx>
            """
        let purpose = order.purpose.map { "<RmtInf><Ustrd>\(escaped($0, &generator))</Ustrd></RmtInf>" } ?? ""
        return """
            <PmtId><EndToEndId>\(order.merchantOrderNumber)</EndToEndId></PmtId>\
            \(isCredit ? "<Amt>\(amount)</Amt>" : amount + mandate)\
            <\(party)Agt><FinInstnId><\(bank)>\(order.bankCode ?? "")</\(bank)></FinInstnId></\(party)Agt>\
            <\(party)><Nm>\(escaped(order.accountName ?? "", &generator))</Nm></\(party)>\
            <\(party)Acct><Id><Othr><Id>\(order.accountNumber)</Id></Othr></Id></\(party)Acct>\(purpose)
            """
    }

    private static func payment(_ message: String, _ identification: String, _ transactions: [String]) -> String {
        let bank = message.hasSuffix("09") ? "BICFI" : "BIC"
        let isCredit = message.hasPrefix("pain.001")
        let party = isCredit ? "Dbtr" : "Cdtr"
        let date =
            switch message {
            case "pain.001.001.03": "<ReqdExctnDt>2026-01-06</ReqdExctnDt>"
            case "pain.001.001.09": "<ReqdExctnDt><Dt>2026-01-06</Dt></ReqdExctnDt>"
            default: "<ReqdColltnDt>2026-01-06</ReqdColltnDt>"
            }
        let element = isCredit ? "CdtTrfTxInf" : "DrctDbtTxInf"
        return """
            <PmtInf><PmtInfId>\(identification)</PmtInfId><PmtMtd>\(isCredit ? "TRF" : "DD")</PmtMtd>\
            <NbOfTxs>\(transactions.count)</NbOfTxs>\(date)<\(party)><Nm>ACME</Nm></\(party)>\
            <\(party)Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></\(party)Acct>\
            <\(party)Agt><FinInstnId><\(bank)>COBADEFFXXX</\(bank)></FinInstnId></\(party)Agt>
            \(transactions.map { "<\(element)>\($0)</\(element)>" }.joined(separator: "\n"))
            </PmtInf>
            """
    }

    private static func encoded(_ text: String, _ encoding: String) throws -> [UInt8] {
        switch encoding {
        case "UTF-16": [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        case "GBK": try Samples.encoded(text, .gbk)
        default: Array(text.utf8)
        }
    }
}

extension Array {
    /// One of the elements, of which there must be some.
    func one(_ generator: inout SeededGenerator) -> Element { self[Int.random(in: indices, using: &generator)] }
}
