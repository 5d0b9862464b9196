/// The return reason code (R01 to R90) that a result code becomes in a file of NACHA returns.
package enum NACHAReturnReason {
    /// What stands for every code that has no other: "file record edit criteria", an entry that could not be processed.
    ///
    /// Not R03, which says that the account does not exist, nor R01, which invites to try again.
    package static let other = "R17"

    /// The codes of the rulebook that may stand in a return of a PPD or CCD entry.
    ///
    /// R30, R33, R37 to R53 and R80 to R85 belong to other entry classes; R61 to R77 answer returns.
    package static let codes: Set<String> = Set((1...36).map { $0 < 10 ? "R0\($0)" : "R\($0)" })
        .subtracting(["R30", "R33"]).union(["R90"])

    /// Codes of our own and of ISO 20022 for which the rulebook has a word.
    package static let table: [String: String] = [
        ReasonCode.accountMalformed.rawValue: "R04", ReasonCode.accountCheckDigit.rawValue: "R04",
        ReasonCode.amountMalformed.rawValue: "R19", ReasonCode.amountNotPositive.rawValue: "R19",
        ReasonCode.amountOverLimit.rawValue: "R19", ReasonCode.addendaIndicatorWrong.rawValue: "R25",
        ReasonCode.addendaMalformed.rawValue: "R25", ReasonCode.bankCheckDigit.rawValue: "R28",
        ReasonCode.bankMalformed.rawValue: "R28", ReasonCode.bankUnknown.rawValue: "R13",
        ReasonCode.missingField.rawValue: "R26", ReasonCode.traceNumberForeign.rawValue: "R27",
        ReasonCode.traceNumberMalformed.rawValue: "R27", ReasonCode.traceNumberOrder.rawValue: "R27",
        ReasonCode.duplicateInFile.rawValue: "R24", ReasonCode.duplicateOfEarlierFile.rawValue: "R24",
        ReasonCode.duplicateOfQuarantined.rawValue: "R24",
        "AC01": "R04", "AC02": "R04", "AC03": "R04", "AC04": "R02", "AC06": "R16", "AC07": "R02", "AG01": "R20",
        "AM04": "R01", "AM05": "R24", "BE01": "R03", "CN01": "R07", "DUPL": "R24", "FOCR": "R06", "MD01": "R10",
        "MD07": "R15", "RC01": "R13", "RC03": "R13", "RC04": "R13", "SP01": "R08", "SP02": "R08",
    ]

    /// The return reason code for a result code; a code of the rulebook stays what it is.
    ///
    /// Firms say with R29 what persons say with R10 and R07: that they did not authorise the debit, or do no longer.
    static func code(for resultCode: String, isCorporate: Bool) -> String {
        if codes.contains(resultCode) { return resultCode }
        let code = table[resultCode] ?? other
        return isCorporate && (code == "R10" || code == "R07") ? "R29" : code
    }
}
