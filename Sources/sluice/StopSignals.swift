import Dispatch
import Glibc

/// The requests to stop that the operating system hands to this process: SIGTERM and SIGINT.
///
/// Made once, near the start of a command that runs for long; from then on the signals do nothing else.
package struct StopSignals: Sendable {
    /// One element a signal.
    package let requests: AsyncStream<Void>

    package init() {
        requests = AsyncStream(bufferingPolicy: .bufferingNewest(4)) { continuation in
            let queue = DispatchQueue(label: "stop-signals")
            let sources = [SIGTERM, SIGINT].map { number in
                // The default would end the process before the source hears of it.
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                source.setEventHandler { continuation.yield() }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in sources.forEach { $0.cancel() } }
        }
    }

    /// Returns at the next signal, or when the task is cancelled.
    package func next() async {
        var iterator = requests.makeAsyncIterator()
        await iterator.next()
    }
}
