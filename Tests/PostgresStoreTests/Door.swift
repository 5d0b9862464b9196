import PostgresClient
import PostgresStore
import Synchronization

/// A door between a transaction that a test keeps open and what happens beside it.
final class Door: Sendable {
    private let state = Mutex(false)

    private var isOpen: Bool { state.withLock { $0 } }

    func open() { state.withLock { $0 = true } }

    /// Waits within a transaction, which stays open.
    func wait(_ transaction: PostgresTransaction) throws {
        while !isOpen { _ = try transaction.query("SELECT pg_sleep(0.01)::text") }
    }

    /// Waits outside of any.
    func wait(_ scene: ArchiveScene) async throws {
        while !isOpen { _ = try await scene.store.archiveSwitch() }
    }

    /// Waits outside of any, on another connection.
    func wait(_ database: TestDatabase) async throws {
        while !isOpen { _ = try await database.number("SELECT 1::bigint") }
    }
}
