import BatchFiles
import ChannelKit
import Cryptography
package import Logging
import PaymentCore
package import Store

/// Works a channel's submit lane: cuts a submission from a chunk, commits its intent, sends it (R1); or sends one again
/// that is proven unsent, or whose resend is due.
package struct SubmissionStage: Sendable {
    private let driver: SubmissionDriver

    package init(driver: SubmissionDriver) { self.driver = driver }

    /// Works one claimed chunk of the submit lane to the end of its call.
    package func work(_ chunk: ClaimedChunk, logger: Logger) async throws {
        FaultPlan.pass(.chunkClaimed)
        guard chunk.kind == .submit else { return try await driver.advance(chunk, logger: logger) }
        // Once more if an order was cancelled between reading and intent; a third time it comes up anew.
        for _ in 0..<2 {
            switch try await submit(chunk, logger: logger) {
            case .done: return
            case .ordersChanged: continue
            }
        }
        try await driver.store.releaseChunk(chunk, next: .schedule(.submit, after: .seconds(1)))
    }

    private enum Attempt {
        case done
        case ordersChanged
    }

    private func submit(_ chunk: ClaimedChunk, logger: Logger) async throws -> Attempt {
        let specification = driver.specification
        let limit = specification.limits.itemsPerSubmission
        let orders = try await driver.store.ordersToSubmit(of: chunk, limit: limit)
        guard let first = orders.first, let last = orders.last else {
            // All of them were cancelled.
            try await driver.store.releaseChunk(chunk, next: .finish)
            return .done
        }
        let remaining = orders.count < limit ? [] : chunk.lines.filter { $0 > last.line }
        // By this clock a first byte leaves no later than the database holds.
        let boot = driver.clock.bootNanoseconds()
        let now = driver.clock.now()
        let tradeDate = specification.tradeDate(at: now)
        let number = chunk.nextSubmission
        let channelNumber = specification.number(batch: chunk.batch, submission: number)
        let (items, unfit) = items(of: orders, in: chunk)
        guard unfit.isEmpty else {
            // One order that no message can carry steps aside; the rest comes up at once.
            logger.warning(
                "orders set aside: no message of this channel can carry them",
                metadata: ["batch": "\(chunk.batch)", "lines": "\(unfit.map(\.value))"]
            )
            try await driver.store.removeLines(unfit, from: chunk, reviewCode: "unfit_for_channel")
            try await driver.store.releaseChunk(
                chunk,
                next: chunk.lines.count == unfit.count ? .finish : .schedule(.submit, after: .zero)
            )
            return .done
        }
        let message = SubmissionMessage(
            number: channelNumber,
            tradeDate: tradeDate,
            direction: chunk.direction,
            currency: first.currency,
            items: items
        )
        let envelope = specification.codec.submitEnvelope(message)
        let policy = specification.policy(for: chunk.direction)
        let state = SubmissionMachine.intent(epoch: chunk.epoch, now: now, policy: policy)
        let intent = SubmissionIntent(
            chunk: chunk,
            submission: number,
            number: channelNumber,
            numberScope: specification.scope(tradeDate: tradeDate),
            scopeEndsAt: specification.scopeEndsAt(tradeDate: tradeDate),
            tradeDate: tradeDate,
            specificationSHA256: specification.sha256,
            envelope: envelope,
            envelopeSHA256: SHA256.hash(envelope.serialized),
            orders: orders,
            currency: first.currency,
            amountMinor: orders.reduce(0) { $0 + $1.amountMinor },
            attempt: first.attempts + 1,
            state: state,
            sendBy: policy.deadlines.sendBy,
            remainingLines: remaining
        )
        FaultPlan.pass(.beforeIntent)
        // Any error here means that nothing may be sent: also a COMMIT of which we do not know whether it happened
        // (R1).
        let recorded: RecordedCall
        let isUnsure: Bool
        switch try await driver.store.recordIntent(intent) {
        case .stale: return .done
        case .ordersChanged: return .ordersChanged
        case .recorded(let call): (recorded, isUnsure) = (call, false)
        case .recordedUnsure(let call): (recorded, isUnsure) = (call, true)
        }
        FaultPlan.pass(.intentCommitted)
        let begun = BegunCall(
            step: .send,
            recorded: recorded,
            chunk: chunk,
            submission: number,
            machine: SubmissionMachine(state: state, policy: policy, scopeEndsAt: intent.scopeEndsAt),
            orders: orders.enumerated().map { index, order in
                SubmittedOrder(
                    line: order.line,
                    item: Int32(index + 1),
                    state: .submitting,
                    amountMinor: order.amountMinor,
                    currency: order.currency,
                    accountNumber: order.accountNumber
                )
            }
        )
        if isUnsure {
            try await driver.conclude(begun, .commitUnknown, logger: logger)
        } else {
            try await driver.call(begun, envelope: envelope, sendBy: boot, logger: logger)
        }
        return .done
    }

    private func items(
        of orders: [OrderToSubmit],
        in chunk: ClaimedChunk
    ) -> (items: [SubmissionMessage.Item], unfit: [LineNumber]) {
        var items: [SubmissionMessage.Item] = []
        var unfit: [LineNumber] = []
        items.reserveCapacity(orders.count)
        // What intake and planning looked at may have changed since: the file may be another one by now.
        let profile = driver.specification.text
        let carriage = TextCarriage([profile])
        for (index, order) in orders.enumerated() {
            guard carriage.carries(OrderTexts(order), as: profile) else {
                unfit.append(order.line)
                continue
            }
            do {
                items.append(
                    try SubmissionMessage.Item(
                        item: Int32(index + 1),
                        reference: "\(chunk.batch)-\(order.line)",
                        accountNumber: order.accountNumber,
                        accountName: order.accountName,
                        bankCode: order.bankCode ?? "",
                        amountMinor: order.amountMinor,
                        purpose: order.purpose
                    )
                )
            } catch {
                unfit.append(order.line)
            }
        }
        return (items, unfit)
    }
}
