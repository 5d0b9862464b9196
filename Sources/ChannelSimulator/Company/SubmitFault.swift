/// What may go wrong with one copy of a submit message; the raw value is its name in a configuration.
package enum SubmitFault: String, Sendable, CaseIterable {
    /// N6: takes the batch, then never answers.
    case takeThenTimeOut = "take_then_time_out"
    /// Does not take it, never answers.
    case neverAnswer = "never_answer"
    /// N7: takes it, sends half of the answer, closes.
    case closeHalfWay = "close_half_way"
    /// Closes without a byte; half of them taken.
    case closeBeforeAnswer = "close_before_answer"
    /// N5: resets the connection; half of them taken.
    case resetBeforeAnswer = "reset_before_answer"
    /// N8: takes it, announces a longer body than it sends.
    case wrongLength = "wrong_length"
    /// N9: takes it, sends the answer byte by byte.
    case drip
    /// N10: takes it, sends a body without end.
    case endless
    /// H14: takes it, answers a code that no table lists.
    case unknownHeaderCode = "unknown_header_code"
    /// 9999; half of them taken.
    case systemError = "system_error"
    /// H15: 3028; half of them taken.
    case slowDown = "slow_down"
    /// A proxy's error page; half of them taken.
    case serverError = "http_500"
    /// N13: an answer that is not JSON or not signed; half of them taken.
    case garbage
    /// Takes it, signs with something else.
    case badSignature = "bad_signature"
    /// N16: takes it, the answer repeats another request's nonce.
    case wrongNonce = "wrong_nonce"

    /// How the answer is spoilt.
    package var answerFault: AnswerFault {
        switch self {
        case .takeThenTimeOut, .neverAnswer: .timeOut
        case .closeHalfWay: .closeHalfWay
        case .closeBeforeAnswer: .closeBeforeAnswer
        case .resetBeforeAnswer: .reset
        case .wrongLength: .wrongLength
        case .drip: .drip
        case .endless: .endless
        case .unknownHeaderCode: .unknownHeaderCode
        case .systemError: .systemError
        case .slowDown: .slowDown
        case .serverError: .serverError
        case .garbage: .garbage
        case .badSignature: .badSignature
        case .wrongNonce: .wrongNonce
        }
    }

    /// Whether a batch not seen before is taken nevertheless.
    func takes(_ draw: SeededDraw) -> Bool {
        switch self {
        case .neverAnswer: false
        case .closeBeforeAnswer, .resetBeforeAnswer, .systemError, .slowDown, .serverError, .garbage:
            draw.half(.taking)
        case .takeThenTimeOut, .closeHalfWay, .wrongLength, .drip, .endless, .unknownHeaderCode, .badSignature,
            .wrongNonce:
            true
        }
    }
}
