import CLibCurl

/// Sends HTTP requests through libcurl, each one once, and says for each whether it was answered, proven unsent, or
/// neither.
///
/// R11: nothing is sent again, no redirect is followed, no connection reused. R4: "not sent" rests on libcurl's hook
/// between the handshake and the first byte of the request. One thread does the work of all requests; tasks only wait.
package final class TransferLoop: Sendable {
    /// Requests that may wait for each connection before more are refused.
    private static let waitingMaxPerConnection = 1_000

    static let globalResult: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    private let inbox: TransferInbox

    /// Starts the loop's thread.
    ///
    /// `connectionsMax`: requests in flight at a time, at least 1. Others wait in order of arrival, so lanes that must
    /// not delay each other need a sum of slots within it, or a loop each.
    package init(connectionsMax: Int) {
        precondition(connectionsMax > 0, "a loop needs a connection")
        precondition(Self.globalResult == CURLE_OK, "libcurl cannot be initialised")
        inbox = TransferInbox(unfinishedMax: connectionsMax * (1 + Self.waitingMaxPerConnection))
        TransferEngine.start(inbox: inbox, connectionsMax: connectionsMax)
    }

    deinit {
        inbox.stop()
    }

    /// Sends `request` at most once and waits for its outcome, which comes by its total deadline.
    ///
    /// Cancelling the task ends the request at once: not sent if it had not begun, unknown otherwise.
    package func perform(_ request: TransferRequest) async -> TransferOutcome {
        let target: TransferTarget
        do throws(TransferTarget.Refusal) {
            target = try TransferTarget(request)
        } catch {
            return .notSent(
                TransferFailure(code: .refusedByPolicy, peer: error.peer, reason: error.reason, bytesSent: 0)
            )
        }
        let pending = PendingTransfer(request, target: target)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pending.await(continuation)
                do throws(TransferInbox.Refusal) {
                    try inbox.add(pending)
                } catch {
                    switch error {
                    case .full: pending.finishUnsent(.refusedByPolicy, "too many requests are waiting")
                    case .stopped: pending.finishUnsent(.cancelledBeforeSend, "the loop was shut down")
                    }
                }
            }
        } onCancel: {
            inbox.cancel(pending)
        }
    }

    /// Ends all requests, those in flight as unknown, and the thread; later requests are refused as not sent.
    package func shutdown() {
        inbox.stop()
    }
}
