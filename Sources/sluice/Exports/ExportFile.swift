import Compression
import Cryptography
import Glibc
import PaymentCore
import Pipeline
import Store
import Synchronization

/// One day on its way into a folder: packed and hashed as it comes, read back before it gets its name.
final class ExportFile: ArchiveExportFile {
    private struct State: ~Copyable {
        var packer = GzipPacker()
        var packed = Digest()
        var content = Digest()
        var descriptor: Int32
    }

    /// Bytes counted and hashed.
    private struct Digest: ~Copyable {
        var hasher = SHA256Hasher()
        var bytes: Int64 = 0
        var lines: Int64 = 0

        mutating func add(_ piece: ArraySlice<UInt8>) {
            hasher.update(piece)
            bytes += Int64(piece.count)
            for byte in piece where byte == 0x0A { lines += 1 }
        }
    }

    /// What was written, or read.
    private struct Sum: Equatable {
        let bytes, lines: Int64
        let sha256: [UInt8]
    }

    private static let readBytes = 1 << 20
    /// Contents of one kind pack very well.
    private static let ratioMax: Int64 = 1 << 20

    private let folder: ExportFolder
    private let table: HeavyTable
    private let day: BusinessDate
    private let name: String
    private let state: Mutex<State>

    private var path: String { "\(folder.path)/\(name)" }
    /// Without its name it is nobody's export.
    private var unfinished: String { "\(path).part" }

    init(folder: ExportFolder, table: HeavyTable, day: BusinessDate) throws {
        (self.folder, self.table, self.day) = (folder, table, day)
        name = "\(table)_\(day.compact).copy.gz"
        let unfinished = "\(folder.path)/\(name).part"
        let descriptor = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ExportFolder.failure("write", unfinished) }
        state = Mutex(State(descriptor: descriptor))
    }

    deinit { state.withLock { Self.close(&$0) } }

    func append(_ piece: [UInt8]) throws {
        try state.withLock { state in
            state.content.add(piece[...])
            let descriptor = state.descriptor
            try state.packer.pack(piece) { packed in
                try write(packed, to: descriptor)
                state.packed.add(packed)
            }
        }
    }

    func finish(columns: [String], totals: ArchiveTotals) async throws -> ArchiveExport {
        let (packed, content) = try state.withLock { state in
            let descriptor = state.descriptor
            try state.packer.end { packed in
                try write(packed, to: descriptor)
                state.packed.add(packed)
            }
            guard fsync(descriptor) == 0 else { throw ExportFolder.failure("sync", unfinished) }
            Self.close(&state)
            return (Self.sum(&state.packed), Self.sum(&state.content))
        }
        let read = try await readBack(bytesMax: content.bytes)
        guard read.packed.sha256 == packed.sha256, read.content == content else {
            throw ArchiveExportFailed("\(unfinished) is not what was written; look at the disk")
        }
        let export = ArchiveExport(
            file: name,
            bytes: packed.bytes,
            sha256: packed.sha256,
            rows: content.lines,
            contentBytes: content.bytes,
            contentSHA256: content.sha256,
            columns: columns
        )
        try describe(export, totals)
        guard rename(unfinished, path) == 0 else { throw ExportFolder.failure("rename", unfinished) }
        try folder.synchronize()
        return export
    }

    func abandon() {
        state.withLock { Self.close(&$0) }
        unlink(unfinished)
    }

    // MARK: Files

    private func readBack(bytesMax: Int64) async throws -> (packed: Sum, content: Sum) {
        let descriptor = open(unfinished, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ExportFolder.failure("read", unfinished) }
        defer { Glibc.close(descriptor) }
        var unpacker = GzipUnpacker(limits: UnpackLimits(bytesMax: max(1, bytesMax), ratioMax: Self.ratioMax))
        var packed = Digest()
        var content = Digest()
        while true {
            let piece = try read(descriptor)
            packed.add(piece[...])
            do {
                try unpacker.unpack(piece[...], isLast: piece.isEmpty) { content.add($0) }
            } catch let error as UnpackError {
                throw ArchiveExportFailed("\(unfinished) cannot be unpacked again: \(error)")
            }
            guard !piece.isEmpty else { break }
            // A day is long, and others use this thread, too.
            try Task.checkCancellation()
            await Task.yield()
        }
        return (Self.sum(&packed), Self.sum(&content))
    }

    private func read(_ descriptor: Int32) throws -> [UInt8] {
        while true {
            var count = 0
            let piece = [UInt8](unsafeUninitializedCapacity: Self.readBytes) { buffer, initialized in
                count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                initialized = max(0, count)
            }
            if count >= 0 { return piece }
            guard errno == EINTR else { throw ExportFolder.failure("read", unfinished) }
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ExportFolder.failure("write", unfinished) }
            rest = rest.dropFirst(count)
        }
    }

    /// What tells a reader what the file is, and whether it is whole.
    private func describe(_ export: ArchiveExport, _ totals: ArchiveTotals) throws {
        let told: JSON = [
            "environment": .string(folder.environment), "table": .string(table.rawValue), "day": .string("\(day)"),
            "file": .string(export.file), "format": "PostgreSQL COPY text, gzip", "rows": .integer(export.rows),
            "columns": .array(export.columns.map { .string($0) }), "totals": totals.json,
            "bytes": .integer(export.bytes), "sha256": .string(Hexadecimal.encode(export.sha256)),
            "content_bytes": .integer(export.contentBytes),
            "content_sha256": .string(Hexadecimal.encode(export.contentSHA256)),
        ]
        let target = "\(path.dropLast(3)).json"
        let descriptor = open("\(target).part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ExportFolder.failure("write", target) }
        defer { Glibc.close(descriptor) }
        try write(Array((told.text + "\n").utf8)[...], to: descriptor)
        guard fsync(descriptor) == 0, rename("\(target).part", target) == 0 else {
            throw ExportFolder.failure("write", target)
        }
    }

    private static func sum(_ digest: inout Digest) -> Sum {
        Sum(bytes: digest.bytes, lines: digest.lines, sha256: digest.hasher.finalize())
    }

    private static func close(_ state: inout State) {
        guard state.descriptor >= 0 else { return }
        Glibc.close(state.descriptor)
        state.descriptor = -1
    }
}
