import Store

/// The slices of one file that are on their way into the database: several at once, committed in their order.
struct SlicesUnderWay {
    /// A slice, and what became of it.
    struct Answer: Sendable {
        fileprivate let slice: LoadSlice
        fileprivate let turn: LoadTurn
        fileprivate let next: LoadTurn
        fileprivate let outcome: LoadOutcome
    }

    private let file: ClaimedBatchFile
    private let duplicates: DuplicateRules
    private let store: any BatchFileStore
    private var count = 0
    /// The turn of the slice that is added next.
    private var turn = LoadTurn(isGiven: true)
    /// How many records turned out to carry a number that was taken.
    private(set) var duplicatesFound = 0

    init(of file: ClaimedBatchFile, duplicates: DuplicateRules, store: any BatchFileStore) {
        self.file = file
        self.duplicates = duplicates
        self.store = store
    }

    /// Sends a slice on its way.
    mutating func add(_ slice: LoadSlice, to group: inout ThrowingTaskGroup<Answer, any Error>) {
        let next = LoadTurn()
        send(slice, turn, next, to: &group)
        turn = next
        FaultPlan.pass(.sliceUnderWay)
    }

    /// Waits until fewer than `max` slices are on their way.
    mutating func waitForRoom(max: Int, in group: inout ThrowingTaskGroup<Answer, any Error>) async throws {
        while count >= max, let answer = try await group.next() {
            count -= 1
            switch answer.outcome {
            case .loaded(let found):
                duplicatesFound += found
                FaultPlan.pass(.sliceLoaded)
            // It waited in vain for a slice that is slow, and waits once more.
            case .outOfTurn: send(answer.slice, answer.turn, answer.next, to: &group)
            case .stale: throw LeaseLost(batch: file.id)
            }
        }
    }

    private mutating func send(
        _ slice: LoadSlice,
        _ turn: LoadTurn,
        _ next: LoadTurn,
        to group: inout ThrowingTaskGroup<Answer, any Error>
    ) {
        count += 1
        group.addTask { [store, file, duplicates] in
            do {
                let outcome = try await store.load(slice, of: file, turn: turn, duplicates: duplicates)
                if case .loaded = outcome { next.give() } else { next.withdraw() }
                return Answer(slice: slice, turn: turn, next: next, outcome: outcome)
            } catch {
                next.withdraw()
                throw error
            }
        }
    }
}
