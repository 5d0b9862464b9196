import Compression
import CompressionTesting
import Cryptography
import Foundation

/// Runs the built `sluice file check` over files, two at a time, and watches what it does.
struct CheckDesk: Sendable {
    /// A file, and the layout that it is declared with; nil leaves it to the file's beginning.
    struct Input: Sendable {
        let path: String
        let format: String?
        /// The ends that are right; nil takes all that are documented.
        var statuses: Set<Program.Status>?
    }

    /// Holds the configuration, the files that are made, and what the programs write.
    let folder: String
    /// What the program opens whatever the file.
    private let known: Set<String>

    static func with(_ work: (CheckDesk) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "sluice-desk-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: folder) }
        try configure(folder)
        try await work(CheckDesk(folder: folder, known: learnt(in: folder)))
    }

    /// A configuration for each layout, with nothing else to read, and the project's own to choose a layout from.
    private static func configure(_ folder: String) throws {
        let files = FileManager.default
        let whole = "\(FaultScene.project)/Config"
        try files.copyItem(atPath: whole, toPath: "\(folder)/config")
        var layouts = HostileLayouts.texts
        for name in ["pain-001", "pain-008", "nacha-ppd"] {
            layouts[name] = try String(contentsOfFile: "\(whole)/layouts/\(name).yaml", encoding: .utf8)
        }
        for (name, text) in layouts {
            let one = "\(folder)/config-\(name)"
            try files.createDirectory(atPath: "\(one)/layouts", withIntermediateDirectories: true)
            try files.copyItem(atPath: "\(whole)/sluice.yaml", toPath: "\(one)/sluice.yaml")
            try text.write(toFile: "\(one)/layouts/\(name).yaml", atomically: true, encoding: .utf8)
            if text.contains("format: iso20022") {
                try files.copyItem(atPath: "\(whole)/schemas", toPath: "\(one)/schemas")
            }
        }
    }

    /// What is opened for harmless files, each of another format, and one of them bad.
    private static func learnt(in folder: String) async throws -> Set<String> {
        let desk = CheckDesk(folder: folder, known: [])
        let line = HostileLayouts.line
        let harmless: [(format: String?, bytes: [UInt8], status: Program.Status)] = [
            ("text", line, 0), ("text", line + Array("A-2\n".utf8), 3), ("text", [], 1), (nil, [0], 2),
            // The C library's own converter, for what has such a mark.
            (nil, [0xFF, 0xFE, 0x41, 0], 2),
            ("bar", HostileLayouts.barLine, 0), ("fixed", HostileLayouts.fixedLine, 0),
            ("gzip", Packing.gzip(line), 0), ("zip", Packing.zip { $0.contents = line }, 0),
            ("deflate_base64", Packing.base64(Deflate.compress(line)), 0),
            ("pain-001", Array(HostileDocument.payment().utf8), 0),
            ("pain-008", Array(HostileDocument.payment().utf8), 1),
            ("nacha-ppd", Array("101 \n".utf8), 1),
        ]
        var known: Set<String> = []
        for (index, file) in harmless.enumerated() {
            let path = try desk.write(file.bytes, to: "harmless-\(index)")
            let run = try await desk.run(Input(path: path, format: file.format), name: "harmless-\(index)")
            // These are ours: what they bring the program to open is right, but a socket is not.
            let faults = run.faults(input: path, known: run.trace.paths, statuses: [file.status])
            guard faults.isEmpty else { throw SceneFailure("harmless file \(index): \(faults)") }
            known.formUnion(run.trace.paths.subtracting([path]))
        }
        return known
    }

    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// Checks each file; what was wrong, with the file's path.
    func faults(of inputs: [Input]) async throws -> [String] {
        try await withThrowingTaskGroup(of: [String].self) { group in
            let laneCount = 2
            for lane in 0..<laneCount {
                group.addTask {
                    var found: [String] = []
                    for index in stride(from: lane, to: inputs.count, by: laneCount) {
                        found += try await faults(of: inputs[index], name: "check-\(index)")
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func faults(of input: Input, name: String) async throws -> [String] {
        let run = try await run(input, name: name)
        var statuses = input.statuses ?? [0, 1, 3]
        // Where no layout is declared, the command may ask for one.
        if input.format == nil, run.log.contains("--format") { statuses.insert(2) }
        return run.faults(input: input.path, known: known, statuses: statuses).map {
            "\(input.path) as \(input.format ?? "found"): \($0)"
        }
    }

    private func run(_ input: Input, name: String) async throws -> WatchedRun {
        let configuration = input.format.map { "\(folder)/config-\($0)" } ?? "\(folder)/config"
        var command = [Program.sluice, "file", "check", input.path, "--config", configuration]
        command += ["--business-date", "2026-03-02"]
        if let format = input.format { command += ["--format", format] }
        return try await WatchedRun.end(of: command, in: folder, name: name)
    }
}
