package import PaymentCore

/// What people ask of a database about lanes: how they fare, and to pause and resume them.
package protocol LaneStore: Sendable {
    /// Every lane, or one channel's two, by channel and lane; none for a channel that was never activated.
    func lanes(of channel: ChannelName?) async throws -> [LaneStatus]

    /// Pauses one lane of a channel, or both: a claim gives nothing of it from now on, calls under way end.
    ///
    /// Answers how many were paused now; one that was paused already stays paused by whom it was. Throws for a channel
    /// that was never activated, and without a reason of 1 to 200 characters.
    /// `isDry`: does nothing, and answers what it would.
    func pause(
        _ channel: ChannelName,
        lane: Lane?,
        reason: String,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> Int

    /// Lets one lane of a channel, or both, work again; answers how many were paused.
    func resume(_ channel: ChannelName, lane: Lane?, by person: SessionSecret, isDry: Bool) async throws -> Int
}

/// One lane as it stands.
package struct LaneStatus: Sendable, Hashable {
    /// A person's stop.
    package struct Pause: Sendable, Hashable {
        package let at: Timestamp
        /// The person's login.
        package let by: String
        package let reason: String

        package init(at: Timestamp, by: String, reason: String) {
            self.at = at
            self.by = by
            self.reason = reason
        }
    }

    /// The specification that workers use.
    package struct Activation: Sendable, Hashable {
        package let specificationSHA256: [UInt8]
        package let at: Timestamp
        package let by: String

        package init(specificationSHA256: [UInt8], at: Timestamp, by: String) {
            self.specificationSHA256 = specificationSHA256
            self.at = at
            self.by = by
        }
    }

    /// What lies in its queue.
    package struct Queue: Sendable, Hashable {
        /// All of its chunks, those under a lease included.
        package let chunks: Int64
        /// Those that have come up and nobody holds.
        package let due: Int64
        /// Submissions to be sent again.
        package let unsent: Int64

        package init(chunks: Int64, due: Int64, unsent: Int64) {
            self.chunks = chunks
            self.due = due
            self.unsent = unsent
        }
    }

    package let channel: ChannelName
    package let lane: Lane
    package let slots: Int64
    package let slotsInUse: Int64
    package let queue: Queue
    package let rules: LaneRules
    package let health: LaneHealth
    package let nextCallAt: Timestamp?
    package let pause: Pause?
    package let activation: Activation
    /// The database's clock.
    package let now: Timestamp

    package init(
        channel: ChannelName,
        lane: Lane,
        slots: Int64,
        slotsInUse: Int64,
        queue: Queue,
        rules: LaneRules,
        health: LaneHealth,
        nextCallAt: Timestamp?,
        pause: Pause?,
        activation: Activation,
        now: Timestamp
    ) {
        self.channel = channel
        self.lane = lane
        self.slots = slots
        self.slotsInUse = slotsInUse
        self.queue = queue
        self.rules = rules
        self.health = health
        self.nextCallAt = nextCallAt
        self.pause = pause
        self.activation = activation
        self.now = now
    }
}
