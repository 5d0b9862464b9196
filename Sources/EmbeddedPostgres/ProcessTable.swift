import Glibc

/// Reads the kernel's process table.
enum ProcessTable {
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
        // "pid (name) state parent …"; the name may hold anything, so the fields begin after the last parenthesis.
        guard let text = FileTree.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count >= 2, let parent = Int32(fields[1]) else { return nil }
        return (fields[0], parent)
    }
}
