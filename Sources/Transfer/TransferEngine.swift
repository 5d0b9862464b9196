import CLibCurl
import Glibc

/// The loop itself: everything here happens on one thread, which owns libcurl's handles.
final class TransferEngine {
    /// How long the loop sleeps when nothing is due; also how late it can notice that the machine was suspended.
    private static let idleMillisecondsMax: Int64 = 1_000

    private let inbox: TransferInbox
    private let connectionsMax: Int
    private var waiting: [PendingTransfer] = []
    /// No waiting transfer meets a limit before this moment.
    private var waitingLimit = SuspendAwareInstant(nanoseconds: .max)
    private var active: [UnsafeMutableRawPointer: ActiveTransfer] = [:]

    init(inbox: TransferInbox, connectionsMax: Int) {
        self.inbox = inbox
        self.connectionsMax = connectionsMax
    }

    /// Starts a thread that runs a loop until its inbox says stop.
    static func start(inbox: TransferInbox, connectionsMax: Int) {
        final class Start: Sendable {
            let inbox: TransferInbox
            let connectionsMax: Int
            init(inbox: TransferInbox, connectionsMax: Int) {
                self.inbox = inbox
                self.connectionsMax = connectionsMax
            }
        }
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(inbox: inbox, connectionsMax: connectionsMax))
        let status = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { preconditionFailure("a thread starts without its context") }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                // libcurl leaves SIGPIPE to us (NOSIGNAL), and other signals are for the main thread.
                var signals = sigset_t()
                sigfillset(&signals)
                pthread_sigmask(SIG_BLOCK, &signals, nil)
                TransferEngine(inbox: start.inbox, connectionsMax: start.connectionsMax).run()
                return nil
            },
            start.toOpaque()
        )
        precondition(status == 0, "the system gives no thread")
        pthread_detach(thread)
    }

    private func run() {
        while true {
            let delivery = inbox.collect()
            waiting += delivery.arrived
            for transfer in delivery.arrived { waitingLimit = min(waitingLimit, transfer.nextLimit) }
            if delivery.isStopping { break }
            let now = SuspendAwareInstant.now()
            if delivery.hasCancellations || now >= waitingLimit { dropFromQueue(at: now) }
            interrupt(at: now)
            admit(at: now)
            var runningCount: Int32 = 0
            check(curl_multi_perform(inbox.multi, &runningCount))
            // A connection that came free is given away at once, not after the next sleep.
            if finishCompleted() > 0, !waiting.isEmpty { continue }
            check(curl_multi_poll(inbox.multi, nil, 0, sleepMilliseconds(), nil))
        }
        stop()
    }

    private func admit(at now: SuspendAwareInstant) {
        var takenCount = 0
        while active.count < connectionsMax, takenCount < waiting.count {
            let pending = waiting[takenCount]
            takenCount += 1
            if let refusal = pending.refusal(at: now) {
                finish { pending.finishUnsent(refusal.code, refusal.reason) }
                continue
            }
            let transfer = ActiveTransfer(pending, at: now)
            guard transfer.optionsResult == CURLE_OK else {
                // A libcurl that lacks an option is not used without it.
                let code = transfer.optionsResult
                finish { pending.finishUnsent(.other(Int(code.rawValue)), code.sentence) }
                continue
            }
            check(curl_multi_add_handle(inbox.multi, transfer.handle))
            active[transfer.handle] = transfer
        }
        waiting.removeFirst(takenCount)
    }

    private func dropFromQueue(at now: SuspendAwareInstant) {
        waitingLimit = SuspendAwareInstant(nanoseconds: .max)
        waiting.removeAll { pending in
            guard let refusal = pending.refusal(at: now) else {
                waitingLimit = min(waitingLimit, pending.nextLimit)
                return false
            }
            finish { pending.finishUnsent(refusal.code, refusal.reason) }
            return true
        }
    }

    private func interrupt(at now: SuspendAwareInstant) {
        for transfer in Array(active.values) {
            guard let reason = transfer.interruption(at: now) else { continue }
            remove(transfer)
            finish { transfer.finish(interrupted: reason) }
        }
    }

    private func finishCompleted() -> Int {
        var count = 0
        var leftCount: Int32 = 0
        while let message = curl_multi_info_read(inbox.multi, &leftCount) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let transfer = active[handle]
            else { preconditionFailure("libcurl reports a transfer that is not ours") }
            let result = message.pointee.data.result
            remove(transfer)
            finish { transfer.finish(result) }
            count += 1
        }
        return count
    }

    private func remove(_ transfer: ActiveTransfer) {
        check(curl_multi_remove_handle(inbox.multi, transfer.handle))
        active[transfer.handle] = nil
    }

    private func finish(_ tell: () -> Void) {
        // Room first, so that the task that is told can add its next request at once.
        inbox.noteFinished(1)
        tell()
    }

    private func sleepMilliseconds() -> Int32 {
        var limit = waitingLimit
        for transfer in active.values { limit = min(limit, transfer.nextLimit) }
        let nanoseconds = max(0, SuspendAwareInstant.now().duration(to: limit).nanosecondsClamped)
        return Int32(min(Self.idleMillisecondsMax, nanoseconds / 1_000_000 + 1))
    }

    private func stop() {
        for transfer in Array(active.values) {
            remove(transfer)
            finish { transfer.finishStopped() }
        }
        for pending in waiting + inbox.close() {
            pending.finishUnsent(.cancelledBeforeSend, "the loop was shut down before the request began")
        }
        waiting = []
        check(curl_multi_cleanup(inbox.multi))
    }

    /// The loop cannot go on without its multi handle, and nobody may wait for it for ever: the process ends, and R1
    /// makes that safe.
    private func check(_ code: CURLMcode) {
        precondition(code == CURLM_OK, "libcurl's loop failed: \(String(cString: curl_multi_strerror(code)))")
    }
}
