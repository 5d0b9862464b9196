import Dispatch
import Synchronization
import Testing
import Transfer

@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    @Test(arguments: [
        200, 201, 204, 301, 302, 304, 307, 400, 401, 403, 404, 407, 408, 417, 429, 500, 502, 503, 504, 599,
    ])
    func `a complete answer of any status is answered, after one request`(_ status: Int) async throws {
        let hasBody = status != 204 && status != 304
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(
                "HTTP/1.1 \(status) Words\r\nLocation: /elsewhere\r\nWWW-Authenticate: Basic realm=\"a\"\r\n"
                    + "Retry-After: 0\r\nSet-Cookie: a=b\r\n"
                    + (hasBody ? "Content-Length: 5\r\n\r\nhello" : "\r\n")
            )
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 2)
        let answer = try #require(await loop.perform(.test(server.url("/pay"))).answer)
        #expect(answer.status == status)
        #expect(answer.body == (hasBody ? Array("hello".utf8) : []))
        #expect(answer.header("location") == "/elsewhere")
        #expect(server.requestCount == 1 && server.connectionCount == 1)
    }

    @Test func `the bytes of a request are the given ones and nothing is added`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.answer(200, "ok")
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        // Long enough that libcurl would ask "Expect: 100-continue".
        let body = String(repeating: "x", count: 3_000_000)
        let headers = [("X-Sign", "abc=="), ("Content-Type", "application/xml; charset=GBK"), ("X-Empty", "")]
        let outcome = await loop.perform(.test(server.url("/a/../b//c?d=%2f"), headers: headers, body: body))
        #expect(outcome.answer?.body == Array("ok".utf8))
        #expect(server.bodies == [Array(body.utf8)])
        #expect(
            server.heads == [
                "POST /a/../b//c?d=%2f HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nX-Sign: abc==\r\n"
                    + "Content-Type: application/xml; charset=GBK\r\nX-Empty:\r\nContent-Length: 3000000"
            ]
        )
        _ = await loop.perform(.test(server.url("/empty"), body: ""))
        #expect(server.heads.last?.hasSuffix("Content-Length: 0") == true)
        _ = await loop.perform(.test(server.url("/q?r=1"), method: .get))
        #expect(server.heads.last == "GET /q?r=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)")
    }

    @Test func `headers come in lower case and in order, without interim answers and trailers`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 77\r\n\r\n")
            connection.write("HTTP/1.1 200 OK\r\nX-Sign:  a b \r\nx-sign: second\r\nFolded: one\r\n  two\r\n")
            connection.write(Array("X-Name: ".utf8) + [0xE9] + Array("\r\n".utf8))
            connection.write("Transfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n")
            connection.write("3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Late: yes\r\n\r\n")
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let answer = try #require(await loop.perform(.test(server.url())).answer)
        #expect(answer.body == Array("abcdefg".utf8))
        #expect(
            answer.headers.map { $0.0 } == ["x-sign", "x-sign", "folded", "x-name", "transfer-encoding", "trailer"]
        )
        #expect(answer.headers.map { $0.1 } == ["a b", "second", "one two", "é", "chunked", "X-Late"])
        #expect(answer.header("x-late") == nil)
    }

    @Test func `an answer tells when it was sent and how long its parts took`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.answer(200, "ok")
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let before = SuspendAwareInstant.now()
        let answer = try #require(
            await loop.perform(.test(server.url(), sendBy: before.advanced(by: .seconds(25)))).answer
        )
        #expect(before <= answer.sentAt && answer.sentAt <= answer.answeredAt)
        #expect(answer.answeredAt <= SuspendAwareInstant.now())
        #expect(answer.timings.connect <= answer.timings.firstByte && answer.timings.firstByte <= answer.timings.total)
        #expect(answer.timings.total > .zero)
    }

    @Test func `a coded body is handed over as it came`() async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nGZIP")
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        #expect(await loop.perform(.test(server.url())).answer?.body == Array("GZIP".utf8))
    }

    @Test func `two hundred requests share sixteen connections and each is sent once`() async throws {
        // The first fifteen are answered when the sixteenth has come: all sixteen connections are in use at once.
        let come = Mutex(0)
        let sixteen = DispatchGroup()
        sixteen.enter()
        let server = try LoopbackServer { connection in
            guard let body = connection.readRequest() else { return }
            let number = come.withLock { come in
                come += 1
                return come
            }
            if number == 16 { sixteen.leave() }
            _ = sixteen.wait(timeout: .now() + .seconds(20))
            connection.answer(200, String(decoding: body, as: UTF8.self))
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 16)
        let answers = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let body = "order=\(number)"
                    let outcome = await loop.perform(.test(server.url("/\(number)"), body: body))
                    return outcome.answer?.body == Array(body.utf8)
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answers == 200)
        #expect(server.requestCount == 200 && server.connectionCount == 200)
        #expect(Set(server.bodies).count == 200)
        #expect(server.waitingMax == 16)
    }
}
