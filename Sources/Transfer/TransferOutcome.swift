/// What became of one request; exactly one of three, as R4 needs it.
package enum TransferOutcome: Sendable {
    /// A complete HTTP answer of any status arrived; what it means is for the caller to say.
    case answered(TransferResponse)
    /// Proven: no byte of the request left this machine.
    case notSent(TransferFailure)
    /// Everything else: the peer may have the request, in whole or in part.
    case unknown(TransferFailure)
}

/// A complete HTTP answer.
package struct TransferResponse: Sendable {
    /// The HTTP status, 200 through 599 and beyond; redirects are not followed.
    package let status: Int
    /// Names in lower case, in the order of arrival; trailers left out.
    ///
    /// Bytes that are no UTF-8 are read as ISO 8859-1.
    package let headers: [(String, String)]
    /// The bytes as they came; no content coding is undone.
    package let body: [UInt8]
    /// Just before the first byte of the request left.
    package let sentAt: SuspendAwareInstant
    /// When the answer was complete.
    package let answeredAt: SuspendAwareInstant
    package let timings: TransferTimings

    /// The value of the first header of that name, which must be in lower case.
    package func header(_ name: String) -> String? {
        headers.first { $0.0 == name }?.1
    }
}

/// How long the parts of a request took, counted from when a connection was begun.
package struct TransferTimings: Sendable, Equatable {
    /// Until DNS, TCP and TLS were done.
    package let connect: Duration
    /// Until the first byte of the answer.
    package let firstByte: Duration
    /// Until the end of the answer.
    package let total: Duration
}
