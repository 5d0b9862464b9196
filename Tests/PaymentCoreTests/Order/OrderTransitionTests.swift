import PaymentCore
import Testing

struct OrderTransitionTests {
    /// Written by hand from the table of the architecture's section on states.
    static let legal: [OrderState: Set<OrderState>] = [
        .held: [.ready, .cancelled],
        .ready: [.cancelled, .submitting],
        .submitting: [.ready, .processing, .unknown, .succeeded, .failed],
        .processing: [.unknown, .ready, .succeeded, .failed],
        .unknown: [.processing, .ready, .succeeded, .failed],
        .succeeded: [.returned],
    ]

    static let pairs = OrderState.allCases.flatMap { from in OrderState.allCases.map { (from, $0) } }

    @Test func `there are nine states and so 81 pairs`() {
        #expect(Self.pairs.count == 81)
    }

    @Test(arguments: pairs)
    func `an order moves as the architecture says and no other way`(from: OrderState, to: OrderState) {
        #expect(OrderTransition.isLegal(from: from, to: to) == (Self.legal[from]?.contains(to) ?? false))
    }

    @Test func `no move is listed twice and each says when and what it needs`() {
        let moves = OrderTransition.table.map { [$0.from, $0.to] }
        #expect(Set(moves).count == moves.count)
        #expect(moves.count == 18)
        #expect(OrderTransition.table.allSatisfy { !$0.when.isEmpty && !$0.needs.isEmpty })
    }

    @Test func `the only move out of a final state is a return`() {
        let moves = OrderTransition.table.filter(\.from.isFinal)
        #expect(moves.map(\.from) == [.succeeded])
        #expect(moves.map(\.to) == [.returned])
    }

    @Test func `four states are final`() {
        #expect(Set(OrderState.allCases.filter(\.isFinal)) == [.succeeded, .failed, .returned, .cancelled])
    }

    @Test func `every state but held is reached and every open state leads to an end`() {
        let reached = Set(OrderTransition.table.map(\.to))
        #expect(Set(OrderState.allCases).subtracting(reached) == [.held])
        for state in OrderState.allCases where !state.isFinal {
            var seen: Set<OrderState> = [state]
            var front = [state]
            while let next = front.popLast() {
                for move in OrderTransition.table where move.from == next && seen.insert(move.to).inserted {
                    front.append(move.to)
                }
            }
            #expect(seen.contains(.succeeded) && seen.contains(.failed))
        }
    }

    @Test func `an illegal move cannot be made`() async {
        await #expect(processExitsWith: .failure) {
            _ = OrderMove(line: LineNumber(1), from: .failed, to: .succeeded, cause: nil, code: "00")
        }
    }

    @Test func `a failure without a cause cannot be made`() async {
        await #expect(processExitsWith: .failure) {
            _ = OrderMove(line: LineNumber(1), from: .unknown, to: .failed, cause: nil, code: "99")
        }
    }
}
