import Dispatch

/// The one thread of the process that sends cancel requests.
///
/// `PQcancel` opens a connection of its own and blocks, so neither a cancellation handler nor a waiting connection may
/// call it. A request that waited past its deadline is dropped: its connection is closed by then.
enum Canceller {
    private static let queue = DispatchQueue(label: "postgres-canceller")

    static func request(_ handle: CancelHandle, until deadline: Deadline) {
        queue.async {
            guard !deadline.hasPassed else { return }
            handle.send()
        }
    }
}
