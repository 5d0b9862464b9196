import ChannelSimulator
import Testing

@Suite struct `the company as a state machine` {
    private let start = Harbor.start

    private func submit(
        _ company: inout SimulatedChannel,
        _ message: SubmitMessage,
        at now: Int64
    ) -> SimulatedChannel.Decision {
        company.submit(message, bodySHA256: Harbor.digest(message), at: now)
    }

    private func content(_ decision: SimulatedChannel.Decision) -> DialectAnswer? {
        content(decision.answer)
    }

    private func content(_ answer: SimulatedAnswer) -> DialectAnswer? {
        if case .dialect(let content) = answer.body { content } else { nil }
    }

    private func taken(_ decision: SimulatedChannel.Decision) -> SimulatedBatch? {
        for case .taken(let batch) in decision.events { return batch }
        return nil
    }

    private func itemCodes(_ company: inout SimulatedChannel, _ key: BatchKey, at now: Int64) -> [String]? {
        content(company.query(key, at: now))?.items?.map(\.code)
    }

    @Test func `a batch is taken, works, and pays each item once`() throws {
        var company = Harbor.company(Harbor.plan())
        let message = Harbor.message(Harbor.key("SL-1"))
        let decision = submit(&company, message, at: start)
        #expect(content(decision)?.code == "0000")
        #expect(content(decision)?.items == [])
        let batch = try #require(taken(decision))
        #expect(batch.items.map(\.fate) == [.paid(at: start + 100), .paid(at: start + 100)])

        let early = try #require(content(company.query(message.key, at: start + 99)))
        #expect(early.code == "0000")
        #expect(early.items?.allSatisfy { ["P001", "P002"].contains($0.code) } == true)

        let late = try #require(content(company.query(message.key, at: start + 100)))
        #expect(late.items?.map(\.code) == ["S000", "S000"])
        #expect(late.items?.map(\.number) == [1, 2])
        #expect(late.items?.map(\.particulars?.amount) == [100_075, 250_000])
        #expect(late.items?.first?.particulars?.accountNumber == "6222020200112233445")
        #expect(late.items?.first?.particulars?.currency == "CNY")
        #expect(late.totals?.count == 2)
        #expect(late.totals?.amount == 350_075)
    }

    @Test func `a batch that never arrived is not found`() {
        var company = Harbor.company()
        #expect(content(company.query(Harbor.key("SL-1"), at: start))?.code == "1404")
    }

    @Test(arguments: [
        (0 as Int64, true), (Harbor.hour, true), (24 * Harbor.hour - 1, true), (24 * Harbor.hour, false),
        (30 * Harbor.hour, false), (-Harbor.hour, true),
    ])
    func `a copy pays again only outside the protection window`(after: Int64, isProtected: Bool) {
        var company = Harbor.company(Harbor.plan())
        let message = Harbor.message(Harbor.key("SL-1"))
        _ = submit(&company, message, at: start)
        let copy = submit(&company, message, at: start + after)
        #expect(content(copy)?.code == (isProtected ? "1005" : "0000"))
        #expect((taken(copy) == nil) == isProtected)
        #expect(company.batches.count == (isProtected ? 1 : 2))
        #expect(company.batches.map(\.ordinal) == (isProtected ? [1] : [1, 2]))
    }

    @Test func `the window counts from the latest taking`() {
        var company = Harbor.company(Harbor.plan())
        let message = Harbor.message(Harbor.key("SL-1"))
        for (hours, code) in [(0 as Int64, "0000"), (24, "0000"), (47, "1005"), (48, "0000")] {
            #expect(content(submit(&company, message, at: start + hours * Harbor.hour))?.code == code)
        }
    }

    @Test func `other content under the same number takes nothing`() {
        var company = Harbor.company(Harbor.plan())
        let key = Harbor.key("SL-1")
        _ = submit(&company, Harbor.message(key, [1]), at: start)
        let other = submit(&company, Harbor.message(key, [2]), at: start)
        #expect(content(other)?.code == "1006")
        #expect(taken(other) == nil)
    }

    @Test func `the same number on another trade date is another batch`() {
        var company = Harbor.company(Harbor.plan())
        _ = submit(&company, Harbor.message(Harbor.key("SL-1", "20261121")), at: start)
        let other = submit(&company, Harbor.message(Harbor.key("SL-1", "20261122")), at: start)
        #expect(content(other)?.code == "0000")
        #expect(company.batches.count == 2)
    }

    @Test func `wrong totals and a direction not allowed take nothing`() {
        var description = Harbor.description
        description.directions = [.withhold]
        var company = SimulatedChannel(description, plan: Harbor.plan(), seed: 7)
        let good = Harbor.message(Harbor.key("SL-1"), direction: .withhold)
        let wrongs = [(Int64(3), Int64(350_075)), (2, 350_074)].map { count, amount in
            SubmitMessage(
                key: good.key,
                direction: .withhold,
                currency: "CNY",
                totalCount: count,
                totalAmount: amount,
                items: good.items
            )
        }
        for wrong in wrongs { #expect(content(submit(&company, wrong, at: start))?.code == "1003") }
        #expect(content(submit(&company, Harbor.message(good.key), at: start))?.code == "1004")
        #expect(company.batches.isEmpty)
        #expect(content(submit(&company, good, at: start))?.code == "0000")
    }

    @Test(arguments: SubmitFault.allCases)
    func `each submit fault takes or does not take, and never answers what it did not do`(fault: SubmitFault) {
        var company = Harbor.company(Harbor.plan { $0.submitFaults[fault] = 1_000 })
        var takenCount = 0
        for number in 1...200 {
            let decision = submit(&company, Harbor.message(Harbor.key("SL-\(number)")), at: start)
            guard case .received(let received) = decision.events.first else {
                Issue.record("the first event is the copy")
                return
            }
            #expect(received.fault == fault)
            let saysAccepted = content(decision)?.code == "0000"
            if taken(decision) != nil {
                takenCount += 1
                #expect(received.code == .accepted)
            } else {
                #expect(received.code == nil)
                #expect(!saysAccepted)
            }
            let isGood = decision.answer.delivery == .whole && decision.answer.signing == .proper && saysAccepted
            #expect(!isGood)
        }
        switch fault {
        case .neverAnswer: #expect(takenCount == 0)
        case .closeBeforeAnswer, .resetBeforeAnswer, .systemError, .slowDown, .serverError, .garbage:
            #expect((70...130).contains(takenCount))
        default: #expect(takenCount == 200)
        }
    }

    @Test(arguments: SubmitFault.allCases)
    func `a copy with a fault takes nothing again`(fault: SubmitFault) {
        var company = Harbor.company(Harbor.plan { $0.submitFaults[fault] = 1_000 })
        let message = Harbor.message(Harbor.key("SL-1"))
        for _ in 1...40 { _ = submit(&company, message, at: start) }
        #expect(company.batches.count == (fault == .neverAnswer ? 0 : 1))
    }

    @Test(arguments: QueryFault.allCases)
    func `each query fault spoils the answer and not the batch`(fault: QueryFault) throws {
        var company = Harbor.company(Harbor.plan { $0.queryFaults[fault] = 1_000 })
        let message = Harbor.message(Harbor.key("SL-1"), [1, 2, 3, 4, 5, 6, 7, 8])
        let batch = try #require(taken(submit(&company, message, at: start)))
        var honest = Harbor.company(Harbor.plan())
        _ = submit(&honest, message, at: start)
        let good = honest.query(message.key, at: start + 100).answer
        let decision = company.query(message.key, at: start + 100)
        #expect(decision.answer != good)
        guard case .queried(let queried) = decision.events.first else {
            Issue.record("the event is the query")
            return
        }
        #expect(queried.fault == fault)
        #expect(company.batches == [batch])
        guard let answer = content(decision), let expected = content(good) else { return }
        switch fault {
        case .shuffled:
            #expect(Set(answer.items?.map(\.number) ?? []) == Set(1...8))
            #expect(answer.items?.map(\.number) != Array(1...8))
        case .fewerItems: #expect(answer.items?.count == 7)
        case .wrongTotals: #expect(answer.totals != expected.totals && answer.items == expected.items)
        case .wrongAmount, .wrongAccount:
            #expect(zip(answer.items ?? [], expected.items ?? []).count { $0 != $1 } == 1)
        case .wrongBatch: #expect(answer.key != expected.key)
        default: break
        }
    }

    @Test func `a batch hidden by rule is not found, and still protected`() {
        var company = Harbor.company(Harbor.plan { $0.notFoundFor = .init(perMille: 1_000, milliseconds: 1_000) })
        let message = Harbor.message(Harbor.key("SL-1"))
        #expect(content(submit(&company, message, at: start))?.code == "0000")
        #expect(content(company.query(message.key, at: start + 999))?.code == "1404")
        #expect(content(submit(&company, message, at: start + 999))?.code == "1005")
        #expect(itemCodes(&company, message.key, at: start + 1_000) == ["S000", "S000"])
    }

    @Test func `a batch taken slowly says so to submit and query`() {
        var company = Harbor.company(Harbor.plan { $0.takeSlowly = .init(perMille: 1_000, milliseconds: 500) })
        let message = Harbor.message(Harbor.key("SL-1"))
        let answer = content(submit(&company, message, at: start))
        #expect(answer?.code == "2001")
        #expect(answer?.items == nil)
        #expect(content(company.query(message.key, at: start + 499))?.code == "2001")
        #expect(itemCodes(&company, message.key, at: start + 500) == ["S000", "S000"])
    }

    @Test func `a late batch finishes later by its time`() throws {
        var company = Harbor.company(Harbor.plan { $0.finishLate = .init(perMille: 1_000, milliseconds: 5_000) })
        let batch = try #require(taken(submit(&company, Harbor.message(Harbor.key("SL-1")), at: start)))
        #expect(batch.items.allSatisfy { $0.fate == .paid(at: start + 5_100) })
    }

    @Test func `rules by account come before chance, the longest suffix first`() throws {
        var company = Harbor.company(
            Harbor.plan {
                $0.items.refuse[.accountClosed] = 1_000
                for (suffix, outcome) in [
                    ("1", .refuse(.accountUnknown)), ("001", .neverFinish), ("0001", .refuseAtSubmit(.bankNotServed)),
                ] as [(String, BehaviourPlan.AccountRule.Outcome)] {
                    $0.accounts[suffix] = BehaviourPlan.AccountRule()
                    $0.accounts[suffix]?.outcome = outcome
                }
                $0.accounts["3"] = BehaviourPlan.AccountRule()
                $0.accounts["3"]?.mask = .unknown
            }
        )
        let message = SubmitMessage(
            key: Harbor.key("SL-1"),
            direction: .payout,
            currency: "CNY",
            totalCount: 5,
            totalAmount: 5,
            items: ["620001", "62001", "6201", "6202", "6203"].map {
                .init(reference: "r-\($0)", accountNumber: $0, amount: 1)
            }
        )
        let decision = submit(&company, message, at: start)
        #expect(
            try #require(taken(decision)).items.map(\.fate) == [
                .refusedAtSubmit(.bankNotServed), .neverFinished, .refused(.accountUnknown, at: start + 100),
                .refused(.accountClosed, at: start + 100), .paid(at: start + 100),
            ]
        )
        #expect(content(decision)?.items?.map(\.number) == [1])
        #expect(content(decision)?.items?.map(\.code) == ["E201"])
        let codes = itemCodes(&company, message.key, at: start + 1_000_000)
        #expect(codes?[0] == "E201")
        #expect(codes.map { ["P001", "P002"].contains($0[1]) } == true)
        #expect(codes.map { Array($0[2...]) } == ["E101", "E102", "X999"])
    }

    @Test func `an unknown code hides money that moved, for ever or for two questions`() {
        for (share, codes) in [
            (\BehaviourPlan.ItemShares.unknownCode, ["X999", "X999", "X999", "X999"]),
            (\BehaviourPlan.ItemShares.unknownCodeThenFinal, ["X999", "X999", "S000", "S000"]),
        ] {
            var company = Harbor.company(Harbor.plan { $0.items[keyPath: share] = 1_000 })
            let message = Harbor.message(Harbor.key("SL-1"), [1])
            _ = submit(&company, message, at: start)
            #expect(itemCodes(&company, message.key, at: start + 99) != ["X999"])
            for code in codes { #expect(itemCodes(&company, message.key, at: start + 100) == [code]) }
            #expect(company.batches.first?.items.first?.fate == .paid(at: start + 100))
        }
    }

    @Test func `insufficient funds happen to debits only`() {
        for (direction, isRefused) in [(Direction.payout, false), (.withhold, true)] {
            var company = Harbor.company(Harbor.plan { $0.items.refuse[.fundsInsufficient] = 1_000 })
            let message = Harbor.message(Harbor.key("SL-1"), direction: direction)
            _ = submit(&company, message, at: start)
            let codes = itemCodes(&company, message.key, at: start + 100)
            #expect(codes == (isRefused ? ["E104", "E104"] : ["S000", "S000"]))
        }
    }

    @Test func `shares come out as configured`() {
        var company = Harbor.company(
            Harbor.plan {
                $0.items.refuse = [.accountUnknown: 100, .ownFault: 50]
                $0.items.refuseAtSubmit = [.nameDiffers: 30]
                $0.items.neverFinish = 20
                $0.items.unknownCode = 10
            }
        )
        var counts: [String: Int] = [:]
        for number in 1...40 {
            let message = Harbor.message(Harbor.key("SL-\(number)"), Array(repeating: 1, count: 500))
            for item in taken(submit(&company, message, at: start))?.items ?? [] {
                switch item.fate {
                case .paid: counts["paid", default: 0] += 1
                case .refused(let code, _), .refusedAtSubmit(let code): counts[code.rawValue, default: 0] += 1
                case .neverFinished: counts["never", default: 0] += 1
                }
                if item.mask == .unknown { counts["unknown", default: 0] += 1 }
            }
        }
        for (name, expected) in [
            ("paid", 16_000), ("E101", 2_000), ("E202", 1_000), ("E103", 600), ("never", 400), ("unknown", 188),
        ] {
            let bounds = (expected * 8 / 10)...(expected * 12 / 10)
            #expect(bounds.contains(counts[name] ?? 0), "\(name) happened \(counts[name] ?? 0) times")
        }
    }

    private static let wild = Harbor.plan { plan in
        plan.settle = MillisecondRange(first: 1, last: 10_000)
        for fault in SubmitFault.allCases { plan.submitFaults[fault] = 40 }
        for fault in QueryFault.allCases { plan.queryFaults[fault] = 30 }
        plan.notFoundFor = .init(perMille: 200, milliseconds: 1_000)
        plan.finishLate = .init(perMille: 200, milliseconds: 1_000)
        plan.takeSlowly = .init(perMille: 200, milliseconds: 1_000)
        plan.items.refuse = [.accountUnknown: 200]
        plan.items.unknownCode = 100
    }

    /// What happens to each batch, without its number and with times relative to `now`.
    private func behaviour(seed: UInt64, order: [Int], at now: Int64) -> [String] {
        var company = Harbor.company(Self.wild, seed: seed)
        var traces = [String](repeating: "", count: order.count)
        for number in order {
            let message = Harbor.message(Harbor.key("SL-\(number)"), [1, 2, 3])
            let events = [
                submit(&company, message, at: now), submit(&company, message, at: now),
                company.query(message.key, at: now + 20_000), company.query(message.key, at: now + 20_000),
            ].flatMap(\.events)
            traces[number - 1] = events.map { event in
                switch event {
                case .received(let received): "\(received.fault?.rawValue ?? "")"
                case .queried(let queried): "\(queried.fault?.rawValue ?? "")"
                case .taken(let batch):
                    "\(batch.visibleAt - now) \(batch.readyAt - now) "
                        + batch.items.map { Self.describe($0, from: now) }.joined(separator: " ")
                case .peak, .overlapped: ""
                }
            }.joined(separator: ",")
        }
        return traces
    }

    private static func describe(_ item: SimulatedItem, from now: Int64) -> String {
        switch item.fate {
        case .paid(let at): "paid \(at - now) \(item.mask)"
        case .refused(let code, let at): "\(code) \(at - now) \(item.mask)"
        case .refusedAtSubmit(let code): "\(code) at submit"
        case .neverFinished: "never"
        }
    }

    @Test func `the same seed behaves the same, whatever the order and the time`() {
        let first = behaviour(seed: 7, order: Array(1...60), at: start)
        let second = behaviour(seed: 7, order: Array((1...60).reversed()), at: start + 123_456)
        #expect(first == second)
    }

    @Test func `different seeds behave differently`() {
        let traces = (1...20).map { seed in
            behaviour(seed: UInt64(seed), order: Array(1...20), at: start)
        }
        #expect(Set(traces).count == 20)
    }

    @Test func `a company that remembers goes on where it was`() {
        var company = Harbor.company(Self.wild)
        var events: [TruthEvent] = []
        for number in 1...50 {
            let message = Harbor.message(Harbor.key("SL-\(number)"))
            events += submit(&company, message, at: start).events
            events += company.query(message.key, at: start + 1).events
        }
        var restarted = Harbor.company(Self.wild, remembering: events)
        #expect(restarted.batches == company.batches)
        for number in 1...50 {
            let message = Harbor.message(Harbor.key("SL-\(number)"))
            let expected = submit(&company, message, at: start + 2)
            let got = submit(&restarted, message, at: start + 2)
            #expect(got.answer == expected.answer && got.events == expected.events)
            let answer = company.query(message.key, at: start + 3).answer
            #expect(restarted.query(message.key, at: start + 3).answer == answer)
        }
    }
}
