import PaymentCore
import PostgresClient
package import Store

/// The steps by which a whole day that went by rows comes home, because it is not what was counted.
extension SQLStore {
    package func beginPutBack(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await archiveLocking(
            ArchiveStep("begin put back", key, lease),
            "SELECT sluice.begin_put_back($1, $2, $3, $4)",
            [.int32(key.pass)]
        ) { _ in }
    }

    package func putRowsBack(
        _ key: EntryKey,
        from block: Int64,
        pages: Int32,
        _ lease: ArchiveLease
    ) async throws -> Int64? {
        try await archive(
            ArchiveStep("put rows back", key, lease),
            deadline: ArchiveStep.sliceDeadline,
            "SELECT sluice.put_rows_back($1, $2, $3, $4, $5, $6)",
            [.int32(key.pass), .int64(block), .int32(pages)]
        ) { try $0.optionalInt64(0) }
    }

    package func endPutBack(_ key: EntryKey, why: String, _ lease: ArchiveLease) async throws {
        // Looks through the emptied day first, which locks nobody out; then it locks, for an instant.
        try await archive(
            ArchiveStep("end put back", key, lease),
            deadline: ArchiveStep.longDeadline,
            isLocking: true,
            "SELECT sluice.end_put_back($1, $2, $3, $4, $5)",
            [.int32(key.pass), .text(why)]
        ) { _ in }
    }
}
