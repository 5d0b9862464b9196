import CLibCurl
import Synchronization

/// What the loop's thread shares with everyone else: new requests, cancellations and the wish to stop.
final class TransferInbox: Sendable {
    /// What the thread finds when it looks.
    struct Delivery {
        var arrived: [PendingTransfer] = []
        var hasCancellations = false
        var isStopping = false
    }

    private struct State {
        var delivery = Delivery()
        var unfinishedCount = 0
        var isClosed = false
    }

    /// Why a request was not taken.
    enum Refusal: Error {
        case full
        case stopped
    }

    let unfinishedMax: Int
    // nonisolated(unsafe): only the loop's thread uses the handle, but for `curl_multi_wakeup`, which libcurl allows
    // from any thread; that call holds the lock of `state`, which `close()` takes before the handle is freed.
    nonisolated(unsafe) let multi: UnsafeMutableRawPointer
    private let state = Mutex(State())

    init(unfinishedMax: Int) {
        self.unfinishedMax = unfinishedMax
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl is out of memory") }
        self.multi = multi
    }

    func add(_ transfer: PendingTransfer) throws(Refusal) {
        let refusal: Refusal? = state.withLock { state in
            if state.isClosed || state.delivery.isStopping { return .stopped }
            if state.unfinishedCount >= unfinishedMax { return .full }
            state.unfinishedCount += 1
            state.delivery.arrived.append(transfer)
            // A cancellation that came before the request was in must be seen, too.
            if transfer.isCancelled { state.delivery.hasCancellations = true }
            curl_multi_wakeup(multi)
            return nil
        }
        if let refusal { throw refusal }
    }

    func cancel(_ transfer: PendingTransfer) {
        transfer.cancel()
        state.withLock { state in
            guard !state.isClosed else { return }
            state.delivery.hasCancellations = true
            curl_multi_wakeup(multi)
        }
    }

    func stop() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.delivery.isStopping = true
            curl_multi_wakeup(multi)
        }
    }

    /// Hands over what came since the last time.
    ///
    /// For the thread.
    func collect() -> Delivery {
        state.withLock { state in
            let delivery = state.delivery
            state.delivery = Delivery(isStopping: delivery.isStopping)
            return delivery
        }
    }

    /// Makes room for `count` more.
    ///
    /// For the thread.
    func noteFinished(_ count: Int) {
        state.withLock { $0.unfinishedCount -= count }
    }

    /// Takes nothing any more and hands over the last that came; the handle may be freed then.
    ///
    /// For the thread.
    func close() -> [PendingTransfer] {
        state.withLock { state in
            state.isClosed = true
            defer { state.delivery.arrived = [] }
            return state.delivery.arrived
        }
    }
}
