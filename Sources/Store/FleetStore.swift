package import PaymentCore

/// What the engine asks of a database about the deployment, its workers and channels.
package protocol FleetStore: Sendable {
    /// The stamp of this database (R13); nil before the first migration.
    func environment() async throws -> EnvironmentStamp?

    /// Enters a process that begins to work.
    ///
    /// Throws `ConnectionBudgetExceeded` if the connections of processes that are at work and its own would be more
    /// than the budget; of several starts at once, none slips past another. `silence`: a process that has been silent
    /// for longer is dead, and has no connections.
    func registerWorker(_ registration: WorkerRegistration, silence: TimeSpan) async throws
    /// Says that the worker lives, and answers with the database's clock.
    func heartbeat(_ worker: WorkerIdentifier) async throws -> Timestamp
    func stopWorker(_ worker: WorkerIdentifier) async throws
    /// Takes the leases of workers that have been silent for longer than this; answers how many chunks and files were
    /// freed.
    ///
    /// Runs need none: a start looks at the worker itself.
    func rescue(silentFor: TimeSpan) async throws -> Int
    /// Makes partitions so many days ahead.
    func keepPartitionsAhead(days: Int32) async throws -> Int

    /// Makes one version of a channel's specification the one that workers use (R16), with its slots, pace and breaker.
    func activateChannel(_ activation: ChannelActivation) async throws
    func channels() async throws -> [ChannelRow]

    /// What is due now, or waits, on each lane of these channels, and which files wait.
    ///
    /// Due is what a claim could take, were there slots and pace enough: a run goes on while something is. Not due are
    /// chunks of a paused lane, which a person must resume; of a lane that the channel slowed down, or whose breaker is
    /// open, until that time has come; and fresh orders of a lane that has as many unsent submissions as slots. So a
    /// run does not hang until its deadline on a channel that is down: it ends as done, its orders stay `ready`, the
    /// lane's alarm tells a person, and the next start takes them. `nextDueIn` says when that is worth while.
    func workLeft(channels: [ChannelName]) async throws -> WorkLeft
}

/// Which deployment a database belongs to (R13).
package struct EnvironmentStamp: Sendable, Hashable {
    package let name: String
    package let environmentClass: EnvironmentClass

    package init(name: String, environmentClass: EnvironmentClass) {
        self.name = name
        self.environmentClass = environmentClass
    }
}

/// One version of a channel's specification to be used from now on.
package struct ChannelActivation: Sendable {
    package let channel: ChannelName
    package let environmentClass: EnvironmentClass
    package let specificationSHA256: [UInt8]
    package let submitSlots: Int
    package let querySlots: Int
    /// The least time between two calls of a lane; zero: no rate.
    package let submitInterval: TimeSpan
    package let queryInterval: TimeSpan
    /// Of either lane apart.
    package let breaker: LaneRules.Breaker

    package init(
        channel: ChannelName,
        environmentClass: EnvironmentClass,
        specificationSHA256: [UInt8],
        submitSlots: Int,
        querySlots: Int,
        submitInterval: TimeSpan = .zero,
        queryInterval: TimeSpan = .zero,
        breaker: LaneRules.Breaker = LaneRules.Breaker()
    ) {
        self.channel = channel
        self.environmentClass = environmentClass
        self.specificationSHA256 = specificationSHA256
        self.submitSlots = submitSlots
        self.querySlots = querySlots
        self.submitInterval = submitInterval
        self.queryInterval = queryInterval
        self.breaker = breaker
    }

    package func rules(of lane: Lane) -> LaneRules {
        LaneRules(interval: lane == .submit ? submitInterval : queryInterval, breaker: breaker)
    }
}

/// A channel as the database knows it.
package struct ChannelRow: Sendable, Hashable {
    package let channel: ChannelName
    package let specificationSHA256: [UInt8]

    package init(channel: ChannelName, specificationSHA256: [UInt8]) {
        self.channel = channel
        self.specificationSHA256 = specificationSHA256
    }
}

/// What is left to do.
package struct WorkLeft: Sendable, Hashable {
    package var filesForIntake: Int64
    package var filesForPlanning: Int64
    package var filesForSettlement: Int64
    /// Chunks on submit lanes, due or not.
    package var submitChunks: Int64
    /// Submissions on query lanes, due or not.
    package var queryChunks: Int64
    /// Those of them that are due now, or being worked on.
    package var submitChunksDue: Int64
    package var queryChunksDue: Int64
    /// When the next chunk comes up, from now; nil if none waits.
    package var nextDueIn: TimeSpan?

    package init(
        filesForIntake: Int64,
        filesForPlanning: Int64,
        filesForSettlement: Int64,
        submitChunks: Int64,
        queryChunks: Int64,
        submitChunksDue: Int64,
        queryChunksDue: Int64,
        nextDueIn: TimeSpan?
    ) {
        self.filesForIntake = filesForIntake
        self.filesForPlanning = filesForPlanning
        self.filesForSettlement = filesForSettlement
        self.submitChunks = submitChunks
        self.queryChunks = queryChunks
        self.submitChunksDue = submitChunksDue
        self.queryChunksDue = queryChunksDue
        self.nextDueIn = nextDueIn
    }

    package var files: Int64 { filesForIntake + filesForPlanning + filesForSettlement }
}
