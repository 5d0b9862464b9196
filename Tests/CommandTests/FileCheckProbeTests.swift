import Testing

/// A file whose layout nobody names, and no merchant either.
@Suite struct FileCheckProbeTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let format: String
        let status: Int32
        /// The first reason of its record, or why the file is refused.
        var code: String?
    }

    private static func payments(
        namespace: String = "pain.001.001.09",
        iban: String = "DE89370400440532013000",
        sum: String = "12.34"
    ) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <Document xmlns="urn:iso:std:iso:20022:tech:xsd:\(namespace)"><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T09:30:00</CreDtTm><NbOfTxs>1</NbOfTxs><CtrlSum>\(sum)</CtrlSum>
        <InitgPty><Nm>ACME</Nm></InitgPty></GrpHdr>
        <PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-03-02</Dt></ReqdExctnDt>
        <Dbtr><Nm>ACME</Nm></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
        <DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt>
        <CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId></PmtId><Amt><InstdAmt Ccy="EUR">12.34</InstdAmt></Amt>
        <CdtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></CdtrAgt>
        <Cdtr><Nm>Erika Mustermann</Nm></Cdtr><CdtrAcct><Id><IBAN>\(iban)</IBAN></Id></CdtrAcct>
        </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>

        """
    }

    /// One credit of a dollar and a cent.
    private static func entries(account: String = "9000000001", hash: String = "0023138010") -> String {
        func filled(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: width - text.count)
        }
        func number(_ value: Int, _ width: Int) -> String {
            String(repeating: "0", count: width - String(value).count) + String(value)
        }
        let totals = hash + number(0, 12) + number(101, 12)
        var lines = [
            "101 231380104 1210428822603020000A094101" + filled("Federal Reserve Bank", 23)
                + filled("My Bank Name", 23) + filled("REF-1", 8),
            "5220" + filled("Name on Account", 36) + "121042882 PPD" + filled("SALARY", 10) + "MAR 02"
                + "260302   1121042880000001",
            "622231380104" + filled(account, 17) + number(101, 10) + filled("ID-1", 15) + filled("Payee", 22)
                + "  0121042880000001",
            "8220000001" + totals + "121042882 " + filled("", 25) + "121042880000001",
            filled("9000001000001" + number(1, 8) + totals, 94),
        ]
        while lines.count % 10 != 0 { lines.append(String(repeating: "9", count: 94)) }
        return lines.joined(separator: "\n") + "\n"
    }

    static let samples = [
        Sample(testDescription: "good pain.001", text: payments(), format: "pain-001", status: 0),
        Sample(
            testDescription: "pain.001 with a wrong IBAN",
            text: payments(iban: "DE88370400440532013000"),
            format: "pain-001",
            status: 3,
            code: "account_malformed"
        ),
        Sample(
            testDescription: "pain.001 with a wrong sum",
            text: payments(sum: "12.35"),
            format: "pain-001",
            status: 1,
            code: "control_sum_mismatch"
        ),
        Sample(
            testDescription: "a pain.001 of another version",
            text: payments(namespace: "pain.001.001.04"),
            format: "pain-001",
            status: 1,
            code: "message_unsupported"
        ),
        Sample(testDescription: "good NACHA", text: entries(), format: "nacha-ppd", status: 0),
        Sample(
            testDescription: "NACHA without an account",
            text: entries(account: ""),
            format: "nacha-ppd",
            status: 3,
            code: "missing_field"
        ),
        Sample(
            testDescription: "NACHA with a wrong hash",
            text: entries(hash: "0023138011"),
            format: "nacha-ppd",
            status: 1,
            code: "entry_hash_mismatch"
        ),
    ]

    @Test(arguments: samples)
    func `what begins as only its format does is checked as that, however bad it is`(sample: Sample) throws {
        let run = try CheckRun(Array(sample.text.utf8), ["--business-date", "2026-03-02", "--json"])
        #expect(run.status == sample.status, "\(run.output)\(run.log)")
        let report = try run.report()
        #expect(report.format == sample.format && report.format_probed)
        let code = sample.status == 1 ? report.why?.code : report.bad_records.first?.reasons.first?.code
        #expect(code == sample.code, "\(run.output)")
    }
}
