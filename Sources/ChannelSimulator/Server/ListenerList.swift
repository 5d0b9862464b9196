import Glibc

/// Listening sockets of 127.0.0.1, closed together unless released.
struct ListenerList: ~Copyable {
    /// In the order of the calls of `listen`.
    private(set) var ports: [Int] = []
    private var descriptors: [Int32] = []

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Adds a socket on `port`; 0 is any free one.
    mutating func listen(port: UInt16) throws(SimulatorError) {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw Self.failure("make a socket") }
        descriptors.append(descriptor)
        var on: Int32 = 1
        // So that a restarted simulator gets its port again at once. Without it the bind below fails and says so.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && Glibc.listen(descriptor, 1_024) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else { throw Self.failure("listen on port \(port) of 127.0.0.1") }
        ports.append(Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Hands the sockets over to the caller, who closes them.
    mutating func release() -> [Int32] {
        defer { descriptors = [] }
        return descriptors
    }

    private static func failure(_ action: String) -> SimulatorError {
        SimulatorError(
            .system,
            "cannot \(action): \(String(cString: strerror(errno))); choose another port or stop what uses it"
        )
    }
}
