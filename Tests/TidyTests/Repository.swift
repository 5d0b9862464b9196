import Foundation

/// The repository that these tests were built from.
struct Repository {
    /// A file that belongs to the repository.
    struct Entry {
        let path: String
        let bytes: Int
    }

    let root: URL
    /// What git tracks, or every file outside build folders where there is no git.
    let entries: [Entry]
    /// The texts that the rules read.
    let files: [SourceFile]

    /// Read once a test process.
    static let shared = Repository(root: locateRoot())

    private static let textSuffixes = [
        ".swift", ".sql", ".md", ".yaml", ".yml", ".sh", ".json", ".h", ".c", ".modulemap",
    ]

    init(root: URL) {
        self.root = root
        let paths = Self.trackedPaths(root) ?? Self.walkedPaths(root)
        entries = paths.sorted().compactMap { path in
            let attributes = try? FileManager.default.attributesOfItem(atPath: root.appendingPathComponent(path).path)
            guard let attributes, attributes[.type] as? FileAttributeType == .typeRegular else { return nil }
            return Entry(path: path, bytes: (attributes[.size] as? NSNumber)?.intValue ?? 0)
        }
        files = entries.compactMap { entry in
            guard Self.isText(entry.path), entry.bytes <= LayoutRules.bytesMax,
                let text = try? String(contentsOf: root.appendingPathComponent(entry.path), encoding: .utf8)
            else { return nil }
            return SourceFile(path: entry.path, text: text)
        }
    }

    func sources(_ suffix: String) -> [SourceFile] {
        files.filter { $0.path.hasPrefix("Sources/") && $0.path.hasSuffix(suffix) }
    }

    func text(of path: String) -> String? {
        try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static func isText(_ path: String) -> Bool {
        path.hasPrefix("Scripts/") || path.hasPrefix(".ci/") || textSuffixes.contains { path.hasSuffix($0) }
    }

    private static func locateRoot() -> URL {
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
            precondition(folder.path != "/", "the tests stand below the folder of Package.swift")
            folder.deleteLastPathComponent()
        }
        return folder
    }

    private static func trackedPaths(_ root: URL) -> [String]? {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-C", root.path, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        let output = Pipe()
        git.standardOutput = output
        git.standardError = FileHandle.nullDevice
        guard (try? git.run()) != nil else { return nil }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        git.waitUntilExit()
        guard git.terminationStatus == 0 else { return nil }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func walkedPaths(_ root: URL) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var paths: [String] = []
        for case let path as String in walk {
            if LayoutRules.isBuilt(path) || path == ".git" {
                walk.skipDescendants()
            } else {
                paths.append(path)
            }
        }
        return paths
    }
}
