import Glibc

/// Listening sockets of 127.0.0.1, closed together unless released.
struct ListenerList: ~Copyable {
    /// Connections that wait to be accepted, at most.
    static let backlog: Int32 = 1_024
    private static let triesMax = 20

    /// In the order of the calls of `listen`.
    private(set) var ports: [Int] = []
    private var descriptors: [Int32] = []

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }

    /// Adds a socket on `port`; 0 is any free one.
    mutating func listen(port: UInt16) throws(SimulatorError) {
        guard port == 0 else {
            guard add(port: port) != nil else { throw Self.failure("listen on port \(port) of 127.0.0.1") }
            return
        }
        // A number that the kernel chose is given away when the socket refuses for a while, one that was asked for is
        // not: so a free one is found first, and then asked for.
        for _ in 1...Self.triesMax {
            if let free = Self.freePort(), add(port: free) != nil { return }
        }
        throw Self.failure("listen on any port of 127.0.0.1")
    }

    /// The socket's number; nil, with `errno`, if it cannot be had.
    private mutating func add(port: UInt16) -> UInt16? {
        guard let (descriptor, number) = Self.bind(port: port) else { return nil }
        guard Glibc.listen(descriptor, Self.backlog) == 0 else {
            let problem = errno
            close(descriptor)
            errno = problem
            return nil
        }
        descriptors.append(descriptor)
        ports.append(Int(number))
        return number
    }

    private static func freePort() -> UInt16? {
        guard let (descriptor, number) = bind(port: 0) else { return nil }
        close(descriptor)
        return number
    }

    private static func bind(port: UInt16) -> (descriptor: Int32, number: UInt16)? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { return nil }
        var on: Int32 = 1
        // So that a restarted simulator gets its port again at once. Without it the bind below fails and says so.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                Glibc.bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else {
            let problem = errno
            close(descriptor)
            errno = problem
            return nil
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// Hands the sockets over to the caller, who closes them.
    mutating func release() -> [Port] {
        defer { descriptors = [] }
        return descriptors.map(Port.init)
    }

    private static func failure(_ action: String) -> SimulatorError {
        SimulatorError(
            .system,
            "cannot \(action): \(String(cString: strerror(errno))); choose another port or stop what uses it"
        )
    }
}
