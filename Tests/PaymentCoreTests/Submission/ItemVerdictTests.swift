import PaymentCore
import Testing

/// Every state of an order against every answer for its item.
struct ItemVerdictTests {
    /// What the answer says, with all that matters beside it folded in.
    enum Seen: Int, CaseIterable {
        case doneMatching, doneOther, failedFinally, failedPerhaps, failedOther, processing, unknown
        case unmentionedBySubmit, unmentionedByQuery
    }

    /// Written by hand, a column for each of `Seen`.
    ///
    /// `-` stay, `S F P U` move, `M` mismatch, `V` mismatch and move to
    /// unknown, `C` contradiction.
    static let expected: [OrderState: String] = [
        .held: "CM--MC---",
        .ready: "CM--MC---",
        .submitting: "SVFUVPUPU",
        .processing: "SVFUV-U-U",
        .unknown: "SMF-MP-P-",
        .succeeded: "-MCCC----",
        .failed: "CC---C---",
        .returned: "-C-------",
        .cancelled: "CCCCCC---",
    ]

    static let echoes: [(echo: ItemAnswer.Echo?, matches: Bool)] = [
        (nil, false), (SampleSubmission.echo, true),
        (.init(accountNumber: "6222020000000009", amountMinor: 12_345, currency: "CNY"), false),
        (.init(accountNumber: "6222020000000001", amountMinor: 12_346, currency: "CNY"), false),
        (.init(accountNumber: "6222020000000001", amountMinor: 12_345, currency: "USD"), false),
        (.init(accountNumber: "", amountMinor: 12_345, currency: "CNY"), false),
    ]

    static let meanings: [ItemMeaning?] =
        [nil, .done, .processing, .unknown(listed: true), .unknown(listed: false)]
        + FailureCause.allCases.map { .notDone($0) }

    struct Case {
        let state: OrderState
        let meaning: ItemMeaning?
        let echo: ItemAnswer.Echo?
        let matches: Bool
        let failureIsFinal: Bool
        let kind: MessageKind

        var seen: Seen {
            switch meaning {
            case nil: kind == .submit ? .unmentionedBySubmit : .unmentionedByQuery
            case .done: matches ? .doneMatching : .doneOther
            case .notDone: echo != nil && !matches ? .failedOther : failureIsFinal ? .failedFinally : .failedPerhaps
            case .processing: .processing
            case .unknown: .unknown
            }
        }

        var verdict: OrderVerdict {
            let answer = meaning.map { ItemAnswer(item: 1, code: "I1", meaning: $0, echo: echo) }
            return ItemDecision(
                items: answer.map { [$0] } ?? [],
                kind: kind,
                failureIsFinal: failureIsFinal,
                unmentioned: kind == .submit ? .processing : .unknown
            ).verdict(for: SampleSubmission.order(state), answer: answer)
        }

        /// The verdict in the letters of the table.
        var letter: Character {
            let targets: [OrderState: Character] = [.succeeded: "S", .failed: "F", .processing: "P", .unknown: "U"]
            return switch verdict {
            case .stay: "-"
            case .move(let move): targets[move.to] ?? "?"
            case .mismatch(nil): "M"
            case .mismatch(let move?): move.to == .unknown ? "V" : "?"
            case .contradiction: "C"
            }
        }
    }

    static let cases: [Case] = OrderState.allCases.flatMap { state in
        meanings.flatMap { meaning in
            echoes.flatMap { echo in
                [true, false].flatMap { isFinal in
                    MessageKind.allCases.map {
                        Case(
                            state: state,
                            meaning: meaning,
                            echo: echo.echo,
                            matches: echo.matches,
                            failureIsFinal: isFinal,
                            kind: $0
                        )
                    }
                }
            }
        }
    }

    @Test func `every answer for every state of an order is decided as the table says`() throws {
        #expect(Self.cases.count == 9 * 10 * 6 * 2 * 2)
        var mistakes: [String] = []
        for one in Self.cases {
            let row = Array(try #require(Self.expected[one.state]))
            if one.letter != row[one.seen.rawValue] { mistakes.append("\(one): \(one.letter)") }
        }
        #expect(mistakes.isEmpty, "\(mistakes.count): \(mistakes.prefix(5))")
    }

    @Test func `no answer moves a final order, and no move is more than its answer proves`() {
        for one in Self.cases {
            guard case .move(let move) = one.verdict else { continue }
            #expect(!one.state.isFinal && move.from == one.state)
            switch move.to {
            case .succeeded: #expect(one.meaning == .done && one.matches)
            case .failed:
                #expect(one.failureIsFinal && (one.echo == nil || one.matches))
                #expect(move.cause.map { one.meaning == .notDone($0) } == true)
            default: #expect(move.cause == nil)
            }
        }
    }
}
