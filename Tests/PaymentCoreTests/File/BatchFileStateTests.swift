import PaymentCore
import Testing

struct BatchFileStateTests {
    /// Written by hand from the architecture's section on states; `receiving → refused` is the seal that does not fit,
    /// `splitting → pending` the file that is judged anew.
    static let legal: [BatchFileState: Set<BatchFileState>] = [
        .receiving: [.pending, .refused],
        .pending: [.splitting, .held, .refused],
        .held: [.splitting, .refused],
        .splitting: [.pending, .split],
        .split: [.working],
        .working: [.finished],
    ]

    static let pairs = BatchFileState.allCases.flatMap { from in BatchFileState.allCases.map { (from, $0) } }

    @Test(arguments: pairs)
    func `a batch file moves as the architecture says and no other way`(from: BatchFileState, to: BatchFileState) {
        let isListed = BatchFileState.moves.contains { $0.from == from && $0.to == to }
        #expect(isListed == (Self.legal[from]?.contains(to) ?? false))
    }

    @Test func `no move is listed twice`() {
        #expect(Set(BatchFileState.moves.map { [$0.from, $0.to] }).count == BatchFileState.moves.count)
    }

    @Test func `a loaded file is never refused`() {
        #expect(BatchFileState.moves.filter { $0.to == .refused }.map(\.from) == [.receiving, .pending, .held])
    }

    @Test(arguments: [
        (OrderState.held, ResultStatus.underReview, ResultStatus.underReview),
        (.ready, .processing, .underReview),
        (.submitting, .processing, .underReview),
        (.processing, .processing, .underReview),
        (.unknown, .processing, .underReview),
        (.succeeded, .succeeded, .succeeded),
        (.failed, .failed, .underReview),
        (.returned, .returned, .returned),
        (.cancelled, .failed, .underReview),
    ])
    func `a result file says what is known`(state: OrderState, plain: ResultStatus, underReview: ResultStatus) {
        let cause: FailureCause? = state == .failed ? .customer : nil
        #expect(ResultStatus(order: state, cause: cause, isUnderReview: false) == plain)
        #expect(ResultStatus(order: state, cause: cause, isUnderReview: true) == underReview)
    }

    @Test func `only processing and under review are open`() {
        #expect(ResultStatus.allCases.filter(\.isOpen) == [.processing, .underReview])
    }
}
