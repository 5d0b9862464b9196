import Logging
import PaymentCore
import Store

extension Engine {
    /// Often enough that a head is written each day, also after a failure.
    private static let auditInterval = TimeSpan.hours(1)

    /// Keeps the head of the audit chain outside of the database, beside the work: a slow disk there keeps nobody.
    func keepAuditHead(until stop: StopSignal) async {
        guard let auditHeads else { return }
        while !stop.isRequested {
            do {
                if let alarm = try await auditHeads.keep().alarm {
                    logger.critical("the audit chain is broken; run: sluice audit verify")
                    try await store.raise([alarm])
                }
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "the head of the audit chain could not be written outside; look at `audit.heads`",
                    metadata: ["error": "\(error)"]
                )
            }
            do { try await stop.wait(atMost: Self.auditInterval, by: clock) } catch { return }
        }
    }
}
