import PaymentCore
import Store

extension InMemoryTables {
    mutating func claimChunks(_ claim: ChunkClaim, now: Timestamp) -> [ClaimedChunk] {
        guard let channel = channels[claim.channel], channel.isRunning,
            channel.specificationSHA256 == claim.specificationSHA256, channel.slowUntil.map({ $0 <= now }) ?? true
        else { return [] }
        let slots = channel.slots[claim.lane, default: []]
        let freeSlots = slots.indices.filter { slots[$0].isFree(at: now) }
        let due = chunks.values
            .filter { $0.channel == claim.channel && $0.kind.lane == claim.lane && $0.dueAt <= now }
            .sorted { ($0.dueAt, $0.chunkIdentifier) < ($1.dueAt, $1.chunkIdentifier) }
        let leaseEnd = now.advanced(by: claim.lease)
        return zip(due.prefix(max(0, claim.limit)), freeSlots).map { chunk, slot in
            var chunk = chunk
            chunk.epoch = LeaseEpoch(chunk.epoch.value + 1)
            chunk.worker = claim.worker
            chunk.dueAt = leaseEnd
            chunks[chunk.chunkIdentifier] = chunk
            channels[claim.channel]?.slots[claim.lane]?[slot].holder = Slot.Holder(
                chunkIdentifier: chunk.chunkIdentifier,
                epoch: chunk.epoch,
                until: leaseEnd
            )
            return claimed(chunk, by: claim.worker, now: now)
        }
    }

    private func claimed(_ chunk: Chunk, by worker: WorkerIdentifier, now: Timestamp) -> ClaimedChunk {
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
            now: now
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
