import Testing
import Transfer

@Suite(
    .enabled(if: OpenSSLServer.isInstalled, "the openssl program is not installed"),
    .timeLimit(.minutes(1)),
    .serialized
)
struct TLSTests {
    private let folder: CertificateFolder
    private let loop = TransferLoop(connectionsMax: 2)

    init() throws {
        folder = try CertificateFolder()
    }

    private func request(
        _ port: UInt16,
        _ path: String = "whole",
        host: String = "127.0.0.1",
        trust: String? = "authority.pem",
        sendBy: SuspendAwareInstant? = nil
    ) -> TransferRequest {
        .test(
            "https://\(host):\(port)/\(path)",
            method: .get,
            sendBy: sendBy,
            trust: trust.map { .file(folder.path($0)) } ?? .systemStore,
            plainHTTP: .refused
        )
    }

    @Test func `a trusted certificate for the right host is answered`() async throws {
        let server = try OpenSSLServer(folder: folder.url, certificate: "right")
        defer { server.stop() }
        for host in ["127.0.0.1", "localhost"] {
            let answer = try #require(await loop.perform(request(server.port, host: host)).answer)
            #expect(answer.status == 200 && answer.body == Array("hello".utf8))
        }
    }

    @Test(arguments: ["unframed", "short"])
    func `an answer whose end is not proven is unknown over TLS too`(_ path: String) async throws {
        let server = try OpenSSLServer(folder: folder.url, certificate: "right")
        defer { server.stop() }
        #expect(await loop.perform(request(server.port, path)).unknown?.code == .truncated)
    }

    @Test(arguments: ["expired", "wrong-host"])
    func `a certificate that does not vouch for the peer is not sent to`(_ certificate: String) async throws {
        let server = try OpenSSLServer(folder: folder.url, certificate: certificate)
        defer { server.stop() }
        let failure = try #require(await loop.perform(request(server.port)).unsent)
        #expect(failure.code == .tls)
        #expect(failure.bytesSent == 0)
    }

    @Test(arguments: ["stranger.pem", nil, "no-such-file.pem"])
    func `an issuer that is not trusted is not sent to`(_ trust: String?) async throws {
        let server = try OpenSSLServer(folder: folder.url, certificate: "right")
        defer { server.stop() }
        #expect(await loop.perform(request(server.port, trust: trust)).unsent?.code == .tls)
    }

    @Test func `TLS older than 1_2 is not sent to`() async throws {
        let server = try OpenSSLServer(
            folder: folder.url,
            certificate: "right",
            options: ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
        )
        defer { server.stop() }
        #expect(await loop.perform(request(server.port)).unsent?.code == .tls)
    }

    @Test func `a peer without TLS is not sent to`() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }
        defer { server.stop() }
        #expect(await loop.perform(request(server.port)).unsent?.code == .tls)
        #expect(server.requestCount == 0)
    }

    @Test func `send-by that passes during the handshake sends no byte of the request`() async throws {
        let server = try OpenSSLServer(folder: folder.url, certificate: "right")
        defer { server.stop() }
        let port = server.port
        let sendBy = SuspendAwareInstant.now().advanced(by: .milliseconds(500))
        // Holds the handshake back until send-by is over.
        let proxy = try LoopbackServer { connection in
            guard let hello = connection.read() else { return }
            while SuspendAwareInstant.now() <= sendBy { _ = connection.peerCloses(within: 10) }
            TLSTests.relay(connection, to: port, after: hello)
        }
        defer { proxy.stop() }
        let failure = try #require(await loop.perform(request(proxy.port, sendBy: sendBy)).unsent)
        #expect(failure.code == .sendByPassed)
        #expect(failure.bytesSent == 0)
    }

    /// Passes bytes both ways until one side closes.
    private static func relay(_ connection: LoopbackConnection, to port: UInt16, after start: [UInt8]) {
        guard let upstream = LoopbackConnection(connectingTo: port) else { return }
        upstream.write(start)
        startThread {
            while let bytes = connection.read() { upstream.write(bytes) }
            upstream.endWriting()
        }
        while let bytes = upstream.read() { connection.write(bytes) }
        connection.endWriting()
    }
}
