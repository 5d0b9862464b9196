import BatchFiles
import Foundation
import PaymentCore
import SharedFileTesting
import Testing

@Suite struct StatusReportTests {
    typealias Item = StatusReportScene.Item

    @Test(arguments: [
        ("pain.001.001.03", StatusReportVersion.v03), ("pain.008.001.02", .v03), ("pain.001.001.03.ch.02", .v03),
        ("pain.001.003.03", .v03), ("pain.001.001.08", .v10), ("pain.001.001.09", .v10), ("pain.001.001.13", .v10),
        ("pain.008.001.08", .v10), ("pain.008.001.11", .v10),
    ])
    func `the version of the answer is that of the request's year`(
        name: String,
        version: StatusReportVersion
    ) throws {
        #expect(StatusReportVersion(answering: try #require(ISO20022Message(name: name))) == version)
    }

    @Test func `a report says what the request said, and what became of it`() throws {
        let scene = StatusReportScene(
            message: "pain.001.001.03",
            payments: [
                [
                    Item(endToEnd: "E1", instruction: "I1"),
                    Item(endToEnd: "E2", status: .failed, code: "E101", cause: .customer),
                ]
            ]
        )
        #expect(
            try scene.text == """
                <?xml version="1.0" encoding="UTF-8"?>
                <Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03">
                <CstmrPmtStsRpt>
                <GrpHdr>
                <MsgId>7-R2</MsgId>
                <CreDtTm>2026-03-08T20:05:06Z</CreDtTm>
                </GrpHdr>
                <OrgnlGrpInfAndSts>
                <OrgnlMsgId>M&amp;1</OrgnlMsgId>
                <OrgnlMsgNmId>pain.001.001.03</OrgnlMsgNmId>
                <OrgnlCreDtTm>2026-03-08T12:00:00</OrgnlCreDtTm>
                <OrgnlNbOfTxs>2</OrgnlNbOfTxs>
                <OrgnlCtrlSum>24.60</OrgnlCtrlSum>
                <GrpSts>PART</GrpSts>
                <NbOfTxsPerSts>
                <DtldNbOfTxs>1</DtldNbOfTxs>
                <DtldSts>ACSC</DtldSts>
                <DtldCtrlSum>12.30</DtldCtrlSum>
                </NbOfTxsPerSts>
                <NbOfTxsPerSts>
                <DtldNbOfTxs>1</DtldNbOfTxs>
                <DtldSts>RJCT</DtldSts>
                <DtldCtrlSum>12.30</DtldCtrlSum>
                </NbOfTxsPerSts>
                </OrgnlGrpInfAndSts>
                <OrgnlPmtInfAndSts>
                <OrgnlPmtInfId>P1</OrgnlPmtInfId>
                <OrgnlNbOfTxs>2</OrgnlNbOfTxs>
                <PmtInfSts>PART</PmtInfSts>
                <TxInfAndSts>
                <StsId>7-1</StsId>
                <OrgnlInstrId>I1</OrgnlInstrId>
                <OrgnlEndToEndId>E1</OrgnlEndToEndId>
                <TxSts>ACSC</TxSts>
                <OrgnlTxRef>
                <Amt>
                <InstdAmt Ccy="CNY">12.30</InstdAmt>
                </Amt>
                </OrgnlTxRef>
                </TxInfAndSts>
                <TxInfAndSts>
                <StsId>7-2</StsId>
                <OrgnlEndToEndId>E2</OrgnlEndToEndId>
                <TxSts>RJCT</TxSts>
                <StsRsnInf>
                <Rsn>
                <Prtry>E101</Prtry>
                </Rsn>
                <AddtlInf>FAILED: not done, for a reason on the account holder's side</AddtlInf>
                </StsRsnInf>
                <OrgnlTxRef>
                <Amt>
                <InstdAmt Ccy="CNY">12.30</InstdAmt>
                </Amt>
                </OrgnlTxRef>
                </TxInfAndSts>
                </OrgnlPmtInfAndSts>
                </CstmrPmtStsRpt>
                </Document>

                """
        )
    }

    @Test(
        arguments: [
            (ResultStatus.succeeded, "S000", nil as FailureCause?, "ACSC", nil as String?, nil as String?),
            (.processing, "P001", nil, "PDNG", "<Prtry>P001</Prtry>", "PROCESSING: in process: do not resubmit"),
            (.processing, "", nil, "PDNG", nil, "PROCESSING: in process: do not resubmit"),
            (
                .underReview, "amount_malformed", nil, "PDNG", "<Cd>AM12</Cd>",
                "UNDER_REVIEW: under review: do not resubmit"
            ),
            (
                .underReview, "ceiling_file", nil, "PDNG", "<Prtry>ceiling_file</Prtry>",
                "UNDER_REVIEW: under review: do not resubmit"
            ),
            (.returned, "", nil, "RJCT", "<Cd>NARR</Cd>", "RETURNED: it was settled, and the amount came back"),
            (.returned, "AC04", nil, "RJCT", "<Cd>AC04</Cd>", "RETURNED: it was settled, and the amount came back"),
            (.returned, "R02", nil, "RJCT", "<Cd>AC04</Cd>", "RETURNED: it was settled, and the amount came back"),
            (
                .returned, "3071", nil, "RJCT", "<Prtry>3071</Prtry>",
                "RETURNED: it was settled, and the amount came back"
            ),
            // Only returns come with statements: a channel's own AC04 may mean anything.
            (
                .failed, "AC04", .customer, "RJCT", "<Prtry>AC04</Prtry>",
                "FAILED: not done, for a reason on the account holder's side"
            ),
            (.failed, "cancelled_by_merchant", nil, "RJCT", "<Cd>DS02</Cd>", "FAILED: not done"),
            (.failed, "duplicate_in_file", nil, "RJCT", "<Cd>DU04</Cd>", "FAILED: not done"),
            (
                .failed, "E9", .channel, "RJCT", "<Prtry>E9</Prtry>",
                "FAILED: not done, for a reason on the payment channel's side"
            ),
            (.failed, "E9", .limit, "RJCT", "<Prtry>E9</Prtry>", "FAILED: not done: a limit is reached"),
            (.failed, "", .system, "RJCT", "<Cd>NARR</Cd>", "FAILED: not done, for a technical reason"),
            (
                .failed, String(repeating: "x", count: 36), .data, "RJCT", "<Cd>NARR</Cd>",
                "FAILED: not done: the data of the order are not accepted"
            ),
        ] as [(ResultStatus, String, FailureCause?, String, String?, String?)]
    )
    func `each status has its code, its reason and its words`(
        status: ResultStatus,
        code: String,
        cause: FailureCause?,
        written: String,
        reason: String?,
        words: String?
    ) throws {
        for message in ["pain.001.001.03", "pain.008.001.08"] {
            let scene = StatusReportScene(
                message: message,
                payments: [[Item(status: status, code: code, cause: cause)]]
            )
            let report = try scene.written()
            let text = String(decoding: report, as: UTF8.self)
            #expect(text.contains("<TxSts>\(written)</TxSts>"))
            #expect(text.contains("<GrpSts>\(written)</GrpSts>"))
            #expect(text.contains("<PmtInfSts>\(written)</PmtInfSts>"))
            #expect(text.contains("<Rsn>") == (reason != nil))
            if let reason { #expect(text.contains("<Rsn>\n\(reason)\n</Rsn>")) }
            #expect(text.contains("<StsRsnInf>") == (words != nil))
            if let words { #expect(text.contains("<AddtlInf>\(words)</AddtlInf>")) }
            try scene.check(report)
        }
    }

    @Test(
        arguments: [
            ([ResultStatus.succeeded, .succeeded], "ACSC"), ([.failed, .returned], "RJCT"),
            ([.processing, .underReview], "PDNG"), ([.succeeded, .failed], "PART"),
            ([.succeeded, .processing], "PART"),
            ([.returned, .underReview], "PART"), ([.succeeded, .failed, .processing], "PART"),
        ] as [([ResultStatus], String)]
    )
    func `a group and a payment information say what all their transactions are`(
        statuses: [ResultStatus],
        code: String
    ) throws {
        let items = statuses.enumerated().map { Item(endToEnd: "E\($0)", status: $1) }
        let one = try StatusReportScene(message: "pain.001.001.09", payments: [items]).text
        #expect(one.contains("<GrpSts>\(code)</GrpSts>"))
        #expect(one.contains("<PmtInfSts>\(code)</PmtInfSts>"))
        let apart = try StatusReportScene(message: "pain.001.001.09", payments: items.map { [$0] }).text
        #expect(apart.contains("<GrpSts>\(code)</GrpSts>"))
        #expect(!apart.contains("<PmtInfSts>PART</PmtInfSts>"))
    }

    @Test(.enabled(if: SharedFiles.exist("formats/iso20022-codes"), "shared/formats is not there"))
    func `every reason that is written as a code is in the published list`() throws {
        let file = "formats/iso20022-codes/external-code-sets-2Q2026_v3.json"
        let root = try JSONSerialization.jsonObject(with: Data(try SharedFiles.bytes(file))) as? [String: Any]
        let sets = try #require(root?["definitions"] as? [String: Any] ?? root)
        let list = try #require((sets["ExternalStatusReason1Code"] as? [String: Any])?["enum"] as? [String])
        for (own, code) in StatusReason.externalCodes { #expect(list.contains(code), "\(own): \(code)") }
        #expect(list.contains("NARR"))
    }

    @Test func `every reason that a record of ISO 20022 may have is told with a code of the list`() {
        let ofNACHA: Set<ReasonCode> = [
            .bankCheckDigit, .notASCII, .transactionCodeUnknown, .transactionCodeDirection, .notALiveEntry,
            .addendaIndicatorWrong, .addendaMalformed, .traceNumberMalformed, .traceNumberForeign, .traceNumberOrder,
        ]
        for code in ReasonCode.allCases {
            #expect((StatusReason.externalCodes[code.rawValue] == nil) == ofNACHA.contains(code), "\(code)")
        }
    }

    @Test func `the document lists the code of every reason`() throws {
        let document = StatusReportScene.schemaFolder.appending(path: "../../../Docs/formats/iso20022-results.md")
        let rows = String(decoding: try Data(contentsOf: document), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("| `") }
        for (own, code) in StatusReason.externalCodes {
            #expect(rows.contains { $0.hasPrefix("| `\(code)` |") && $0.contains("`\(own)`") }, "\(own): \(code)")
        }
    }

    @Test func `values that a report cannot carry are left out, and all others kept as they are`() throws {
        let odd = "a&<>\"' \u{E9}\u{20BB7}]]>"
        let scene = StatusReportScene(
            message: "pain.001.001.09",
            payments: [
                [
                    Item(endToEnd: odd, instruction: odd), Item(endToEnd: nil),
                    Item(endToEnd: String(repeating: "x", count: 36), instruction: String(repeating: "é", count: 36)),
                    Item(endToEnd: String(repeating: "张", count: 35)),
                ]
            ]
        )
        let report = try scene.written()
        let text = String(decoding: report, as: UTF8.self)
        #expect(text.contains("<OrgnlEndToEndId>a&amp;&lt;&gt;\"' \u{E9}\u{20BB7}]]&gt;</OrgnlEndToEndId>"))
        #expect(text.contains("<OrgnlInstrId>a&amp;&lt;&gt;\"' \u{E9}\u{20BB7}]]&gt;</OrgnlInstrId>"))
        #expect(text.contains("<OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId>"))
        #expect(text.contains("<OrgnlEndToEndId>\(String(repeating: "张", count: 35))</OrgnlEndToEndId>"))
        #expect(text.contains("left out as it is too long: OrgnlEndToEndId"))
        #expect(text.contains("left out as it is too long: OrgnlInstrId"))
        #expect(!text.contains(String(repeating: "x", count: 36)))
        try scene.check(report)
    }

    @Test func `sums are plain, whatever the currencies, and left out where an amount cannot be read`() throws {
        let yen = try #require(Currency(code: "JPY"))
        let dinar = try #require(Currency(code: "KWD"))
        let mixed = StatusReportScene(
            message: "pain.001.001.03",
            payments: [
                [
                    Item(endToEnd: "1", amount: Money(minor: 7, currency: yen)),
                    Item(endToEnd: "2", amount: Money(minor: 1_005, currency: dinar)),
                ],
                [Item(endToEnd: "3", amount: Money(minor: 5, currency: .cny), status: .failed)],
            ]
        )
        #expect(try mixed.text.contains("<OrgnlCtrlSum>8.055</OrgnlCtrlSum>"))
        #expect(try mixed.text.contains("<DtldCtrlSum>8.005</DtldCtrlSum>"))
        #expect(try mixed.text.contains("<DtldCtrlSum>0.05</DtldCtrlSum>"))
        try mixed.check(try mixed.written())
        var unreadable = mixed
        unreadable.payments[1][0].amount = nil
        #expect(try !unreadable.text.contains("OrgnlCtrlSum"))
        #expect(try unreadable.text.contains("<DtldCtrlSum>8.005</DtldCtrlSum>"))
        try unreadable.check(try unreadable.written())
        let large = StatusReportScene(
            message: "pain.001.001.03",
            payments: [
                (0..<20).map { Item(endToEnd: "\($0)", amount: Money(minor: 99_999_999_999_999_999, currency: .cny)) }
            ]
        )
        #expect(try !large.text.contains("CtrlSum"))
        try large.check(try large.written())
    }

    @Test(
        arguments: ["pain.001.001.03", "pain.001.001.09", "pain.008.001.02"],
        [-500, -1, 1_234_567_890_123_456_789, .max]
    )
    func `an amount that no report can carry is left out, and keeps no report back`(
        message: String,
        minor: Int64
    ) throws {
        let bad = Item(endToEnd: "1", amount: Money(minor: minor, currency: .cny), isRecord: true, status: .failed)
        let most = Money(minor: 999_999_999_999_999_999, currency: .cny)
        let scene = StatusReportScene(
            message: message,
            payments: [[bad, Item(endToEnd: "2", amount: most), Item(endToEnd: "3", isRecord: true, status: .failed)]]
        )
        let report = try scene.written()
        let text = String(decoding: report, as: UTF8.self)
        #expect(text.ranges(of: "<InstdAmt").count == 2)
        #expect(text.contains(">9999999999999999.99</InstdAmt>"))
        // The sum of those that failed would not be theirs, nor would that of all.
        #expect(text.ranges(of: "<DtldCtrlSum>").count == 1)
        #expect(!text.contains("OrgnlCtrlSum"))
        try scene.check(report)
        #expect(scene.expected[.failed]?.amountUnreadable == 1)
    }

    @Test func `versions of the same lines differ in their beginning alone`() throws {
        let scene = StatusReportScene(
            message: "pain.001.001.09",
            payments: [[Item(), Item(endToEnd: "F", status: .failed)]]
        )
        let first = String(decoding: try scene.written(), as: UTF8.self)
        #expect(try scene.text == first)
        let next = ResultEdition(
            batch: BatchIdentifier(7),
            version: 3,
            madeAt: Timestamp(unixMicroseconds: 1_773_100_000_000_000)
        )
        let second = String(decoding: try scene.written(edition: next), as: UTF8.self)
        let mark = "<OrgnlGrpInfAndSts>"
        #expect(second.contains("<MsgId>7-R3</MsgId>"))
        #expect(first != second)
        #expect(first.split(separator: mark).last == second.split(separator: mark).last)
    }
}
