import CompressionTesting
import Foundation
import SharedFileTesting
import Testing

/// Files that want to do harm, through the built `sluice file check`: it ends by itself with an exit code of its own,
/// in little memory, and opens nothing and calls nobody because of what it reads.
@Suite(.serialized, .enabled(if: WatchedRun.isPossible, "needs strace, allowed to trace, and time"))
struct HostileFileTests {
    // MARK: Corpora

    /// The layouts that read most of a file.
    private static func formats(of path: String) -> [String] {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if name.hasSuffix(".xml") || name.hasSuffix(".xsd") {
            return [name.contains("pain.008") || name.contains("pain008") ? "pain-008" : "pain-001"]
        }
        if path.hasPrefix("corpora/ach-files/") || name.hasSuffix(".ach") { return ["nacha-ppd"] }
        if name.hasSuffix(".zip") { return ["zip"] }
        if name.contains("deflate-base64") { return ["deflate_base64"] }
        // JSON is nothing that intake reads; what is text may be of any layout.
        return name.hasSuffix(".json") || path.hasPrefix("formats/") ? ["text"] : ["text", "bar", "fixed"]
    }

    /// A record that lets the rest of a file be read as records, whatever it is.
    private static func firstRecord(_ format: String) -> [UInt8] {
        switch format {
        case "text": HostileLayouts.line
        case "bar": HostileLayouts.barLine
        case "fixed": HostileLayouts.fixedLine
        default: []
        }
    }

    @Test(
        .enabled(if: SharedFiles.exist("corpora") && SharedFiles.exist("formats"), "needs the corpora and samples"),
        arguments: [("corpora", 500), ("formats", 250)]
    )
    func `each shared file is checked to its end, and nothing else`(folder: String, countMin: Int) async throws {
        try await CheckDesk.with { desk in
            let root = try #require(SharedFiles.root).path(percentEncoded: false)
            var inputs: [CheckDesk.Input] = []
            var seen: Set<[UInt8]> = []
            var longest: [Substring: (path: String, bytes: Int)] = [:]
            for path in try SharedFiles.files(below: folder) {
                let bytes = try SharedFiles.bytes(path)
                for format in Self.formats(of: path) where seen.insert(Array(format.utf8) + bytes).inserted {
                    let first = Self.firstRecord(format)
                    let file =
                        first.isEmpty
                        ? "\(root)/\(path)" : try desk.write(first + bytes, to: "input-\(inputs.count)")
                    inputs.append(CheckDesk.Input(path: file, format: format))
                }
                let parent = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
                if bytes.count >= longest[parent]?.bytes ?? 0 { longest[parent] = (path, bytes.count) }
            }
            // And what a file says of itself, at one of each folder.
            inputs += longest.values.map { CheckDesk.Input(path: "\(root)/\($0.path)", format: nil) }
            #expect(inputs.count >= countMin)
            let faults = try await desk.faults(of: inputs)
            #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        }
    }

    @Test(.enabled(if: SharedFiles.exist("corpora/xxe-payloads"), "needs the corpus xxe-payloads"))
    func `each payload of the list is refused where it stands before a payment`() async throws {
        let list = try SharedFiles.text("corpora/xxe-payloads/files/xxe-injection-payload-list.txt")
        let payloads = Set(list.split(whereSeparator: \.isNewline))
        try await CheckDesk.with { desk in
            var inputs: [CheckDesk.Input] = []
            for payload in payloads.sorted() {
                let text = HostileDocument.payment(prolog: String(payload), name: "&xxe;")
                let path = try desk.write(Array(text.utf8), to: "payload-\(inputs.count)")
                inputs.append(CheckDesk.Input(path: path, format: "pain-001", statuses: [1]))
            }
            #expect(inputs.count > 40)
            let faults = try await desk.faults(of: inputs)
            #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        }
    }

    // MARK: Files of ours

    @Test(arguments: ["file://", "", "http://127.0.0.1:9"])
    func `nothing that a payment file names is opened or called`(scheme: String) async throws {
        try await CheckDesk.with { desk in
            // It is there, and would be read.
            let bait = try desk.write(Array("<!ENTITY x 'bait'>".utf8), to: "bait")
            var inputs: [CheckDesk.Input] = []
            for document in HostileDocument.all(naming: scheme + bait) {
                let path = try desk.write(Array(document.text.utf8), to: "document-\(inputs.count)")
                inputs.append(CheckDesk.Input(path: path, format: "pain-001", statuses: [document.status]))
            }
            let faults = try await desk.faults(of: inputs)
            #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        }
    }

    @Test func `much in a small packed file takes no more memory than little`() async throws {
        try await CheckDesk.with { desk in
            let comment = "#" + String(repeating: "x", count: 1_022) + "\n"
            let comments = Array(String(repeating: comment, count: 16 << 10).utf8)
            // 320 MiB, packed to a few hundred KiB; and 512 MiB of zeros, which no record is as long as.
            let lines =
                Packing.gzip(HostileLayouts.line) + Array(repeatElement(Packing.gzip(comments), count: 20).joined())
            let zeros = Packing.gzip([UInt8](repeating: 0, count: 16 << 20))
            let inputs: [CheckDesk.Input] = [
                .init(path: try desk.write(lines, to: "lines.gz"), format: "gzip", statuses: [0]),
                .init(
                    path: try desk.write(Array(repeatElement(zeros, count: 32).joined()), to: "zeros.gz"),
                    format: "gzip",
                    statuses: [1]
                ),
            ]
            let faults = try await desk.faults(of: inputs)
            #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
        }
    }
}
