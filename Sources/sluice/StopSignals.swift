import Dispatch
import Glibc

/// The requests to stop that the operating system hands to this process: SIGTERM and SIGINT.
///
/// Made once, near the start of a command that runs for long; from then on the signals do nothing else.
// @unchecked Sendable: the sources are made once and only kept; their queue is the only one to use them.
package final class StopSignals: @unchecked Sendable {
    /// One element a signal.
    private let requests: AsyncStream<Void>
    private let sources: [any DispatchSourceSignal]

    package init() {
        let (requests, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(4))
        self.requests = requests
        let queue = DispatchQueue(label: "stop-signals")
        sources = [SIGTERM, SIGINT].map { number in
            // The default would end the process before the source hears of it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
    }

    /// Returns at the next signal, or when the task is cancelled.
    package func next() async {
        var iterator = requests.makeAsyncIterator()
        await iterator.next()
    }
}
