import Cryptography
import Foundation
import PaymentCore
import Pipeline
import Store
import Transcoding

/// Writes one of the demo's files to disk, piece by piece, and queues it.
struct DemoFileMaker {
    /// What was written, for the report and the proof.
    struct Made: Sendable {
        let records: DemoRecords
        let path: String
        let sha256: [UInt8]
        let bytes: Int64
        /// The sum of what was meant, faults not counted.
        let meantSum: Int64
    }

    private static let partBytes = 1_048_576

    static func make(_ records: DemoRecords, in directory: String) throws -> Made {
        let path = "\(directory)/\(records.fileName)"
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw DemoFailure("cannot write \(path)") }
        defer { try? file.close() }
        let encoder = TextEncoder(charset: records.direction == .payout ? .utf8 : .gb18030)
        var hasher = SHA256Hasher()
        var bytes: Int64 = 0
        var buffer = records.head
        var sum: Int64 = 0
        func flush() throws {
            hasher.update(buffer)
            bytes += Int64(buffer.count)
            try file.write(contentsOf: buffer)
            buffer.removeAll(keepingCapacity: true)
        }
        for line in 1...records.count {
            buffer.append(contentsOf: records.bytes(line: line, encoder: encoder))
            sum += records.ordered(line: line).amountMinor
            if buffer.count >= Self.partBytes { try flush() }
        }
        buffer.append(contentsOf: records.tail(sum: sum))
        try flush()
        return Made(records: records, path: path, sha256: hasher.finalize(), bytes: bytes, meantSum: sum)
    }

    static func queue(_ made: Made, environment: String, store: any BatchFileStore) async throws -> BatchIdentifier {
        let parts = Int((made.bytes + Int64(partBytes) - 1) / Int64(partBytes))
        let path = made.path
        return try await store.submitBatchFile(
            BatchFileToSubmit(
                merchant: made.records.merchant,
                direction: made.records.direction,
                format: made.records.layoutName,
                fileName: made.records.fileName,
                environment: environment,
                clientKey: "demo-\(made.records.fileName)",
                declaredCount: Int64(made.records.count),
                contentSHA256: made.sha256,
                contentBytes: made.bytes,
                partCount: parts
            )
        ) { number in
            guard let file = FileHandle(forReadingAtPath: path) else { throw DemoFailure("cannot read \(path)") }
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(number - 1) * UInt64(partBytes))
            return Array(try file.read(upToCount: partBytes) ?? Data())
        }
    }
}

/// Why the demo cannot go on.
struct DemoFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
