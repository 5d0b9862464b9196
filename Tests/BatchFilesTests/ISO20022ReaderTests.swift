import BatchFiles
import Foundation
import PaymentCore
import Testing
import XMLStream

@Suite struct ISO20022ReaderTests {
    private typealias Samples = ISO20022Samples

    private static func read(_ text: String, limits: DelimitedLayout.Limits = .init()) throws -> SeenMessage {
        SeenMessage(text, try Samples.layout(.payout, limits: limits))
    }

    private static func checked(_ text: String, accounts: AccountForm = .iban) throws -> [CheckedRecord] {
        let layout = try Samples.layout(.payout)
        var checker = RecordChecker(
            form: layout.form,
            rules: try RecordRules(accountForm: accounts, bankCodeForm: .bic)
        )
        var reader = BatchFileReader(format: .iso20022(layout))
        var checked: [CheckedRecord] = []
        try reader.read(Array(text.utf8), isLast: true) { checked.append(checker.checkBothWays($0)) }
        return checked
    }

    @Test func `each transaction is a record with its values, and its bytes are those of the element`() throws {
        let second = Samples.transfer("E-2", "7.5", name: "A &amp; B <!-- c -->é")
        let text = Samples.message([Samples.payment([Samples.transfer("E-1"), second])], count: 2, sum: "17.50")
        let seen = try Self.read(text)
        try #require(seen.records.count == 2)
        #expect(seen.defect == nil)
        #expect(
            seen.records[0].seen.texts == [
                "E-1", "DE89370400440532013000", "Müller", "DEUTDEFFXXX", "10", "EUR", "rent", "P-1", "I-E-1",
                "2026-01-06",
            ]
        )
        #expect(seen.records[1].seen.texts[2] == "A & B é")
        #expect(seen.records[1].seen.texts[4] == "7.5")
        #expect(String(decoding: seen.records[1].seen.raw, as: UTF8.self) == second)
        #expect(seen.records.map(\.seen.ordinal) == [1, 2])
        #expect(seen.records.map(\.seen.physicalLine) == [5, 6])
        let bytes = Array(text.utf8)
        for record in seen.records {
            let range = record.seen.byteRange
            #expect(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) == record.seen.raw)
            #expect(record.findings.isEmpty)
            #expect(record.charsetName == "UTF-8")
        }
        #expect(seen.header?.message.name == "pain.001.001.09")
        #expect(seen.header?.messageIdentification == "M-1")
        #expect(seen.header?.creationTime == "2026-01-05T09:30:00")
    }

    @Test func `a message says the same wherever it is cut`() throws {
        let layout = try Samples.layout(.payout)
        let payments = [
            Samples.payment([Samples.transfer("E-1"), Samples.transfer("E-2", "x")]),
            Samples.payment([Samples.transfer("E-3")], identification: "P-2"),
        ]
        let bytes = Array(Samples.message(payments, count: 3).utf8)
        let whole = SeenMessage(bytes, layout)
        #expect(whole.records.count == 3)
        for cut in stride(from: 0, through: bytes.count, by: 7) {
            #expect(SeenMessage(bytes, layout, cuts: [cut]) == whole, "cut at \(cut)")
        }
        #expect(SeenMessage(bytes, layout, cuts: Array(1..<bytes.count)) == whole)
    }

    @Test(arguments: [
        ("10.00", "10"), (" +010.50\n", "10.5"), ("0.10", "0.1"), (".5", "0.5"), ("5.", "5"), ("-0.0", "0"),
        ("000", "0"),
        ("-1.50", "-1.5"), ("123456789012345678.90", "123456789012345678.9"), ("1e3", "1e3"), ("1,5", "1,5"), ("", ""),
    ])
    func `an amount is normalised exactly, and kept as it is where it is none`(text: String, value: String) throws {
        let seen = try Self.read(Samples.message([Samples.payment([Samples.transfer("E-1", text)])], count: 1))
        #expect(seen.records.map { $0.seen.texts[4] } == [value])
    }

    @Test func `decimals beyond the currency's are an error, zeros are none`() throws {
        let amounts = [("10.500", "EUR"), ("10.505", "EUR"), ("100.00", "JPY"), ("100.5", "JPY"), ("1.2345", "CLF")]
        let payments = amounts.enumerated().map { index, amount in
            let transfer = Samples.transfer("E-\(index)", amount.0, currency: amount.1)
            return Samples.payment([transfer], identification: "P-\(index)")
        }
        let checked = try Self.checked(Samples.message(payments, count: 5, sum: "222.7395"))
        let codes = checked.map { record -> [ReasonCode] in
            if case .quarantined(let draft) = record { draft.reasons.map(\.code) } else { [] }
        }
        #expect(codes == [[], [.amountTooManyDecimals], [], [.amountTooManyDecimals], []])
        guard case .order(let order) = checked[0] else { Issue.record("not an order"); return }
        #expect(order.fields.amount == Money(minor: 1_050, currency: try #require(Currency(code: "EUR"))))
    }

    @Test(arguments: [
        ("<RmtInf><Ustrd>a</Ustrd><Ustrd>b</Ustrd></RmtInf>", "a b"),
        ("<RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf>", "RF18539007547034"),
        ("<RmtInf><Ustrd>a</Ustrd><Strd><CdtrRefInf><Ref>R</Ref></CdtrRefInf></Strd></RmtInf>", "a"),
        ("", ""),
    ])
    func `remittance information becomes the purpose`(remittance: String, purpose: String) throws {
        let transfer = Samples.transfer("E-1", purpose: remittance)
        let seen = try Self.read(Samples.message([Samples.payment([transfer])], count: 1))
        #expect(seen.records.map { $0.seen.texts[6] } == [purpose])
        #expect(seen.records.flatMap(\.findings).isEmpty)
    }

    @Test func `other identifications of account and bank are taken, and NOTPROVIDED is no number`() throws {
        let transfer = Samples.transfer("NOTPROVIDED")
            .replacingOccurrences(of: "<IBAN>DE89370400440532013000</IBAN>", with: "<Othr><Id>6222001</Id></Othr>")
            .replacingOccurrences(
                of: "<BICFI>DEUTDEFFXXX</BICFI>",
                with: "<ClrSysMmbId><MmbId>102100099996</MmbId></ClrSysMmbId>"
            )
        let text = Samples.message([Samples.payment([transfer])], count: 1)
        #expect(
            try Self.read(text).records.map { Array($0.seen.texts.prefix(4)) } == [
                ["", "6222001", "Müller", "102100099996"]
            ]
        )
        guard case .quarantined(let draft) = try Self.checked(text, accounts: .digits)[0] else {
            Issue.record("a record without a number passed")
            return
        }
        #expect(draft.reasons.contains { $0.code == .missingField && $0.field == .merchantOrderNumber })
    }

    @Test func `what the schema finds inside a transaction sets that one aside and no other`() throws {
        let bad = [
            Samples.transfer("E-2", currency: "eur"),
            Samples.transfer("E-3").replacingOccurrences(
                of: "<Cdtr><Nm>Müller</Nm></Cdtr>",
                with: "<Cdtr><Who/></Cdtr>"
            ),
            Samples.transfer("E-4").replacingOccurrences(of: "<PmtId>", with: "<PmtId more='1'>"),
            Samples.transfer("E-5").replacingOccurrences(of: "<CdtTrfTxInf>", with: "<CdtTrfTxInf a='6222001'>"),
            Samples.transfer(String(repeating: "x", count: 36)),
            "<CdtTrfTxInf/>",
        ]
        let text = Samples.message(
            [Samples.payment([Samples.transfer("E-1")] + bad + [Samples.transfer("E-9")])],
            count: 8
        )
        let checked = try Self.checked(text)
        let violations = checked.map { record -> [RecordReason] in
            guard case .quarantined(let draft) = record else { return [] }
            return draft.reasons.filter { $0.code == .schemaViolation }
        }
        #expect(violations.map(\.count) == [0, 1, 1, 1, 1, 2, 1, 0])
        #expect(violations[1][0].field == .amount)
        #expect(
            violations[1][0].mend.hasPrefix("CdtTrfTxInf/Amt/InstdAmt, line 6: the value has not the form asked for")
        )
        #expect(violations[5].map(\.field) == [nil, .merchantOrderNumber])
        for reason in violations.joined() { #expect(!reason.mend.contains("6222001")) }
    }

    @Test(arguments: [
        ("<NbOfTxs>1</NbOfTxs>", "<NbOfTxs>x</NbOfTxs>"), ("<PmtMtd>TRF</PmtMtd>", ""),
        ("<InitgPty>", "<Unknown/><InitgPty>"), ("<MsgId>M-1</MsgId>", "<MsgId></MsgId>"),
        ("<MsgId>M-1</MsgId>", "<MsgId> </MsgId>"), ("<ReqdExctnDt><Dt>2026-01-06</Dt></ReqdExctnDt>", ""),
        ("</CstmrCdtTrfInitn>", "</CstmrCdtTrfInitn>text"), ("<Cdtr>", "</CdtTrfTxInf><Wrong/><CdtTrfTxInf><Cdtr>"),
    ])
    func `what the schema finds elsewhere refuses the file`(old: String, new: String) throws {
        let good = Samples.message([Samples.payment([Samples.transfer("E-1")])], count: 1)
        #expect(good.contains(old))
        let seen = try Self.read(good.replacingOccurrences(of: old, with: new))
        #expect(seen.defect?.code == .schemaViolation)
    }

    @Test func `an empty payment information and an empty document are refused`() throws {
        let empty = Samples.payment([], identification: "P-2")
        let message = Samples.message([Samples.payment([Samples.transfer("E-1")]), empty], count: 1)
        #expect(try Self.read(message).defect?.code == .schemaViolation)
        let document = "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'/>"
        #expect(try Self.read(document).defect?.code == .schemaViolation)
        #expect(try Self.read("").defect?.code == .emptyFile)
    }

    @Test(arguments: [
        ("urn:iso:std:iso:20022:tech:xsd:pain.008.001.08", FileDefect.Code.directionMismatch),
        ("urn:iso:std:iso:20022:tech:xsd:pain.008.001.99", .directionMismatch),
        ("urn:iso:std:iso:20022:tech:xsd:pain.001.001.08", .messageUnsupported),
        ("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10", .messageUnsupported), ("urn:other", .messageUnsupported),
        ("", .messageUnsupported), ("http://example.org/pain.001.001.09", .messageUnsupported),
    ])
    func `a message that the layout does not take is refused at its root`(
        namespace: String,
        code: FileDefect.Code
    ) throws {
        #expect(try Self.read("<Document xmlns='\(namespace)'><x/></Document>").defect?.code == code)
    }

    @Test(arguments: [
        ("<a>", FileDefect.Code.notWellFormed), ("<!DOCTYPE a><a/>", .documentType),
        ("<?xml version='1.0' encoding='UTF-7'?><a/>", .charsetMismatch),
        ("<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09'><CstmrCdtTrfInitn>", .notWellFormed),
    ])
    func `what is no document is refused`(text: String, code: FileDefect.Code) throws {
        #expect(try Self.read(text).defect?.code == code)
    }

    @Test func `a transaction longer than the limit, or one too many, refuses the file`() throws {
        let text = Samples.message([Samples.payment([Samples.transfer("E-1"), Samples.transfer("E-2")])], count: 2)
        let long = Samples.transfer("E-3", name: String(repeating: "x", count: 2_000))
        let longText = Samples.message([Samples.payment([Samples.transfer("E-1"), long])], count: 2)
        let short = DelimitedLayout.Limits(recordBytesMax: 1_024)
        #expect(try Self.read(text, limits: short).defect == nil)
        #expect(try Self.read(longText, limits: short).defect?.code == .recordTooLong)
        let few = DelimitedLayout.Limits(recordsMax: 1)
        #expect(try Self.read(text, limits: few).defect?.code == .tooManyRecords)
    }

    @Test func `an element of another namespace is not read, whatever its name`() throws {
        let transfer = Samples.transfer("E-1").replacingOccurrences(
            of: "</CdtTrfTxInf>",
            with: """
                <SplmtryData><Envlp><PmtId xmlns="urn:other"><EndToEndId>E-7</EndToEndId></PmtId></Envlp></SplmtryData>\
                </CdtTrfTxInf>
                """
        )
        let seen = try Self.read(Samples.message([Samples.payment([transfer])], count: 1))
        #expect(seen.records.map { $0.seen.texts[0] } == ["E-1"])
        #expect(seen.records.flatMap(\.findings).isEmpty)
    }

    @Test func `records after a saved position are handed out again, and no other`() throws {
        let layout = try Samples.layout(.payout)
        let transfers = (1...5).map { Samples.transfer("E-\($0)") }
        let bytes = Array(Samples.message([Samples.payment(transfers)], count: 5, sum: "50").utf8)
        var saved = ReadPosition.start
        var whole = BatchFileReader(format: .iso20022(layout))
        try whole.read(bytes, isLast: true) { record in if record.ordinal.value == 3 { saved = record.next } }
        var reader = BatchFileReader(format: .iso20022(layout), startingAt: saved)
        #expect(reader.byteOffset == 0)
        var ordinals: [Int32] = []
        try reader.read(bytes, isLast: true) { ordinals.append($0.ordinal.value) }
        #expect(ordinals == [4, 5])
        #expect(reader.declared == whole.declared)
        #expect(reader.declared.map(\.count) == [5])
    }

    @Test func `a message in another encoding is read, with the places of its own bytes`() throws {
        let text = Samples.message(
            [Samples.payment([Samples.transfer("E-1", name: "Zoë"), Samples.transfer("E-2")])],
            count: 2,
            declaration: "<?xml version='1.0' encoding='ISO-8859-1'?>"
        )
        let bytes = try #require(text.data(using: .isoLatin1)).map { $0 }
        let seen = SeenMessage(bytes, try Samples.layout(.payout))
        try #require(seen.records.count == 2)
        #expect(seen.records[0].seen.texts[2] == "Zoë")
        #expect(seen.records[1].charsetName == "ISO-8859-1")
        let raw = try #require(Samples.transfer("E-2").data(using: .isoLatin1)).map { $0 }
        #expect(seen.records[1].seen.raw == raw)
    }
}
