import Glibc

/// Flags of descriptors that calls without flags have made.
enum Descriptor {
    /// Makes it non-blocking and closes it in programs that this process starts; `false` if that fails.
    static func prepare(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
    }
}
