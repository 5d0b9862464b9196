import Glibc

/// What this process has taken of the processors.
enum ProcessorTime {
    /// Milliseconds, user and system together; nil where the kernel does not say.
    static var milliseconds: Int? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000
            + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000
    }
}
