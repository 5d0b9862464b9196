import BatchFiles
import PaymentCore

/// Which of the configured formats a file is held against.
struct FormatChoice {
    let format: DeclaredFormat
    /// Whether the file's own beginning chose it.
    let isProbed: Bool

    /// The format of this name.
    init(named name: String, among formats: [String: DeclaredFormat], folder: String) throws {
        guard let format = formats[name] else {
            throw CommandFailure(
                "there is no layout \(name) in \(folder)",
                mend: "name one of: \(formats.keys.sorted().joined(separator: ", "))",
                status: .configuration
            )
        }
        self.format = format
        isProbed = false
    }

    /// The only format that the beginning of the file looks like, as records under these rules, or else under the usual
    /// ones of each format.
    init(
        probing head: [UInt8],
        isWhole: Bool,
        among formats: [String: DeclaredFormat],
        rules: RecordRules?,
        folder: String
    ) throws {
        guard !formats.isEmpty else {
            throw CommandFailure(
                "there is no layout in \(folder)",
                mend: "describe the file's in a layout; all keys: Docs/formats",
                status: .configuration
            )
        }
        let names = formats.keys.sorted().joined(separator: ", ")
        guard !head.isEmpty else {
            throw CommandFailure(
                "the file has no byte by which to tell its layout",
                mend: "name it with --format: \(names)",
                status: .configuration
            )
        }
        let probes = try formats.sorted { $0.key < $1.key }.map { name, format in
            let rules = try rules ?? RecordRules.usual(of: format.format)
            let probe = try FormatProbe(head, isWhole: isWhole, format: format, rules: rules)
            return (name: name, format: format, probe: probe)
        }
        let alike = probes.filter(\.probe.fits)
        let fitting = alike.isEmpty ? probes.filter(\.probe.beginsAsItsOwn) : alike
        guard fitting.count == 1, let only = fitting.first else {
            throw Self.failure(
                FileSniffer.sniff(head.prefix(FileSniffer.bytesMax)),
                fitting: fitting.map(\.name),
                names: names,
                folder: folder
            )
        }
        format = only.format
        isProbed = true
    }

    /// Why no layout was chosen, with what the file seems to be, so that its developers know what to declare.
    private static func failure(
        _ found: FileSniffer.Finding,
        fitting: [String],
        names: String,
        folder: String
    ) -> CommandFailure {
        let words = "the file begins like \(found.words)"
        if !fitting.isEmpty {
            return CommandFailure(
                "\(words) and may be of several layouts: \(fitting.joined(separator: ", "))",
                mend: "name the right one with --format",
                status: .configuration
            )
        }
        let wrapping = found.wrapping == .none ? "" : " and `wrapping: \(found.wrapping.rawValue)`"
        return CommandFailure(
            "\(words), and looks like none of the layouts in \(folder)",
            mend: "describe it in a layout with the right `format`\(wrapping), or name its own with --format: \(names)",
            status: .configuration
        )
    }
}
