import Synchronization

/// A request on its way through the inbox, with the task that waits for its outcome.
final class PendingTransfer: Sendable {
    let request: TransferRequest
    let target: TransferTarget
    /// When the total deadline passes.
    let expiresAt: SuspendAwareInstant

    private let cancellation = Atomic<Bool>(false)
    private let continuation = Mutex<CheckedContinuation<TransferOutcome, Never>?>(nil)

    init(_ request: TransferRequest, target: TransferTarget) {
        self.request = request
        self.target = target
        expiresAt = SuspendAwareInstant.now().advanced(by: request.deadlines.total)
    }

    var isCancelled: Bool { cancellation.load(ordering: .acquiring) }

    func cancel() {
        cancellation.store(true, ordering: .releasing)
    }

    /// Names the waiting task; before the transfer enters the inbox.
    func await(_ continuation: CheckedContinuation<TransferOutcome, Never>) {
        self.continuation.withLock { $0 = continuation }
    }

    /// Tells the waiting task; the first outcome counts and there is only one.
    func finish(_ outcome: TransferOutcome) {
        let continuation = self.continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
        guard let continuation else { preconditionFailure("a transfer has two outcomes") }
        continuation.resume(returning: outcome)
    }

    /// Tells the waiting task that no byte has left.
    func finishUnsent(_ code: TransferFailure.Code, _ reason: String) {
        finish(.notSent(TransferFailure(code: code, peer: target.peer, reason: reason, bytesSent: 0)))
    }

    /// Why the transfer may not begin at `now`, if so.
    func refusal(at now: SuspendAwareInstant) -> (code: TransferFailure.Code, reason: String)? {
        if isCancelled { return (.cancelledBeforeSend, "the task was cancelled before the request began") }
        if let sendBy = request.sendBy, now > sendBy {
            return (.sendByPassed, "send-by passed before the request began")
        }
        if now >= expiresAt { return (.timeout, "the total deadline passed before the request began") }
        return nil
    }

    /// The moment from which `refusal(at:)` gives a deadline's reason.
    var nextLimit: SuspendAwareInstant {
        request.sendBy.map { min($0, expiresAt) } ?? expiresAt
    }
}
