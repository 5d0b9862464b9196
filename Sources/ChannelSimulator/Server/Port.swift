import Glibc

/// A listening socket that can refuse connections for a while without giving its number away.
struct Port: Sendable {
    let descriptor: Int32

    /// Connections are refused when this returns, those that wait to be accepted too.
    ///
    /// Linux lets a listening socket be shut down, and listen again on the same number.
    func refuse() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Connections are taken again when this returns.
    func reopen() throws(SimulatorError) {
        guard listen(descriptor, ListenerList.backlog) == 0 else {
            throw SimulatorError(
                .system,
                "cannot listen again: \(String(cString: strerror(errno))); start the simulator again"
            )
        }
    }
}
