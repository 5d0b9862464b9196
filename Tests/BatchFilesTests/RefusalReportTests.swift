import BatchFiles
import CompressionTesting
import Foundation
import PaymentCore
import SharedFileTesting
import Testing

/// A refused file of ISO 20022 is answered by a report that its schema takes, whatever the file is.
@Suite struct RefusalReportTests {
    @Test func `a report repeats what the header says, and why the file is refused`() throws {
        let header = """
            <MsgId>M&amp;1</MsgId><CreDtTm>2026-03-08T12:00:00+08:00</CreDtTm><NbOfTxs>3</NbOfTxs>
            <CtrlSum>10.50</CtrlSum>
            """
        let scene = RefusalScene(file: RefusalScene.message("pain.001.001.09", header: header))
        let report = try scene.text
        #expect(
            report == """
                <?xml version="1.0" encoding="UTF-8"?>
                <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">
                <CstmrPmtStsRpt>
                <GrpHdr>
                <MsgId>7-R2</MsgId>
                <CreDtTm>2026-03-08T20:05:06Z</CreDtTm>
                </GrpHdr>
                <OrgnlGrpInfAndSts>
                <OrgnlMsgId>M&amp;1</OrgnlMsgId>
                <OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>
                <OrgnlCreDtTm>2026-03-08T12:00:00+08:00</OrgnlCreDtTm>
                <OrgnlNbOfTxs>3</OrgnlNbOfTxs>
                <OrgnlCtrlSum>10.50</OrgnlCtrlSum>
                <GrpSts>RJCT</GrpSts>
                <StsRsnInf>
                <Rsn>
                <Cd>FF01</Cd>
                </Rsn>
                <AddtlInf>REFUSED: Document/CstmrCdtTrfInitn/GrpHdr: NbOfTxs is missing</AddtlInf>
                <AddtlInf>line 3, byte 120</AddtlInf>
                <AddtlInf>code schema_violation</AddtlInf>
                <AddtlInf>write the file as the schema of pain.001.001.09 asks</AddtlInf>
                <AddtlInf>nothing of the file was loaded: no transaction of it is carried out</AddtlInf>
                </StsRsnInf>
                </OrgnlGrpInfAndSts>
                </CstmrPmtStsRpt>
                </Document>

                """
        )
        try scene.check(Array(report.utf8))
    }

    /// A file that cannot be read, and what its report says of it.
    struct Broken: Sendable, CustomTestStringConvertible {
        let name: String
        let scene: RefusalScene
        var identification = "NOTPROVIDED"
        var message = "pain.001"
        var version = StatusReportVersion.v10

        var testDescription: String { name }
    }

    private static func cut(_ rest: String) -> [UInt8] {
        Array("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.03\"><X><GrpHdr>\(rest)".utf8)
    }

    private static func headed(_ message: String, _ identification: String) -> RefusalScene {
        RefusalScene(file: RefusalScene.message(message, header: "<MsgId>\(identification)</MsgId>"))
    }

    static let broken = [
        Broken(name: "nothing", scene: RefusalScene(file: [])),
        Broken(name: "no XML", scene: RefusalScene(file: Array("order_no,amount\n".utf8))),
        Broken(
            name: "debits, of which nothing can be read",
            scene: RefusalScene(file: [0xFF, 0xFE, 0x00], direction: .withhold, messages: ["pain.008.001.02"]),
            message: "pain.008",
            version: .v03
        ),
        Broken(
            name: "cut in its identification",
            scene: RefusalScene(file: cut("<MsgId>M-")),
            message: "pain.001.001.03",
            version: .v03
        ),
        Broken(
            name: "cut behind its identification",
            scene: RefusalScene(file: cut("<MsgId>M-1</MsgId><")),
            identification: "M-1",
            message: "pain.001.001.03",
            version: .v03
        ),
        Broken(
            name: "a document type",
            scene: RefusalScene(
                file: Array("<!DOCTYPE Document [<!ENTITY e \"E\">]>".utf8) + headed("pain.001.001.09", "&e;").file
            )
        ),
        Broken(name: "no namespace", scene: headed("", "M-2"), identification: "M-2"),
        Broken(
            name: "another message",
            scene: headed("pain.008.001.02", "M-3"),
            identification: "M-3",
            message: "pain.008.001.02",
            version: .v03
        ),
        Broken(
            name: "a message that is no request",
            scene: headed("camt.053.001.02", "M-4"),
            identification: "M-4",
            message: "camt.053.001.02"
        ),
        Broken(
            name: "a version without a schema",
            scene: headed("pain.001.001.05", "M-5"),
            identification: "M-5",
            message: "pain.001.001.05",
            version: .v03
        ),
        Broken(
            name: "a header behind its payments",
            scene: RefusalScene(
                file: Array("<Document><X><PmtInf><MsgId>no</MsgId></PmtInf><GrpHdr><MsgId>M-6</MsgId></GrpHdr>".utf8)
            ),
            identification: "M-6"
        ),
        Broken(
            name: "a name in Chinese",
            scene: headed("pain.001.001.09", "工资"),
            identification: "工资",
            message: "pain.001.001.09"
        ),
    ]

    @Test(arguments: broken, [1, 1_000])
    func `a file that is broken anywhere is answered with what can be read of it`(file: Broken, piece: Int) throws {
        let report = try file.scene.written(piece: piece)
        let text = String(decoding: report, as: UTF8.self)
        #expect(text.contains("<OrgnlMsgId>\(file.identification)</OrgnlMsgId>"), "\(text)")
        #expect(text.contains("<OrgnlMsgNmId>\(file.message)</OrgnlMsgNmId>"), "\(text)")
        #expect(text.contains("xsd:\(file.version.rawValue)\""), "\(text)")
        try file.scene.check(report)
    }

    @Test(
        arguments: [
            ("MsgId", " ", "OrgnlMsgId", "NOTPROVIDED"),
            ("MsgId", String(repeating: "x", count: 36), "OrgnlMsgId", "NOTPROVIDED"),
            ("MsgId", String(repeating: "张", count: 35), "OrgnlMsgId", String(repeating: "张", count: 35)),
            ("CreDtTm", "2026-03-08T12:00:00", "OrgnlCreDtTm", "2026-03-08T12:00:00"),
            ("CreDtTm", "2026-03-08T12:00:00.123Z", "OrgnlCreDtTm", "2026-03-08T12:00:00.123Z"),
            ("CreDtTm", "2026-03-08T12:00:00-13:59", "OrgnlCreDtTm", "2026-03-08T12:00:00-13:59"),
            ("CreDtTm", "YYYY-MM-DDThh:mm:ss", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-03-08", "OrgnlCreDtTm", nil), ("CreDtTm", "2026-03-08T12:00:00:123", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-02-30T12:00:00", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-03-08T25:00:00", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-03-08T12:60:00", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-03-08T12:00:00.", "OrgnlCreDtTm", nil),
            ("CreDtTm", "2026-03-08T12:00:00+8", "OrgnlCreDtTm", nil),
            ("CreDtTm", "0000-01-01T00:00:00", "OrgnlCreDtTm", nil),
            ("NbOfTxs", "000000000000007", "OrgnlNbOfTxs", "000000000000007"), ("NbOfTxs", "many", "OrgnlNbOfTxs", nil),
            ("NbOfTxs", "1234567890123456", "OrgnlNbOfTxs", nil), ("NbOfTxs", "-1", "OrgnlNbOfTxs", nil),
            ("CtrlSum", "0.00000000000000001", "OrgnlCtrlSum", "0.00000000000000001"),
            ("CtrlSum", "1234567890123456.78", "OrgnlCtrlSum", "1234567890123456.78"),
            ("CtrlSum", "1234567890123456.789", "OrgnlCtrlSum", nil), ("CtrlSum", "1,5", "OrgnlCtrlSum", nil),
            ("CtrlSum", "1e5", "OrgnlCtrlSum", nil), ("CtrlSum", ".5", "OrgnlCtrlSum", nil),
            ("CtrlSum", "1.2.3", "OrgnlCtrlSum", nil), ("CtrlSum", "", "OrgnlCtrlSum", nil),
        ] as [(String, String, String, String?)]
    )
    func `a value is repeated where a report can carry it`(
        element: String,
        value: String,
        repeated: String,
        expected: String?
    ) throws {
        for message in ["pain.001.001.03", "pain.001.001.09"] {
            let header = "<\(element)>\(value)</\(element)>"
            let scene = RefusalScene(file: RefusalScene.message(message, header: header))
            let report = try scene.text
            #expect(report.contains("<\(repeated)>") == (expected != nil), "\(report)")
            if let expected { #expect(report.contains("<\(repeated)>\(expected)</\(repeated)>"), "\(report)") }
            #expect(report.contains("left out as it is too long: OrgnlMsgId") == (value.count == 36))
            try scene.check(Array(report.utf8))
        }
    }

    @Test func `a packed file is read as one that came plain, and one that is damaged as far as it goes`() throws {
        let file = RefusalScene.message(
            "pain.001.001.09",
            header: "<MsgId>M-1</MsgId>",
            rest: (0..<5_000).map { "<P>\($0)</P>" }.joined()
        )
        let packed = Packing.gzip(file)
        for (bytes, expected) in [(packed, "M-1"), (Array(packed.prefix(2_000)), "M-1"), (file, "NOTPROVIDED")] {
            let scene = RefusalScene(file: bytes, wrapping: Wrapping(.gzip))
            let report = try scene.written(piece: 300)
            #expect(String(decoding: report, as: UTF8.self).contains("<OrgnlMsgId>\(expected)</OrgnlMsgId>"))
            try scene.check(report)
        }
    }

    @Test func `no more of a file is read than a header may be long`() throws {
        let endless = Array("<Document><X><P>".utf8) + [UInt8](repeating: 0x41, count: 3_000_000)
        let layout = try RefusalScene(file: []).layout
        var look = ISO20022HeaderLook(layout: layout)
        var read = 0
        var isOver = false
        while !isOver {
            let piece = endless[read..<min(read + 16_384, endless.count)]
            read += piece.count
            look.read(piece, isLast: false)
            isOver = look.isOver
        }
        #expect(read < 400_000)
    }

    @Test(
        .enabled(if: SharedFiles.exist("formats/iso20022-samples/EXPECTED.tsv"), "shared/formats is absent"),
        arguments: ISO20022SampleFileTests.rows
    )
    func `every sample, whole and cut anywhere, could be refused`(row: ISO20022SampleFileTests.Row) throws {
        let bytes = try row.bytes
        var generator = SeededGenerator(seed: UInt64(bytes.count))
        let cuts = [bytes.count] + (0..<6).map { _ in Int.random(in: 0..<bytes.count, using: &generator) }
        for cut in cuts {
            for direction in Direction.allCases {
                let scene = RefusalScene(file: Array(bytes.prefix(cut)), direction: direction)
                try scene.check(try scene.written(piece: 4_096))
            }
        }
    }

    @Test(
        .enabled(
            if: PeerValidator.isInstalled,
            "libxml2-utils is not installed"
        ),
        arguments: broken
    )
    func `another validator takes it too`(broken: Broken) throws {
        let scene = broken.scene
        let name = "sluice-refusal-\(broken.name.utf8.reduce(0) { $0 &* 31 &+ Int($1) })"
        let complaint = try PeerValidator.complaint(
            about: try scene.written(),
            named: name,
            schema: StatusReportScene.schemaFolder.appending(path: "\(try scene.version.rawValue).xsd")
        )
        #expect(complaint == nil)
    }

    @Test(arguments: [
        ("<GrpSts>RJCT</GrpSts>", "<GrpSts>ACCP</GrpSts>"), ("<GrpSts>RJCT</GrpSts>\n", ""),
        ("<Cd>FF01</Cd>", "<Cd>AM10</Cd>"), ("<Cd>FF01</Cd>", "<Prtry>FF01</Prtry>"), ("REFUSED:", "FAILED:"),
        ("line 3", "line 4"), ("<OrgnlMsgId>M-1</OrgnlMsgId>\n", ""), ("<CreDtTm>2026", "<CreDtTm>26"),
        (
            "</OrgnlGrpInfAndSts>",
            "</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId></OrgnlPmtInfAndSts>"
        ),
    ])
    func `a report that says anything else is not stored`(right: String, wrong: String) throws {
        let scene = RefusalScene(file: RefusalScene.message("pain.001.001.03", header: "<MsgId>M-1</MsgId>"))
        let text = try scene.text
        let place = try #require(text.firstRange(of: right))
        #expect(throws: ResultFileDefect.self) {
            try scene.check(Array(text.replacingCharacters(in: place, with: wrong).utf8))
        }
        for count in [0, 1, 100, text.utf8.count - 20] {
            #expect(throws: (any Error).self) { try scene.check(Array(text.utf8.prefix(count))) }
        }
    }

    @Test func `a refused file has no lines`() throws {
        let scene = RefusalScene(file: [])
        var writer = RefusalReportWriter(
            scene.reason,
            answering: try scene.header(),
            layout: try scene.layout,
            edition: StatusReportScene.edition
        )
        let line = ResultLine(
            line: LineNumber(1),
            content: .record(raw: [], merchantOrderNumber: nil, amount: nil),
            status: .failed,
            code: "",
            reason: "",
            finishedDate: nil
        )
        do {
            try writer.append(line)
            Issue.record("a line was written")
        } catch { #expect(error.what.contains("has a line")) }
        let version = try scene.version
        let check = RefusalReportCheck(scene.reason, version: version, schema: try version.schema(in: try scene.layout))
        do {
            try check.compare(with: [.failed: AmountTotals()])
            Issue.record("lines were expected")
        } catch { #expect(error.what.contains("has lines")) }
    }
}
