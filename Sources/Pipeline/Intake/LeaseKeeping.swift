import PaymentCore
import Store

/// Renews the lease of a file that is read, by the time that has passed: a part may unpack to very many records, and
/// records that are in already are read without a slice that would renew it.
struct LeaseKeeping {
    private let file: ClaimedBatchFile
    private let lease: TimeSpan
    private let store: any BatchFileStore
    private let clock: any EngineClock
    private var renewedAt: Int64

    init(of file: ClaimedBatchFile, lease: TimeSpan, store: any BatchFileStore, clock: any EngineClock) {
        self.file = file
        self.lease = lease
        self.store = store
        self.clock = clock
        self.renewedAt = clock.bootNanoseconds()
    }

    /// Renews the lease when a quarter of it is over; throws when it is somebody else's.
    mutating func renewIfDue() async throws {
        let now = clock.bootNanoseconds()
        guard now - renewedAt >= lease.microseconds * 250 else { return }
        guard try await store.renewBatchFile(file, lease: lease) else { throw LeaseLost(batch: file.id) }
        renewedAt = now
    }
}
