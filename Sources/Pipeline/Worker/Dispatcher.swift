package import Logging
package import PaymentCore
package import Store

/// Keeps all lanes of one process busy: one claim a round for every lane that has room, one task a chunk.
///
/// Another lane's trouble is none of a lane's own (pitfall A6): how many calls each may have under way is decided by
/// `DeficitRoundRobin`, and a chunk that fails ends with its own task.
package struct Dispatcher: Sendable {
    /// A lane that this process works.
    package struct Duty: Sendable {
        let channel: ChannelName
        let lane: Lane
        let specificationSHA256: [UInt8]
        let lease: TimeSpan
        let slots: Int
        /// When it is asked for, nothing more is claimed from this lane.
        let end: StopSignal
        /// The first instant at which nothing more begins, whether it was asked for or not; nil for none.
        let endsAt: Timestamp?
        let work: @Sendable (ClaimedChunk) async throws -> Void

        package init(
            channel: ChannelName,
            lane: Lane,
            specificationSHA256: [UInt8],
            lease: TimeSpan,
            slots: Int,
            end: StopSignal,
            endsAt: Timestamp? = nil,
            work: @escaping @Sendable (ClaimedChunk) async throws -> Void
        ) {
            self.channel = channel
            self.lane = lane
            self.specificationSHA256 = specificationSHA256
            self.lease = lease
            self.slots = slots
            self.end = end
            self.endsAt = endsAt
            self.work = work
        }

        /// Whether its time is over.
        func isOver(now: Timestamp) -> Bool { end.isRequested || endsAt.map { now >= $0 } ?? false }
    }

    private enum Event: Sendable {
        case worked(lane: Int)
        case ticked
    }

    private let store: any SubmissionStore
    private let clock: any EngineClock
    private let random: any RandomSource
    private let worker: WorkerIdentifier
    private let limits: EngineLimits
    private let duties: [Duty]
    private let logger: Logger

    package init(
        store: any SubmissionStore,
        clock: any EngineClock,
        random: any RandomSource,
        worker: WorkerIdentifier,
        limits: EngineLimits,
        duties: [Duty],
        logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.random = random
        self.worker = worker
        self.limits = limits
        self.duties = duties
        self.logger = logger
    }

    /// Works until it is asked to stop; calls under way then end by their own deadlines.
    package func run(until stop: StopSignal) async {
        guard !duties.isEmpty else { return }
        await withTaskGroup(of: Event.self) { group in
            var robin = DeficitRoundRobin(slots: duties.map(\.slots), callsMax: limits.callsInFlight)
            var isTicking = false
            var failures: Int32 = 0
            var claimsFrom = clock.now()
            while !stop.isRequested {
                let grants = clock.now() >= claimsFrom ? robin.round(of: { !duties[$0].isOver(now: clock.now()) }) : []
                if !grants.isEmpty {
                    do {
                        let claimed = try await claim(grants)
                        failures = 0
                        for (grant, chunks) in zip(grants, claimed) {
                            robin.begin(chunks.count, of: grant)
                            for chunk in chunks {
                                group.addTask {
                                    await work(chunk, duties[grant.lane])
                                    return .worked(lane: grant.lane)
                                }
                            }
                        }
                        // Quickly again while work comes.
                        if claimed.contains(where: { !$0.isEmpty }) { continue }
                    } catch is CancellationError {
                        break
                    } catch {
                        // The database may be away: all lanes wait, longer after several failures in a row. Calls under
                        // way go on.
                        failures = min(failures, 1_000) + 1
                        let backOff = BackOff(first: .milliseconds(200), growthPercent: 200, cap: .seconds(10))
                        claimsFrom = clock.now().advanced(
                            by: backOff.delay(steps: failures - 1, random: random.next())
                        )
                        logger.error("claim failed", metadata: ["error": "\(error)"])
                    }
                }
                if !isTicking {
                    isTicking = true
                    group.addTask {
                        try? await stop.wait(atMost: limits.idle, by: clock)
                        return .ticked
                    }
                }
                switch await group.next() {
                case .worked(let lane): robin.end(lane)
                case .ticked: isTicking = false
                case nil: break
                }
            }
            await group.waitForAll()
        }
    }

    /// One claim for all lanes that have room; the chunks of each grant, in its order.
    private func claim(_ grants: [DeficitRoundRobin.Grant]) async throws -> [[ClaimedChunk]] {
        let chunks = try await store.claimChunks(
            ChunkClaim(
                worker: worker,
                lanes: grants.map { grant in
                    let duty = duties[grant.lane]
                    return LaneClaim(
                        channel: duty.channel,
                        lane: duty.lane,
                        specificationSHA256: duty.specificationSHA256,
                        lease: duty.lease,
                        limit: grant.limit
                    )
                }
            )
        )
        return grants.map { grant in
            chunks.filter { $0.channel == duties[grant.lane].channel && $0.kind.lane == duties[grant.lane].lane }
        }
    }

    /// Works a chunk to the end of its call, from its place in the lane's rate on.
    private func work(_ chunk: ClaimedChunk, _ duty: Duty) async {
        do {
            if chunk.startsAfter > .zero {
                try await clock.sleep(for: chunk.startsAfter)
                // The lane's time was over before its turn came: nothing new begins.
                guard !duty.isOver(now: clock.now()) else {
                    return try await store.releaseChunk(chunk, next: .schedule(chunk.kind, after: .zero))
                }
            }
            try await duty.work(chunk)
        } catch {
            // Whatever was committed stands; the chunk comes up again when its lease ends.
            logger.error(
                "chunk not finished; it comes up again when its lease ends",
                metadata: [
                    "channel": "\(duty.channel)", "lane": "\(duty.lane.rawValue)", "batch": "\(chunk.batch)",
                    "chunk": "\(chunk.chunkNumber)", "error": "\(error)",
                ]
            )
        }
    }
}
