import Glibc

/// Reads the kernel's process table.
package enum ProcessTable {
    /// How long processors have worked for a process, for its children that ended, and for those that live.
    ///
    /// Grandchildren count once their parents have waited for them. Zero for a process that is gone.
    package static func processorTime(of process: Int32) -> Duration {
        ticks(process) + children(of: process).map(ticks).reduce(.zero, +)
    }

    private static func ticks(_ process: Int32) -> Duration {
        guard let fields = fields(process), fields.count > 14 else { return .zero }
        // After the name: utime, stime, cutime and cstime are the twelfth to the fifteenth.
        let ticks = fields[11...14].compactMap { Int64($0) }.reduce(0, +)
        return .milliseconds(ticks * 1_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
    }

    /// Whether the process runs; a dead one that nobody waited for does not.
    static func isAlive(_ process: Int32) -> Bool {
        guard let fields = statFields(process) else { return false }
        return fields.state != "Z" && fields.state != "X"
    }

    /// The processes that `parent` started.
    static func children(of parent: Int32) -> [Int32] {
        FileTree.entries(of: "/proc").compactMap { Int32($0) }.filter { statFields($0)?.parent == parent }
    }

    private static func statFields(_ process: Int32) -> (state: Substring, parent: Int32)? {
        guard let fields = fields(process), fields.count >= 2, let parent = Int32(fields[1]) else { return nil }
        return (fields[0], parent)
    }

    /// The fields behind the process's name, from its state on.
    private static func fields(_ process: Int32) -> [Substring]? {
        // "pid (name) state parent …"; the name may hold anything, so the fields begin after the last parenthesis.
        guard let text = FileTree.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }
}
