import Foundation
import Testing
import Transfer

@Suite(.timeLimit(.minutes(1))) struct PeerProbeTests {
    private func failure(_ outcome: PeerProbe.Outcome) -> TransferFailure? {
        if case .failed(let failure) = outcome { failure } else { nil }
    }

    @Test func `a peer is reached without a byte of a request`() async throws {
        let server = try LoopbackServer { $0.waitForPeer() }
        defer { server.stop() }
        let outcome = await PeerProbe.connect(url: server.url(), plainHTTP: .loopbackOnly, within: .seconds(5))
        guard case .connected(let expiry) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(expiry == nil)
        // The kernel has accepted before the server's thread has.
        let limit = ContinuousClock.now.advanced(by: .seconds(10))
        while server.connectionCount == 0, ContinuousClock.now < limit { await Task.yield() }
        #expect(server.connectionCount == 1)
        #expect(server.byteCount == 0)
    }

    @Test func `a peer that is not there is told from one that may not be asked`() async throws {
        let server = try LoopbackServer { $0.waitForPeer() }
        let url = server.url()
        server.stop()
        let gone = failure(await PeerProbe.connect(url: url, plainHTTP: .loopbackOnly, within: .seconds(5)))
        #expect(gone?.code == .connect)
        #expect(failure(await PeerProbe.connect(url: url, within: .seconds(5)))?.code == .refusedByPolicy)
    }

    @Test func `a peer that never greets is waited for no longer than the limit`() async throws {
        let server = try LoopbackServer { $0.waitForPeer() }
        defer { server.stop() }
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await PeerProbe.connect(
            url: "https://127.0.0.1:\(server.port)",
            within: .milliseconds(400)
        )
        #expect(failure(outcome)?.code == .timeout)
        #expect(start.duration(to: clock.now) < .seconds(10))
    }

    @Test(.enabled(if: OpenSSLServer.isInstalled, "the openssl program is not installed"))
    func `certificates are verified, and the first to expire is told`() async throws {
        let folder = try CertificateFolder()
        let right = try OpenSSLServer(folder: folder.url, certificate: "right")
        defer { right.stop() }
        let url = "https://127.0.0.1:\(right.port)"
        let trust = TransferRequest.Trust.file(folder.path("authority.pem"))
        guard case .connected(let expiry?) = await PeerProbe.connect(url: url, trust: trust, within: .seconds(10))
        else {
            Issue.record("not connected")
            return
        }
        // Made for two days.
        let left = Double(expiry) - Date().timeIntervalSince1970
        #expect((172_800 - 600...172_800).contains(left), "\(left)")
        #expect(failure(await PeerProbe.connect(url: url, within: .seconds(10)))?.code == .tls)
        let expired = try OpenSSLServer(folder: folder.url, certificate: "expired")
        defer { expired.stop() }
        let outcome = await PeerProbe.connect(
            url: "https://127.0.0.1:\(expired.port)",
            trust: trust,
            within: .seconds(10)
        )
        #expect(failure(outcome)?.code == .tls)
    }
}
