import ArgumentParser
import Glibc
import PaymentCore
import PostgresStore
import Store

/// `sluice file result`: the bytes of a result file.
struct FileResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Write a batch file's result file to standard output or a file.",
        discussion: """
            Exits 1 where there is none, and says why: it is not due yet, or the file is refused. A refused file of \
            ISO 20022 has a result file all the same, a pain.002 that rejects its group. With --json the result is \
            told of, and its bytes are written with --output only.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The batch number.")
    var batch: BatchIdentifier

    @Option(help: "The version (default: the newest).")
    var version: Int32?

    @Option(name: [.customShort("o"), .long], help: "Write to this file, which must not exist yet.")
    var output: String?

    func run() async throws {
        try await Deployment.with(try options.load(), needs: .keys) { deployment in
            guard let detail = try await deployment.store.batch(batch) else { throw FileCommand.Show.unknown(batch) }
            let found = version == nil ? detail.results.last : detail.results.first { $0.version == version }
            guard let found else { return try tellMissing(detail) }
            if !report.json || output != nil { try await write(found, deployment.store) }
            try tell(found, detail)
        }
    }

    /// Says why there is no such result file; the command has failed then.
    private func tellMissing(_ detail: BatchDetail) throws {
        let (what, mend) = detail.missingResult(version: version)
        guard report.json else { throw CommandFailure(what, mend: mend) }
        var members = about(nil, detail)
        members["what"] = .string(what)
        members["mend"] = .string(mend)
        try Terminal.line(JSON.object(members).text)
        throw ExitStatus.failed.code
    }

    private func tell(_ result: WrittenResult, _ detail: BatchDetail) throws {
        guard !report.json else { return try Terminal.line(JSON.object(about(result, detail)).text) }
        let state = result.isFinal ? "final" : "not final"
        // A report of a refusal has no lines.
        let holds = detail.isRefused ? "the file is refused" : "\(result.lineCount) lines"
        try Terminal.line("Batch \(batch), version \(result.version) (\(state)), \(holds)", to: .error)
    }

    private func about(_ result: WrittenResult?, _ detail: BatchDetail) -> [String: JSON] {
        [
            "batch_id": .integer(batch.value), "state": .string(detail.summary.state.rawValue),
            "verdict": detail.summary.verdict.map(\.json) ?? .null,
            "result_due_at": .string(detail.isRefused ? nil : detail.resultDueAt.iso8601),
            "version": .integer(result?.version), "final": result.map { .bool($0.isFinal) } ?? .null,
            "file_name": .string(result?.fileName), "lines": .integer(result?.lineCount),
            "output": .string(result == nil ? nil : output),
        ]
    }

    private func write(_ result: WrittenResult, _ store: SQLStore) async throws {
        let descriptor = try Self.open(output)
        defer { if output != nil { close(descriptor) } }
        let written = try await store.readResultFile(of: batch, version: result.version) { bytes in
            try Terminal.write(bytes, descriptor: descriptor)
        }
        guard written != nil else { throw FileCommand.Show.unknown(batch) }
        guard output == nil || fsync(descriptor) == 0 else {
            throw CommandFailure("cannot sync \(output ?? "")", mend: "check the disk")
        }
    }

    /// Nobody else may read what is written here: it holds account numbers and names.
    private static func open(_ path: String?) throws -> Int32 {
        guard let path else { return Terminal.Stream.output.rawValue }
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(
                "cannot make \(path): \(String(cString: strerror(errno)))",
                mend: "name a path that is free",
                status: .configuration
            )
        }
        return descriptor
    }
}
