package import Foundation

/// Published lists and corpora that stand beside the repository; tests that need them are skipped without them.
package enum SharedFiles {
    /// The nearest folder named `shared` beside a folder that holds this file; nil where there is none.
    package static let root: URL? = {
        var folder = URL(filePath: #filePath).deletingLastPathComponent()
        while folder.path() != "/" {
            let candidate = folder.appending(path: "shared/formats")
            if FileManager.default.fileExists(atPath: candidate.path()) { return folder.appending(path: "shared") }
            folder.deleteLastPathComponent()
        }
        return nil
    }()

    /// Whether the file or folder `path`, from the folder `shared` on, is there.
    package static func exist(_ path: String) -> Bool {
        guard let root else { return false }
        return FileManager.default.fileExists(atPath: root.appending(path: path).path())
    }

    /// The file at `path` as text; what is no UTF-8 is replaced.
    package static func text(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The file at `path`.
    package static func bytes(_ path: String) throws -> [UInt8] {
        guard let root else { throw CocoaError(.fileNoSuchFile) }
        return Array(try Data(contentsOf: root.appending(path: path)))
    }

    /// What stands in the folder at `path`, in order.
    package static func names(in path: String) throws -> [String] {
        guard let root else { throw CocoaError(.fileNoSuchFile) }
        return try FileManager.default.contentsOfDirectory(atPath: root.appending(path: path).path()).sorted()
    }

    /// Every file below the folder at `path`, in order, each with its path from the folder `shared` on.
    package static func files(below path: String) throws -> [String] {
        guard let root else { throw CocoaError(.fileNoSuchFile) }
        let folder = root.appending(path: path).path(percentEncoded: false)
        return try FileManager.default.subpathsOfDirectory(atPath: folder).filter { name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            return attributes?[.type] as? FileAttributeType == .typeRegular
        }.sorted().map { "\(path)/\($0)" }
    }
}
