import PaymentCore

extension World {
    /// What must be true of every world, however it came about.
    func check() throws(Breach) {
        for (index, order) in orders.enumerated() {
            let payments = channel.payments[index]
            try demand(payments <= 1, .neverPaidTwice, "order \(index + 1)")
            try demand(order != .failed || payments == 0, .failedIsNeverPaid, "order \(index + 1)")
            try demand(order != .succeeded || channel.items[index] == .paid, .succeededIsPaid, "order \(index + 1)")
            try demand(
                submission?.isProvenUnsent != true || order == (isClosed ? .ready : .submitting),
                .unsentStaysSubmitting,
                "order \(index + 1) is \(order.rawValue)"
            )
            // Whatever comes next for it, another channel or a new number, nothing of this attempt may move money.
            try demand(
                submission == nil || order != .ready || (payments == 0 && copies.isEmpty && !isCallingSend),
                .readyAgainIsNeverPaid,
                "order \(index + 1)"
            )
        }
        let underWay = workers.count(where: \.isWaiting)
        try demand(underWay <= 1, .callsDoNotOverlap, "\(workers)")
        try demand(queriesMade <= Int(scenario.pollsMax), .pollsAreBounded, "\(queriesMade) queries")
        try demand(sendsMade <= Int(scenario.sendsMax), .sendsAreBounded, "\(sendsMade) sends")
        try demand(
            isLive || isClosed || isUnderReview,
            .everySubmissionHasANextStep,
            "open, with no chunk and no review item"
        )
        try demand(
            !isClosed || orders.allSatisfy { $0.isFinal || $0 == .ready },
            .everySubmissionHasANextStep,
            "closed with open orders: \(orders)"
        )
    }

    /// From here on nothing goes wrong any more: everything must end, or wait for a person (Q5).
    func checkCalmEnd(mutation: Mutation?) throws(Breach) {
        var world = self
        for _ in 0..<400 {
            if !world.isLive { return }
            world = try world.after(world.calmStep, mutation: mutation)
            try world.check()
        }
        try demand(false, .everythingEnds, "still open at \(world.now), due at \(world.nextAt)")
    }

    private var calmStep: Step {
        for (index, worker) in workers.enumerated() {
            switch worker {
            case .idle: continue
            case .holding: return .decide(index)
            case .calling: return .firstByte(index)
            case .answered: return .record(index)
            case .waiting(.query, _):
                let seen = steps().last {
                    guard case .queryAnswered(index, let answer) = $0 else { return false }
                    return !answer.items.contains(.pending) && answer.kind != .working
                }
                return seen ?? .timeOut(index)
            case .waiting(.send, _):
                let arrival = steps().first {
                    guard case .arrive(_, let arrival, .some) = $0 else { return false }
                    return arrival == .accept || arrival == .repeated
                }
                return arrival ?? .timeOut(index)
            }
        }
        return isDue ? .claim(0) : .tick
    }
}
