/// Why an order came back, as a pain.002 says it.
///
/// Channels tell of returns with statements or with files of returns, in the codes of ISO 20022 or of NACHA. The two
/// cannot be mistaken for one another; any other code stays the channel's own.
package enum ReturnReason {
    /// The codes of ISO's list of external return reasons that its list of status reasons has too, as the same.
    package static let external: Set<String> = [
        "AC01", "AC02", "AC03", "AC04", "AC06", "AC07", "AC13", "AC14", "AC15", "AC16", "AG01", "AG02", "AG07", "AGNT",
        "AM01", "AM02", "AM03", "AM04", "AM05", "AM06", "AM07", "AM09", "AM10", "BE01", "BE04", "BE05", "BE06", "BE07",
        "BE08", "BE10", "BE11", "BE16", "BE17", "CN01", "CNOR", "CURR", "CUST", "DNOR", "DS28", "DT01", "DT02", "DT04",
        "DUPL", "ED01", "ED03", "ED05", "ERIN", "FF03", "FF04", "FF05", "FF06", "FF07", "FOCR", "FR01", "G004", "MD01",
        "MD02", "MD05", "MD06", "MD07", "MS02", "MS03", "NARR", "NOAS", "NOCM", "RC01", "RC03", "RC04", "RC07", "RC08",
        "RC11", "RF01", "RR01", "RR02", "RR03", "RR04", "RR05", "RR06", "RR07", "RR08", "RR09", "RR11", "RR12", "RUTA",
        "SL01", "SL02", "SL11", "SL12", "SL13", "SL14", "TM01", "UPAY",
    ]

    /// The codes of ISO's list that mean the same as NACHA's; the table of Docs/formats/iso20022-results.md.
    package static let externalCodes: [String: String] = [
        "R01": "AM04", "R02": "AC04", "R03": "BE01", "R04": "AC01", "R06": "FOCR", "R07": "CN01", "R08": "MS02",
        "R09": "AM04", "R10": "MD01", "R14": "MD07", "R15": "MD07", "R16": "AC06", "R20": "AG01", "R23": "MS02",
        "R24": "AM05", "R29": "MD01",
    ]
}
