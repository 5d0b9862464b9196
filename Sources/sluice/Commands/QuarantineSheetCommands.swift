import ArgumentParser
import BatchFiles
import Foundation
import Glibc
import PaymentCore
import PostgresStore
import Review
import Store

/// `sluice quarantine export`: a sheet of what fails, for a spreadsheet.
struct QuarantineExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what fails of records that wait to a CSV file, with room for new texts.",
        discussion: """
            A line a failing field: record, revision, field, old (masked), new, reasons, mend. Write new texts into \
            the column `new`, save as CSV UTF-8, and bring the file back: sluice quarantine import FILE. A text that a \
            spreadsheet would compute or rewrite has an apostrophe before it, which import takes away again.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: ArgumentHelp("The file to write; it must not be there. - is standard output.", valueName: "file"))
    var file: String

    @OptionGroup(title: "FILTER") var filter: QuarantineFilterOptions

    @Option(help: ArgumentHelp("A record, as BATCH-LINE. May be repeated.", valueName: "record"))
    var record: [LineKey] = []

    @Option(help: ArgumentHelp("A line for this field, also where it does not fail.", valueName: "field"))
    var with: [RecordField] = []

    @Flag(help: "A line for every field.")
    var allFields = false

    func validate() throws {
        guard record.isEmpty || !(filter.isNarrow || !filter.state.isEmpty) else {
            throw ValidationError("name records, or narrow them down with options; not both")
        }
        guard filter.state.allSatisfy(\.isWaiting) else {
            throw ValidationError("only records that are open or amended are exported")
        }
    }

    func run() async throws {
        let configuration = try options.load()
        let selection: RecordSelection =
            record.isEmpty
            ? .matching(filter.filter())
            : .named(record.map { RecordKey(batch: $0.batch, line: $0.line) })
        let sheet = try NewFile(file)
        let bar = ProgressBar(isWanted: !report.json && file != "-")
        do {
            let done = try await bar.during {
                try await Deployment.with(configuration, needs: .keys) { deployment in
                    try await deployment.quarantineReview.export(
                        selection,
                        fields: allFields ? Set(RecordField.allCases) : Set(with),
                        progress: { bar.show("exporting", done: $0.done, of: $0.whole) },
                        write: { try Terminal.write($0, descriptor: sheet.descriptor) }
                    )
                }
            }
            try sheet.finish()
            guard file != "-" else { return }
            try report.show(
                [
                    "records": .integer(done.records), "lines": .integer(done.lines),
                    "unjudgeable": .array(done.unjudgeable.map { .string("\($0)") }),
                    "missing": .array(done.missing.map { .string("\($0)") }),
                ],
                words: "\(done.lines) lines of \(done.records) records; save it as CSV UTF-8, then run:\n"
                    + "  sluice quarantine import \(Masked.visible(file, scalarsMax: 400)) --dry-run"
                    + done.leftOut.map { "\n  left out: \(Masked.visible($0, scalarsMax: 400))" }.joined()
            )
            guard done.isWhole else { throw ExitStatus.waitsForPerson.code }
        } catch {
            sheet.abandon()
            throw error
        }
    }
}

extension ExportReport {
    fileprivate var leftOut: [String] {
        unjudgeable.map { "\($0)" } + missing.map { "record \($0): there is no such record" }
    }
}

/// `sluice quarantine import`: a sheet that came back.
struct QuarantineImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Amend records as an exported CSV file says, line by line.",
        discussion: """
            A line is refused that does not match what is stored: another revision, another old text, an unknown \
            record or field, a new text that breaks a rule. A record of which one line is refused is left alone; the \
            others are amended. Lines without a new text say nothing.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: ArgumentHelp("The file; - is standard input.", valueName: "file"))
    var file: String

    @Option(help: "Why; kept with each amendment. Not needed for --dry-run.")
    var comment: String?

    func validate() throws {
        guard dry.dryRun || comment?.isEmpty == false else { throw ValidationError("--comment says why") }
    }

    func run() async throws {
        let configuration = try options.load()
        let session = try SignedIn.secret(configuration)
        let bytes = try read()
        let bar = ProgressBar(isWanted: !report.json)
        let done = try await bar.during {
            try await Deployment.with(configuration, needs: .keys) { deployment in
                if dry.dryRun { try await deployment.store.require(.amend, of: session) }
                return try await deployment.quarantineReview.importSheet(
                    bytes,
                    comment: comment ?? "",
                    session: dry.dryRun ? nil : session
                ) {
                    bar.show("importing", done: $0.done, of: $0.whole)
                }
            }
        }
        try report.show(done.json, words: done.words)
        guard done.refused.isEmpty else { throw ExitStatus.waitsForPerson.code }
    }

    /// The whole file, and one byte more if it is too large.
    private func read() throws -> [UInt8] {
        guard let handle = file == "-" ? .standardInput : FileHandle(forReadingAtPath: file) else {
            throw CommandFailure(
                "the file cannot be read",
                mend: "name a file that this user may read",
                status: .configuration
            )
        }
        return Array(try handle.read(upToCount: QuarantineReview.sheetBytesMax + 1) ?? Data())
    }
}

/// A file that is written now and was not there before, readable by nobody else.
private struct NewFile {
    private let path: String?
    let descriptor: Int32

    /// `-` is standard output.
    init(_ path: String) throws {
        guard path != "-" else {
            (self.path, descriptor) = (nil, Terminal.Stream.output.rawValue)
            return
        }
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)
        guard descriptor >= 0 else {
            throw CommandFailure(
                "cannot write the file: \(String(cString: strerror(errno)))",
                mend: "name a file that is not there yet, in a folder that is",
                status: .configuration
            )
        }
    }

    func finish() throws {
        guard path != nil else { return }
        let isWritten = fsync(descriptor) == 0
        guard close(descriptor) == 0, isWritten else {
            throw CommandFailure("the file is not whole", mend: "check the disk, and export again")
        }
    }

    func abandon() {
        guard let path else { return }
        close(descriptor)
        unlink(path)
    }
}
