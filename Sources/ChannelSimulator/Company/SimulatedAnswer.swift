/// What the company sends back, before it is signed.
package struct SimulatedAnswer: Sendable, Equatable {
    /// The HTTP status.
    package var status: Int
    package var body: Body
    package var signing: Signing
    package var delivery: Delivery

    /// An answer that is whole, signed and well delivered.
    init(_ answer: DialectAnswer) {
        status = 200
        body = .dialect(answer)
        signing = .proper
        delivery = .whole
    }

    package enum Body: Sendable, Equatable {
        case dialect(DialectAnswer)
        /// A proxy's HTML page.
        case page
        /// Not JSON.
        case garbage
        case empty

        /// The bytes that go out.
        func encoded() -> [UInt8] {
            switch self {
            case .dialect(let answer): answer.encoded()
            case .page: Array("<html><head><title>Error</title></head><body>Please try later.</body></html>\n".utf8)
            case .garbage: Array("{\"code\":\"0000\",\"items\":[{\"item_no\":".utf8)
            case .empty: []
            }
        }

        var contentType: String {
            if case .page = self { "text/html" } else { "application/json; charset=utf-8" }
        }
    }

    package enum Signing: Sendable, Equatable {
        case proper
        case wrongSignature
        case wrongNonce
        case absent
    }

    package enum Delivery: Sendable, Equatable {
        case whole
        /// Half of the body, then the end of the connection.
        case half
        /// The end of the connection.
        case close
        /// A reset of the connection.
        case reset
        /// Nothing, as long as the other side waits and the configured hold lasts.
        case hold
        /// A byte at a time, as long as the hold lasts.
        case drip
        /// Bytes without end, as long as the hold lasts.
        case endless
        /// The whole body under a greater length, then the end of the connection.
        case wrongLength
    }
}
