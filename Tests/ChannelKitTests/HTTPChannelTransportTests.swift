import ChannelKit
import Cryptography
import Foundation
import Glibc
import PaymentCore
import Testing

@Suite struct HTTPChannelTransportTests {
    private static func endpoint(_ url: String, _ replacements: [(String, String)] = []) throws -> ResolvedEndpoint {
        try Sample.harbor(replacements).resolve(
            environment: ["SLUICE_CHANNEL_HARBOR_URL": url, "SLUICE_CHANNEL_HARBOR_SECRET": Sample.secret])
    }

    private static func transport(_ endpoint: ResolvedEndpoint) throws -> HTTPChannelTransport {
        try HTTPChannelTransport(
            endpoints: [endpoint],
            environmentClass: .test,
            now: { Sample.now },
            random: SecureRandom.bytes
        )
    }

    private static func call(
        _ kind: MessageKind,
        channel: String = "harbor",
        sendBySeconds: Int64 = 10
    ) throws -> ChannelCall {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return ChannelCall(
            channel: ChannelName(channel),
            envelope: try Sample.envelope(kind),
            sendByNanoseconds: (Int64(time.tv_sec) + sendBySeconds) * 1_000_000_000
        )
    }

    private static func perform(
        _ url: String,
        _ kind: MessageKind = .query,
        _ replacements: [(String, String)] = []
    ) async throws -> CallRecord {
        let transport = try transport(try endpoint(url, replacements))
        defer { transport.shutdown() }
        return await transport.call(try call(kind))
    }

    @Test func `a good answer is answered, with its evidence`() async throws {
        let body = Sample.body("0000", #", "items": [{"item_no": 2, "code": "E102", "message": "account closed"}]"#)
        let channel = LoopbackChannel { LoopbackChannel.signed(body, to: $0) }
        let record = try await Self.perform(channel.url, .submit)
        #expect(record.outcome.answer?.header == .taken)
        #expect(record.outcome.answer?.items.count == 1)
        #expect(record.status == 200)
        #expect(record.response == body)
        #expect(record.latencyMicroseconds > 0)
        #expect(Set(record.volatileElements.keys) == ["X-Timestamp", "X-Nonce", "X-Signature"])
    }

    @Test func `the channel receives the envelope's bytes, signed as the description says`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let record = try await Self.perform(channel.url, .submit)
        let envelope = try Sample.envelope(.submit)
        let request = try #require(channel.requests.first)
        #expect(channel.requests.count == 1)
        #expect(request.line == "POST /v1/batches HTTP/1.1")
        #expect(request.body == envelope.body)
        #expect(request.header("Content-Type") == "application/json; charset=utf-8")
        #expect(request.header("X-Merchant-Id") == "M10001")
        #expect(request.header("X-Timestamp") == "1795226400123")
        let nonce = request.header("X-Nonce")
        #expect(nonce.count == 32 && nonce.allSatisfy { "0123456789abcdef".contains($0) })
        #expect(
            request.header("X-Signature")
                == Sample.hmac(["POST", "/v1/batches", "M10001", "1795226400123", nonce], body: request.body)
        )
        for (name, value) in record.volatileElements { #expect(request.header(name) == value) }
    }

    @Test func `two sends of an envelope differ in nothing but the volatile elements`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let transport = try Self.transport(try Self.endpoint(channel.url))
        defer { transport.shutdown() }
        _ = await transport.call(try Self.call(.submit))
        _ = await transport.call(try Self.call(.submit))
        let requests = channel.requests
        try #require(requests.count == 2)
        #expect(requests[0].line == requests[1].line)
        #expect(requests[0].body == requests[1].body)
        #expect(requests[0].headers.keys == requests[1].headers.keys)
        let differing = requests[0].headers.filter { $0.value != requests[1].headers[$0.key] }.map(\.key)
        // The clock of the test stands still, so the timestamps are the same.
        #expect(Set(differing) == ["x-nonce", "x-signature"])
    }

    @Test func `a refused connection proves that nothing was sent`() async throws {
        let record = try await Self.perform("http://127.0.0.1:\(LoopbackChannel.deadPort())", .submit)
        #expect(record.outcome == .notSent("connect"))
        #expect(record.status == nil)
        #expect(record.response.isEmpty)
    }

    @Test func `past send-by nothing is sent`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let transport = try Self.transport(try Self.endpoint(channel.url))
        defer { transport.shutdown() }
        let record = await transport.call(try Self.call(.submit, sendBySeconds: -5))
        #expect(record.outcome == .notSent("send_by_passed"))
        #expect(channel.requests.isEmpty)
    }

    @Test(arguments: [0, 1, 10, 30, 50, 70, 90, 99, 100])
    func `an answer that is cut at any place is unknown`(percent: Int) async throws {
        let channel = LoopbackChannel { request in
            let bytes = LoopbackChannel.signed(Sample.body("2001"), to: request)
            return Array(bytes.prefix(bytes.count * percent / 100))
        }
        let record = try await Self.perform(channel.url)
        #expect(record.outcome.isUnknown == (percent < 100))
        #expect(record.status == (percent < 100 ? nil : 200))
        #expect(channel.requests.count == 1, "nothing is retried (R11)")
    }

    @Test func `a channel that never answers is unknown at the deadline`() async throws {
        let channel = LoopbackChannel { _ in nil }
        let record = try await Self.perform(
            channel.url,
            .submit,
            [("connect: 3s", "connect: 300ms"), ("total: 10s", "total: 300ms"), ("stall: 5s", "stall: 300ms")]
        )
        #expect(record.outcome == .unknown("timeout"))
        #expect(channel.requests.count == 1)
    }

    @Test func `an answer beyond the limit is unknown`() async throws {
        let channel = LoopbackChannel {
            LoopbackChannel.signed(
                Sample.body("2001", #", "more": "\#(String(repeating: "x", count: 2_000))""#),
                to: $0
            )
        }
        let record = try await Self.perform(channel.url, .query, [("response_bytes: 4194304", "response_bytes: 1024")])
        #expect(record.outcome == .unknown("response_too_large"))
    }

    @Test(arguments: [(302, "http_302"), (404, "http_404"), (500, "http_500"), (503, "http_503")] as [(Int32, String)])
    func `another status is unknown, and its body is kept`(status: Int32, word: String) async throws {
        let channel = LoopbackChannel { _ in
            LoopbackChannel.http(status, [("Location", "http://127.0.0.1:1/")], Array("<html>".utf8))
        }
        let record = try await Self.perform(channel.url, .submit)
        #expect(record.outcome == .unknown(word))
        #expect(record.status == status)
        #expect(record.response == Array("<html>".utf8))
    }

    @Test func `an answer under another secret is unknown`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("1001"), to: $0, secret: "other") }
        let record = try await Self.perform(channel.url, .submit)
        #expect(record.outcome == .unknown("bad_signature"))
    }

    @Test(arguments: [Sample.body("1001"), Array("<html>log in</html>".utf8)])
    func `an answer without a signature is unknown`(body: [UInt8]) async throws {
        let channel = LoopbackChannel { _ in LoopbackChannel.http(200, [], body) }
        let record = try await Self.perform(channel.url, .submit)
        #expect(record.outcome == .unknown("bad_signature"))
    }

    @Test func `429 slows down and says for how long`() async throws {
        let channel = LoopbackChannel { _ in LoopbackChannel.http(429, [("Retry-After", "7")], []) }
        let record = try await Self.perform(channel.url)
        #expect(
            record.outcome.answer
                == ChannelAnswer(header: .slowDown, headerCode: "http_429", items: [], retryAfter: .seconds(7))
        )
    }

    @Test func `a channel that this transport does not hold gets nothing`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let transport = try Self.transport(try Self.endpoint(channel.url))
        defer { transport.shutdown() }
        let record = await transport.call(try Self.call(.submit, channel: "meridian"))
        #expect(record.outcome == .notSent("channel_not_configured"))
        #expect(channel.requests.isEmpty)
    }

    @Test(arguments: [("POST", "@127.0.0.1:1/v1"), ("POST", ".evil.example/"), ("DELETE", "/v1/batches"), ("POST", "")])
    func `a stored envelope that is none of ours gets nothing`(method: String, path: String) async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let transport = try Self.transport(try Self.endpoint(channel.url))
        defer { transport.shutdown() }
        let good = try Self.call(.submit)
        let envelope = Envelope(
            kind: .submit,
            method: method,
            path: path,
            headers: good.envelope.headers,
            body: good.envelope.body
        )
        let record = await transport.call(
            ChannelCall(channel: good.channel, envelope: envelope, sendByNanoseconds: good.sendByNanoseconds)
        )
        #expect(record.outcome == .notSent("unreadable_envelope"))
        #expect(channel.requests.isEmpty)
    }

    @Test func `after a shutdown nothing is sent`() async throws {
        let channel = LoopbackChannel { LoopbackChannel.signed(Sample.body("2001"), to: $0) }
        let transport = try Self.transport(try Self.endpoint(channel.url))
        transport.shutdown()
        let record = await transport.call(try Self.call(.submit))
        #expect(record.outcome == .notSent("cancelled_before_send"))
        #expect(channel.requests.isEmpty)
    }

    @Test(arguments: EnvironmentClass.allCases)
    func `a channel of one class is never held by a deployment of the other`(channelClass: EnvironmentClass) throws {
        let endpoint = try Self.endpoint("https://pay.example", [("class: test", "class: \(channelClass.rawValue)")])
        for deployment in EnvironmentClass.allCases {
            func make() throws {
                try HTTPChannelTransport(
                    endpoints: [endpoint],
                    environmentClass: deployment,
                    now: { Sample.now },
                    random: SecureRandom.bytes
                ).shutdown()
            }
            if deployment == channelClass {
                try make()
            } else {
                let error = try #require(throws: ChannelTransportError.self) { try make() }
                #expect(error.code == .foreignClass(channel: channelClass, deployment: deployment))
                #expect(error.channel == ChannelName("harbor"))
            }
        }
    }

    @Test func `two specifications of one channel are refused`() throws {
        let endpoint = try Self.endpoint("https://pay.example")
        let error = try #require(throws: ChannelTransportError.self) {
            try HTTPChannelTransport(
                endpoints: [endpoint, endpoint],
                environmentClass: .test,
                now: { Sample.now },
                random: SecureRandom.bytes
            )
        }
        #expect(error.code == .namedTwice)
    }
}
