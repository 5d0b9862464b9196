import Cryptography
import Glibc

/// The bytes of a file to queue: hashed first, then read again part by part; no copy is written anywhere (R15).
///
/// What cannot be read twice (a pipe) is kept in memory, and therefore bounded.
final class BatchContent: Sendable {
    static let partBytes = 1_048_576
    private static let pipeBytesMax = 64 * partBytes
    /// The parts are numbered in 32 bits, and no file of a merchant comes near.
    private static let fileBytesMax = Int64(1) << 40

    let sha256: [UInt8]
    let bytes: Int64
    private let descriptor: Int32
    private let kept: [UInt8]?

    /// Opens and hashes the file; the path `-` is standard input.
    ///
    /// `hashesNow`: false for whoever reads a file whole anyway, and hashes it meanwhile; `sha256` is empty then.
    init(path: String, hashesNow: Bool = true) throws {
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        var about = stat()
        guard fstat(descriptor, &about) == 0 else {
            let failure = Self.failure("look at", path)
            close(descriptor)
            throw failure
        }
        do {
            switch about.st_mode & S_IFMT {
            case S_IFREG where !hashesNow:
                (sha256, bytes, kept) = ([], Int64(about.st_size), nil)
                guard bytes <= Self.fileBytesMax else { throw Self.tooLarge(path) }
            case S_IFREG:
                (sha256, bytes) = try Self.hash(descriptor, path: path)
                kept = nil
            case S_IFDIR: throw CommandFailure("\(path) is a folder", mend: "name a file", status: .configuration)
            default:
                let content = try Self.readWhole(descriptor, path: path)
                (sha256, bytes, kept) = (SHA256.hash(content), Int64(content.count), content)
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(descriptor) }

    var partCount: Int { Int((bytes + Int64(Self.partBytes) - 1) / Int64(Self.partBytes)) }

    /// The bytes of one part, from 1.
    func part(_ number: Int) throws -> [UInt8] {
        let start = Int64(number - 1) * Int64(Self.partBytes)
        let wanted = Int(min(Int64(Self.partBytes), bytes - start))
        if let kept { return Array(kept[Int(start)..<Int(start) + wanted]) }
        let part = try Self.read(descriptor, at: start, count: wanted)
        guard part.count == wanted else {
            throw CommandFailure(
                "the file became shorter while it was read",
                mend: "submit it again once it is complete"
            )
        }
        return part
    }

    private static func hash(_ descriptor: Int32, path: String) throws -> ([UInt8], Int64) {
        var hasher = SHA256Hasher()
        var position: Int64 = 0
        while true {
            let part = try read(descriptor, at: position, count: partBytes)
            if part.isEmpty { return (hasher.finalize(), position) }
            hasher.update(part)
            position += Int64(part.count)
            guard position <= fileBytesMax else { throw tooLarge(path) }
        }
    }

    private static func readWhole(_ descriptor: Int32, path: String) throws -> [UInt8] {
        var content: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { return content }
            content.append(contentsOf: buffer.prefix(count))
            guard content.count <= pipeBytesMax else {
                throw CommandFailure(
                    "a pipe gives at most 64 MiB, for it is read once and hashed first",
                    mend: "write the file to disk and name its path",
                    status: .configuration
                )
            }
        }
    }

    /// Up to `count` bytes from a position; fewer only at the end.
    private static func read(_ descriptor: Int32, at position: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = buffer.baseAddress.map { $0 + filled }
                let read = pread(descriptor, rest, count - filled, off_t(position) + off_t(filled))
                if read < 0, errno == EINTR { continue }
                guard read >= 0 else { throw failure("read", "the file") }
                if read == 0 { return }
                filled += read
            }
        }
    }

    private static func tooLarge(_ path: String) -> CommandFailure {
        CommandFailure("\(path) has more than 1 TiB", mend: "check the path", status: .configuration)
    }

    private static func failure(_ action: String, _ path: String) -> CommandFailure {
        CommandFailure(
            "cannot \(action) \(path): \(String(cString: strerror(errno)))",
            mend: "check the path",
            status: .configuration
        )
    }
}
