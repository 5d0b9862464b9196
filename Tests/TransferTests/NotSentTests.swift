import Synchronization
import Testing
import Transfer

@Suite(.timeLimit(.minutes(1))) struct NotSentTests {
    private func answering() throws -> LoopbackServer {
        try LoopbackServer { connection in
            connection.readRequest()
            connection.answer(200, "ok")
        }
    }

    @Test func `a refused connection is not sent`() async throws {
        let server = try answering()
        server.stop()
        let loop = TransferLoop(connectionsMax: 1)
        let failure = try #require(await loop.perform(.test(server.url())).unsent)
        #expect(failure.code == .connect)
        #expect(failure.bytesSent == 0)
        #expect(server.connectionCount == 0)
    }

    @Test func `a name without an address is not sent`() async throws {
        let loop = TransferLoop(connectionsMax: 1)
        // RFC 6761: "invalid" never exists. A resolver without a network fails in the same way.
        let request = TransferRequest.test("https://channel.invalid/pay", connect: .seconds(3))
        let failure = try #require(await loop.perform(request).unsent)
        #expect(failure.code == .dns || failure.code == .timeout)
    }

    @Test func `a request whose send-by has passed sends no byte`() async throws {
        let server = try answering()
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let past = SuspendAwareInstant.now().advanced(by: .nanoseconds(-1))
        let failure = try #require(await loop.perform(.test(server.url(), sendBy: past)).unsent)
        #expect(failure.code == .sendByPassed)
        #expect(server.byteCount == 0 && server.requestCount == 0)
    }

    @Test func `what comes before the first byte comes after the last look at the clock`() async throws {
        let server = try answering()
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let seen = Mutex<[Int]>([])
        var request = TransferRequest.test(server.url())
        request.beforeFirstByte = { seen.withLock { $0.append(server.byteCount) } }
        #expect(try #require(await loop.perform(request).answer).status == 200)
        #expect(seen.withLock { $0 } == [0])
        request.sendBy = SuspendAwareInstant.now().advanced(by: .nanoseconds(-1))
        #expect(try #require(await loop.perform(request).unsent).code == .sendByPassed)
        #expect(seen.withLock { $0 }.count == 1)
    }

    @Test func `a handshake that never ends is not sent`() async throws {
        // A peer that takes the connection and never shakes hands; the deadline for connecting ends it.
        let server = try LoopbackServer { $0.waitForPeer() }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let request = TransferRequest.test(
            "https://127.0.0.1:\(server.port)/pay",
            connect: .milliseconds(300),
            plainHTTP: .refused
        )
        let failure = try #require(await loop.perform(request).unsent)
        #expect(failure.code == .timeout)
        #expect(failure.bytesSent == 0)
        #expect(server.connectionCount == 1 && server.requestCount == 0)
    }

    @Test func `send-by that passes in the queue ends the wait`() async throws {
        let isTaken = Signal()
        let server = try LoopbackServer { connection in
            connection.readRequest()
            isTaken.fire()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        async let first = loop.perform(.test(server.url("/first"), total: .seconds(2)))
        await isTaken.wait()
        let soon = SuspendAwareInstant.now().advanced(by: .milliseconds(100))
        let second = await loop.perform(.test(server.url("/second"), sendBy: soon))
        #expect(second.unsent?.code == .sendByPassed)
        let third = await loop.perform(.test(server.url("/third"), total: .milliseconds(100)))
        #expect(third.unsent?.code == .timeout)
        #expect(await first.unknown?.code == .timeout)
        #expect(server.requestCount == 1 && server.connectionCount == 1)
    }

    static let refused: [(url: String, reason: String)] = [
        ("http://192.0.2.1/pay", "loopback"), ("http://example.com/pay", "loopback"),
        ("http://localhost.example.com/", "loopback"), ("http://127.0.0.1.example.com/", "loopback"),
        ("http://[::2]/", "loopback"), ("http://0.0.0.0/", "loopback"), ("http://128.0.0.1/", "loopback"),
        ("http://[::ffff:192.0.2.1]/", "loopback"), ("ftp://127.0.0.1/", "https nor http"),
        ("file:///etc/passwd", "neither"), ("gopher://127.0.0.1/", "neither"), ("127.0.0.1/", "malformed"),
        ("", "malformed"), ("http://", "malformed"), ("http://127.0.0.1:99999/", "malformed"),
        ("http://user:secret@127.0.0.1/", "credentials"), ("http://user@127.0.0.1/", "credentials"),
        ("http://127.0.0.1/a b", "malformed"), ("http://127.0.0.1/a\r\nX: y", "malformed"),
        ("http://127.0.0.1/a#b", "fragment"), ("http://127.0.0.1/代付", "malformed"),
    ]

    @Test(arguments: refused)
    func `a URL that policy refuses is not sent`(_ target: (url: String, reason: String)) async throws {
        let loop = TransferLoop(connectionsMax: 1)
        let failure = try #require(await loop.perform(.test(target.url)).unsent)
        #expect(failure.code == .refusedByPolicy)
        if target.url != "file:///etc/passwd" { #expect(failure.reason.contains(target.reason), "\(failure)") }
        #expect(!failure.description.contains("secret"))
    }

    @Test func `plain HTTP needs permission, and loopback in any of its forms then suffices`() async throws {
        let server = try answering()
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 2)
        let failure = try #require(await loop.perform(.test(server.url(), plainHTTP: .refused)).unsent)
        #expect(failure.code == .refusedByPolicy)
        #expect(server.connectionCount == 0)
        for host in ["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST", "127.1"] {
            let outcome = await loop.perform(.test("http://\(host):\(server.port)/"))
            // The server listens on 127.0.0.1 only.
            #expect(host == "127.0.0.2" ? outcome.unsent?.code == .connect : outcome.answer?.status == 200, "\(host)")
        }
    }

    static let headers: [(String, String)] = [
        ("X\r\nY", "a"), ("", "a"), ("X Y", "a"), ("X:", "a"), ("X", "a\r\nY: b"), ("X", "a\u{0}b"), ("X", "a\nb"),
        ("Expect", "100-continue"), ("Transfer-Encoding", "chunked"), ("content-length", "3"),
        ("Accept-Encoding", "gzip"), ("Connection", "upgrade"), ("名", "a"),
    ]

    @Test(arguments: headers)
    func `a header that would change the message is not sent`(_ header: (String, String)) async throws {
        let server = try answering()
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let failure = try #require(await loop.perform(.test(server.url(), headers: [header])).unsent)
        #expect(failure.code == .refusedByPolicy)
        #expect(server.connectionCount == 0)
    }

    @Test func `a GET with a body is not sent`() async throws {
        let server = try answering()
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        var request = TransferRequest.test(server.url(), method: .get)
        request.body = [1]
        #expect(await loop.perform(request).unsent?.code == .refusedByPolicy)
        #expect(server.connectionCount == 0)
    }

    @Test func `more waiting requests than the loop holds are refused`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let codes = await withTaskGroup(of: TransferFailure.Code?.self) { group in
            for _ in 0..<1_002 {
                group.addTask {
                    let outcome = await loop.perform(.test(server.url()))
                    return outcome.unsent?.code ?? outcome.unknown?.code
                }
            }
            let first = await group.next()
            group.cancelAll()
            return await group.reduce(into: first.map { [$0] } ?? []) { $0.append($1) }
        }
        #expect(codes.first == .refusedByPolicy)
        #expect(codes.count { $0 == .refusedByPolicy } == 1)
        #expect(codes.count { $0 == .cancelledBeforeSend || $0 == .cancelled } == 1_001)
    }
}
