package import ChannelKit
package import Logging
package import PaymentCore
package import Store

/// The engine of one process: the same for `sluice worker` and for a job's run.
///
/// One dispatcher over all lanes and stages that it is given; everything it knows lies in the database.
package struct Engine: Sendable {
    /// Which part of the work this engine does.
    package enum Stage: String, CaseIterable, Sendable, Hashable {
        case intake
        case plan
        case submit
        case poll
        case settle
        /// A job's only: days past their age leave the live tables.
        case archive

        /// The stages of a worker, which a job may have, too.
        package static let ofWorkers = allCases.filter { $0 != .archive }
    }

    package let store: any EngineStore
    package let configuration: EngineConfiguration
    package let transport: any ChannelTransport
    package let clock: SystemClock
    package let random: any RandomSource
    package let worker: WorkerIdentifier
    package let logger: Logger
    package let tally = WorkTally()
    /// Where alarms go beside the table, in the order in which they are tried.
    package var alarmSinks: [any AlarmSink] = []
    /// What the stage `archive` does; nil where no job has it.
    package var archiving: ArchivingStage?
    package let archivingState = ArchivingState()
    /// What keeps the head of the audit chain outside of the database; nil where nothing does.
    package var auditHeads: AuditHeadKeeping?
    package var connectionShare = ConnectionShare(connections: 0, budget: .unbounded)

    package init(
        store: any EngineStore,
        configuration: EngineConfiguration,
        transport: any ChannelTransport,
        clock: SystemClock,
        random: any RandomSource,
        worker: WorkerIdentifier,
        logger: Logger
    ) {
        self.store = store
        self.configuration = configuration
        self.transport = transport
        self.clock = clock
        self.random = random
        self.worker = worker
        var logger = logger
        logger[metadataKey: "worker"] = "\(worker.value.prefix(8))"
        self.logger = logger
    }

    /// Works until it is asked to stop; what is in flight then is finished, within the time that a stop may take.
    ///
    /// `stages`: what to do; on the lanes of all configured channels that `bounds` include.
    ///
    /// `whileWorking`: runs beside the work, and asks for the stop when its own end has come (a job's deadline, or
    /// nothing left to do).
    package func run(
        stages: Set<Stage>,
        bounds: WorkBounds = WorkBounds(),
        host: String,
        processIdentifier: Int32,
        stop: StopSignal,
        whileWorking: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await register(stages: stages, host: host, processIdentifier: processIdentifier)
        try await setClock()
        await keepPartitionsAhead()
        _ = try await store.rescue(silentFor: configuration.limits.silence)
        let finished = StopSignal()
        if stages.contains(.archive) { archivingState.begin() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            // The heart beats until the last call in flight has ended.
            group.addTask { await beat(until: finished) }
            group.addTask { await deliverAlarms(until: finished) }
            group.addTask {
                defer { finished.request() }
                await work(stages: stages, bounds: bounds, stop: stop)
            }
            group.addTask {
                defer { stop.request() }
                try await whileWorking()
            }
            try await group.waitForAll()
        }
        try await store.stopWorker(worker)
    }

    private func work(stages: Set<Stage>, bounds: WorkBounds, stop: StopSignal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                let stage = MonitoringStage(store: store, configuration: configuration, clock: clock, logger: logger)
                await stage.run(until: stop)
            }
            group.addTask { await keepAuditHead(until: stop) }
            if stages.contains(.intake) {
                let stage = IntakeStage(store: store, configuration: configuration, clock: clock)
                group.addTask {
                    await repeatedly("intake", .filesRead, .intake, stop) {
                        try await stage.runOnce(worker: worker, stop: stop, logger: logger)
                    }
                }
            }
            if stages.contains(.plan) {
                let stage = PlanningStage(store: store, configuration: configuration)
                group.addTask {
                    await repeatedly("planning", .filesPlanned, .planning, stop) {
                        try await stage.runOnce(worker: worker, logger: logger)
                    }
                }
                group.addTask {
                    await repeatedly("planning of waiting orders", nil, nil, stop) {
                        try await stage.planWaiting(logger: logger)
                    }
                }
            }
            if stages.contains(.settle) {
                let stage = SettlementStage(store: store, configuration: configuration)
                group.addTask {
                    await repeatedly("settlement", .resultFiles, .settlement, stop) {
                        try await stage.runOnce(worker: worker, logger: logger)
                    }
                }
            }
            if stages.contains(.archive) {
                group.addTask { await archive(within: bounds, stop: stop) }
            }
            let dispatcher = Dispatcher(
                store: store,
                clock: clock,
                random: random,
                worker: worker,
                limits: configuration.limits,
                duties: duties(stages, bounds: bounds, stop: stop),
                logger: logger
            )
            group.addTask { await dispatcher.run(until: stop) }
            await group.waitForAll()
        }
    }

    /// The lanes that these stages work, of all configured channels that the bounds include.
    private func duties(_ stages: Set<Stage>, bounds: WorkBounds, stop: StopSignal) -> [Dispatcher.Duty] {
        let sendingStop = StopSignal(within: stop, or: bounds.sendingEnd)
        var duties: [Dispatcher.Duty] = []
        for specification in configuration.channels.values.sorted(by: { $0.name < $1.name }) {
            let driver = SubmissionDriver(
                store: store,
                transport: transport,
                clock: clock,
                random: random,
                specification: specification,
                configuration: configuration,
                tally: tally
            )
            func add(_ lane: Lane, slots: Int, _ work: @escaping @Sendable (ClaimedChunk) async throws -> Void) {
                guard bounds.include(specification.name, lane) else { return }
                duties.append(
                    Dispatcher.Duty(
                        channel: specification.name,
                        lane: lane,
                        specificationSHA256: specification.sha256,
                        lease: specification.deadlines.lease,
                        slots: slots,
                        end: lane == .submit ? sendingStop : stop,
                        endsAt: lane == .submit ? bounds.sendingEndsAt : nil,
                        work: work
                    )
                )
            }
            if stages.contains(.submit) {
                let stage = SubmissionStage(driver: driver)
                add(.submit, slots: specification.concurrency.submit) { try await stage.work($0, logger: logger) }
            }
            if stages.contains(.poll) {
                let stage = PollingStage(driver: driver)
                add(.query, slots: specification.concurrency.query) { try await stage.work($0, logger: logger) }
            }
        }
        return duties
    }

    /// Repeats a file stage until the stop; after an error the file comes up again, when the database is back.
    private func repeatedly(
        _ name: String,
        _ count: WorkTally.Count?,
        _ stage: FileStage?,
        _ stop: StopSignal,
        _ step: () async throws -> Bool
    ) async {
        var failures: Int32 = 0
        while !stop.isRequested {
            do {
                // Whatever failed may have left a lease behind, and no file is in hand now.
                if failures > 0, let stage { _ = try await store.freeBatchFiles(of: worker, for: stage) }
                let worked = try await step()
                failures = 0
                if worked {
                    if let count { tally.add(count) }
                    continue
                }
                try await stop.wait(atMost: configuration.limits.idle, by: clock)
            } catch is CancellationError {
                return
            } catch {
                failures += 1
                logger.error("\(name) failed; the file comes up again", metadata: ["error": "\(error)"])
                await pause(afterFailures: failures)
            }
        }
    }

    /// Says that the worker lives, keeps the clock right, and frees what dead workers held.
    private func beat(until finished: StopSignal) async {
        var sinceBeat = TimeSpan.zero
        var partitionsLookedAt = clock.now()
        let step = TimeSpan.milliseconds(100)
        while !finished.isRequested {
            do { try await finished.wait(atMost: step, by: clock) } catch { return }
            sinceBeat = sinceBeat + step
            guard sinceBeat >= configuration.limits.heartbeat else { continue }
            sinceBeat = .zero
            if clock.now().since(partitionsLookedAt) >= .hours(1) {
                partitionsLookedAt = clock.now()
                await keepPartitionsAhead()
            }
            do {
                try await setClock()
                let freed = try await store.rescue(silentFor: configuration.limits.silence)
                if freed > 0 { logger.warning("took over from dead workers", metadata: ["leases": "\(freed)"]) }
            } catch {
                logger.error("heartbeat failed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func setClock() async throws {
        let askedAt = clock.bootNanoseconds()
        clock.adjust(to: try await store.heartbeat(worker), askedAt: askedAt)
    }

    /// Days ahead exist for weeks, so a failure is said and tried again within the hour.
    private func keepPartitionsAhead() async {
        do {
            _ = try await store.keepPartitionsAhead(days: 14)
        } catch {
            logger.error(
                "partitions could not be made ahead; run `sluice db partitions` if this goes on for days",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// Waits after an error, longer after several in a row; the database may be away.
    func pause(afterFailures failures: Int32) async {
        let backOff = BackOff(first: .milliseconds(200), growthPercent: 200, cap: .seconds(10))
        try? await clock.sleep(for: backOff.delay(steps: failures - 1, random: random.next()))
    }
}
