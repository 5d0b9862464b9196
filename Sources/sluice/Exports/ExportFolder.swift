import Glibc
package import PaymentCore
package import Pipeline

/// A folder into which days of history are exported: `TABLE_YYYYMMDD.copy.gz`, and beside it a `.json` that tells what
/// it is.
///
/// The text is PostgreSQL's own of COPY, so that `zcat FILE | psql -c '\copy TABLE (COLUMNS) FROM STDIN'` reads it.
package struct ExportFolder: ArchiveExports {
    package let path: String
    /// Named in what describes an export.
    package let environment: String

    package init(path: String, environment: String) { (self.path, self.environment) = (path, environment) }

    package func begin(_ table: HeavyTable, _ day: BusinessDate) throws -> any ArchiveExportFile {
        try ExportFile(folder: self, table: table, day: day)
    }

    /// Why nothing can be written here; nil if it can.
    package var problem: String? {
        var entry = stat()
        guard stat(path, &entry) == 0, entry.st_mode & S_IFMT == S_IFDIR else { return "\(path) is no folder" }
        guard access(path, W_OK | X_OK) == 0 else { return "this user may not write into \(path)" }
        return nil
    }

    /// Makes names durable.
    func synchronize() throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure("sync", path) }
    }

    /// An error of the system, in words.
    static func failure(_ deed: String, _ path: String) -> ArchiveExportFailed {
        ArchiveExportFailed("cannot \(deed) \(path): \(String(cString: strerror(errno)))")
    }
}
