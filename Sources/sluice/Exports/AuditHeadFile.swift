import Cryptography
import Foundation
import Glibc
package import PaymentCore
package import Pipeline
package import Store

/// A file that heads of the audit chain are added to, a line each: `TIME, ENTRY_NO, HASH`; nothing in it is changed.
///
/// Several processes may add to it: the system's lock of the file keeps them apart.
package struct AuditHeadFile: AuditHeads {
    private static let bytesMax = 64 << 20

    package let path: String

    package init(path: String) { self.path = path }

    package func written() throws -> [WrittenAuditHead] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw failure("read")
        }
        defer { close(descriptor) }
        return try Self.lines(of: read(descriptor)).enumerated().map { Self.head(of: $1, line: $0 + 1) }
    }

    package func lastWritten() throws -> WrittenAuditHead? { try written().last }

    package func append(_ head: AuditHead, at instant: Timestamp, force: Bool) throws -> Bool {
        var isNew = false
        var descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT {
            descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            isNew = true
        }
        guard descriptor >= 0 else { throw failure("write") }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("lock") }
        }
        let before = try read(descriptor)
        let lines = Self.lines(of: before)
        let last = lines.last.map { Self.head(of: $0, line: lines.count) }
        if !force, let day = last?.day, day >= BusinessDate(at: instant) { return false }
        // A line that was cut short keeps its own place.
        let start = before.isEmpty || before.last == 0x0A ? "" : "\n"
        let line = "\(start)\(instant.iso8601), \(head.entryNumber), \(Hexadecimal.encode(head.hash))\n"
        try Terminal.write(Array(line.utf8), descriptor: descriptor)
        guard fsync(descriptor) == 0 else { throw failure("sync") }
        if isNew { try synchronizeFolder() }
        return true
    }

    private func read(_ descriptor: Int32) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var offset: off_t = 0
        while true {
            let count = pread(descriptor, &piece, piece.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            offset += count
            guard bytes.count <= Self.bytesMax else {
                throw CommandFailure("\(path) is too long for a file of heads", mend: "look at what else writes there")
            }
        }
    }

    private func synchronizeFolder() throws {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("sync") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync") }
    }

    private func failure(_ deed: String) -> CommandFailure {
        CommandFailure(
            "cannot \(deed) \(path): \(String(cString: strerror(errno)))",
            mend: "give this user a file there that nobody who owns the database can change"
        )
    }

    private static func lines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: 0x0A, omittingEmptySubsequences: true)
    }

    private static func head(of line: ArraySlice<UInt8>, line number: Int) -> WrittenAuditHead {
        let fields = String(decoding: line, as: UTF8.self).components(separatedBy: ", ")
        guard fields.count == 3, fields[0].utf8.count == 27, fields[0].hasSuffix("Z"),
            let day = BusinessDate(String(fields[0].prefix(10))), let entry = Int64(fields[1]), entry > 0,
            let hash = Hexadecimal.decode(fields[2]), hash.count == SHA256.byteCount
        else { return WrittenAuditHead(line: number, head: nil, day: nil) }
        return WrittenAuditHead(line: number, head: AuditHead(entryNumber: entry, hash: hash), day: day)
    }
}
