/// Serves the requests of one connection, one after the other, on the thread that calls it.
struct ConnectionHandler {
    /// Limits in milliseconds: a client that is slower is nobody to wait for.
    private static let idleLimit: Int64 = 60_000
    private static let headLimit: Int64 = 10_000
    private static let bodyLimit: Int64 = 30_000
    private static let sendLimit: Int64 = 30_000
    private static let finishLimit: Int64 = 1_000
    /// A body has at most 4 MiB (page section 1).
    private static let bodyBytesMax = 4 << 20
    private static let dripInterval: Int64 = 100
    /// More than any client may take, sent only while the hold lasts.
    private static let endlessLength = 1 << 40

    let service: ChannelService
    let holdMilliseconds: Int64
    let latency: MillisecondRange?
    let seed: UInt64

    /// Serves until the other side leaves, a request cannot be read, a fault ends the connection, or the server stops.
    func serve(_ connection: consuming HTTPConnection) throws(SimulatorError) {
        var isOpen = true
        while isOpen, !connection.isStopped {
            isOpen = try serveOne(&connection)
        }
    }

    /// Serves one request and returns whether another may follow.
    private func serveOne(_ connection: inout HTTPConnection) throws(SimulatorError) -> Bool {
        let bytes: [UInt8]
        switch connection.readHead(idle: Self.idleLimit, limit: Self.headLimit) {
        case .bytes(let head): bytes = head
        case .over: return false
        case .tooLong: return refuse(431, connection)
        }
        guard let head = HTTPRequestHead(bytes[...]) else { return refuse(400, connection) }
        guard let kind = ChannelService.kind(of: head.path) else { return refuse(404, connection) }
        guard head.method == "POST" else { return refuse(405, connection) }
        guard let length = head.contentLength else { return refuse(411, connection) }
        guard length <= Self.bodyBytesMax else { return refuse(413, connection) }
        let id = try service.begin(kind, on: connection.descriptor)
        // Ended again where an answer leaves; twice is harmless. Always before the close of the descriptor.
        defer { service.active.end(id) }
        if head.expectsContinue {
            let interim = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
            guard connection.send(interim, limit: Self.sendLimit) else { return false }
        }
        guard let body = connection.readBody(length, limit: Self.bodyLimit) else { return false }
        let reply = try service.reply(to: kind, head, body: body, id: id)
        if let latency {
            let draw = SeededDraw(
                seed: seed,
                channel: head.path,
                batchNumber: head["x-nonce"] ?? "",
                series: .query,
                occurrence: 0
            )
            guard connection.pause(draw.milliseconds(in: latency, .latency)) else { return false }
        }
        return deliver(reply, on: connection, id: id, keepsAlive: head.keepsAlive)
    }

    private func refuse(_ status: Int, _ connection: borrowing HTTPConnection) -> Bool {
        let response = HTTPResponse(refusal: status)
        if connection.send(response.head(keepsAlive: false) + response.body, limit: Self.sendLimit) {
            connection.finish(limit: Self.finishLimit)
        }
        return false
    }

    /// Sends an answer as whole or as spoilt as it was decided, and returns whether another request may follow.
    private func deliver(
        _ reply: ChannelService.Reply,
        on connection: borrowing HTTPConnection,
        id: Int,
        keepsAlive: Bool
    ) -> Bool {
        var response = reply.response
        switch reply.delivery {
        case .whole:
            service.active.end(id)
            let isSent = connection.send(response.head(keepsAlive: keepsAlive) + response.body, limit: Self.sendLimit)
            if isSent && !keepsAlive { connection.finish(limit: Self.finishLimit) }
            return isSent && keepsAlive
        case .half:
            service.active.end(id)
            let half = response.body.prefix(response.body.count / 2)
            if connection.send(response.head(keepsAlive: false) + half, limit: Self.sendLimit) {
                connection.finish(limit: Self.finishLimit)
            }
        case .wrongLength:
            service.active.end(id)
            response.announcedLength += 64
            if connection.send(response.head(keepsAlive: false) + response.body, limit: Self.sendLimit) {
                connection.finish(limit: Self.finishLimit)
            }
        case .close: break
        case .reset: connection.resetOnClose()
        case .hold:
            _ = connection.wait(
                for: HTTPConnection.hangUpEvents,
                until: SystemTime.monotonicMilliseconds() + holdMilliseconds
            )
        case .drip: drip(response, on: connection)
        case .endless:
            response.announcedLength = Self.endlessLength
            flood(response, on: connection)
        }
        return false
    }

    private func drip(_ response: HTTPResponse, on connection: borrowing HTTPConnection) {
        let end = SystemTime.monotonicMilliseconds() + holdMilliseconds
        for byte in response.head(keepsAlive: false) + response.body {
            let now = SystemTime.monotonicMilliseconds()
            guard now < end, connection.send([byte], limit: end - now) else { return }
            let pause = min(now + Self.dripInterval, end)
            guard case .expired = connection.wait(for: HTTPConnection.hangUpEvents, until: pause) else { return }
        }
    }

    private func flood(_ response: HTTPResponse, on connection: borrowing HTTPConnection) {
        let end = SystemTime.monotonicMilliseconds() + holdMilliseconds
        guard connection.send(response.head(keepsAlive: false) + response.body, limit: holdMilliseconds) else { return }
        let blanks = [UInt8](repeating: 0x20, count: 64 * 1_024)
        while !connection.isStopped {
            let left = end - SystemTime.monotonicMilliseconds()
            guard left > 0, connection.send(blanks, limit: left) else { return }
        }
    }
}
