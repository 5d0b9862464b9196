import BatchFiles
import Foundation
import PaymentCore
import SharedFileTesting
import XMLStream

/// Schemas, layouts and messages that the suites of ISO 20022 share.
enum ISO20022Samples {
    static let schemaFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Config/schemas/iso20022")

    /// The schemas that the configuration ships, compiled once a test process.
    static let shipped = Result { try schemas(in: schemaFolder, names: names(in: schemaFolder)) }

    /// Every schema of the shared folder, national variants too.
    static let all = Result {
        guard let root = SharedFiles.root else { throw CocoaError(.fileNoSuchFile) }
        let folder = root.appending(path: "formats/iso20022-xsd")
        let national = folder.appending(path: "national")
        let files =
            try names(in: folder).map { ($0, try bytes(folder.appending(path: $0))) }
            + names(in: national).map { ($0, try bytes(national.appending(path: $0))) }
        return try ISO20022Schemas(files: files.map { (name: $0.0, bytes: $0.1) })
    }

    static func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".xsd") }.sorted()
    }

    static func bytes(_ file: URL) throws -> [UInt8] { Array(try Data(contentsOf: file)) }

    private static func schemas(in folder: URL, names: [String]) throws -> ISO20022Schemas {
        try ISO20022Schemas(files: names.map { (name: $0, bytes: try bytes(folder.appending(path: $0))) })
    }

    static func layout(
        _ direction: Direction,
        messages: [String]? = nil,
        limits: DelimitedLayout.Limits = DelimitedLayout.Limits()
    ) throws -> ISO20022Layout {
        try ISO20022Layout(
            name: "sample",
            direction: direction,
            messages: messages,
            schemas: try shipped.get(),
            limits: limits
        )
    }

    /// One transaction of a pain.001.001.09.
    static func transfer(
        _ number: String,
        _ amount: String = "10.00",
        currency: String = "EUR",
        name: String = "Müller",
        purpose: String = "<RmtInf><Ustrd>rent</Ustrd></RmtInf>"
    ) -> String {
        """
        <CdtTrfTxInf><PmtId><InstrId>I-\(number)</InstrId><EndToEndId>\(number)</EndToEndId></PmtId>\
        <Amt><InstdAmt Ccy="\(currency)">\(amount)</InstdAmt></Amt>\
        <CdtrAgt><FinInstnId><BICFI>DEUTDEFFXXX</BICFI></FinInstnId></CdtrAgt><Cdtr><Nm>\(name)</Nm></Cdtr>\
        <CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>\(purpose)</CdtTrfTxInf>
        """
    }

    /// A payment information with these transactions; `totals` goes before the date.
    static func payment(_ transactions: [String], identification: String = "P-1", totals: String = "") -> String {
        """
        <PmtInf><PmtInfId>\(identification)</PmtInfId><PmtMtd>TRF</PmtMtd>\(totals)\
        <ReqdExctnDt><Dt>2026-01-06</Dt></ReqdExctnDt><Dbtr><Nm>ACME</Nm></Dbtr>\
        <DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>\
        <DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt>
        \(transactions.joined(separator: "\n"))
        </PmtInf>
        """
    }

    /// A pain.001.001.09 of these payment informations.
    static func message(
        _ payments: [String],
        count: Int,
        sum: String? = nil,
        declaration: String = #"<?xml version="1.0" encoding="UTF-8"?>"#
    ) -> String {
        """
        \(declaration)
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-01-05T09:30:00</CreDtTm><NbOfTxs>\(count)</NbOfTxs>\
        \(sum.map { "<CtrlSum>\($0)</CtrlSum>" } ?? "")<InitgPty><Nm>ACME</Nm></InitgPty></GrpHdr>
        \(payments.joined(separator: "\n"))
        </CstmrCdtTrfInitn></Document>
        """
    }
}

/// What became of a file of ISO 20022.
struct SeenMessage: Equatable {
    /// One record, with what its reader found.
    struct Record: Equatable {
        var seen: SeenRecord
        var findings: [RecordFinding]
        var charsetName: String
    }

    var records: [Record] = []
    var defect: FileDefect?
    var declared: [DeclaredTotals] = []
    var header: ISO20022Reader.Header?

    init(_ bytes: [UInt8], _ layout: ISO20022Layout, cuts: [Int] = []) {
        var reader = ISO20022Reader(layout: layout)
        var start = 0
        do {
            for cut in cuts {
                try reader.read(bytes[start..<cut], isLast: false) { take($0) }
                start = cut
            }
            try reader.read(bytes[start...], isLast: true) { take($0) }
        } catch let error as FileDefect {
            defect = error
        } catch {
            preconditionFailure("a reader threw something else: \(error)")
        }
        declared = reader.declared
        header = reader.header
    }

    init(_ text: String, _ layout: ISO20022Layout) { self.init(Array(text.utf8), layout) }

    private mutating func take(_ record: borrowing RawRecord) {
        records.append(
            Record(seen: SeenRecord(record), findings: record.findings, charsetName: record.charsetName)
        )
    }
}
