import Cryptography
package import PaymentCore
import Transfer

/// Calls real channels over HTTPS: signs, sends once, authenticates and classifies (R3, R4); it retries nothing (R11).
package final class HTTPChannelTransport: ChannelTransport {
    private let endpoints: [ChannelName: ResolvedEndpoint]
    private let loop: TransferLoop
    private let now: @Sendable () -> Timestamp
    private let random: @Sendable (Int) -> [UInt8]
    private let beforeFirstByte: (@Sendable () -> Void)?

    /// Starts a transport, with a connection for every slot of every lane, so that no lane waits for another's.
    ///
    /// `environmentClass`: the class of the deployment.
    ///
    /// `now`: the wall clock, for the signed timestamp only.
    ///
    /// `random`: gives that many unpredictable bytes, for nonces.
    ///
    /// `beforeFirstByte`: called between the last look at the clock and the first byte of each call, for tests of what
    /// happens there.
    ///
    /// Throws `ChannelTransportError` for a channel of the other class (R13), or named twice.
    package init(
        endpoints: [ResolvedEndpoint],
        environmentClass: EnvironmentClass,
        now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (Int) -> [UInt8],
        beforeFirstByte: (@Sendable () -> Void)? = nil
    ) throws(ChannelTransportError) {
        var byName: [ChannelName: ResolvedEndpoint] = [:]
        var slots = 0
        for endpoint in endpoints {
            let specification = endpoint.specification
            guard specification.environmentClass == environmentClass else {
                throw ChannelTransportError(
                    channel: specification.name,
                    code: .foreignClass(channel: specification.environmentClass, deployment: environmentClass)
                )
            }
            guard byName.updateValue(endpoint, forKey: specification.name) == nil else {
                throw ChannelTransportError(channel: specification.name, code: .namedTwice)
            }
            slots += specification.concurrency.submit + specification.concurrency.query
        }
        self.endpoints = byName
        self.loop = TransferLoop(connectionsMax: max(1, slots))
        self.now = now
        self.random = random
        self.beforeFirstByte = beforeFirstByte
    }

    /// Ends the calls under way, as unknown where a byte may have left; later ones are not sent.
    package func shutdown() { loop.shutdown() }

    package func call(_ call: ChannelCall) async -> CallRecord {
        guard let endpoint = endpoints[call.channel] else { return Self.unsent("channel_not_configured") }
        let envelope = call.envelope
        // The path is put behind the address, and only one that begins so cannot change the host.
        guard let method = TransferRequest.Method(rawValue: envelope.method), envelope.path.hasPrefix("/") else {
            return Self.unsent("unreadable_envelope")
        }
        let codec = endpoint.specification.codec
        let nonce = Hexadecimal.encode(random(16))
        let volatile = codec.sign(envelope, at: now(), nonce: nonce, secret: endpoint.secret)
        var request = Self.request(
            method,
            endpoint,
            envelope,
            volatile: volatile,
            sendBy: SuspendAwareInstant(nanoseconds: call.sendByNanoseconds)
        )
        request.beforeFirstByte = beforeFirstByte

        let begunAt = SuspendAwareInstant.now()
        let outcome = await loop.perform(request)
        let latency = begunAt.duration(to: .now())

        let response: ChannelResponse?
        let meaning: CallOutcome
        switch outcome {
        case .answered(let answer):
            let received = ChannelResponse(
                status: Int32(clamping: answer.status),
                headers: answer.headers.map { Envelope.Header(name: $0.0, value: $0.1) },
                body: answer.body
            )
            response = received
            meaning = codec.decode(received, to: envelope, nonce: nonce, secret: endpoint.secret)
        case .notSent(let failure): (response, meaning) = (nil, .notSent(failure.code.word))
        case .unknown(let failure): (response, meaning) = (nil, .unknown(failure.code.word))
        }
        return CallRecord(
            outcome: meaning,
            status: response?.status,
            response: response?.body ?? [],
            volatileElements: Dictionary(uniqueKeysWithValues: volatile.map { ($0.name, $0.value) }),
            latencyMicroseconds: TimeSpan(latency).microseconds
        )
    }

    private static func request(
        _ method: TransferRequest.Method,
        _ endpoint: ResolvedEndpoint,
        _ envelope: Envelope,
        volatile: [Envelope.Header],
        sendBy: SuspendAwareInstant
    ) -> TransferRequest {
        let specification = endpoint.specification
        let deadlines = specification.deadlines
        return TransferRequest(
            method: method,
            url: endpoint.baseURL.text + envelope.path,
            headers: (envelope.headers + volatile).map { ($0.name, $0.value) },
            body: envelope.body,
            deadlines: TransferRequest.Deadlines(
                connect: .microseconds(deadlines.connect.microseconds),
                total: .microseconds(deadlines.total.microseconds),
                stall: .microseconds(deadlines.stall.microseconds)
            ),
            responseBytesMax: specification.limits.responseBytesMax,
            sendBy: sendBy,
            trust: specification.endpoint.certificates.map { .file($0) } ?? .systemStore,
            plainHTTP: specification.environmentClass == .test ? .loopbackOnly : .refused
        )
    }

    private static func unsent(_ word: String) -> CallRecord {
        CallRecord(
            outcome: .notSent(word),
            status: nil,
            response: [],
            volatileElements: [:],
            latencyMicroseconds: 0
        )
    }
}

/// Why a transport cannot be made of these channels.
package struct ChannelTransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Code: Hashable, Sendable {
        /// R13.
        case foreignClass(channel: EnvironmentClass, deployment: EnvironmentClass)
        case namedTwice
    }

    package let channel: ChannelName
    package let code: Code

    package var description: String {
        switch code {
        case .foreignClass(let channelClass, let deployment):
            "channel \(channel) is of class \(channelClass.rawValue), and this deployment of class "
                + "\(deployment.rawValue) never speaks with it (R13): "
                + "use a specification of class \(deployment.rawValue)"
        case .namedTwice: "channel \(channel) is described by two specifications: remove one of them"
        }
    }
}

extension TransferFailure.Code {
    /// A stable word for people and metrics.
    fileprivate var word: String {
        switch self {
        case .dns: "dns"
        case .connect: "connect"
        case .tls: "tls"
        case .sendByPassed: "send_by_passed"
        case .cancelledBeforeSend: "cancelled_before_send"
        case .refusedByPolicy: "refused_by_policy"
        case .timeout: "timeout"
        case .reset: "reset"
        case .responseTooLarge: "response_too_large"
        case .truncated: "truncated"
        case .protocolViolation: "protocol_violation"
        case .cancelled: "cancelled"
        case .other(let number): "transfer_error_\(number)"
        }
    }
}
