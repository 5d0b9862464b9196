import PaymentCore
import Testing

/// The table "meaning of an answer", row by row: seen, meaning, next.
struct AnswerMeaningTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var seen: String
        var isResend = false
        var outcome: CallOutcome
        var order: OrderState
        var next: SubmissionStep?
        var phase: SubmissionPhase
        var alarms: [AlarmKind] = []
        var reviews: [ReviewCause] = []

        var testDescription: String { seen + (isResend ? ", resend" : "") }
    }

    static let unknownReasons = [
        "cut", "timeout", "http_500", "http_502", "http_503", "http_408", "unparsable", "bad_signature", "empty_body",
        "html_body", "send_by_passed_late",
    ]

    static let rows: [Row] =
        ["dns_failed", "connect_refused", "connect_timeout", "tls_failed"].map {
            Row(seen: $0, outcome: .notSent($0), order: .submitting, next: .send, phase: .intended)
        }
        + unknownReasons.map {
            Row(seen: $0, outcome: .unknown($0), order: .unknown, next: .query, phase: .unknown)
        }
        + unknownReasons.map {
            Row(seen: $0, isResend: true, outcome: .unknown($0), order: .unknown, next: .query, phase: .unknown)
        }
        + [
            Row(
                seen: "429 after the body was sent",
                outcome: .header(.slowDown),
                order: .unknown,
                next: .query,
                phase: .unknown
            ),
            Row(
                seen: "unknown code",
                outcome: .header(.unknown(listed: false)),
                order: .unknown,
                next: .query,
                phase: .unknown,
                alarms: [.unlistedCode]
            ),
            Row(
                seen: "code listed as saying nothing",
                outcome: .header(.unknown(listed: true)),
                order: .unknown,
                next: .query,
                phase: .unknown
            ),
            Row(
                seen: "never accepted",
                outcome: .header(.refused(.channel)),
                order: .failed,
                next: nil,
                phase: .refused
            ),
            Row(
                seen: "never accepted",
                isResend: true,
                outcome: .header(.refused(.channel)),
                order: .unknown,
                next: .query,
                phase: .unknown
            ),
            Row(
                seen: "duplicate number, same content",
                outcome: .header(.duplicateSame),
                order: .processing,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "duplicate number, same content",
                isResend: true,
                outcome: .header(.duplicateSame),
                order: .processing,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "duplicate number, other content",
                outcome: .header(.duplicateOther),
                order: .unknown,
                next: nil,
                phase: .unknown,
                alarms: [.duplicateOtherContent],
                reviews: [.duplicateOtherContent]
            ),
            Row(
                seen: "duplicate number, other content",
                isResend: true,
                outcome: .header(.duplicateOther),
                order: .unknown,
                next: nil,
                phase: .unknown,
                alarms: [.duplicateOtherContent],
                reviews: [.duplicateOtherContent]
            ),
            Row(seen: "processing", outcome: .header(.processing), order: .processing, next: .query, phase: .sent),
            Row(
                seen: "taken",
                outcome: .header(.taken),
                order: .processing,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "success that matches",
                outcome: .header(.taken, items: [.one(.done, echo: SampleSubmission.echo)]),
                order: .succeeded,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "success that repeats nothing",
                outcome: .header(.taken, items: [.one(.done)]),
                order: .unknown,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "failure that is final",
                outcome: .header(.taken, items: [.one(.notDone(.customer))]),
                order: .failed,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "failure that is final",
                isResend: true,
                outcome: .header(.taken, items: [.one(.notDone(.customer))]),
                order: .unknown,
                next: .query,
                phase: .taken
            ),
            Row(
                seen: "a query's word in the answer to a send",
                outcome: .header(.notFound),
                order: .unknown,
                next: .query,
                phase: .unknown
            ),
            Row(
                seen: "a query's word in the answer to a send",
                outcome: .header(.found),
                order: .unknown,
                next: .query,
                phase: .unknown
            ),
        ]

    @Test(arguments: rows)
    func `an answer to a send means what the table says`(row: Row) {
        var sample = row.isResend ? SampleSubmission.resending() : SampleSubmission()
        let sends = sample.machine.state.sends
        let before: OrderState = row.isResend ? .unknown : .submitting
        let actions = sample.sendEnds(row.outcome)
        #expect(actions.end(of: before) == row.order)
        #expect(actions.step == row.next)
        #expect(sample.machine.state.phase == row.phase)
        #expect(actions.alarms == row.alarms)
        #expect(actions.reviews == row.reviews)
        #expect(actions.contains(.finish) == (row.next == nil))
        #expect(sample.machine.state.sends == sends)
        #expect(sample.machine.state.inFlight == nil)
        if row.next == .query { #expect(actions.delay.map { $0 >= .seconds(60) } == true) }
    }

    struct QueryRow: Sendable, CustomTestStringConvertible {
        var seen: String
        var outcome: CallOutcome
        var order: OrderState
        var alarms: [AlarmKind] = []

        var testDescription: String { seen }
    }

    static let queryRows = [
        QueryRow(seen: "not sent", outcome: .notSent("dns_failed"), order: .submitting),
        QueryRow(seen: "timeout", outcome: .unknown("timeout"), order: .submitting),
        QueryRow(seen: "429", outcome: .header(.slowDown), order: .submitting),
        QueryRow(
            seen: "unknown code",
            outcome: .header(.unknown(listed: false)),
            order: .submitting,
            alarms: [.unlistedCode]
        ),
        QueryRow(seen: "listed as saying nothing", outcome: .header(.unknown(listed: true)), order: .submitting),
        QueryRow(seen: "a send's refusal", outcome: .header(.refused(.channel)), order: .submitting),
        QueryRow(seen: "a send's taken", outcome: .header(.taken), order: .submitting),
        QueryRow(seen: "a send's duplicate", outcome: .header(.duplicateSame), order: .submitting),
        QueryRow(seen: "a send's other duplicate", outcome: .header(.duplicateOther), order: .submitting),
        QueryRow(seen: "not found", outcome: .header(.notFound), order: .unknown),
        QueryRow(seen: "processing", outcome: .header(.processing), order: .processing),
        QueryRow(
            seen: "success that matches",
            outcome: .header(.found, items: [.one(.done, echo: SampleSubmission.echo)]),
            order: .succeeded
        ),
        QueryRow(
            seen: "success that repeats nothing",
            outcome: .header(.found, items: [.one(.done)]),
            order: .unknown
        ),
        QueryRow(
            seen: "failure",
            outcome: .header(.found, items: [.one(.notDone(.customer))]),
            order: .failed
        ),
        QueryRow(seen: "found without the item", outcome: .header(.found), order: .unknown),
        QueryRow(
            seen: "item of an unlisted code",
            outcome: .header(.found, items: [.one(.unknown(listed: false))]),
            order: .unknown
        ),
    ]

    @Test(arguments: queryRows)
    func `an answer to a query means what the table says, and the next query is due`(row: QueryRow) {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        let actions = sample.ask(row.outcome, after: .seconds(60))
        #expect(actions.end(of: .submitting) == row.order)
        #expect(actions.step == .query)
        // A query that never left was no query.
        let wasAsked = row.outcome != .notSent("dns_failed")
        #expect(actions.delay == .seconds(wasAsked ? 120 : 60))
        #expect(actions.alarms == row.alarms)
        #expect(actions.reviews.isEmpty)
        #expect(sample.machine.state.polls == (wasAsked ? 1 : 0))
    }

    @Test(
        arguments: [
            ItemAnswer.Echo(accountNumber: "6222020000000002", amountMinor: 12_345, currency: "CNY"),
            ItemAnswer.Echo(accountNumber: "06222020000000001", amountMinor: 12_345, currency: "CNY"),
            ItemAnswer.Echo(accountNumber: "6222020000000001", amountMinor: 12_344, currency: "CNY"),
            ItemAnswer.Echo(accountNumber: "6222020000000001", amountMinor: -12_345, currency: "CNY"),
            ItemAnswer.Echo(accountNumber: "6222020000000001", amountMinor: 12_345, currency: "HKD"),
        ],
        [ItemMeaning.done, .notDone(.customer)]
    )
    func `an end with any mismatch is an alarm and a review, and the order is unknown`(
        echo: ItemAnswer.Echo,
        meaning: ItemMeaning
    ) {
        for state in [OrderState.submitting, .processing, .unknown] {
            var sample = SampleSubmission()
            _ = sample.sendEnds(.unknown("timeout"))
            let actions = sample.ask(.header(.found, items: [.one(meaning, code: "X", echo: echo)]))
            let order = SampleSubmission.order(state)
            let decision = SettlementDecision(actions: actions, orders: [order])
            #expect(actions.end(of: state) == .unknown)
            #expect(decision.alarms.map(\.kind) == [.answerMismatch])
            #expect(decision.reviews.map(\.cause) == [.answerMismatch])
            #expect(decision.reviews.map(\.line) == [order.line])
            #expect(decision.openOrdersLeft(of: [order]) == 1)
        }
    }
}
