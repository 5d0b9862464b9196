import PaymentCore

/// One thing that can happen next.
enum Step: Hashable {
    case tick
    case claim(Int)
    case steal(Int)
    /// The worker commits what the machine orders: the intent first.
    case decide(Int)
    case firstByte(Int)
    case cannotConnect(Int)
    /// The call of the worker ends without an answer.
    case timeOut(Int)
    case queryAnswered(Int, Answer)
    case record(Int)
    case crash(Int)
    /// A copy reaches the channel; the answer goes back if its call still waits and it is not lost.
    case arrive(copy: Int, Arrival, answer: Answer?)

    enum Arrival: Hashable {
        case accept
        /// Accepted and paid, or its first item refused, in the same breath.
        case acceptPaid, acceptFirstRefused
        case refuseAndForget, refuseAndKeep
        case tooBusy
        case repeated
    }
}

extension World {
    /// Everything that can happen now.
    func steps() -> [Step] {
        var steps: [Step] = []
        for (index, worker) in workers.enumerated() { workerSteps(index, worker, into: &steps) }
        for (index, copy) in copies.enumerated() where index == 0 || copies[index - 1] != copy {
            arrivals(index, copy, into: &steps)
        }
        if workers.allSatisfy({ !$0.isWaiting }), !canAct || isDelayed || delaysLeft > 0 { steps.append(.tick) }
        return steps
    }

    /// Whether somebody has something to do now.
    var canAct: Bool { workers.contains { $0 != .idle } || isDue }

    /// Whether the chunk can be claimed.
    var isDue: Bool { isLive && now >= nextAt && now >= leaseUntil }

    private func workerSteps(_ index: Int, _ worker: Worker, into steps: inout [Step]) {
        switch worker {
        case .idle:
            // Idle workers are alike.
            guard workers.firstIndex(of: .idle) == index, isLive else { return }
            if isDue {
                steps.append(.claim(index))
            } else if stealsLeft > 0 {
                steps.append(.steal(index))
            }
            return
        case .holding:
            steps.append(.decide(index))
        case .calling(let step, _, let since):
            steps.append(.firstByte(index))
            if step == .send, unsentLeft > 0, now <= since + Tick.sendBy { steps.append(.cannotConnect(index)) }
        case .waiting(let step, _):
            steps.append(.timeOut(index))
            if step == .query { for answer in queryAnswers { steps.append(.queryAnswered(index, answer)) } }
        case .answered:
            steps.append(.record(index))
        }
        if crashesLeft > 0 { steps.append(.crash(index)) }
    }

    private var queryAnswers: [Answer] {
        var answers: [Answer] = []
        if !channel.isVisible { answers.append(Answer(kind: .notFound)) }
        switch channel.stored {
        case .nothing: break
        case .refused: answers.append(Answer(kind: .found, items: channel.items.map { _ in .refused }))
        case .accepted:
            var outcomes: [[ItemTruth]] = [[]]
            for item in channel.items {
                let truths = item == .pending ? ItemTruth.allCases : [item]
                outcomes = outcomes.flatMap { outcome in truths.map { outcome + [$0] } }
            }
            answers += outcomes.map { Answer(kind: .found, items: $0) }
            if channel.items.contains(.pending) { answers.append(Answer(kind: .working)) }
        }
        return answers
    }

    /// A copy that changes nothing and answers nobody needs no step: it ends with its time.
    private func arrivals(_ index: Int, _ copy: Copy, into steps: inout [Step]) {
        let isAwaited = copy.epoch != 0
        func add(_ arrival: Step.Arrival, _ answers: Answer...) {
            if isAwaited { for answer in answers { steps.append(.arrive(copy: index, arrival, answer: answer)) } }
        }
        let pending = channel.items.map { _ in ItemTruth.pending }
        if channel.stored == .nothing || now >= channel.protectedSince + scenario.windowTicks {
            steps.append(.arrive(copy: index, .accept, answer: nil))
            steps.append(.arrive(copy: index, .refuseAndKeep, answer: nil))
            add(.accept, Answer(kind: .taken, items: pending), Answer(kind: .working))
            add(.acceptPaid, Answer(kind: .taken, items: channel.items.map { _ in .paid }))
            add(.acceptFirstRefused, Answer(kind: .taken, items: [.refused] + pending.dropFirst()))
            add(.refuseAndForget, Answer(kind: .refused))
            add(.refuseAndKeep, Answer(kind: .refused))
            add(.tooBusy, Answer(kind: .slowDown))
        } else {
            // Also "refused", which then speaks of the second copy only.
            add(.repeated, Answer(kind: .duplicateSame), Answer(kind: .refused))
        }
    }
}
