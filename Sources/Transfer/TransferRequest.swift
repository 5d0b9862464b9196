/// One HTTP request and the limits it runs under.
package struct TransferRequest: Sendable {
    /// What to do with the resource.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// How long a request may take; there is no request without all three (pitfall A5).
    package struct Deadlines: Sendable {
        /// Most time for DNS, TCP and TLS together.
        package let connect: Duration
        /// Most time from the call of `perform` to the end of the answer, waiting for a connection included.
        package let total: Duration
        /// Longest pause in which no byte moves in either direction once the request began; the wait for the first
        /// byte of the answer counts, so it must exceed the peer's slowest answer.
        package let stall: Duration

        /// All three must be longer than zero.
        package init(connect: Duration, total: Duration, stall: Duration) {
            precondition(connect > .zero && total > .zero && stall > .zero, "a deadline is longer than zero")
            self.connect = connect
            self.total = total
            self.stall = stall
        }
    }

    /// Whose certificates vouch for the peer; peer and host name are always verified, with TLS 1.2 at least.
    package enum Trust: Sendable, Equatable {
        /// The certificate authorities that the operating system trusts.
        case systemStore
        /// Only the authorities in this PEM file.
        case file(String)
    }

    /// Whether a request may go without TLS.
    package enum PlainHTTP: Sendable {
        case refused
        /// To `127.0.0.0/8`, `::1` or `localhost` only, and only if the connected address is one of them too.
        case loopbackOnly
    }

    package var method: Method
    package var url: String
    /// Sent as given, in this order; nothing is added but `Host` and `Content-Length`.
    package var headers: [(String, String)]
    /// The bytes to post; must be empty for `get`.
    package var body: [UInt8]
    package var deadlines: Deadlines
    /// Most bytes that the answer's body may have.
    package var responseBytesMax: Int
    /// Most bytes that the answer's head may have, interim answers and trailers included.
    package var responseHeaderBytesMax: Int
    /// After this moment no first byte may leave (R10).
    package var sendBy: SuspendAwareInstant?
    package var trust: Trust
    package var plainHTTP: PlainHTTP
    /// Called once between the last look at the clock and the first byte; it may hold up every other transfer.
    package var beforeFirstByte: (@Sendable () -> Void)?

    /// A request; `responseBytesMax` and `responseHeaderBytesMax` must be above zero.
    package init(
        method: Method,
        url: String,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        deadlines: Deadlines,
        responseBytesMax: Int,
        responseHeaderBytesMax: Int = 65_536,
        sendBy: SuspendAwareInstant? = nil,
        trust: Trust = .systemStore,
        plainHTTP: PlainHTTP = .refused,
        beforeFirstByte: (@Sendable () -> Void)? = nil
    ) {
        precondition(responseBytesMax > 0 && responseHeaderBytesMax > 0, "a size limit is above zero")
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.deadlines = deadlines
        self.responseBytesMax = responseBytesMax
        self.responseHeaderBytesMax = responseHeaderBytesMax
        self.sendBy = sendBy
        self.trust = trust
        self.plainHTTP = plainHTTP
        self.beforeFirstByte = beforeFirstByte
    }
}
