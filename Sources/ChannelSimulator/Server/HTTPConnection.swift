import Glibc

/// One accepted connection: reads and writes under deadlines, and ends every wait when the server stops.
///
/// Deadlines are milliseconds of the monotonic clock.
struct HTTPConnection: ~Copyable {
    /// What `poll` says when the other side has hung up (`POLLRDHUP` of Linux comes first).
    static let hangUpEvents = Int16(0x2000) | Int16(POLLHUP) | Int16(POLLERR)

    /// How a wait ended.
    enum Wait {
        case ready
        case left
        case stopped
        case expired
    }

    /// How reading ended.
    enum Read {
        case bytes([UInt8])
        /// The other side closed, was too slow, or the server stops: there is nobody to answer.
        case over
        case tooLong
    }

    let descriptor: Int32
    private let stop: StopSignal
    private var unread: [UInt8] = []

    /// Takes over an accepted, non-blocking socket and closes it in the end.
    init(_ descriptor: Int32, stop: StopSignal) {
        self.descriptor = descriptor
        self.stop = stop
        var on: Int32 = 1
        // Without it the second half of a short answer waits for the client's delayed acknowledgement. A failure only
        // costs time.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close(descriptor)
    }

    /// Waits for `events`, for the other side to hang up, for the server's stop, or for the deadline.
    func wait(for events: Int16, until deadline: Int64) -> Wait {
        while true {
            let left = deadline - SystemTime.monotonicMilliseconds()
            var entries = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&entries, 2, Int32(clamping: max(left, 0)))
            if count < 0 && errno == EINTR { continue }
            if entries[1].revents != 0 { return .stopped }
            if entries[0].revents & ~Self.hangUpEvents != 0 { return .ready }
            if entries[0].revents != 0 { return .left }
            if count <= 0 && left <= 0 { return .expired }
        }
    }

    /// Waits for `milliseconds` whatever the other side does; `false` when the server stops.
    func pause(_ milliseconds: Int64) -> Bool {
        !stop.isRaised(within: Int32(clamping: milliseconds))
    }

    /// Whether the server stops.
    var isStopped: Bool {
        stop.isRaised()
    }

    // MARK: Reading

    /// Reads up to and including the empty line after the headers.
    ///
    /// `idle`: how long to wait for the first byte, in milliseconds.
    ///
    /// `limit`: how long the rest may take.
    mutating func readHead(idle: Int64, limit: Int64) -> Read {
        var deadline = SystemTime.monotonicMilliseconds() + (unread.isEmpty ? idle : limit)
        var searched = 0
        while true {
            if let end = headEnd(from: searched) {
                guard end <= HTTPRequestHead.byteCountMax else { return .tooLong }
                let head = Array(unread[..<end])
                unread.removeFirst(end)
                return .bytes(head)
            }
            guard unread.count <= HTTPRequestHead.byteCountMax else { return .tooLong }
            searched = max(unread.count - 3, 0)
            let isFirst = unread.isEmpty
            guard receive(until: deadline) else { return .over }
            if isFirst { deadline = SystemTime.monotonicMilliseconds() + limit }
        }
    }

    /// Reads exactly `count` bytes.
    mutating func readBody(_ count: Int, limit: Int64) -> [UInt8]? {
        let deadline = SystemTime.monotonicMilliseconds() + limit
        while unread.count < count {
            guard receive(until: deadline) else { return nil }
        }
        let body = Array(unread[..<count])
        unread.removeFirst(count)
        return body
    }

    private func headEnd(from start: Int) -> Int? {
        guard unread.count >= 4 else { return nil }
        for index in start..<max(unread.count - 3, start)
        where unread[index] == 0x0D && unread[index + 1] == 0x0A && unread[index + 2] == 0x0D
            && unread[index + 3] == 0x0A
        {
            return index + 4
        }
        return nil
    }

    private mutating func receive(until deadline: Int64) -> Bool {
        let socket = descriptor
        while true {
            // A client that has only shut down its sending side still left bytes to read and waits for an answer.
            switch wait(for: Int16(POLLIN), until: deadline) {
            case .stopped, .expired, .left: return false
            case .ready: break
            }
            var got = 0
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 64 * 1_024) { buffer, count in
                got = recv(socket, buffer.baseAddress, buffer.count, 0)
                failure = errno
                count = max(got, 0)
            }
            if got > 0 {
                unread += chunk
                return true
            }
            guard got < 0, failure == EAGAIN || failure == EINTR else { return false }
        }
    }

    // MARK: Writing

    /// Sends all of `bytes`; `false` when the other side is gone, too slow, or the server stops.
    func send(_ bytes: [UInt8], limit: Int64) -> Bool {
        let deadline = SystemTime.monotonicMilliseconds() + limit
        let socket = descriptor
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            let failure = errno
            if count > 0 {
                rest.removeFirst(count)
                continue
            }
            guard count < 0, failure == EAGAIN || failure == EINTR else { return false }
            guard case .ready = wait(for: Int16(POLLOUT), until: deadline) else { return false }
        }
        return true
    }

    /// Makes the coming close a reset (`SO_LINGER` of zero seconds).
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Ends the sending side and waits for the other side to finish: a close with unread bytes would reset the answer.
    func finish(limit: Int64) {
        guard shutdown(descriptor, Int32(SHUT_WR)) == 0 else { return }
        _ = wait(for: Self.hangUpEvents, until: SystemTime.monotonicMilliseconds() + limit)
    }
}
