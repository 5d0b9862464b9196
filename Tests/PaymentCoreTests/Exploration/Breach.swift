/// A promise that did not hold.
struct Breach: Error, CustomStringConvertible {
    enum Promise: String, CaseIterable {
        case neverPaidTwice
        case failedIsNeverPaid
        case succeededIsPaid
        case callsDoNotOverlap
        case noSendAfterProtection
        case noByteBeforeItsRecord
        case everySubmissionHasANextStep
        case pollsAreBounded
        case sendsAreBounded
        case unsentStaysSubmitting
        case readyAgainIsNeverPaid
        case finalStatesHaveEvidence
        case oneMoveAnOrder
        case phasesMoveAsListed
        case everythingEnds
    }

    let promise: Promise
    let what: String

    var description: String { "\(promise.rawValue): \(what)" }
}
