import Transfer

extension TransferRequest {
    /// A request to loopback with deadlines that no healthy test meets.
    static func test(
        _ url: String,
        method: Method = .post,
        headers: [(String, String)] = [],
        body: String = "a=1",
        connect: Duration = .seconds(20),
        total: Duration = .seconds(30),
        stall: Duration = .seconds(30),
        responseBytesMax: Int = 1_000_000,
        responseHeaderBytesMax: Int = 65_536,
        sendBy: SuspendAwareInstant? = nil,
        trust: Trust = .systemStore,
        plainHTTP: PlainHTTP = .loopbackOnly
    ) -> TransferRequest {
        TransferRequest(
            method: method,
            url: url,
            headers: headers,
            body: method == .get ? [] : Array(body.utf8),
            deadlines: Deadlines(connect: connect, total: total, stall: stall),
            responseBytesMax: responseBytesMax,
            responseHeaderBytesMax: responseHeaderBytesMax,
            sendBy: sendBy,
            trust: trust,
            plainHTTP: plainHTTP
        )
    }
}

extension TransferOutcome {
    var answer: TransferResponse? {
        if case .answered(let response) = self { response } else { nil }
    }

    var unsent: TransferFailure? {
        if case .notSent(let failure) = self { failure } else { nil }
    }

    var unknown: TransferFailure? {
        if case .unknown(let failure) = self { failure } else { nil }
    }
}
