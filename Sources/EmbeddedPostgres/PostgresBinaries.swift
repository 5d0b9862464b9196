import Glibc

/// Finds the programs of a PostgreSQL server.
enum PostgresBinaries {
    private static let debianDirectory = "/usr/lib/postgresql"

    /// What `pg_config` says, if the server is really there (the development package alone brings `pg_config` too);
    /// else the newest version that Debian's packages installed.
    static func directory() throws -> String {
        let candidates = [configuredDirectory()].compactMap { $0 } + debianDirectories()
        guard let found = candidates.first(where: isComplete) else { throw EmbeddedPostgresError.binariesMissing }
        return found
    }

    private static func isComplete(_ directory: String) -> Bool {
        ["initdb", "postgres"].allSatisfy { access("\(directory)/\($0)", X_OK) == 0 }
    }

    private static func configuredDirectory() -> String? {
        guard let stream = popen("pg_config --bindir 2>/dev/null", "re") else { return nil }
        defer { pclose(stream) }
        var line = [CChar](repeating: 0, count: 4_096)
        guard fgets(&line, Int32(line.count), stream) != nil else { return nil }
        let bytes = line.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func debianDirectories() -> [String] {
        FileTree.entries(of: debianDirectory)
            .compactMap { Int($0) }
            .sorted(by: >)
            .map { "\(debianDirectory)/\($0)/bin" }
    }
}
