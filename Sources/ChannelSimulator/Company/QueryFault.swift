/// What may go wrong with one query; the raw value is its name in a configuration.
package enum QueryFault: String, Sendable, CaseIterable {
    case timeOut = "query_time_out"
    case closeHalfWay = "query_close_half_way"
    case closeBeforeAnswer = "query_close_before_answer"
    case resetBeforeAnswer = "query_reset_before_answer"
    case wrongLength = "query_wrong_length"
    case drip = "query_drip"
    case endless = "query_endless"
    case unknownHeaderCode = "query_unknown_header_code"
    case systemError = "query_system_error"
    case slowDown = "query_slow_down"
    case serverError = "query_http_500"
    case garbage = "query_garbage"
    case badSignature = "query_bad_signature"
    case wrongNonce = "query_wrong_nonce"
    /// H8: the items come in another order. Allowed by the page.
    case shuffled = "query_shuffled"
    /// H10: an item is missing.
    case fewerItems = "query_fewer_items"
    /// H11: the totals are not those of the items.
    case wrongTotals = "query_wrong_totals"
    /// H12: an item has another amount.
    case wrongAmount = "query_wrong_amount"
    /// H21: an item has another account.
    case wrongAccount = "query_wrong_account"
    /// N16: the answer is about another batch.
    case wrongBatch = "query_wrong_batch"

    /// How the delivery or the header is spoilt; `nil` where the content is.
    package var answerFault: AnswerFault? {
        switch self {
        case .timeOut: .timeOut
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
        case .shuffled, .fewerItems, .wrongTotals, .wrongAmount, .wrongAccount, .wrongBatch: nil
        }
    }

    /// Spoils the content of an answer that lists items; leaves any other alone and returns `false`.
    func spoilContent(of answer: inout DialectAnswer, _ draw: SeededDraw) -> Bool {
        guard var items = answer.items, !items.isEmpty, var totals = answer.totals, let key = answer.key else {
            return false
        }
        let chosen = Int(draw.bits(.variant) % UInt64(items.count))
        switch self {
        case .shuffled:
            for index in items.indices.reversed() {
                items.swapAt(index, Int(draw.bits(.variant, item: index + 1) % UInt64(index + 1)))
            }
        case .fewerItems: items.remove(at: chosen)
        case .wrongTotals: totals.amount += 1
        case .wrongAmount: items[chosen].particulars?.amount += 1
        case .wrongAccount: items[chosen].particulars?.accountNumber = "9999999999999999999"
        case .wrongBatch: answer.key = BatchKey(number: key.number + "-X", tradeDate: key.tradeDate)
        default: return false
        }
        answer.items = items
        answer.totals = totals
        return true
    }
}
