import ArgumentParser
import Foundation
import PaymentCore
import PostgresStore
import Store

/// What a decision rests on: words, a file that is kept with it, or both.
struct EvidenceOptions: ParsableArguments {
    /// The most bytes of a file.
    private static let bytesMax = 16 * 1_024 * 1_024

    @Option(help: "What a final state rests on, such as the channel's written confirmation.")
    var evidence: String?

    @Option(help: "A file that it rests on, such as the channel's list: kept with the decision, encrypted.")
    var evidenceFile: String?

    var needs: Deployment.Needs { evidenceFile == nil ? [] : .keys }

    /// Keeps the file; answers its number.
    ///
    /// A run that only looks keeps it all the same if it can be read: evidence moves nothing, and the look needs it.
    func keep(in deployment: Deployment, by secret: SessionSecret, isDry: Bool) async throws -> Int64? {
        guard let evidenceFile else { return nil }
        let name = String(evidenceFile.split(separator: "/").last ?? "evidence")
        guard let handle = FileHandle(forReadingAtPath: evidenceFile) else {
            throw CommandFailure(
                "the evidence file cannot be read",
                mend: "name a file that this user may read",
                status: .configuration
            )
        }
        defer { try? handle.close() }
        let content = Array(try handle.read(upToCount: Self.bytesMax + 1) ?? Data())
        guard (1...Self.bytesMax).contains(content.count) else {
            throw CommandFailure(
                "the evidence file has \(content.isEmpty ? "no bytes" : "more than \(Self.bytesMax) bytes")",
                mend: "give the part of it that the decision rests on",
                status: .configuration
            )
        }
        return try await deployment.store.keepEvidence(named: String(name.prefix(255)), content, by: secret)
    }
}

/// Whether a command that changes something only looks.
struct DryRunOptions: ParsableArguments {
    @Flag(help: "Change nothing; say what would be done, or why it would be refused.")
    var dryRun = false
}
