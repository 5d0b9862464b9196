import ChannelSimulator
import Foundation
import Testing

@Suite struct `a company's condition, changed while it works` {
    private func company(hold: Int64 = 300) throws -> RunningCompany {
        try RunningCompany {
            $0.controlPort = 0
            $0.holdMilliseconds = hold
        }
    }

    private func control(_ company: RunningCompany, _ method: String, _ path: String) throws -> RawClient.Answer {
        let client = try RawClient(port: #require(company.server.controlPort))
        return client.exchange(Array("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
    }

    private func put(_ company: RunningCompany, _ condition: ChannelCondition) throws {
        #expect(try control(company, "POST", "/channels/harbor/\(condition.rawValue)").status == 200)
    }

    private func state(_ company: RunningCompany) throws -> [String: Any] {
        let answer = try control(company, "GET", "/channels")
        #expect(answer.isWhole && answer.status == 200)
        let list = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]]
        return try #require(list?.first)
    }

    @Test func `a refused port takes no connection, and the same one takes them again`() throws {
        let company = try company()
        let early = try company.client()
        #expect(early.query(RawClient.query("SL-1")).code == "1404")
        for _ in 1...3 {
            try put(company, .refused)
            #expect(throws: POSIXError(.ECONNREFUSED)) { try company.client() }
            // What was connected goes on.
            #expect(early.query(RawClient.query("SL-1")).code == "1404")
            try put(company, .healthy)
            #expect(try company.client().query(RawClient.query("SL-1")).code == "1404")
        }
    }

    @Test func `a black hole takes the request, answers nothing, and nothing reaches the company`() throws {
        let company = try company()
        try put(company, .blackHole)
        let answer = try company.client().submit(RawClient.submit("SL-1"))
        #expect(answer.status == 0 && answer.body.isEmpty)
        #expect(try company.truth().copies.isEmpty)
        #expect(try company.truth().concurrentMax[.submit] == 1)
        try put(company, .healthy)
        #expect(try company.client().submit(RawClient.submit("SL-1")).code == "0000")
    }

    @Test func `a proxy's error comes unsigned, and nothing reaches the company`() throws {
        let company = try company()
        try put(company, .failing)
        let answer = try company.client().submit(RawClient.submit("SL-1"))
        #expect(answer.status == 503 && answer.isWhole && !answer.isSigned(for: RawClient.nonce))
        #expect(try company.truth().copies.isEmpty)
    }

    @Test func `a slow company decides at once and answers byte by byte`() throws {
        let company = try company()
        try put(company, .slow)
        let answer = try company.client().submit(RawClient.submit("SL-1"))
        #expect(!answer.isWhole && answer.status == 0)
        #expect(answer.body.starts(with: Array("HTT".utf8)), "some of it came")
        #expect(try company.truth().copies[Harbor.key("SL-1")]?.takenCount == 1)
    }

    @Test func `the control port tells conditions and counts`() throws {
        let company = try company(hold: 60_000)
        try put(company, .blackHole)
        let clients = try (1...3).map { number in
            let client = try company.client()
            client.send(RawClient.request("/v1/batches", RawClient.submit("SL-\(number)")))
            return client
        }
        #expect(try company.waits { $0.concurrentMax[.submit] == 3 })
        let busy = try state(company)
        #expect(busy["channel"] as? String == "harbor" && busy["condition"] as? String == "black_hole")
        #expect(busy["submit_now"] as? Int == 3 && busy["submit_max"] as? Int == 3)
        #expect(busy["query_now"] as? Int == 0 && busy["query_max"] as? Int == 0)
        for client in clients { client.hangUp() }
        let idle = try state(company)
        #expect(idle["submit_now"] as? Int == 0 && idle["submit_max"] as? Int == 3)
    }

    @Test(arguments: [
        ("GET", "/", 404), ("GET", "/channels/harbor", 404), ("POST", "/channels/nobody/slow", 404),
        ("POST", "/channels/harbor/unheard_of", 404), ("DELETE", "/channels", 405), ("POST", "/channels", 405),
    ])
    func `what is no control request is refused and changes nothing`(method: String, path: String, status: Int) throws {
        let company = try company()
        #expect(try control(company, method, path).status == status)
        #expect(try state(company)["condition"] as? String == "healthy")
    }

    @Test func `without a control port there is none, and no channel serves it`() throws {
        let company = try RunningCompany()
        #expect(company.server.controlPort == nil)
        let answer = try company.client().exchange(Array("GET /channels HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(answer.status == 404)
    }
}
