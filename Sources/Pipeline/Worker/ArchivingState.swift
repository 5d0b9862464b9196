import Synchronization

/// How far the stage `archive` of an engine is: it runs once.
package final class ArchivingState: Sendable {
    package enum Phase: Sendable {
        case notBegun
        case atWork
        case ended(ArchiveReport)
        case failed(String)
    }

    private let current = Mutex(Phase.notBegun)

    package var phase: Phase { current.withLock { $0 } }

    func begin() { current.withLock { $0 = .atWork } }

    func end(_ phase: Phase) { current.withLock { $0 = phase } }
}

extension ArchivingState {
    /// What the run came to, as a job tells it; nil while it is not over.
    var outcome: JobRunner.Outcome? {
        switch phase {
        case .notBegun, .atWork: nil
        case .failed: .failed
        case .ended(let report):
            switch report.outcome {
            case .done: .done
            case .held: .held
            case .stopped: .stopped
            case .workLeft: .workLeft
            case .mismatch, .refused: .failed
            }
        }
    }

    /// In words for people: why it is not done, or what was left out.
    var reasons: [String] {
        switch phase {
        case .notBegun, .atWork: []
        case .failed(let why): [why]
        case .ended(let report): report.reasons
        }
    }
}
