import ChannelKit
import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// What `sluice order explain` prints of a story, for people and for machines.
@Suite struct ExplainedOrderTests {
    private static let now = Timestamp(unixMicroseconds: 1_780_275_600_000_000)
    private static let merchant = MerchantNumber("MER-PAYOUT")

    /// What the words of one answer are read for.
    private struct Answer: Decodable {
        struct Condition: Decodable {
            let name: String
            let holds: Bool
            let known: Bool
            let because: String
        }

        let allowed: Bool
        let judged: Bool
        let conditions: [Condition]

        var against: [String] { conditions.filter { !$0.holds }.map(\.name) }
        var because: String { conditions.map(\.because).joined(separator: "; ") }
    }

    private struct Printed: Decodable {
        struct Waiting: Decodable, Equatable {
            let cause: String
            let code: String
            let incident: String
        }

        let order: String
        let state: String
        let caveat: String?
        let resend: Answer
        let nextAttempt: Answer
        let close: Answer
        let waitsFor: [Waiting]

        var allowed: [Bool] { [resend.allowed, nextAttempt.allowed, close.allowed] }
        var judged: [Bool] { [resend.judged, nextAttempt.judged, close.judged] }
    }

    private static func catalogue() throws -> Catalogue {
        try Catalogue.load(
            try Configuration.load(directory: "\(ConfigurationFilesTests.project)/Config", variables: [:])
        )
    }

    private static func explained(
        _ story: OrderStory,
        _ catalogue: Catalogue,
        active: [ChannelRow]? = nil
    ) throws -> (ExplainedOrder, Printed) {
        let configured = catalogue.channels.values.map {
            ChannelRow(channel: $0.name, specificationSHA256: $0.sha256)
        }
        let explained = ExplainedOrder(
            story,
            configuration: catalogue.engineConfiguration(limits: EngineLimits()),
            active: active ?? configured
        )
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let printed = try decoder.decode(Printed.self, from: Data(explained.json.text.utf8))
        #expect(printed.order == "12-3" && printed.state == story.state.rawValue)
        for (question, allowed, judged) in answers(of: printed) {
            let answer = allowed ? "Yes." : judged ? "No." : "No: it cannot be judged here."
            #expect(explained.words.contains("\(question)  \(answer)\n"), "\(explained.words)")
        }
        #expect(explained.isJudged == printed.judged.allSatisfy(\.self))
        #expect((explained.caveat == nil) == !explained.words.contains("\n\nNote: "))
        return (explained, printed)
    }

    private static func answers(of printed: Printed) -> [(String, Bool, Bool)] {
        let questions = ["May it be sent again, same number?", "May it go to another channel?", "May it be closed?"]
        return questions.indices.map { (questions[$0], printed.allowed[$0], printed.judged[$0]) }
    }

    private static func story(_ state: OrderState) -> OrderStory {
        var story = OrderStory(
            key: OrderKey(
                batch: BatchIdentifier(12),
                line: LineNumber(3),
                businessDate: BusinessDate(at: now)
            ),
            merchant: merchant,
            direction: .payout,
            merchantOrderNumber: "A-1",
            state: state,
            amountMinor: 1_000,
            currency: "CNY",
            maskedAccount: "622202*********3445",
            maskedName: "张*",
            attempt: 1,
            isArchived: false
        )
        story.readAt = now
        return story
    }

    /// An order in a submission on the channel, of which `sends` were made and `unsent` are proven unsent.
    private static func submitted(
        _ state: OrderState,
        on channel: String,
        phase: SubmissionPhase,
        sends: Int32,
        unsent: Int32
    ) -> OrderStory {
        var story = story(state)
        story.submission = SubmissionNumber(7)
        var submission = OrderStory.Submission(
            number: SubmissionNumber(7),
            channel: ChannelName(channel),
            channelNumber: "SL-12-7",
            state: SubmissionState(
                phase: phase,
                sends: sends,
                sendsUnsent: unsent,
                inFlight: nil,
                polls: 0,
                notFounds: 0,
                lastNotFoundAt: nil,
                firstSentAt: sends > unsent ? now.advanced(by: .minutes(-1)) : nil,
                lastSendEndedAt: nil,
                everTaken: false
            ),
            orders: 1,
            intendedAt: now.advanced(by: .minutes(-1))
        )
        var exchange = OrderStory.Exchange(
            call: RecordedCall(ordinal: 1, day: BusinessDate(at: now)),
            kind: .send,
            recordedAt: now.advanced(by: .minutes(-1)),
            isLate: false
        )
        exchange.outcome = sends > unsent ? "unknown" : "not_sent"
        submission.exchanges = [exchange]
        story.submissions = [submission]
        return story
    }

    private static let timedOut = submitted(.unknown, on: "harbor", phase: .unknown, sends: 1, unsent: 0)
    private static let unsent = submitted(.submitting, on: "harbor", phase: .intended, sends: 1, unsent: 1)

    private static func review(
        _ cause: String,
        _ incident: String,
        isOfOrder: Bool,
        isOpen: Bool = true
    ) -> OrderStory.Review {
        var review = OrderStory.Review(
            incident: incident,
            cause: cause,
            code: "seen\u{1B}",
            isOfOrder: isOfOrder,
            openedAt: now
        )
        if !isOpen { review.closedAt = now }
        return review
    }

    // MARK: Rules that are known

    @Test func `an order whose channel is known is judged by its rules`() throws {
        let catalogue = try Self.catalogue()
        let (timedOut, told) = try Self.explained(Self.timedOut, catalogue)
        #expect(told.allowed == [false, false, false] && timedOut.isJudged && timedOut.caveat == nil)
        #expect(told.resend.against == ["absence_counted"] && told.nextAttempt.against == ["can_never_settle"])
        #expect(told.close.because.hasPrefix("1 sends (0 answered, 0 proven unsent, 1 without a known outcome)"))
        let (unsent, may) = try Self.explained(Self.unsent, catalogue)
        #expect(may.allowed == [true, true, false] && unsent.isJudged && unsent.caveat == nil)
        #expect(may.nextAttempt.because.contains("it may go to meridian"))
    }

    @Test func `an order that waits for its next attempt needs no rules`() throws {
        let empty = Catalogue(formats: [:], channels: [:], merchants: [:])
        let (explained, told) = try Self.explained(Self.story(.ready), empty)
        #expect(told.allowed == [false, true, false] && explained.isJudged && explained.caveat == nil)
        #expect(told.resend.because.contains("nothing was sent") && told.close.because.hasPrefix("nothing was sent"))
        var again = Self.story(.ready)
        again.attempts = [
            OrderStory.EndedAttempt(
                attempt: 1,
                channel: ChannelName("harbor"),
                submission: SubmissionNumber(7),
                cause: .channel,
                code: "E103",
                endedAt: Self.now
            )
        ]
        let (_, second) = try Self.explained(again, empty)
        #expect(second.close.because.hasPrefix("1 attempts have ended, and none is live"))
        #expect(second.resend.because.contains("nothing of it was sent"))
    }

    // MARK: Rules that are not known here

    /// Why the rules of an order's channel are not known, each with the words that say so.
    enum Doubt: String, CaseIterable {
        case missing = "the specification of channel harbor is missing in this configuration"
        case otherDirection = "channel harbor serves no payout in this configuration"
        case inactive = "the specification of channel harbor in this configuration is not the active one (R16)"
        case neverActivated
        case lostSubmission = "submission 7 of the order is not found"

        var words: String { self == .neverActivated ? Self.inactive.rawValue : rawValue }
    }

    @Test(arguments: Doubt.allCases)
    func `nothing is allowed of an order whose rules are not known here`(doubt: Doubt) throws {
        for order in [Self.timedOut, Self.unsent] {
            var (story, catalogue) = (order, try Self.catalogue())
            var active: [ChannelRow]?
            let harbor = ChannelName("harbor")
            switch doubt {
            case .missing: catalogue.channels[harbor] = nil
            case .otherDirection: catalogue.channels[harbor] = try Self.withholdOnly()
            case .inactive: active = [ChannelRow(channel: harbor, specificationSHA256: [1])]
            case .neverActivated: active = []
            case .lostSubmission: story.submissions = []
            }
            let (explained, told) = try Self.explained(story, catalogue, active: active)
            #expect(told.allowed == [false, false, false])
            #expect(!told.resend.judged && !explained.isJudged)
            #expect(told.resend.against == ["specification"] && told.resend.because.contains(doubt.words))
            #expect(told.caveat == doubt.words + "; ask again with the configuration of the workers (--config)")
            #expect(!explained.words.contains("Yes.") && !explained.words.contains("nothing was sent"))
            #expect(explained.words.contains("\n  ? \(doubt.words)"), "\(explained.words)")
            // What may have arrived goes nowhere, whatever the rules.
            let isKnown = order.state == .unknown && doubt != .lostSubmission
            #expect(told.nextAttempt.judged == isKnown, "\(order.state)")
        }
    }

    /// Harbor's own specification, without payouts.
    private static func withholdOnly() throws -> ChannelSpecification {
        let path = "\(ConfigurationFilesTests.project)/Config/channels/harbor.yaml"
        let folder = NSTemporaryDirectory() + "sluice-explained-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: "directions: [payout, withhold]", with: "directions: [withhold]")
            .split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("  payout: ") }
            .joined(separator: "\n")
        try text.write(toFile: "\(folder)/harbor.yaml", atomically: true, encoding: .utf8)
        return try ChannelSpecification.load(file: "\(folder)/harbor.yaml")
    }

    @Test func `no other channel is promised to an order whose merchant is not known here`() throws {
        var catalogue = try Self.catalogue()
        catalogue.merchants[Self.merchant] = nil
        let (explained, told) = try Self.explained(Self.unsent, catalogue)
        #expect(told.allowed == [true, false, false] && told.judged == [true, false, true] && !explained.isJudged)
        #expect(told.nextAttempt.against == ["merchant"])
        #expect(told.caveat?.hasPrefix("merchant MER-PAYOUT is not in this configuration") == true)
    }

    // MARK: Evidence

    @Test func `a final order is closed by its exchange, here or elsewhere`() throws {
        for catalogue in [try Self.catalogue(), Catalogue(formats: [:], channels: [:], merchants: [:])] {
            var story = Self.submitted(.succeeded, on: "harbor", phase: .settled, sends: 1, unsent: 0)
            story.code = "S000\u{1B}"
            story.evidence = RecordedCall(ordinal: 2, day: BusinessDate(at: Self.now))
            let (explained, told) = try Self.explained(story, catalogue)
            #expect(told.allowed == [false, false, true] && explained.isJudged && told.caveat == nil)
            #expect(told.close.because == "closed by exchange 2 of 2026-06-01, code S000\\u{1B}")
            #expect(told.resend.against == ["order_open"] && told.nextAttempt.against == ["order_open"])
        }
    }

    @Test func `an order that a person settled is closed by the decision`() throws {
        var story = Self.submitted(.failed, on: "harbor", phase: .settled, sends: 1, unsent: 0)
        story.code = "decided_by_person"
        story.decision = OrderStory.Decision(
            number: 31,
            decision: "failed",
            person: "anna\u{202E}",
            evidence: "letter of the bank, 12 May\u{1B}[2J",
            note: "asked twice",
            decidedAt: Self.now
        )
        let (explained, told) = try Self.explained(story, try Self.catalogue())
        #expect(told.allowed == [false, false, true] && explained.isJudged)
        #expect(
            told.close.because
                == "closed by decision 31 (failed) of anna\\u{202E} at 2026-06-01 01:00:00Z: letter of the bank,"
                + " 12 May\\u{1B}[2J; note: asked twice"
        )
        story.decision = nil
        let (_, unproven) = try Self.explained(story, try Self.catalogue())
        #expect(unproven.allowed == [false, false, false] && unproven.close.because == "no evidence is named")
    }

    // MARK: People

    @Test func `a held order waits for a person, who is told what to decide`() throws {
        var story = Self.story(.held)
        story.reviews = [
            Self.review("ceiling", "ceiling/12", isOfOrder: false),
            Self.review("account_at_risk", "account_at_risk/12", isOfOrder: true, isOpen: false),
        ]
        let (explained, told) = try Self.explained(story, try Self.catalogue())
        #expect(told.allowed == [false, false, false] && explained.isJudged)
        #expect(told.waitsFor == [Printed.Waiting(cause: "ceiling", code: "seen\u{1B}", incident: "ceiling/12")])
        #expect(
            told.nextAttempt.because.hasSuffix(
                "it is held until a person decides: ceiling (seen\\u{1B}), incident ceiling/12"
            )
        )
        #expect(told.close.because.contains("a person is awaited: ceiling"))
    }

    @Test(arguments: [("contradiction", true, true), ("contradiction", true, false), ("contradiction", false, true)])
    func `a ready order waits while it is contradicted, and no longer`(
        cause: String,
        isOfOrder: Bool,
        isOpen: Bool
    ) throws {
        var story = Self.story(.ready)
        story.reviews = [Self.review(cause, "contradiction/harbor/12", isOfOrder: isOfOrder, isOpen: isOpen)]
        let (explained, told) = try Self.explained(story, try Self.catalogue())
        let waits = isOfOrder && isOpen
        #expect(told.allowed == [false, !waits, false] && explained.isJudged)
        #expect(told.waitsFor.map(\.incident) == (waits ? ["contradiction/harbor/12"] : []))
        #expect(told.nextAttempt.because.contains("incident contradiction/harbor/12") == waits)
        #expect(told.nextAttempt.because.contains("may have been paid after all") == waits)
    }
}
