/// How an answer is spoilt on its way, whatever it is about.
package enum AnswerFault: Sendable, Equatable {
    case timeOut
    case closeHalfWay
    case closeBeforeAnswer
    case reset
    case wrongLength
    case drip
    case endless
    case unknownHeaderCode
    case systemError
    case slowDown
    case serverError
    case garbage
    case badSignature
    case wrongNonce

    /// Whether nothing of the true answer can be told from the spoilt one.
    var hidesAnswer: Bool {
        switch self {
        case .closeHalfWay, .wrongLength, .drip, .badSignature, .wrongNonce: false
        case .timeOut, .closeBeforeAnswer, .reset, .endless, .unknownHeaderCode, .systemError, .slowDown, .serverError,
            .garbage:
            true
        }
    }

    /// Spoils `answer`; `draw` chooses among variants of one fault.
    func spoil(_ answer: inout SimulatedAnswer, _ draw: SeededDraw) {
        let variant = Int(draw.bits(.variant) % 12)
        switch self {
        case .timeOut: answer.delivery = .hold
        case .closeHalfWay: answer.delivery = .half
        case .closeBeforeAnswer: answer.delivery = .close
        case .reset: answer.delivery = .reset
        case .wrongLength: answer.delivery = .wrongLength
        case .drip: answer.delivery = .drip
        case .endless: answer.delivery = .endless
        case .unknownHeaderCode: answer.body = .dialect(DialectAnswer(.unheardOf))
        case .systemError: answer.body = .dialect(DialectAnswer(.systemError))
        case .slowDown: answer.body = .dialect(DialectAnswer(.slowDown))
        case .serverError:
            answer.status = [500, 502, 503, 504][variant % 4]
            answer.body = .page
            answer.signing = .absent
        case .garbage:
            // N13: a page with status 200; then nothing at all; then signed bytes that are not JSON.
            answer.body = [.page, .empty, .garbage][variant % 3]
            answer.signing = answer.body == .garbage ? .proper : .absent
        case .badSignature: answer.signing = .wrongSignature
        case .wrongNonce: answer.signing = .wrongNonce
        }
    }
}
