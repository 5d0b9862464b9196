import PaymentCore

/// Why a transaction has its status, as a pain.002 says it: a code of ISO's external list where one means the same, our
/// own or the channel's where none does, and words.
package struct StatusReason: Sendable, Hashable {
    /// A reason's code.
    package enum Code: Sendable, Hashable {
        /// A code of ISO's list of external status reasons.
        case external(String)
        /// A code of the channel, or one of ours, that has no counterpart there.
        case own(String)
    }

    /// What a code in a report may have at most, in characters.
    static let codeLengthMax = 35
    /// What one piece of words may have at most, in characters.
    static let wordsLengthMax = 105
    /// The code that says: look at the words.
    static let inWords = "NARR"

    /// Nil when words are enough.
    package let code: Code?
    /// The first begins with the line's status, a colon and a blank: that is what tells a return from a rejection.
    package let words: [String]

    /// The reason of a line; nil for one that succeeded as it was sent, which needs none.
    package init?(_ line: ResultLine) {
        if line.status == .succeeded, line.reason.isEmpty { return nil }
        var words = ["\(line.status.rawValue): \(Self.words(line))"]
        switch line.status {
        case .succeeded: code = nil
        case _ where line.code.isEmpty: code = line.status.isOpen ? nil : .external(Self.inWords)
        // It came with a statement or a file of returns, which speak ISO's codes and NACHA's.
        case .returned where ReturnReason.external.contains(line.code): code = .external(line.code)
        default:
            let known = line.status == .returned ? ReturnReason.externalCodes : Self.externalCodes
            if let external = known[line.code] {
                code = .external(external)
                words.append("code \(line.code)")
            } else if line.code.unicodeScalars.count <= Self.codeLengthMax {
                code = .own(line.code)
            } else {
                code = .external(Self.inWords)
                words.append("code \(line.code)")
            }
        }
        self.words = words.flatMap(Self.pieces)
    }

    private static func words(_ line: ResultLine) -> String {
        if !line.reason.isEmpty { return line.reason }
        return switch line.status {
        case .succeeded: "done"
        case .returned: "it was settled, and the amount came back"
        case .processing: "in process: do not resubmit"
        case .underReview: "under review: do not resubmit"
        case .failed: failureWords(line.cause)
        }
    }

    private static func failureWords(_ cause: FailureCause?) -> String {
        switch cause {
        case .customer: "not done, for a reason on the account holder's side"
        case .channel: "not done, for a reason on the payment channel's side"
        case .system: "not done, for a technical reason"
        case .data: "not done: the data of the order are not accepted"
        case .limit: "not done: a limit is reached"
        case nil: "not done"
        }
    }

    /// Words cut into pieces that a report can carry.
    static func pieces(_ words: String) -> [String] {
        var pieces: [String] = []
        var rest = words.unicodeScalars[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(wordsLengthMax)))
            rest = rest.dropFirst(wordsLengthMax)
        }
        return pieces
    }

    /// The codes of ISO's list that mean the same as ours; the table of Docs/formats/iso20022-results.md.
    package static let externalCodes: [String: String] = [
        ReasonCode.wrongColumnCount.rawValue: "FF01",
        ReasonCode.wrongRecordLength.rawValue: "FF01",
        ReasonCode.quoteUnclosed.rawValue: "FF01",
        ReasonCode.quoteGarbled.rawValue: "FF01",
        ReasonCode.schemaViolation.rawValue: "FF01",
        ReasonCode.undecodableBytes.rawValue: "FF01",
        ReasonCode.missingField.rawValue: "CH21",
        ReasonCode.controlCharacter.rawValue: "CH16",
        ReasonCode.invisibleCharacter.rawValue: "CH16",
        ReasonCode.replacementCharacter.rawValue: "CH16",
        ReasonCode.surroundingSpace.rawValue: "CH16",
        ReasonCode.numberNotPlain.rawValue: "CH16",
        ReasonCode.fieldTooLong.rawValue: "CH16",
        ReasonCode.amountMalformed.rawValue: "AM12",
        ReasonCode.amountNotPositive.rawValue: "AM01",
        ReasonCode.amountTooManyDecimals.rawValue: "CH20",
        ReasonCode.amountOverLimit.rawValue: "AM14",
        ReasonCode.currencyUnknown.rawValue: "AM11",
        ReasonCode.currencyNotAllowed.rawValue: "AM03",
        ReasonCode.accountMalformed.rawValue: "AC01",
        ReasonCode.accountCheckDigit.rawValue: "AC01",
        ReasonCode.bankMalformed.rawValue: "RC01",
        ReasonCode.bankUnknown.rawValue: "RC02",
        ReasonCode.bankCountryDiffers.rawValue: "RC02",
        ReasonCode.idNumberMalformed.rawValue: "BE15",
        ReasonCode.idNumberCheckDigit.rawValue: "BE15",
        ReasonCode.dateMalformed.rawValue: "DT01",
        ReasonCode.dateInPast.rawValue: "CH04",
        ReasonCode.dateInFuture.rawValue: "DT04",
        ReasonCode.dateNotWorkingDay.rawValue: "DT03",
        ReasonCode.notInRepertoire.rawValue: "RR10",
        ReasonCode.tooLongForChannels.rawValue: "CH16",
        ReasonCode.samePayment.rawValue: "DUPL",
        ReasonCode.paymentMethodNotSupported.rawValue: "AG03",
        ReasonCode.orderingAccountMalformed.rawValue: "AC01",
        ReasonCode.currencyMixed.rawValue: "CURR",
        ReasonCode.instructionRepeated.rawValue: "DU05",
        ReasonCode.mandateMissing.rawValue: "MD02",
        ReasonCode.mandateSignedLate.rawValue: "DT01",
        ReasonCode.creditorIdentifierMalformed.rawValue: "CH11",
        ReasonCode.duplicateInFile.rawValue: "DU04",
        ReasonCode.duplicateOfEarlierFile.rawValue: "AM05",
        ReasonCode.duplicateOfQuarantined.rawValue: "AM05",
        "cancelled_by_merchant": "DS02",
    ]
}
