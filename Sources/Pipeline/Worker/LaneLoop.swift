import ChannelKit
import Logging
import PaymentCore
import Store

/// Keeps one lane of one channel busy, with never more calls at once than the channel allows; another lane's trouble is
/// none of its own (pitfall A6).
struct LaneLoop: Sendable {
    private enum Event: Sendable {
        case worked
        case ticked
    }

    let engine: Engine
    let specification: ChannelSpecification
    let lane: Lane
    let stop: StopSignal

    func run(_ work: @escaping @Sendable (ClaimedChunk) async throws -> Void) async {
        let concurrency = lane == .submit ? specification.concurrency.submit : specification.concurrency.query
        let lease = specification.deadlines.lease
        await withTaskGroup(of: Event.self) { group in
            var inFlight = 0
            var isTicking = false
            var failures: Int32 = 0
            while !stop.isRequested {
                var claimed: [ClaimedChunk] = []
                if inFlight < concurrency {
                    do {
                        claimed = try await engine.store.claimChunks(
                            ChunkClaim(
                                channel: specification.name,
                                lane: lane,
                                specificationSHA256: specification.sha256,
                                worker: engine.worker,
                                lease: lease,
                                limit: concurrency - inFlight
                            )
                        )
                        failures = 0
                    } catch is CancellationError {
                        break
                    } catch {
                        failures += 1
                        engine.logger.error("claim failed", metadata: metadata(["error": "\(error)"]))
                        await engine.pause(afterFailures: failures)
                    }
                }
                for chunk in claimed {
                    inFlight += 1
                    group.addTask {
                        do {
                            try await work(chunk)
                        } catch {
                            // Whatever was committed stands; the chunk comes up again when its lease ends.
                            engine.logger.error(
                                "chunk not finished; it comes up again when its lease ends",
                                metadata: metadata([
                                    "batch": "\(chunk.batch)", "chunk": "\(chunk.chunkNumber)", "error": "\(error)",
                                ])
                            )
                        }
                        return .worked
                    }
                }
                if !claimed.isEmpty, inFlight < concurrency { continue }
                if !isTicking {
                    isTicking = true
                    group.addTask {
                        try? await engine.clock.sleep(for: engine.configuration.limits.idle)
                        return .ticked
                    }
                }
                switch await group.next() {
                case .worked: inFlight -= 1
                case .ticked: isTicking = false
                case nil: break
                }
            }
            // A graceful stop: calls in flight end by their own deadlines.
            await group.waitForAll()
        }
    }

    private func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["channel": "\(specification.name)", "lane": "\(lane.rawValue)"]) { first, _ in first }
    }
}
