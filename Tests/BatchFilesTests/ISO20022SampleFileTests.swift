import BatchFiles
import Foundation
import PaymentCore
import SharedFileTesting
import Testing
import XMLStream

/// Every file of the gathered samples gets the verdict that was found for it with other tools.
@Suite(.enabled(if: SharedFiles.exist("formats/iso20022-samples/EXPECTED.tsv"), "shared/formats is absent"))
struct ISO20022SampleFileTests {
    /// One row of EXPECTED.tsv.
    struct Row: CustomTestStringConvertible, Sendable {
        let file: String
        let isWellFormed: Bool
        let encoding: String
        let message: String
        let schemaVerdict: String
        let detail: [String: String]

        init(_ line: Substring) {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            file = fields[0]
            isWellFormed = fields[2] == "yes"
            encoding = fields[3]
            message = fields[4]
            schemaVerdict = fields[5]
            detail = fields[6].split(separator: ";").reduce(into: [:]) { detail, part in
                let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
                if pair.count == 2 { detail[pair[0]] = pair[1] }
            }
        }

        var testDescription: String { file }
        var bytes: [UInt8] { get throws { try SharedFiles.bytes("formats/iso20022-samples/\(file)") } }
        var kind: ISO20022Message.Kind? { ISO20022Message(name: message)?.kind }
    }

    static let rows: [Row] = {
        guard let text = try? SharedFiles.text("formats/iso20022-samples/EXPECTED.tsv") else { return [] }
        return text.split(separator: "\n").dropFirst().map(Row.init)
    }()

    /// What is wrong with the records of a sample beside its schema: its authors made accounts and identifiers up.
    static func recordReasons(_ file: String) -> Set<ReasonCode> {
        let madeUp: [String: Set<ReasonCode>] = [
            "dutch-sepa/abn/pain.008.001.02_voorbeeldbestand.xml": [
                .creditorIdentifierMalformed, .orderingAccountMalformed,
            ],
            "dutch-sepa/ing/pain.008.001.02_voorbeeldbestand.xml": [.creditorIdentifierMalformed],
            "iso20022.js/example/sepa_pain_001_v3_multiple_pmtinf.xml": [.orderingAccountMalformed],
            "moov-iso20022/test/testdata/International_payment_RUB_naujas_1.xml": [.orderingAccountMalformed],
            "moov-iso20022/test/testdata/International_payment_USD_naujas_1.xml": [.orderingAccountMalformed],
            "moov-iso20022/test/testdata/sepa_payment_naujas_1.xml": [.orderingAccountMalformed],
            "moov-iso20022/test/testdata/gistfile1.xml": [.currencyMixed],
            // It asks for an advice, TRA.
            "moov-iso20022/test/testdata/musterfile_pain.001_Nov2020.xml": [.paymentMethodNotSupported],
            // Swiss debits have no mandates.
            "moov-iso20022/test/testdata/pain008-musterfile.xml": [.mandateMissing],
            "sepa_king/spec/examples/pain.001.001.03.ch.02.xml": [.currencyMixed],
            "sepa_king/spec/examples/pain.008.002.02.xml": [.creditorIdentifierMalformed],
            "sepa_king/spec/examples/pain.008.003.02.xml": [.creditorIdentifierMalformed],
        ]
        let fixtures = "php-sepa-xml/tests/fixtures/xml/pain.00"
        if file.hasPrefix(fixtures + "1") { return [.orderingAccountMalformed] }
        if file.hasPrefix(fixtures + "8") { return [.creditorIdentifierMalformed, .orderingAccountMalformed] }
        return madeUp[file] ?? []
    }

    @Test func `the table is whole`() {
        #expect(Self.rows.count == 115)
        #expect(Self.rows.filter { $0.kind != nil }.count >= 45)
    }

    @Test(arguments: rows)
    func `a sample is well-formed and valid as the table says`(row: Row) throws {
        let schemas = try ISO20022Samples.all.get()
        let bytes = try row.bytes
        let schema = ISO20022Message(name: row.message).flatMap { schemas.schema(of: $0) }
        let namespaces = schema?.targetNamespace.map { [$0: schema].compactMapValues(\.self) } ?? [:]
        var reader = XMLStreamReader(schemas: namespaces)
        reader.append(bytes[...], isLast: true)
        var findings = 0
        var isRootThere = false
        var defect: XMLDefect?
        do throws(XMLDefect) {
            while let event = try reader.nextEvent() {
                if event.kind == .finding { findings += 1 }
                isRootThere = isRootThere || event.kind == .start
            }
        } catch {
            defect = error
        }
        #expect((defect == nil) == row.isWellFormed)
        #expect(isRootThere)
        #expect(reader.encoding?.rawValue == row.encoding.uppercased())
        switch row.schemaVerdict {
        case "valid": #expect(schema != nil && findings == 0)
        case "INVALID": #expect(schema != nil && findings > 0)
        default: #expect(schema == nil)
        }
    }

    @Test(arguments: rows.filter { $0.kind != nil })
    func `an initiation gives its records and totals as the table says`(row: Row) throws {
        let kind = try #require(row.kind)
        let layout = try ISO20022Layout(
            name: "sample",
            direction: kind.direction,
            schemas: try ISO20022Samples.all.get()
        )
        let bytes = try row.bytes
        let seen = SeenMessage(bytes, layout)
        let transactions = try #require(row.detail["tx"].flatMap { Int($0) })
        if row.schemaVerdict == "INVALID" {
            // Each of them breaks its schema outside of its transactions.
            #expect(seen.defect?.code == .schemaViolation)
        } else {
            #expect(seen.defect == nil)
            #expect(seen.records.count == transactions)
            let codes = Set(seen.records.flatMap(\.findings).map(\.code))
            #expect(codes == Self.recordReasons(row.file))
            #expect(seen.header?.message.name == row.message)
            try checkTotals(seen, row)
        }
        for record in seen.records {
            let range = record.seen.byteRange
            #expect(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]) == record.seen.raw)
            let text = String(decoding: record.seen.raw, as: UTF8.self)
            let name = kind == .creditTransfer ? "CdtTrfTxInf>" : "DrctDbtTxInf>"
            #expect(text.hasPrefix("<") && text.dropFirst().hasPrefix(name) && text.hasSuffix(name))
        }
    }

    private func checkTotals(_ seen: SeenMessage, _ row: Row) throws {
        let declared = try #require(seen.declared.first)
        let count = Int64(seen.records.count)
        switch row.detail["NbOfTxs"] {
        case "ok": #expect(declared.count == count)
        case let mismatch?: #expect(mismatch == "MISMATCH(\(declared.count ?? -1))" && declared.count != count)
        case nil: Issue.record("the table has no NbOfTxs")
        }
        let hasOneCurrency = Set(seen.records.map { $0.seen.texts[5] }).count == 1
        let read = try (hasOneCurrency ? seen.records : []).reduce(into: Int128(0)) { sum, record in
            let currency = try #require(Currency(code: record.seen.texts[5]))
            let parts = record.seen.texts[4].split(separator: ".")
            let decimals = parts.count > 1 ? String(parts[1]) : ""
            let padded = decimals.padding(toLength: currency.minorUnits, withPad: "0", startingAt: 0)
            sum += try #require(Int128("\(parts[0])\(padded)", radix: 10))
        }
        switch row.detail["CtrlSum"] {
        case "absent": #expect(declared.sums == nil)
        case "ok" where hasOneCurrency: #expect(declared.sums.map { Array($0.values) } == [read])
        // Several currencies: the reader itself has compared the plain sum.
        case "ok": #expect(declared.sums == nil)
        default: #expect(declared.sums.map { Array($0.values) } != [read])
        }
        let numbers = seen.records.map { $0.seen.texts[0] }.filter { !$0.isEmpty }
        let repeated = Dictionary(grouping: numbers, by: \.self).filter { $0.value.count > 1 }.count
        #expect(row.detail["dupE2E"] == "\(repeated)")
    }
}
