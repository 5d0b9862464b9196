import PaymentCore
import Testing

@Suite struct ServerLoadTests {
    private static func load(_ change: (inout ServerLoad) -> Void) -> ServerLoad {
        var load = ServerLoad()
        change(&load)
        return load
    }

    private static let mebibyte: Int64 = 1 << 20

    @Test(arguments: [
        (load { $0.lagBytes = 64 * mebibyte }, LoadLimits.Signal?.none),
        (load { $0.lagBytes = 64 * mebibyte + 1 }, .replicaLag),
        (load { $0.lag = .seconds(10) }, nil), (load { $0.lag = .milliseconds(10_001) }, .replicaLag),
        (load { $0.slotBytes = 1 << 30 }, nil), (load { $0.slotBytes = (1 << 30) + 1 }, .replicationSlots),
        (load { $0.archiveQueue = 32 }, nil), (load { $0.archiveQueue = 33 }, .archiveQueue),
        (load { $0.isArchiveFailing = true }, .archiveFailing), (load { $0.isArchiveFailing = false }, nil),
        (load { $0.busyTables = [] }, nil), (load { $0.busyTables = ["payment_order_20261120"] }, .busyTable),
        (load { $0.oldestHolder = .seconds(2) }, .oldTransaction), (load { $0.oldestHolder = .zero }, nil),
        (load { $0.othersAtWork = 100 }, nil), (ServerLoad(), nil),
    ]) func `a load above a limit is waited for, an unknown one is not`(
        _ load: ServerLoad,
        _ signal: LoadLimits.Signal?
    ) {
        let found = LoadLimits().signal(in: load, after: nil, elapsed: .zero, beforeLock: true)
        #expect(found == signal)
    }

    @Test func `an old transaction is in the way of a lock only`() {
        let old = Self.load { $0.oldestHolder = .seconds(100) }
        #expect(LoadLimits().signal(in: old, after: nil, elapsed: .zero, beforeLock: false) == nil)
    }

    @Test(arguments: [
        // MiB written, in milliseconds, whether that is too much.
        (Int64(40), Int64(1_000), false), (41, 1_000, true), (20, 500, false), (21, 500, true), (400, 10_000, false),
        (41, 0, false),
    ]) func `the log's rate is taken between two looks`(_ written: Int64, _ elapsed: Int64, _ isTooMuch: Bool) {
        let earlier = Self.load { $0.walPosition = 7 * Self.mebibyte }
        let now = Self.load { $0.walPosition = (7 + written) * Self.mebibyte }
        let found = LoadLimits().signal(in: now, after: earlier, elapsed: .milliseconds(elapsed), beforeLock: false)
        #expect(found == (isTooMuch ? .walRate : nil))
        #expect(LoadLimits().signal(in: now, after: nil, elapsed: .seconds(1), beforeLock: false) == nil)
    }
}
