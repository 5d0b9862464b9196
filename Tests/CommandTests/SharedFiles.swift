import Foundation

/// Published lists and corpora that stand beside the repository; tests that need them are skipped without them.
enum SharedFiles {
    /// The nearest folder named `shared` beside a folder that holds this file.
    static let root: URL? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path() != "/" {
            let candidate = folder.appending(path: "shared/formats")
            if FileManager.default.fileExists(atPath: candidate.path()) { return folder.appending(path: "shared") }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    static func exist(_ path: String) -> Bool {
        guard let root else { return false }
        return FileManager.default.fileExists(atPath: root.appending(path: path).path())
    }

    static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        guard let root else { throw CocoaError(.fileNoSuchFile) }
        return Array(try Data(contentsOf: root.appending(path: path)))
    }

    static func names(in path: String) throws -> [String] {
        guard let root else { throw CocoaError(.fileNoSuchFile) }
        return try FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path()).sorted()
    }
}
