import Testing
import Transfer

@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    @Test func `a task cancelled beforehand sends nothing`() async throws {
        let server = try LoopbackServer { $0.readRequest() }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let outcome = await withTaskGroup(of: TransferOutcome.self) { group in
            group.cancelAll()
            group.addTask { await loop.perform(.test(server.url())) }
            return await group.next()
        }
        #expect(outcome?.unsent?.code == .cancelledBeforeSend)
        #expect(server.requestCount == 0)
    }

    @Test func `a task cancelled while its request waits or connects sends nothing and ends at once`() async throws {
        let isTaken = Signal()
        let server = try LoopbackServer { connection in
            isTaken.fire()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        // TLS that never answers holds the first in its handshake and the second in the queue.
        let url = "https://127.0.0.1:\(server.port)/"
        let taken = await ContinuousClock().measure {
            let codes = await withTaskGroup(of: TransferFailure.Code?.self) { group in
                group.addTask { await loop.perform(.test(url)).unsent?.code }
                group.addTask { await loop.perform(.test(url)).unsent?.code }
                await isTaken.wait()
                group.cancelAll()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == [.cancelledBeforeSend, .cancelledBeforeSend])
        }
        #expect(taken < .seconds(15))
        #expect(server.connectionCount == 1)
    }

    @Test func `a task cancelled after its request began is unknown, at once, and frees the connection`() async throws {
        let isTaken = Signal()
        let server = try LoopbackServer { connection in
            guard connection.readRequest() != Array("last".utf8) else { return connection.answer(200) }
            isTaken.fire()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let taken = await ContinuousClock().measure {
            let outcome = await withTaskGroup(of: TransferOutcome.self) { group in
                group.addTask { await loop.perform(.test(server.url())) }
                await isTaken.wait()
                group.cancelAll()
                return await group.next()
            }
            #expect(outcome?.unknown?.code == .cancelled)
            #expect(outcome?.unknown?.bytesSent.map { $0 > 0 } == true)
        }
        #expect(taken < .seconds(15))
        #expect(await loop.perform(.test(server.url(), body: "last")).answer?.status == 200)
        #expect(server.requestCount == 2)
    }

    @Test func `shutting down ends what is in flight as unknown and what waits as not sent`() async throws {
        let isTaken = Signal()
        let server = try LoopbackServer { connection in
            connection.readRequest()
            isTaken.fire()
            connection.waitForPeer()
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 1)
        let outcomes = await withTaskGroup(of: TransferOutcome.self) { group in
            group.addTask { await loop.perform(.test(server.url())) }
            await isTaken.wait()
            for _ in 0..<5 { group.addTask { await loop.perform(.test(server.url())) } }
            loop.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0.unknown?.code == .cancelled } == 1)
        #expect(outcomes.count { $0.unsent?.code == .cancelledBeforeSend } == 5)
        #expect(await loop.perform(.test(server.url())).unsent?.code == .cancelledBeforeSend)
        loop.shutdown()
        #expect(server.requestCount == 1)
    }

    @Test func `cancellations that race with answers leave exactly one outcome each`() async throws {
        let server = try LoopbackServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.answer(200)
        }
        defer { server.stop() }
        let loop = TransferLoop(connectionsMax: 8)
        var count = 0
        for _ in 0..<20 {
            count += await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        switch await loop.perform(.test(server.url())) {
                        case .answered: true
                        case .notSent(let failure): failure.code == .cancelledBeforeSend
                        case .unknown(let failure): failure.code == .cancelled
                        }
                    }
                }
                let first = await group.next() == true
                group.cancelAll()
                return await group.reduce(into: first ? 1 : 0) { $0 += $1 ? 1 : 0 }
            }
        }
        #expect(count == 200)
    }
}
