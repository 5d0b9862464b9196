/// The payment company of one channel as a pure state machine: no I/O, no clock, chance by seed.
///
/// Each (number, date) goes unseen → received → taken (hidden for a while) → item by item paid, refused or in
/// process. It recognises a repeated batch only inside its protection window; after that the same message pays again.
/// It owns the truth: every event that it returns must be kept before the answer leaves.
package struct SimulatedChannel: Sendable {
    /// The item code that no table lists.
    package static let unknownItemCode = "X999"

    /// An answer, and what to write down before it leaves.
    package struct Decision: Sendable {
        package var answer: SimulatedAnswer
        package var events: [TruthEvent]
    }

    private let description: ChannelDescription
    private let plan: BehaviourPlan
    private let seed: UInt64
    private let rules: AccountRules
    private let refuseOrder: [(code: ItemCode, perMille: Int)]
    private let refuseAtSubmitOrder: [(code: ItemCode, perMille: Int)]

    private var takings: [BatchKey: [SimulatedBatch]] = [:]
    private var copies: [BatchKey: Int] = [:]
    private var queries: [BatchKey: Int] = [:]
    private var ruledQueryFaults: [BatchKey: QueryFault] = [:]
    /// How often a finished item with a mask was asked for, by item index.
    ///
    /// Forgotten by a restart, which only delays.
    private var masksShown: [BatchKey: [Int: Int]] = [:]

    /// A company that remembers `events`, in their order; times of later calls are milliseconds since 1970.
    package init(
        _ description: ChannelDescription,
        plan: BehaviourPlan,
        seed: UInt64,
        remembering events: [TruthEvent] = []
    ) {
        self.description = description
        self.plan = plan
        self.seed = seed
        rules = AccountRules(plan.accounts)
        // In the order of the page: dictionaries have none that lasts.
        refuseOrder = ItemCode.allCases.map { ($0, plan.items.refuse[$0] ?? 0) }
        refuseAtSubmitOrder = ItemCode.allCases.map { ($0, plan.items.refuseAtSubmit[$0] ?? 0) }
        for event in events { remember(event) }
    }

    /// Every taking of every batch, sorted by batch and ordinal.
    package var batches: [SimulatedBatch] {
        takings.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private mutating func remember(_ event: TruthEvent) {
        switch event {
        case .received(let received):
            if let key = received.key { copies[key, default: 0] += 1 }
        case .taken(let batch): keep(batch)
        case .queried(let queried): queries[queried.key, default: 0] += 1
        case .peak, .overlapped: break
        }
    }

    private mutating func keep(_ batch: SimulatedBatch) {
        takings[batch.key, default: []].append(batch)
        masksShown[batch.key] = nil
        ruledQueryFaults[batch.key] = rules.first(for: batch.items.lazy.map(\.accountNumber), \.queryFault)
    }

    // MARK: Submit

    /// Decides about one authentic copy of a submit message that is not well formed; it takes nothing.
    package mutating func refuseMalformed(key: BatchKey?, bodySHA256: [UInt8], at now: Int64) -> Decision {
        if let key { copies[key, default: 0] += 1 }
        return Decision(
            answer: SimulatedAnswer(DialectAnswer(.malformed, key: key)),
            events: [
                .received(.init(key: key, bodySHA256: bodySHA256, at: now, code: .malformed, fault: nil))
            ]
        )
    }

    /// Decides about one authentic copy of a well-formed submit message.
    package mutating func submit(_ message: SubmitMessage, bodySHA256: [UInt8], at now: Int64) -> Decision {
        let occurrence = copies[message.key, default: 0] + 1
        copies[message.key] = occurrence
        if let code = refusal(of: message) {
            return Decision(
                answer: SimulatedAnswer(DialectAnswer(code, key: message.key)),
                events: [.received(.init(key: message.key, bodySHA256: bodySHA256, at: now, code: code, fault: nil))]
            )
        }
        let draw = draw(message.key, .submit, occurrence)
        let fault = submitFault(of: message, draw)
        var code: HeaderCode?
        var taken: SimulatedBatch?
        if let first = takings[message.key]?.last, now - first.takenAt < description.windowMilliseconds {
            code = first.bodySHA256 == bodySHA256 ? .duplicateSame : .duplicateOther
        } else if fault?.takes(draw) ?? true {
            let batch = take(message, bodySHA256: bodySHA256, at: now)
            keep(batch)
            taken = batch
            code = batch.readyAt > now ? .beingTaken : .accepted
        }
        precondition(
            code != nil || fault?.answerFault.hidesAnswer == true,
            "a message that was not taken must not be answered as if it were"
        )
        // The placeholder is replaced or never delivered: the fault hides the answer.
        var content = DialectAnswer(code ?? .systemError, key: message.key)
        if code == .accepted { content.items = taken?.refusedAtSubmit }
        var answer = SimulatedAnswer(content)
        fault?.answerFault.spoil(&answer, draw)
        let received = TruthEvent.received(
            .init(key: message.key, bodySHA256: bodySHA256, at: now, code: code, fault: fault)
        )
        return Decision(answer: answer, events: [received] + (taken.map { [.taken($0)] } ?? []))
    }

    private func refusal(of message: SubmitMessage) -> HeaderCode? {
        // 1,000 items of at most 2⁶³ / 1,000 minor units cannot overflow: the description limits the amount.
        let amount = message.items.reduce(0) { $0 + $1.amount }
        guard message.totalCount == message.items.count, message.totalAmount == amount else { return .totalsDiffer }
        return description.directions.contains(message.direction) ? nil : .directionRefused
    }

    private func submitFault(of message: SubmitMessage, _ draw: SeededDraw) -> SubmitFault? {
        if let ruled = rules.first(for: message.items.lazy.map(\.accountNumber), \.submitFault) { return ruled }
        return pick(SubmitFault.allCases, draw.perMille(.fault)) { plan.submitFaults[$0] ?? 0 }
    }

    private func take(_ message: SubmitMessage, bodySHA256: [UInt8], at now: Int64) -> SimulatedBatch {
        let ordinal = (takings[message.key]?.count ?? 0) + 1
        let draw = draw(message.key, .take, ordinal)
        let accounts = message.items.lazy.map(\.accountNumber)
        let hidden = rules.first(for: accounts, \.notFoundFor) ?? drawn(plan.notFoundFor, .notFound, draw)
        let late = rules.first(for: accounts, \.finishLate) ?? drawn(plan.finishLate, .finishLate, draw)
        let slow = rules.first(for: accounts, \.takeSlowly) ?? drawn(plan.takeSlowly, .takeSlowly, draw)
        return SimulatedBatch(
            key: message.key,
            ordinal: ordinal,
            direction: message.direction,
            currency: message.currency,
            totalAmount: message.totalAmount,
            bodySHA256: bodySHA256,
            takenAt: now,
            visibleAt: now + hidden,
            readyAt: now + slow,
            items: message.items.enumerated().map { index, item in
                decide(item, number: index + 1, direction: message.direction, from: now + late, draw)
            }
        )
    }

    private func decide(
        _ item: SubmitMessage.Item,
        number: Int,
        direction: Direction,
        from start: Int64,
        _ draw: SeededDraw
    ) -> SimulatedItem {
        let finish = start + draw.milliseconds(in: plan.settle, .settleTime, item: number)
        let (fate, mask) =
            if let rule = rules.rule(for: item.accountNumber) {
                // An account with a rule is as the rule says: chance adds nothing to it.
                (Self.fate(rule.outcome, finish: finish), rule.mask ?? .honest)
            } else {
                drawnFate(number: number, direction: direction, finish: finish, draw)
            }
        return SimulatedItem(
            reference: item.reference,
            accountNumber: item.accountNumber,
            amount: item.amount,
            fate: fate,
            mask: mask
        )
    }

    private static func fate(_ outcome: BehaviourPlan.AccountRule.Outcome?, finish: Int64) -> SimulatedItem.Fate {
        switch outcome {
        case .refuse(let code): .refused(code, at: finish)
        case .refuseAtSubmit(let code): .refusedAtSubmit(code)
        case .neverFinish: .neverFinished
        case nil: .paid(at: finish)
        }
    }

    private func drawnFate(
        number: Int,
        direction: Direction,
        finish: Int64,
        _ draw: SeededDraw
    ) -> (SimulatedItem.Fate, SimulatedItem.Mask) {
        let mask = drawnMask(number: number, draw)
        var left = draw.perMille(.outcome, item: number)
        if left < plan.items.neverFinish { return (.neverFinished, .honest) }
        left -= plan.items.neverFinish
        for (code, share) in refuseAtSubmitOrder {
            if left < share, isPossible(code, direction) { return (.refusedAtSubmit(code), .honest) }
            left -= share
            if left < 0 { return (.paid(at: finish), mask) }
        }
        for (code, share) in refuseOrder {
            if left < share, isPossible(code, direction) { return (.refused(code, at: finish), mask) }
            left -= share
            if left < 0 { break }
        }
        return (.paid(at: finish), mask)
    }

    /// The page: `E104` is "insufficient funds (withhold)".
    private func isPossible(_ code: ItemCode, _ direction: Direction) -> Bool {
        code != .fundsInsufficient || direction == .withhold
    }

    private func drawnMask(number: Int, _ draw: SeededDraw) -> SimulatedItem.Mask {
        let drawn = draw.perMille(.mask, item: number)
        if drawn < plan.items.unknownCode { return .unknown }
        return drawn < plan.items.unknownCode + plan.items.unknownCodeThenFinal ? .unknownTwice : .honest
    }

    // MARK: Query

    /// Decides about one authentic, well-formed query.
    package mutating func query(_ key: BatchKey, at now: Int64) -> Decision {
        let occurrence = queries[key, default: 0] + 1
        queries[key] = occurrence
        let draw = draw(key, .query, occurrence)
        var fault =
            ruledQueryFaults[key]
            ?? pick(QueryFault.allCases, draw.perMille(.fault)) { plan.queryFaults[$0] ?? 0 }
        var content = honestAnswer(key, at: now)
        if let drawn = fault, drawn.answerFault == nil, !drawn.spoilContent(of: &content, draw) { fault = nil }
        var answer = SimulatedAnswer(content)
        fault?.answerFault?.spoil(&answer, draw)
        return Decision(answer: answer, events: [.queried(.init(key: key, at: now, fault: fault))])
    }

    private mutating func honestAnswer(_ key: BatchKey, at now: Int64) -> DialectAnswer {
        guard let batch = takings[key]?.last, batch.visibleAt <= now else { return DialectAnswer(.notFound, key: key) }
        guard batch.readyAt <= now else { return DialectAnswer(.beingTaken, key: key) }
        let draw = draw(key, .take, batch.ordinal)
        var items: [DialectAnswer.Item] = []
        items.reserveCapacity(batch.items.count)
        for (index, item) in batch.items.enumerated() {
            let shown = shownCode(of: item, index: index, key: key, at: now, draw)
            items.append(
                DialectAnswer.Item(
                    number: Int64(index + 1),
                    code: shown.code,
                    message: shown.message,
                    particulars: .init(
                        accountNumber: item.accountNumber,
                        amount: item.amount,
                        currency: batch.currency
                    )
                )
            )
        }
        return DialectAnswer(
            .accepted,
            key: key,
            totals: .init(count: Int64(batch.items.count), amount: batch.totalAmount),
            items: items
        )
    }

    private mutating func shownCode(
        of item: SimulatedItem,
        index: Int,
        key: BatchKey,
        at now: Int64,
        _ draw: SeededDraw
    ) -> (code: String, message: String) {
        guard item.isFinished(at: now) else {
            return (draw.half(.waiting, item: index + 1) ? "P002" : "P001", "")
        }
        let unknown = (code: Self.unknownItemCode, message: "see bulletin")
        switch item.mask {
        case .honest: return item.finalCode
        case .unknown: return unknown
        case .unknownTwice:
            let shown = masksShown[key]?[index] ?? 0
            guard shown < 2 else { return item.finalCode }
            masksShown[key, default: [:]][index] = shown + 1
            return unknown
        }
    }

    // MARK: Chance

    private func draw(_ key: BatchKey, _ series: SeededDraw.Series, _ occurrence: Int) -> SeededDraw {
        SeededDraw(
            seed: seed,
            channel: description.name,
            batchNumber: key.number,
            series: series,
            occurrence: occurrence
        )
    }

    private func drawn(
        _ delay: BehaviourPlan.Delay?,
        _ purpose: SeededDraw.Purpose,
        _ draw: SeededDraw
    ) -> Int64 {
        guard let delay, draw.perMille(purpose) < delay.perMille else { return 0 }
        return delay.milliseconds
    }

    private func pick<Fault>(_ faults: [Fault], _ drawn: Int, share: (Fault) -> Int) -> Fault? {
        var left = drawn
        for fault in faults {
            let share = share(fault)
            if left < share { return fault }
            left -= share
        }
        return nil
    }
}
