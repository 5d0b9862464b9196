import Cryptography

/// What a truth file proves: how often money moved for each reference, how much, and to which account.
package struct Truth: Sendable, Equatable {
    /// By the channel's name.
    package internal(set) var channels: [String: Channel] = [:]

    package struct Channel: Sendable, Equatable {
        /// By reference; the money moves at `lastPaidAt` at the latest, which may be ahead.
        package internal(set) var payments: [String: Payment] = [:]
        /// How often each reference was taken and refused, by code.
        package internal(set) var refusals: [String: [ItemCode: Int]] = [:]
        /// How often each reference was taken and is never finished.
        package internal(set) var neverFinished: [String: Int] = [:]
        /// Copies of submit messages, by batch.
        package internal(set) var copies: [BatchKey: Copies] = [:]
        /// Authentic submit messages too malformed to name a batch.
        package internal(set) var malformedCopies = 0
        package internal(set) var queries: [BatchKey: Queries] = [:]
        /// Most requests that were under way at once.
        package internal(set) var concurrentMax: [RequestKind: Int] = [:]
        /// Batches for which a submit and a query were ever under way together.
        package internal(set) var overlaps: Set<BatchKey> = []
        /// How often each fault fired.
        package internal(set) var submitFaults: [SubmitFault: Int] = [:]
        package internal(set) var queryFaults: [QueryFault: Int] = [:]

        package init() {}
    }

    package struct Payment: Sendable, Equatable {
        /// How often money moved.
        package internal(set) var count: Int
        /// Minor units, of all moves together.
        package internal(set) var amount: Int64
        package let currency: String
        package let direction: Direction
        /// Lower-case hexadecimal SHA-256 of the account number's UTF-8 bytes.
        package let accountSHA256: String
        /// Milliseconds since 1970.
        package internal(set) var firstPaidAt: Int64
        package internal(set) var lastPaidAt: Int64
        /// Whether two moves differed in amount, currency, direction or account.
        package internal(set) var isMixed: Bool
    }

    package struct Copies: Sendable, Equatable {
        /// When each arrived, in milliseconds since 1970.
        package internal(set) var times: [Int64] = []
        /// The distinct bodies, as lower-case hexadecimal SHA-256.
        package internal(set) var bodies: Set<String> = []
        /// How often the batch was taken: more than once after the protection window.
        package internal(set) var takenCount = 0
        /// What was decided about each copy; `nil` where a fault kept the company from deciding.
        package internal(set) var codes: [HeaderCode?] = []
    }

    package struct Queries: Sendable, Equatable {
        package internal(set) var count: Int
        /// Milliseconds since 1970.
        package internal(set) var firstAt: Int64
        package internal(set) var lastAt: Int64
        /// Milliseconds from the last copy of the submit to the first query; `nil` if none had arrived before.
        package internal(set) var earliestMilliseconds: Int64?
        /// Fewest milliseconds between two queries; `nil` with a single one.
        package internal(set) var densestMilliseconds: Int64?
    }

    package init() {}
}

extension Truth.Channel {
    /// Adds one line of a truth file.
    mutating func add(_ event: TruthEvent, accountHashes: [String]) {
        switch event {
        case .received(let received): add(received)
        case .taken(let batch): add(batch, accountHashes: accountHashes)
        case .queried(let queried): add(queried)
        case .peak(let kind, let count): concurrentMax[kind] = max(concurrentMax[kind] ?? 0, count)
        case .overlapped(let key): overlaps.insert(key)
        }
    }

    private mutating func add(_ received: TruthEvent.Received) {
        if let fault = received.fault { submitFaults[fault, default: 0] += 1 }
        guard let key = received.key else {
            malformedCopies += 1
            return
        }
        copies[key, default: .init()].times.append(received.at)
        copies[key, default: .init()].bodies.insert(Hexadecimal.encode(received.bodySHA256))
        copies[key, default: .init()].codes.append(received.code)
    }

    private mutating func add(_ queried: TruthEvent.Queried) {
        if let fault = queried.fault { queryFaults[fault, default: 0] += 1 }
        guard var known = queries[queried.key] else {
            queries[queried.key] = Truth.Queries(
                count: 1,
                firstAt: queried.at,
                lastAt: queried.at,
                earliestMilliseconds: copies[queried.key]?.times.last.map { queried.at - $0 },
                densestMilliseconds: nil
            )
            return
        }
        let gap = queried.at - known.lastAt
        known.densestMilliseconds = min(known.densestMilliseconds ?? gap, gap)
        known.count += 1
        known.lastAt = queried.at
        queries[queried.key] = known
    }

    private mutating func add(_ batch: SimulatedBatch, accountHashes: [String]) {
        precondition(accountHashes.count == batch.items.count, "each item of a truth line has its account's hash")
        copies[batch.key, default: .init()].takenCount += 1
        for (item, hash) in zip(batch.items, accountHashes) {
            switch item.fate {
            case .paid(let at): pay(item, accountSHA256: hash, batch: batch, at: at)
            case .refused(let code, _), .refusedAtSubmit(let code):
                refusals[item.reference, default: [:]][code, default: 0] += 1
            case .neverFinished: neverFinished[item.reference, default: 0] += 1
            }
        }
    }

    private mutating func pay(_ item: SimulatedItem, accountSHA256: String, batch: SimulatedBatch, at: Int64) {
        guard var payment = payments[item.reference] else {
            payments[item.reference] = Truth.Payment(
                count: 1,
                amount: item.amount,
                currency: batch.currency,
                direction: batch.direction,
                accountSHA256: accountSHA256,
                firstPaidAt: at,
                lastPaidAt: at,
                isMixed: false
            )
            return
        }
        // Without division: all moves before were of one amount unless already mixed.
        let isLikeFirst =
            payment.amount == item.amount.multipliedReportingOverflow(by: Int64(payment.count)).partialValue
            && payment.currency == batch.currency && payment.direction == batch.direction
            && payment.accountSHA256 == accountSHA256
        payment.isMixed = payment.isMixed || !isLikeFirst
        payment.count += 1
        payment.amount += item.amount
        payment.firstPaidAt = min(payment.firstPaidAt, at)
        payment.lastPaidAt = max(payment.lastPaidAt, at)
        payments[item.reference] = payment
    }
}
