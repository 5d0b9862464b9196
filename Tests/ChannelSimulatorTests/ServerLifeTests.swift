import ChannelSimulator
import Foundation
import Glibc
import Testing

@Suite struct `the server's connections and its life` {
    private static let good = RawClient.submit("SL-1")

    @Test(arguments: [
        ("GET /v1/batches HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("POST /v1/other HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 404),
        ("POST /v1/batches?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 404),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\n\r\n", 411),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nContent-Length: 4194305\r\n\r\n", 413),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.0\r\nHost: a\r\n\r\n", 400),
        ("\r\n\r\n", 400),
        ("POST /v1/batches HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 20_000))\r\n\r\n", 431),
    ])
    func `what is not the page's HTTP is refused and closes`(request: String, status: Int) throws {
        let company = try RunningCompany()
        let client = try company.client()
        let answer = client.exchange(Array(request.utf8))
        #expect(answer.status == status)
        #expect(answer.headers["connection"] == "close")
        #expect(client.receive().status == 0)
    }

    @Test func `a connection stays unless asked to close, and a large body may be announced first`() throws {
        let company = try RunningCompany()
        let client = try company.client()
        #expect(client.submit(RawClient.submit("SL-1")).headers["connection"] == "keep-alive")
        let announced = RawClient.request("/v1/batches", RawClient.submit("SL-2")) {
            $0.append(("Expect", "100-continue"))
        }
        #expect(client.exchange(announced).code == "0000")
        let last = RawClient.request("/v1/batches", RawClient.submit("SL-3")) { $0.append(("Connection", "close")) }
        #expect(client.exchange(last).headers["connection"] == "close")
        #expect(client.receive().status == 0)
        #expect(try company.truth().copies.count == 3)
    }

    @Test func `a request cut within its body takes nothing`() throws {
        let company = try RunningCompany()
        do {
            let client = try company.client()
            client.send(Array(RawClient.request("/v1/batches", Self.good).dropLast(10)))
            #expect(try company.waits { $0.concurrentMax[.submit] == 1 })
        }
        company.server.stop()
        #expect(try company.truth().copies.isEmpty)
    }

    @Test func `connections are bounded`() throws {
        let company = try RunningCompany { $0.connectionsMax = 2 }
        let clients = [try company.client(), try company.client()]
        for client in clients { #expect(client.query(RawClient.query("SL-1")).code == "1404") }
        #expect(try company.client().query(RawClient.query("SL-1")).status == 0)
        for client in clients { #expect(client.query(RawClient.query("SL-1")).code == "1404") }
    }

    @Test func `the truth counts how many are under way, without those who hung up`() throws {
        let company = try RunningCompany(Harbor.plan { $0.submitFaults[.takeThenTimeOut] = 1_000 }) {
            $0.holdMilliseconds = 60_000
        }
        func send(_ numbers: ClosedRange<Int>) throws -> [RawClient] {
            try numbers.map { number in
                let client = try company.client()
                client.send(RawClient.request("/v1/batches", RawClient.submit("SL-\(number)")))
                #expect(try company.waits { $0.copies[Harbor.key("SL-\(number)")] != nil })
                return client
            }
        }
        let early = try send(1...4)
        #expect(try company.truth().concurrentMax == [.submit: 4])
        for client in early { client.hangUp() }
        let late = try send(5...7)
        #expect(try company.truth().concurrentMax == [.submit: 4])
        for client in late { client.hangUp() }
        #expect(try company.client().query(RawClient.query("SL-1")).code == "0000")
        #expect(try company.truth().concurrentMax == [.submit: 4, .query: 1])
        #expect(try company.client().query(RawClient.query("SL-7")).code == "0000")
        #expect(try company.truth().overlaps == [])
        let held = try send(8...8)
        #expect(try company.client().query(RawClient.query("SL-8")).code == "0000")
        #expect(try company.truth().overlaps == [Harbor.key("SL-8")])
        for client in held { client.hangUp() }
    }

    @Test func `stopping ends what is held and frees the file`() throws {
        let company = try RunningCompany(Harbor.plan { $0.submitFaults[.takeThenTimeOut] = 1_000 }) {
            $0.holdMilliseconds = 3_600_000
        }
        let held = try company.client()
        defer { held.hangUp() }
        held.send(RawClient.request("/v1/batches", Self.good))
        #expect(try company.waits { !$0.payments.isEmpty })
        company.server.stop()
        company.server.stop()
        company.server.waitUntilStopped()
        #expect(company.server.failure == nil)
        #expect(held.receive().status == 0)
        #expect(throws: (any Error).self) { try company.client() }
        let (file, memory) = try TruthFile.open(
            path: company.file.path,
            secrets: ["harbor": Secret(Harbor.secret)]
        )
        file.close()
        #expect(memory["harbor"]?.isEmpty == false)
    }

    @Test func `an orphan stops by itself, if asked to`() throws {
        let file = TemporaryFile()
        var configuration = SimulatorConfiguration(
            seed: 7,
            truthFile: file.path,
            channels: [.init(description: Harbor.description, secret: Secret(Harbor.secret))]
        )
        configuration.stopsWithParent = true
        let clock = ManualClock()
        // The parent of this test changes when its clock does.
        let server = try ChannelSimulatorServer.start(configuration, parent: { Int32(truncatingIfNeeded: clock.now()) })
        let client = try RawClient(port: #require(server.ports["harbor"]))
        #expect(client.exchange(Array("\r\n\r\n".utf8)).status == 400)
        clock.advance(1)
        server.waitUntilStopped()
        #expect(server.failure == nil)
    }

    @Test func `no answer leaves whose truth cannot be written`() async throws {
        let path = KilledCompany.path(startedBy: -getpid())
        defer { unlink(path) }
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 20_000, rlim_max: 20_000)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let configuration = SimulatorConfiguration(
                seed: 7,
                truthFile: KilledCompany.path(startedBy: -getppid()),
                channels: [.init(description: Harbor.description, secret: Secret(Harbor.secret), plan: Harbor.plan())]
            )
            let server = try ChannelSimulatorServer.start(configuration, now: { Harbor.start })
            let client = try RawClient(port: #require(server.ports["harbor"]))
            var answered = 0
            while client.submit(RawClient.submit("SL-\(answered + 1)")).code == "0000" { answered += 1 }
            server.waitUntilStopped()
            guard answered > 5, server.failure?.code == .truthFile else { exit(2) }
            let truth = try TruthFile.read(path: configuration.truthFile).channels["harbor"]
            exit((truth?.payments.count ?? 0) / 2 == answered ? EXIT_SUCCESS : EXIT_FAILURE)
        }
    }

    @Test func `a restarted company knows what it took, account by account`() throws {
        let file = TemporaryFile()
        do {
            let company = try RunningCompany(file: file)
            #expect(try company.client().submit(RawClient.submit("SL-1", accounts: ["62001", "62002"])).code == "0000")
            company.server.stop()
        }
        let company = try RunningCompany(file: file)
        company.clock.advance(100)
        let answer = try company.client().query(RawClient.query("SL-1"))
        #expect(answer.itemCodes == ["S000", "S000"])
        #expect(answer.items.compactMap { $0["account_no"] as? String } == ["62001", "62002"])
        #expect(try company.client().submit(RawClient.submit("SL-1", accounts: ["62001", "62002"])).code == "1005")
    }

    @Test func `kill -9 after an answer loses nothing`() async throws {
        let path = KilledCompany.path(startedBy: getpid())
        defer { unlink(path) }
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let configuration = SimulatorConfiguration(
                seed: 7,
                truthFile: KilledCompany.path(startedBy: getppid()),
                channels: [.init(description: Harbor.description, secret: Secret(Harbor.secret), plan: Harbor.plan())]
            )
            let server = try ChannelSimulatorServer.start(configuration, now: { Harbor.start })
            let client = try RawClient(port: #require(server.ports["harbor"]))
            for number in 1...20 {
                guard client.submit(RawClient.submit("SL-\(number)")).code == "0000" else { exit(1) }
            }
            kill(getpid(), SIGKILL)
        }
        let payments = try TruthFile.read(path: path).channels["harbor"]?.payments ?? [:]
        #expect(payments.count == 40)
        #expect(payments.values.allSatisfy { $0.count == 1 })
        let (file, memory) = try TruthFile.open(path: path, secrets: ["harbor": Secret(Harbor.secret)])
        file.close()
        #expect(Harbor.company(remembering: memory["harbor"] ?? []).batches.count == 20)
    }
}

/// A company in a process that kills itself; the test's process id names its file for both.
private enum KilledCompany {
    static func path(startedBy process: Int32) -> String {
        "\(FileManager.default.temporaryDirectory.path)/channel-simulator-killed-\(process).jsonl"
    }
}
