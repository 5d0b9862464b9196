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

    /// The words and the number of the kept file that a decision rests on.
    ///
    /// A run that only looks reads the file and keeps nothing: for the look its name stands in the words.
    func kept(
        in deployment: Deployment,
        by secret: SessionSecret,
        isDry: Bool
    ) async throws -> (words: String?, file: Int64?) {
        guard let evidenceFile else { return (evidence, nil) }
        let name = String((evidenceFile.split(separator: "/").last ?? "evidence").prefix(255))
        let content = try content(of: evidenceFile)
        guard !isDry else { return (evidence ?? "file \(name)", nil) }
        return (evidence, try await deployment.store.keepEvidence(named: name, content, by: secret))
    }

    private func content(of evidenceFile: String) throws -> [UInt8] {
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
        return content
    }
}

/// Whether a command that changes something only looks.
struct DryRunOptions: ParsableArguments {
    @Flag(help: "Change nothing; say what would be done, or why it would be refused.")
    var dryRun = false
}
