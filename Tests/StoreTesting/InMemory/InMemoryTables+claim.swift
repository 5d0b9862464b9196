import PaymentCore
import Store

extension InMemoryTables {
    mutating func claimChunks(_ claim: ChunkClaim, now: Timestamp) -> [ClaimedChunk] {
        claim.lanes.flatMap { self.claim($0, for: claim.worker, now: now) }
    }

    private mutating func claim(_ asked: LaneClaim, for worker: WorkerIdentifier, now: Timestamp) -> [ClaimedChunk] {
        guard let channel = channels[asked.channel], channel.specificationSHA256 == asked.specificationSHA256,
            var lane = channel.lanes[asked.lane], !lane.isPaused
        else { return [] }
        let admission = lane.health.admission(at: now)
        let slice = RateSlice(nextCallAt: lane.nextCallAt, interval: lane.health.interval(lane.rules), now: now)
        let freeSlots = lane.slots.indices.filter { lane.slots[$0].isFree(at: now) }
        let room = [max(0, asked.limit), freeSlots.count, slice.countMax, admission == .any ? .max : 1].min() ?? 0
        guard admission != .none, room > 0 else { return [] }
        let taken = due(asked, room: room, freeSlots: freeSlots.count, now: now)
        let handed = zip(taken, freeSlots).enumerated().map { place, pair in
            var chunk = pair.0
            let leaseEnd = now.advanced(by: slice.wait(place) + asked.lease)
            chunk.epoch = LeaseEpoch(chunk.epoch.value + 1)
            chunk.worker = worker
            chunk.dueAt = leaseEnd
            chunks[chunk.chunkIdentifier] = chunk
            lane.slots[pair.1].holder = Slot.Holder(
                chunkIdentifier: chunk.chunkIdentifier,
                epoch: chunk.epoch,
                until: leaseEnd
            )
            if admission == .probe { lane.health.probe(chunk.chunkIdentifier, until: leaseEnd) }
            return claimed(chunk, by: worker, now: now, startsAfter: slice.wait(place))
        }
        if !handed.isEmpty { lane.nextCallAt = slice.nextCallAt(after: handed.count) ?? lane.nextCallAt }
        channels[asked.channel]?.lanes[asked.lane] = lane
        return handed
    }

    /// What a lane gives: submissions to be sent again first, then as many fresh orders as leave each unsent submission
    /// a free slot.
    private func due(_ asked: LaneClaim, room: Int, freeSlots: Int, now: Timestamp) -> [Chunk] {
        let own = chunks.values.filter { $0.channel == asked.channel && $0.kind.lane == asked.lane }
        let due = own.filter { $0.dueAt <= now }.sorted {
            ($0.dueAt, $0.chunkIdentifier) < ($1.dueAt, $1.chunkIdentifier)
        }
        guard asked.lane == .submit else { return Array(due.prefix(room)) }
        let unsent = own.count { $0.kind == .send && ($0.worker == nil || $0.dueAt <= now) }
        let again = Array(due.filter { $0.kind == .send }.prefix(room))
        let fresh = due.filter { $0.kind == .submit }
        return again + fresh.prefix(max(0, min(room - again.count, freeSlots - unsent)))
    }

    private func claimed(
        _ chunk: Chunk,
        by worker: WorkerIdentifier,
        now: Timestamp,
        startsAfter: TimeSpan
    ) -> ClaimedChunk {
        guard let file = files[chunk.batch] else { preconditionFailure("a chunk belongs to a file") }
        return ClaimedChunk(
            chunkIdentifier: chunk.chunkIdentifier,
            batch: chunk.batch,
            businessDate: file.businessDate,
            chunkNumber: chunk.chunkNumber,
            direction: file.direction,
            channel: chunk.channel,
            kind: chunk.kind,
            lines: chunk.lines,
            submissionsCut: chunk.submissionsCut,
            submission: chunk.submission,
            worker: worker,
            epoch: chunk.epoch,
            now: now,
            startsAfter: startsAfter
        )
    }

    func ordersToSubmit(of chunk: ClaimedChunk, limit: Int) -> [OrderToSubmit] {
        precondition(chunk.kind == .submit, "only a submit chunk has orders without an intent")
        let orders = chunk.lines.sorted().lazy.filter { maySubmit($0, of: chunk.batch) }
            .compactMap { files[chunk.batch]?.orders[$0] }
        return orders.prefix(max(0, limit)).map { order in
            OrderToSubmit(
                line: order.content.line,
                amountMinor: order.content.amountMinor,
                currency: order.content.currency,
                accountNumber: order.content.accountNumber,
                accountName: order.content.accountName,
                bankCode: order.content.bankCode,
                purpose: order.content.purpose,
                attempts: order.stored.attempt
            )
        }
    }

    func texts(of lines: [LineNumber], batch: BatchIdentifier) -> [OrderTexts] {
        lines.sorted().compactMap { files[batch]?.orders[$0].map { OrderTexts($0.content) } }
    }

    mutating func removeLines(_ lines: [LineNumber], from claimed: ClaimedChunk, reviewCode: String?) {
        guard var chunk = leased(claimed), chunk.kind == .submit, claimed.kind == .submit else { return }
        chunk.lines.removeAll { lines.contains($0) }
        chunks[chunk.chunkIdentifier] = chunk
        guard let reviewCode else { return }
        for line in lines {
            open(StoredReview(cause: .unfitForChannel, code: reviewCode, submission: nil, line: line), in: chunk.batch)
        }
    }

    /// Only what the worker claimed is given back: a submit chunk whose intent was committed after all (its worker saw
    /// an error) stays, or a submission would be forgotten.
    mutating func releaseChunk(_ claimed: ClaimedChunk, next: ChunkNext, now: Timestamp) {
        guard let chunk = leased(claimed), chunk.kind == claimed.kind else { return }
        switch next {
        case .keep: preconditionFailure("a chunk is given back, or kept, not both")
        case .schedule(let kind, _):
            precondition((kind == .submit) == (chunk.kind == .submit), "a chunk is for orders, or for a submission")
        case .finish:
            precondition(chunk.kind == .submit, "a submission's chunk leaves the table by a change")
            let isOrderLeft = chunk.lines.contains { maySubmit($0, of: chunk.batch) }
            precondition(!isOrderLeft, "no ready order loses its chunk")
        }
        carryOut(next, of: chunk, now: now)
    }
}
