package import PaymentCore
package import Store

/// What an engine leaves alone: lanes that are not its own, and new sends once their time is over.
package struct WorkBounds: Sendable {
    /// The lanes that it works; nil for all.
    package let lanes: Set<LaneKey>?
    /// Asked for when the window of new sends has ended: nothing more is claimed from submit lanes, what is in flight
    /// is finished, and everything else goes on.
    package let sendingEnd: StopSignal
    /// When that is, by the clock: a process that was stopped and goes on looks at it first.
    ///
    /// Nil for no end.
    package let sendingEndsAt: Timestamp?
    /// When the window began, in which archiving has its days, and when it begins no further step; nil for no window.
    package let archivingFrom, archivingEndsAt: Timestamp?

    package init(
        lanes: Set<LaneKey>? = nil,
        sendingEnd: StopSignal = StopSignal(),
        sendingEndsAt: Timestamp? = nil,
        archivingFrom: Timestamp? = nil,
        archivingEndsAt: Timestamp? = nil
    ) {
        self.lanes = lanes
        self.sendingEnd = sendingEnd
        self.sendingEndsAt = sendingEndsAt
        self.archivingFrom = archivingFrom
        self.archivingEndsAt = archivingEndsAt
    }

    /// Whether the lane is one of its own.
    package func include(_ channel: ChannelName, _ lane: Lane) -> Bool {
        lanes?.contains(LaneKey(channel: channel, lane: lane)) ?? true
    }
}

/// One lane of one channel.
package struct LaneKey: Hashable, Sendable, CustomStringConvertible {
    package let channel: ChannelName
    package let lane: Lane

    package init(channel: ChannelName, lane: Lane) {
        self.channel = channel
        self.lane = lane
    }

    package var description: String { "\(channel)/\(lane.rawValue)" }
}
