import Glibc

/// The few file operations that the server needs.
enum FileTree {
    /// The names in a directory, without `.` and `..`; empty when it cannot be read.
    static func entries(of path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Makes the directory and those above it.
    static func makeDirectories(_ path: String) throws {
        guard access(path, F_OK) != 0 else { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
            try makeDirectories(String(path[..<slash]))
        }
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw EmbeddedPostgresError.system(call: "mkdir", errorNumber: errno)
        }
    }

    /// The path without links and relative parts.
    static func absolute(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else {
            throw EmbeddedPostgresError.system(call: "realpath", errorNumber: errno)
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// A new directory of its own, with a path short enough for a socket's name.
    static func makeTemporaryDirectory() throws -> String {
        var template = Array("/tmp/sluice-pg-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw EmbeddedPostgresError.system(call: "mkdtemp", errorNumber: errno)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The whole text of a small file; nil when it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes a small file, readable by all.
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "we") else {
            throw EmbeddedPostgresError.system(call: "fopen", errorNumber: errno)
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw EmbeddedPostgresError.system(call: "write", errorNumber: errno)
        }
    }
}
