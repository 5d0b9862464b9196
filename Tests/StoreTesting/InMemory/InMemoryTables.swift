import PaymentCore
import Store

/// The rows of an `InMemoryStore`.
///
/// Its operations look at everything first and write only when nothing can fail any more, so that each is
/// all-or-nothing without a copy of the tables.
struct InMemoryTables {
    var channels: [ChannelName: Channel] = [:]
    var files: [BatchIdentifier: File] = [:]
    var chunks: [Int64: Chunk] = [:]
    var submissions: [SubmissionKey: Submission] = [:]
    var numbers: Set<ChannelNumber> = []
    /// In the order of their first occurrence.
    var alarms: [StoredAlarm] = []
    private var chunkIdentifierNext: Int64 = 1

    struct Channel {
        var specificationSHA256: [UInt8]
        var lanes: [Lane: LaneRow]
    }

    struct LaneRow {
        var isPaused = false
        var rules: LaneRules
        var health = LaneHealth()
        var nextCallAt: Timestamp?
        var slots: [Slot]
    }

    struct Slot {
        /// Who holds it; the row stays the holder's until it is given back or taken anew.
        var holder: Holder?

        struct Holder {
            var chunkIdentifier: Int64
            var epoch: LeaseEpoch
            /// Free again from then on, whatever became of the holder (R10).
            var until: Timestamp
        }

        func isFree(at now: Timestamp) -> Bool { holder.map { $0.until <= now } ?? true }
    }

    struct File {
        var businessDate: BusinessDate
        var direction: Direction
        var orders: [LineNumber: Order]
        var chunksPlanned: Int32 = 0
        /// In the order in which they were opened.
        var reviews: [StoredReview] = []
        var moves: [Move: Tally] = [:]
        /// In the order in which they ended.
        var attempts: [StoredAttempt] = []
        /// Ready orders in no chunk, and when they may be planned.
        var waiting: [LineNumber: Timestamp] = [:]
    }

    struct Move: Hashable {
        var channel: ChannelName
        var from: OrderState
        var to: OrderState
        var currency: String
    }

    struct Order {
        var content: OrderToSubmit
        var stored: StoredOrder

        mutating func update(_ change: (inout StoredOrder) -> Void) {
            change(&stored)
            stored.updates = (stored.updates ?? 0) + 1
        }
    }

    struct Chunk {
        var chunkIdentifier: Int64
        var batch: BatchIdentifier
        var chunkNumber: Int32
        var channel: ChannelName
        var kind: ChunkKind
        var lines: [LineNumber]
        var submissionsCut: Int32
        var submission: SubmissionNumber?
        /// A lease moves it to its own end.
        var dueAt: Timestamp
        var worker: WorkerIdentifier?
        var epoch: LeaseEpoch
    }

    struct Submission {
        var channel: ChannelName
        var number: String
        var tradeDate: BusinessDate
        var scopeEndsAt: Timestamp?
        var envelope: Envelope
        var state: SubmissionState
        /// Item i stands at index i - 1.
        var lines: [LineNumber]
        /// Ordinal i stands at index i - 1.
        var exchanges: [StoredExchange]
        var settledAt: Timestamp?
    }

    struct ChannelNumber: Hashable {
        var channel: ChannelName
        var scope: String
        var number: String
    }

    // MARK: Work

    mutating func insertChunk(_ make: (_ chunkIdentifier: Int64) -> Chunk) {
        chunks[chunkIdentifierNext] = make(chunkIdentifierNext)
        chunkIdentifierNext += 1
    }

    /// The row behind a claimed chunk, if the lease is still the claimer's; an ended lease is his until the next claim.
    func leased(_ claimed: ClaimedChunk) -> Chunk? {
        guard let chunk = chunks[claimed.chunkIdentifier], chunk.epoch == claimed.epoch, chunk.worker == claimed.worker
        else { return nil }
        return chunk
    }

    /// Whether something may begin under this lease: it has not ended, and its slot is still held (R10).
    func mayBegin(_ chunk: Chunk, now: Timestamp) -> Bool {
        chunk.dueAt > now && slotPlace(of: chunk) != nil
    }

    private func slotPlace(of chunk: Chunk) -> (lane: Lane, index: Int)? {
        guard let lanes = channels[chunk.channel]?.lanes else { return nil }
        for lane in Lane.allCases {
            let index = lanes[lane]?.slots.firstIndex {
                $0.holder?.chunkIdentifier == chunk.chunkIdentifier && $0.holder?.epoch == chunk.epoch
            }
            if let index { return (lane, index) }
        }
        return nil
    }

    /// Keeps the chunk's slot until its call can no longer be under way.
    mutating func holdSlot(of chunk: Chunk, until: Timestamp) {
        guard let place = slotPlace(of: chunk) else { return }
        channels[chunk.channel]?.lanes[place.lane]?.slots[place.index].holder?.until = until
    }

    /// Gives the slot back that this epoch of the chunk holds; one of an earlier epoch runs out by itself (R10).
    private mutating func freeSlot(of chunk: Chunk, now: Timestamp) {
        for lane in Lane.allCases {
            channels[chunk.channel]?.lanes[lane]?.health.giveBack(chunk.chunkIdentifier, now: now)
        }
        guard let place = slotPlace(of: chunk) else { return }
        channels[chunk.channel]?.lanes[place.lane]?.slots[place.index].holder = nil
    }

    /// Carries out what happens to a leased chunk after a change.
    mutating func carryOut(_ next: ChunkNext, of chunk: Chunk, now: Timestamp) {
        switch next {
        case .keep: break
        case .schedule(let kind, let delay):
            freeSlot(of: chunk, now: now)
            chunks[chunk.chunkIdentifier]?.kind = kind
            chunks[chunk.chunkIdentifier]?.dueAt = now.advanced(by: delay)
            chunks[chunk.chunkIdentifier]?.worker = nil
        case .finish:
            freeSlot(of: chunk, now: now)
            chunks[chunk.chunkIdentifier] = nil
        }
    }
}
