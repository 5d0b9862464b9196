import ArgumentParser
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice audit`: the chain of what was done and decided.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Verify the chain of what people did and decided.",
        subcommands: [Verify.self]
    )

    /// Reads the chain.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the whole audit chain; exits 1 if a row was changed, deleted, inserted, moved or cut off.",
            discussion: """
                Each row has the hash of the one before in its own. Whoever may write everything in the database could \
                write the whole chain anew: that shows against heads that were written outside of it, a line a day, \
                into the file `audit.heads` of sluice.yaml. Keep that file where the database's owner cannot write.
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Option(
            help: ArgumentHelp("The file of heads to compare with (default: `audit.heads`).", valueName: "file")
        )
        var heads: String?

        @Flag(help: "Add the head to that file, if the chain holds.")
        var writeHead = false

        func run() async throws {
            let configuration = try options.load()
            let file = heads.map { AuditHeadFile(path: $0) } ?? configuration.auditHeadFile
            if writeHead, file == nil {
                throw CommandFailure(
                    "there is no file to write the head into",
                    mend: "set `audit.heads`, or give --heads FILE",
                    status: .configuration
                )
            }
            let written = try file?.written() ?? []
            if let heads, written.isEmpty, !writeHead {
                throw CommandFailure(
                    "\(Masked.visible(heads)) holds no head to compare with",
                    mend: "name the file that `audit.heads` wrote, or add --write-head to begin one",
                    status: .configuration
                )
            }
            let found = try await Deployment.with(configuration) { deployment in
                let verification = AuditVerification(store: deployment.store)
                let found = try await verification.verify(against: written, progress: progress)
                if writeHead, found.holds, let file {
                    _ = try await AuditHeadKeeping(store: deployment.store, heads: file).keep(force: true)
                }
                return found
            }
            try report.show(Self.json(found, hasWritten: writeHead && found.holds), words: words(found))
            if !found.holds { throw ExitStatus.failed.code }
        }

        private func progress(_ done: Int64, _ all: Int64) throws {
            guard !report.json, Terminal.isInteractive(.error) else { return }
            let end = done >= all ? "\r\u{1B}[K" : "\r\u{1B}[K\(done)/\(all) rows"
            try Terminal.write(Array(end.utf8), to: .error)
        }

        private func words(_ found: AuditReport) -> String {
            func counted(_ number: Int64, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
            let compared =
                found.headsCompared == 0 ? "no head outside" : counted(Int64(found.headsCompared), "head") + " outside"
            let read = "\(counted(found.rows, "row")) up to number \(found.head.entryNumber), compared with \(compared)"
            guard !found.holds else {
                return "The audit chain holds: \(read)." + (writeHead ? " Its head is written." : "")
            }
            var table = Table("#at", "what", "found")
            for breach in found.examples { table.add("\(breach.entryNumber)", breach.kind.rawValue, breach.words) }
            return "\(table.text())\n\nThe audit chain is broken in \(counted(found.breaches, "place")): \(read)."
        }

        private static func json(_ found: AuditReport, hasWritten: Bool) -> JSON {
            [
                "holds": .bool(found.holds), "rows": .integer(found.rows),
                "entry_no": .integer(found.head.entryNumber), "heads_compared": .integer(found.headsCompared),
                "head_written": .bool(hasWritten), "breaches": .integer(found.breaches),
                "examples": .array(
                    found.examples.map {
                        [
                            "kind": .string($0.kind.rawValue), "at": .integer($0.entryNumber),
                            "words": .string($0.words),
                        ]
                    }
                ),
            ]
        }
    }
}
