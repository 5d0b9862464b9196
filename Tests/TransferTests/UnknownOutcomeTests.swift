import Dispatch
import Testing
import Transfer

@Suite(.timeLimit(.minutes(1))) struct UnknownOutcomeTests {
    /// What a peer does after it has read the whole request.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let code: TransferFailure.Code
        let act: @Sendable (LoopbackConnection) -> Void
        var testDescription: String { name }
    }

    static let faults = [
        Fault(name: "closes before the answer", code: .truncated) { _ in },
        Fault(name: "resets before the answer", code: .reset) { $0.resetAtEnd() },
        Fault(name: "closes in the status line", code: .truncated) { $0.write("HTTP/1.1 20") },
        Fault(name: "closes in the head", code: .truncated) { $0.write("HTTP/1.1 200 OK\r\nContent-Le") },
        Fault(name: "closes half-way in the body", code: .truncated) {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        },
        Fault(name: "closes before the body", code: .truncated) {
            $0.write("HTTP/1.1 500 Oops\r\nContent-Length: 10\r\n\r\n")
        },
        Fault(name: "resets half-way in the body", code: .reset) {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
            $0.resetAtEnd()
        },
        Fault(name: "cuts a chunk", code: .truncated) {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        },
        Fault(name: "leaves the last chunk out", code: .truncated) {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        },
        Fault(name: "sends a chunk of no length", code: .reset) {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n")
        },
        Fault(name: "ends a body only by closing", code: .truncated) {
            $0.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        },
        Fault(name: "gives two lengths", code: .protocolViolation) {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!")
        },
        Fault(name: "names a coding without an end", code: .protocolViolation) {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello")
        },
        Fault(name: "answers without HTTP", code: .protocolViolation) { $0.write("hello there, friend\r\n\r\n") },
        Fault(name: "answers with only an interim status", code: .truncated) {
            $0.write("HTTP/1.1 100 Continue\r\n\r\n")
        },
        Fault(name: "switches protocols", code: .truncated) {
            $0.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n")
        },
        Fault(name: "announces too long a body", code: .responseTooLarge) {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
            $0.waitForPeer()
        },
        Fault(name: "sends too long a body in chunks", code: .responseTooLarge) {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while $0.write("64\r\n\(String(repeating: "x", count: 100))\r\n") {}
        },
        Fault(name: "sends too long a body without an end", code: .responseTooLarge) {
            $0.write("HTTP/1.1 200 OK\r\n\r\n")
            while $0.write(String(repeating: "x", count: 100)) {}
        },
        Fault(name: "sends too long a head", code: .responseTooLarge) {
            $0.write("HTTP/1.1 200 OK\r\n")
            while $0.write("X-Filler: \(String(repeating: "x", count: 100))\r\n") {}
        },
        Fault(name: "sends interim answers for ever", code: .responseTooLarge) {
            while $0.write("HTTP/1.1 102 Processing\r\n\r\n") {}
        },
    ]

    @Test(arguments: faults)
    func `a peer that took the request and gave no whole answer leaves it unknown, after one request`(
        _ fault: Fault
    ) async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            fault.act(connection)
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 2)
        let request = TransferRequest.test(
            server.url("/secret?card=6222"),
            body: "secret",
            responseBytesMax: 1_000,
            responseHeaderBytesMax: 2_000
        )
        let outcome = await loop.perform(request)
        let failure = try #require(outcome.unknown, "\(outcome)")
        #expect(failure.code == fault.code)
        #expect(failure.bytesSent.map { $0 > 0 } == true)
        #expect(failure.peer == "127.0.0.1:\(server.port)")
        #expect(!failure.description.contains("secret") && !failure.description.contains("6222"))
        #expect(server.requestCount == 1 && server.connectionCount == 1)
    }

    @Test func `a peer that never answers is unknown at the total deadline`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        var outcome = TransferOutcome?.none
        let taken = await ContinuousClock().measure {
            outcome = await loop.perform(.test(server.url(), total: .milliseconds(300)))
        }
        #expect(outcome?.unknown?.code == .timeout)
        #expect(taken >= .milliseconds(299) && taken < .seconds(15))
        #expect(server.requestCount == 1 && server.connectionCount == 1)
    }

    @Test func `a body that trickles is unknown at the total deadline, not before`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while connection.write("x"), !connection.peerCloses(within: 20) {}
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let outcome = await loop.perform(.test(server.url(), total: .milliseconds(600), stall: .milliseconds(500)))
        #expect(outcome.unknown?.code == .timeout)
        #expect(outcome.unknown?.reason.contains("stall") == false)
        #expect(server.requestCount == 1)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"])
    func `a pause longer than the stall deadline is unknown long before the total deadline`(
        _ start: String
    ) async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(start)
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let outcome = await loop.perform(.test(server.url(), stall: .milliseconds(200)))
        #expect(outcome.unknown?.code == .timeout)
        #expect(outcome.unknown?.reason.contains("stall") == true)
        #expect(server.requestCount == 1)
    }

    @Test func `a peer that stops reading stalls the upload, which is unknown`() async throws {
        let isOver = DispatchSemaphore(value: 0)
        let server = try LoopbackServer { connection in
            _ = connection.read()
            isOver.wait()
        }
        defer { server.stop() }
        defer { isOver.signal() }
        let loop = TransferLoop(connectionsMax: 1)
        // More than the buffers of both sockets hold.
        let body = String(repeating: "x", count: 60_000_000)
        let outcome = await loop.perform(.test(server.url(), body: body, stall: .milliseconds(400)))
        #expect(outcome.unknown?.code == .timeout)
        #expect(outcome.unknown?.reason.contains("stall") == true)
        #expect(outcome.unknown?.bytesSent.map { $0 > 0 && $0 < 60_000_000 } == true)
        #expect(server.connectionCount == 1)
    }
}
