import Foundation

/// The most memory that this process has held at once, as the kernel counts it.
enum PeakMemory {
    /// KiB; nil where the kernel does not say.
    static var kibibytes: Int? {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
        else { return nil }
        return line.split(separator: " ").compactMap { Int($0) }.first
    }
}
