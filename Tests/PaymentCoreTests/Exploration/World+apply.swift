import PaymentCore

extension World {
    /// The world after the step; `mutation` is the mistake to make on the way.
    func after(_ step: Step, mutation: Mutation?) throws(Breach) -> World {
        var next = self
        try next.apply(step, mutation)
        next.normalize(keepsStale: mutation?.acceptsStaleEpochs == true)
        return next
    }

    private mutating func apply(_ step: Step, _ mutation: Mutation?) throws(Breach) {
        switch step {
        case .tick:
            if canAct, !isDelayed { delaysLeft -= 1 }
            isDelayed = canAct
            now += 1
            return
        case .arrive: break
        case .claim, .steal, .decide, .firstByte, .cannotConnect, .timeOut, .queryAnswered, .record, .crash:
            isDelayed = false
        }
        switch step {
        case .tick: break
        case .claim(let index): claim(index)
        case .steal(let index):
            stealsLeft -= 1
            claim(index)
        case .decide(let index): try decide(index, mutation)
        case .firstByte(let index): try firstByte(index)
        case .cannotConnect(let index):
            unsentLeft -= 1
            end(index, Answer(kind: .notSent))
        case .timeOut(let index): end(index, Answer(kind: .timeout))
        case .queryAnswered(let index, let answer):
            look(answer)
            end(index, answer)
        case .record(let index): try record(index, mutation)
        case .crash(let index):
            crashesLeft -= 1
            workers[index] = .idle
        case .arrive(let copy, let arrival, let answer):
            arrive(arrival)
            let epoch = copies.remove(at: copy).epoch
            if let answer, let index = workers.firstIndex(where: { $0.awaitsSend(epoch: epoch) }) { end(index, answer) }
        }
    }

    // MARK: The channel

    private mutating func arrive(_ arrival: Step.Arrival) {
        switch arrival {
        case .accept, .acceptPaid, .acceptFirstRefused:
            channel.stored = .accepted
            channel.isVisible = false
            channel.protectedSince = now
            for index in channel.items.indices {
                channel.items[index] = arrival == .acceptPaid ? .paid : .pending
                channel.payments[index] += 1
            }
            if arrival == .acceptFirstRefused {
                channel.items[0] = .refused
                channel.payments[0] -= 1
            }
        case .refuseAndKeep:
            channel.stored = .refused
            channel.isVisible = false
            channel.protectedSince = now
        case .refuseAndForget, .tooBusy, .repeated: break
        }
    }

    /// What a query saw is so from then on.
    private mutating func look(_ answer: Answer) {
        guard answer.kind != .notFound else { return }
        channel.isVisible = true
        guard channel.stored == .accepted, !answer.items.isEmpty else { return }
        for index in channel.items.indices where channel.items[index] == .pending {
            channel.items[index] = answer.items[index]
            if answer.items[index] == .refused { channel.payments[index] -= 1 }
        }
    }

    // MARK: Workers

    private mutating func claim(_ index: Int) {
        epoch += 1
        leaseUntil = now + Tick.lease
        workers[index] = .holding(epoch: epoch)
    }

    private mutating func firstByte(_ index: Int) throws(Breach) {
        guard case .calling(let step, let epoch, let since) = workers[index] else {
            preconditionFailure("only a recorded call begins")
        }
        // The sender looks at send-by immediately before the first byte (R10).
        if now > since + Tick.sendBy {
            end(index, Answer(kind: .notSent))
            return
        }
        workers[index] = .waiting(step, epoch: epoch)
        switch step {
        case .query: queriesMade += 1
        case .send:
            sendsMade += 1
            copies.append(Copy(epoch: epoch, sentAt: now))
            try demand(submission != nil, .noByteBeforeItsRecord, "a byte left at \(now)")
            let first = firstSendAt ?? since
            firstSendAt = first
            try demand(
                sendsMade == 1 || now <= first + scenario.windowTicks - scenario.marginTicks,
                .noSendAfterProtection,
                "first sent at \(first), again at \(now)"
            )
        }
    }

    private mutating func end(_ index: Int, _ answer: Answer) {
        switch workers[index] {
        case .calling(let step, let epoch, _), .waiting(let step, let epoch):
            workers[index] = .answered(step, epoch: epoch, answer)
        case .idle, .holding, .answered: preconditionFailure("only a call ends")
        }
    }

    private mutating func decide(_ index: Int, _ mutation: Mutation?) throws(Breach) {
        guard case .holding(let mine) = workers[index] else { preconditionFailure("only a holder decides") }
        workers[index] = .idle
        guard mine == epoch || mutation?.acceptsStaleEpochs == true else { return }
        guard let submission else {
            if mutation?.sendsBeforeIntent == true {
                workers[index] = .calling(.send, epoch: mine, since: now)
                return
            }
            self.submission = SubmissionMachine.intent(
                epoch: LeaseEpoch(Int64(mine)),
                now: Tick.timestamp(now),
                policy: scenario.policy
            )
            for index in orders.indices { orders[index] = .submitting }
            workers[index] = .calling(.send, epoch: mine, since: now)
            return
        }
        try commit(.claimed, submission, index: index, epoch: mine, mutation)
    }

    private mutating func record(_ index: Int, _ mutation: Mutation?) throws(Breach) {
        guard case .answered(let step, let mine, let answer) = workers[index] else {
            preconditionFailure("only an answer is recorded")
        }
        workers[index] = .idle
        // Refused, and kept as evidence (R10).
        guard mine == epoch || mutation?.acceptsStaleEpochs == true, var submission else { return }
        if mine != epoch {
            submission.inFlight = InFlight(
                kind: step == .send ? .send : .query,
                epoch: LeaseEpoch(Int64(mine)),
                until: Tick.timestamp(now)
            )
        }
        let outcome = answer.outcome(for: submittedOrders)
        try commit(
            step == .send ? .sendEnded(outcome) : .queryEnded(outcome),
            submission,
            index: index,
            epoch: mine,
            mutation
        )
    }

    /// One transaction: the machine's new state, its actions, and the moves of the orders.
    private mutating func commit(
        _ event: SubmissionEvent,
        _ submission: SubmissionState,
        index: Int,
        epoch mine: Int,
        _ mutation: Mutation?
    ) throws(Breach) {
        var state = submission
        mutation?.before(&state, event, Tick.timestamp(now))
        var machine = SubmissionMachine(state: state, policy: scenario.policy, scopeEndsAt: nil)
        var actions = machine.handle(event, epoch: LeaseEpoch(Int64(mine)), now: Tick.timestamp(now), random: 0)
        if let mutation {
            var altered = machine.state
            mutation.after(state, &altered, event, &actions)
            machine = SubmissionMachine(state: altered, policy: scenario.policy, scopeEndsAt: nil)
        }
        let before = submittedOrders
        let decision = SettlementDecision(actions: actions, orders: before)
        try move(decision, event)
        if !before.isEmpty, decision.openOrdersLeft(of: before) == 0 { machine.settle() }
        if self.submission?.phase != machine.state.phase, let from = self.submission?.phase {
            let to = machine.state.phase
            let isListed = SubmissionPhase.moves.contains { $0.from == from && $0.to == to }
            try demand(isListed, .phasesMoveAsListed, "\(from.rawValue) to \(to.rawValue)")
        }
        self.submission = machine.state
        let leasedUntil = leaseUntil
        // The lease is given back unless a call follows.
        leaseUntil = now
        for action in actions {
            switch action {
            case .perform(let step):
                leaseUntil = leasedUntil
                workers[index] = .calling(step, epoch: mine, since: now)
            case .schedule(_, let delay): nextAt = Tick.notBefore(Tick.timestamp(now).advanced(by: delay))
            case .finish: isLive = false
            case .review: isUnderReview = true
            case .moveOpenOrders, .failOpenOrders, .giveUpUnsent, .decideItems, .alarm, .slowLane: break
            }
        }
        if isClosed { isLive = false }
        let nextSteps = actions.count {
            switch $0 {
            case .perform, .schedule, .finish: true
            default: false
            }
        }
        try demand(
            isClosed || nextSteps == 1,
            .everySubmissionHasANextStep,
            "\(nextSteps) next steps after \(event)"
        )
    }

    private mutating func move(_ decision: SettlementDecision, _ event: SubmissionEvent) throws(Breach) {
        try demand(
            Set(decision.moves.map(\.line)).count == decision.moves.count,
            .oneMoveAnOrder,
            "\(decision.moves)"
        )
        let hasEvidence =
            switch event {
            case .sendEnded(.answered), .queryEnded(.answered): true
            default: false
            }
        for move in decision.moves {
            let index = Int(move.line.value) - 1
            try demand(orders[index] == move.from, .oneMoveAnOrder, "\(move) of an order that is \(orders[index])")
            try demand(
                !move.to.isFinal || hasEvidence,
                .finalStatesHaveEvidence,
                "\(move.to.rawValue) after \(event)"
            )
            orders[index] = move.to
        }
        if !decision.reviews.isEmpty { isUnderReview = true }
    }

    /// Forgets what can make no difference: the absolute values of epochs, copies past their time, who waits no more,
    /// and workers that can only be refused.
    private mutating func normalize(keepsStale: Bool) {
        copies.removeAll { now > $0.sentAt + scenario.delayTicks }
        for index in workers.indices where !keepsStale && workers[index].isPowerless(epoch: epoch, now: now) {
            workers[index] = .idle
        }
        for index in copies.indices where !workers.contains(where: { $0.awaitsSend(epoch: copies[index].epoch) }) {
            copies[index].epoch = 0
        }
        copies.sort { ($0.sentAt, $0.epoch) < ($1.sentAt, $1.epoch) }
        var used = [epoch] + workers.compactMap(\.epoch)
        if let inFlight = submission?.inFlight { used.append(Int(inFlight.epoch.value)) }
        let ranked = Set(used).subtracting([0]).sorted()
        func rank(_ epoch: Int) -> Int { (ranked.firstIndex(of: epoch) ?? -1) + 1 }
        epoch = rank(epoch)
        for index in copies.indices { copies[index].epoch = rank(copies[index].epoch) }
        for index in workers.indices { workers[index] = workers[index].with(epoch: rank) }
        if let inFlight = submission?.inFlight {
            submission?.inFlight = InFlight(
                kind: inFlight.kind,
                epoch: LeaseEpoch(Int64(rank(Int(inFlight.epoch.value)))),
                until: inFlight.until
            )
        }
    }
}

extension Worker {
    var epoch: Int? {
        switch self {
        case .idle: nil
        case .holding(let epoch), .calling(_, let epoch, _), .waiting(_, let epoch), .answered(_, let epoch, _): epoch
        }
    }

    func awaitsSend(epoch: Int) -> Bool {
        if case .waiting(.send, epoch) = self { true } else { false }
    }

    /// A call never outlives its total deadline: the tick in which it began.
    var isWaiting: Bool { if case .waiting = self { true } else { false } }

    /// Whether nothing that it can still do has any effect: its epoch is stale, and no byte of it can leave any more.
    func isPowerless(epoch current: Int, now: Int) -> Bool {
        switch self {
        case .idle, .waiting: false
        case .holding(let epoch), .answered(_, let epoch, _): epoch < current
        case .calling(_, let epoch, let since): epoch < current && now > since + Tick.sendBy
        }
    }

    func with(epoch rank: (Int) -> Int) -> Worker {
        switch self {
        case .idle: .idle
        case .holding(let epoch): .holding(epoch: rank(epoch))
        case .calling(let step, let epoch, let since): .calling(step, epoch: rank(epoch), since: since)
        case .waiting(let step, let epoch): .waiting(step, epoch: rank(epoch))
        case .answered(let step, let epoch, let answer): .answered(step, epoch: rank(epoch), answer)
        }
    }
}
