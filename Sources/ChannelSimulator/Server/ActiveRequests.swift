import Glibc
import Synchronization

/// The requests of one channel that are under way, as the company counts them.
///
/// A request counts from its whole head until just before its answer leaves, or until the other side has hung up: a
/// client that gave up and asks again is not two at once, however late the thread that served it notices.
final class ActiveRequests: Sendable {
    private struct Entry {
        let kind: RequestKind
        let descriptor: Int32
        var key: BatchKey?

        var isWaitedFor: Bool {
            var entry = pollfd(fd: descriptor, events: HTTPConnection.hangUpEvents, revents: 0)
            return poll(&entry, 1, 0) == 0
        }
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var nextID = 0
        var peaks: [RequestKind: Int] = [:]
    }

    private let state: Mutex<State>

    /// Starts with the most that were ever under way at once.
    init(peaks: [RequestKind: Int]) {
        state = Mutex(State(peaks: peaks))
    }

    /// Counts a request; `peak` is how many of its kind there are now, if never before so many.
    func begin(_ kind: RequestKind, on descriptor: Int32) -> (id: Int, peak: Int?) {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let others = state.entries.values.count { $0.kind == kind && $0.isWaitedFor }
            state.entries[id] = Entry(kind: kind, descriptor: descriptor)
            guard others + 1 > state.peaks[kind] ?? 0 else { return (id, nil) }
            state.peaks[kind] = others + 1
            return (id, others + 1)
        }
    }

    /// How many of a kind are under way now, and the most that ever were.
    func count(of kind: RequestKind) -> (now: Int, max: Int) {
        state.withLock { state in
            (state.entries.values.count { $0.kind == kind && $0.isWaitedFor }, state.peaks[kind] ?? 0)
        }
    }

    /// Says which batch a request is about; returns whether a request of the other kind about it is under way (R6).
    func identify(_ id: Int, as key: BatchKey) -> Bool {
        state.withLock { state in
            guard var entry = state.entries[id] else { return false }
            entry.key = key
            state.entries[id] = entry
            return state.entries.values.contains { $0.key == key && $0.kind != entry.kind && $0.isWaitedFor }
        }
    }

    /// Counts a request no longer; must precede the close of its descriptor.
    func end(_ id: Int) {
        state.withLock { $0.entries[id] = nil }
    }
}
