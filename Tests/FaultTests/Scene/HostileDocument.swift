/// A good payment file of ISO 20022, and what may be put into it to reach other files and machines.
enum HostileDocument {
    /// `prolog` stands before the root, `attributes` in it, `name` is the payee's, `inside` a part of the payment.
    static func payment(
        prolog: String = "",
        attributes: String = "",
        name: String = "Erika Mustermann",
        inside: String = ""
    ) -> String {
        """
        <?xml version="1.0" encoding="UTF-8"?>
        \(prolog)<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"\(attributes)><CstmrCdtTrfInitn>
        <GrpHdr><MsgId>M-1</MsgId><CreDtTm>2026-03-02T09:30:00</CreDtTm><NbOfTxs>1</NbOfTxs><CtrlSum>12.34</CtrlSum>
        <InitgPty><Nm>ACME</Nm></InitgPty></GrpHdr>
        <PmtInf><PmtInfId>P-1</PmtInfId><PmtMtd>TRF</PmtMtd><ReqdExctnDt><Dt>2026-03-02</Dt></ReqdExctnDt>
        <Dbtr><Nm>ACME</Nm></Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct>
        <DbtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></DbtrAgt>
        <CdtTrfTxInf><PmtId><EndToEndId>E-1</EndToEndId></PmtId><Amt><InstdAmt Ccy="EUR">12.34</InstdAmt></Amt>
        <CdtrAgt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></CdtrAgt>
        <Cdtr><Nm>\(name)</Nm></Cdtr><CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>\(inside)
        </CdtTrfTxInf></PmtInf></CstmrCdtTrfInitn></Document>

        """
    }

    /// Each with how a check of it ends: refused, some of it set aside, or clean where the reference is mere text.
    static func all(naming url: String) -> [(text: String, status: Program.Status)] {
        let instance = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
        return [
            (payment(prolog: "<!DOCTYPE Document [<!ENTITY e SYSTEM '\(url)'>]>", name: "&e;"), 1),
            (payment(prolog: "<!DOCTYPE Document SYSTEM '\(url)'>"), 1),
            (payment(prolog: "<!DOCTYPE Document PUBLIC '-//A//B' '\(url)'>"), 1),
            (payment(prolog: "<!DOCTYPE Document [<!ENTITY % e SYSTEM '\(url)'> %e;]>"), 1),
            (payment(name: "&e;"), 1),
            // A name that some converters take for a file, and one whose converter is another library.
            (payment().replacing("UTF-8", with: url), 1),
            (payment().replacing("UTF-8", with: "ISO-2022-CN-EXT"), 1),
            (payment(attributes: "\(instance) xsi:schemaLocation='urn:other \(url)'"), 0),
            (
                payment(
                    attributes: "\(instance) xsi:schemaLocation='urn:iso:std:iso:20022:tech:xsd:pain.001.001.09 \(url)'"
                ), 0
            ),
            (payment(attributes: "\(instance) xsi:noNamespaceSchemaLocation='\(url)'"), 0),
            (payment(prolog: "<?xml-stylesheet type='text/xsl' href='\(url)'?>"), 0),
            (payment(prolog: "<?oasis-xml-catalog catalog='\(url)'?>"), 0),
            (payment(inside: "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='\(url)'/>"), 3),
            (payment(inside: "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='\(url)' parse='text'/>"), 3),
        ]
    }
}
