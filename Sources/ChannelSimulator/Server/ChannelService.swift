import Cryptography
import Synchronization

/// One company at work: reads messages, asks the state machine, keeps the truth, signs answers.
final class ChannelService: Sendable {
    /// An answer ready to go.
    struct Reply {
        let response: HTTPResponse
        let delivery: SimulatedAnswer.Delivery
    }

    let active: ActiveRequests
    let name: String
    private let description: ChannelDescription
    private let signature: MessageSignature
    private let state: Mutex<SimulatedChannel>
    private let whole = Mutex(ChannelCondition.healthy)
    private let truthFile: TruthFile
    private let now: @Sendable () -> Int64

    init(
        _ channel: SimulatorConfiguration.Channel,
        seed: UInt64,
        remembering events: [TruthEvent],
        truthFile: TruthFile,
        now: @escaping @Sendable () -> Int64
    ) {
        description = channel.description
        name = channel.description.name
        signature = MessageSignature(secret: channel.secret, merchantID: channel.description.merchantID)
        state = Mutex(SimulatedChannel(channel.description, plan: channel.plan, seed: seed, remembering: events))
        var peaks: [RequestKind: Int] = [:]
        for case .peak(let kind, let count) in events { peaks[kind] = count }
        active = ActiveRequests(peaks: peaks)
        self.truthFile = truthFile
        self.now = now
    }

    /// What has befallen the company as a whole.
    var condition: ChannelCondition {
        get { whole.withLock { $0 } }
        set { whole.withLock { $0 = newValue } }
    }

    /// The message that is posted to `path` (page sections 3 and 4).
    static func kind(of path: String) -> RequestKind? {
        switch path {
        case "/v1/batches": .submit
        case "/v1/batches/query": .query
        default: nil
        }
    }

    /// Counts a request as under way; `active.end` must follow.
    func begin(_ kind: RequestKind, on descriptor: Int32) throws(SimulatorError) -> Int {
        let (id, peak) = active.begin(kind, on: descriptor)
        if let peak { _ = try truthFile.append([.peak(kind, peak)], channel: description.name, isOwed: false) }
        return id
    }

    /// Answers a request as the company fares now.
    func reply(
        to kind: RequestKind,
        _ head: HTTPRequestHead,
        body: [UInt8],
        id: Int
    ) throws(SimulatorError) -> Reply {
        let condition = condition
        switch condition {
        case .blackHole: return Reply(response: HTTPResponse(refusal: 504), delivery: .hold)
        case .failing: return Reply(response: HTTPResponse(refusal: 503), delivery: .whole)
        case .healthy, .refused, .slow:
            let reply = try decide(on: kind, head, body: body, id: id)
            return condition == .slow ? Reply(response: reply.response, delivery: .drip) : reply
        }
    }

    /// Decides about a request, and returns when what the answer says is durable.
    private func decide(
        on kind: RequestKind,
        _ head: HTTPRequestHead,
        body: [UInt8],
        id: Int
    ) throws(SimulatorError) -> Reply {
        let hash = SHA256.hash(body)
        let claim = MessageSignature.Claim(
            merchantID: head["x-merchant-id"],
            timestamp: head["x-timestamp"],
            nonce: head["x-nonce"],
            signature: head["x-signature"]
        )
        let answer =
            if signature.accepts(claim, path: head.path, bodySHA256: hash, at: now()) {
                try decide(kind, isAnnounced: head.announcesJSON, body: body, hash: hash, id: id)
            } else {
                SimulatedAnswer(DialectAnswer(.signatureRefused))
            }
        return Reply(response: respond(answer, nonce: claim.nonce), delivery: answer.delivery)
    }

    private func decide(
        _ kind: RequestKind,
        isAnnounced: Bool,
        body: [UInt8],
        hash: [UInt8],
        id: Int
    ) throws(SimulatorError) -> SimulatedAnswer {
        // A text that is not JSON is malformed in every respect, so that what is wrong with it does not matter.
        let message = isAnnounced ? (try? JSONReader.read(body)) ?? .null : .null
        if let merchant = message["merchant_id"]?.text, merchant != description.merchantID {
            return SimulatedAnswer(DialectAnswer(.signatureRefused))
        }
        let key = BatchKey(in: message)
        if let key, active.identify(id, as: key) {
            _ = try truthFile.append([.overlapped(key)], channel: description.name, isOwed: false)
        }
        switch kind {
        case .submit:
            let submit = SubmitMessage(message, of: description)
            return try decide(isOwed: true) { channel, now in
                guard let submit else { return channel.refuseMalformed(key: key, bodySHA256: hash, at: now) }
                return channel.submit(submit, bodySHA256: hash, at: now)
            }
        case .query:
            guard let key, message.hasMembers(exactly: ["merchant_id", "batch_no", "trade_date"]) else {
                return SimulatedAnswer(DialectAnswer(.malformed, key: key))
            }
            return try decide(isOwed: false) { channel, now in channel.query(key, at: now) }
        }
    }

    /// Asks the state machine and writes what happened, both in one order, then waits for the disk outside the lock.
    ///
    /// `isOwed`: whether the events themselves must be durable first, and not only those before.
    private func decide(
        isOwed: Bool,
        _ ask: (inout SimulatedChannel, Int64) -> SimulatedChannel.Decision
    ) throws(SimulatorError) -> SimulatedAnswer {
        let result = state.withLock { channel -> Result<(SimulatedAnswer, TruthFile.Position), SimulatorError> in
            let decision = ask(&channel, now())
            do throws(SimulatorError) {
                let position = try truthFile.append(decision.events, channel: description.name, isOwed: isOwed)
                return .success((decision.answer, position))
            } catch {
                return .failure(error)
            }
        }
        let (answer, position) = try result.get()
        try truthFile.waitUntilDurable(position)
        return answer
    }

    private func respond(_ answer: SimulatedAnswer, nonce: String?) -> HTTPResponse {
        let body = answer.body.encoded()
        guard answer.signing != .absent else {
            return HTTPResponse(status: answer.status, contentType: answer.body.contentType, body: body)
        }
        let asked = nonce.flatMap { MessageSignature.isNonce($0) ? $0 : nil } ?? String(repeating: "0", count: 32)
        let nonce = answer.signing == .wrongNonce ? String(asked.reversed()) : asked
        let timestamp = now()
        var signed = signature.sign(status: answer.status, timestamp: timestamp, nonce: nonce, body: body)
        if answer.signing == .wrongSignature { signed = String(signed.reversed()) }
        return HTTPResponse(
            status: answer.status,
            contentType: answer.body.contentType,
            headers: [("X-Timestamp", String(timestamp)), ("X-Nonce", nonce), ("X-Signature", signed)],
            body: body
        )
    }
}
