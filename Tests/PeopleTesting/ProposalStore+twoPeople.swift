package import PaymentCore
package import Store

/// Two people of a test: one asks, the other one approves.
package struct TwoPeople: Sendable {
    package let maker, checker: SessionSecret

    package init(maker: SessionSecret, checker: SessionSecret) { (self.maker, self.checker) = (maker, checker) }
}

extension ProposalStore {
    /// Has a decision taken by as many people as it takes; answers what it did.
    package func decide(_ decision: RequestedDecision, by people: TwoPeople) async throws -> ProposalEffect {
        try await approved(try await propose(decision, by: people.maker, isDry: false), by: people)
    }

    /// Has a choice made by two people; answers the number of the decision.
    package func choose(_ choice: RequestedChoice, by people: TwoPeople) async throws -> ProposalEffect {
        try await approved(try await propose(choice, by: people.maker, isDry: false), by: people)
    }

    private func approved(_ made: MadeProposal, by people: TwoPeople) async throws -> ProposalEffect {
        guard !made.isDone, let number = made.number else { return made.effect }
        let amounts = made.effect.amounts.mapValues { Int64($0) }
        return try await approve(
            number,
            about: NamedOrders(count: made.effect.orders, amounts: amounts),
            comment: "seen",
            by: people.checker,
            isDry: false
        ).effect
    }
}
