import Logging
import PaymentCore
import Store

/// Stands beside a run's work: keeps its lease, and hears of whatever ends it before its time.
struct ArchiveWatch: Sendable {
    enum Ending: Hashable, Sendable {
        /// A signal, or the end of a job's time.
        case asked
        /// By the switch in the database.
        case stopped(String)
        /// Another archiver took the lease.
        case leaseTaken
    }

    private static let lookEvery = TimeSpan.milliseconds(200)
    private static let renewEvery = TimeSpan.seconds(10)
    /// While a step is under way the lease cannot be renewed, and nobody can take it.
    private static let renewAgainAfter = TimeSpan.seconds(1)

    let stage: ArchivingStage
    let lease: ArchiveLease
    let tally: ArchiveTally

    /// Looks at the switch and keeps the lease, until one of them ends the run.
    ///
    /// A database that is away ends nothing here: the work's own step tells of it.
    func untilStopped() async throws -> Ending {
        var renewAt = stage.clock.bootNanoseconds() + Self.renewEvery.microseconds * 1_000
        while true {
            if let ending = try await look() { return ending }
            if stage.clock.bootNanoseconds() >= renewAt {
                let isRenewed = try await renew()
                if isRenewed == false { return .leaseTaken }
                let pause = isRenewed == nil ? Self.renewAgainAfter : Self.renewEvery
                renewAt = stage.clock.bootNanoseconds() + pause.microseconds * 1_000
            }
            try await stage.clock.sleep(for: Self.lookEvery)
        }
    }

    private func look() async throws -> Ending? {
        do {
            let known = try await stage.store.archiveSwitch()
            if known.epoch != lease.epoch { return .leaseTaken }
            // A mismatch is stopped by the run that found it, which has more to do then.
            return tally.isMismatch ? nil : known.stop.map { .stopped($0.reason) }
        } catch {
            try Task.checkCancellation()
            stage.logger.warning("the switch of archiving cannot be read", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// False if the lease is another's; nil if it could not be renewed now.
    private func renew() async throws -> Bool? {
        do {
            return try await stage.store.renewArchiveLease(lease, for: ArchivingStage.lease)
        } catch {
            try Task.checkCancellation()
            stage.logger.debug("the lease of archiving is not renewed yet", metadata: ["error": "\(error)"])
            return nil
        }
    }
}
