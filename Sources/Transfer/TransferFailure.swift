/// Why a request has no complete answer.
///
/// The description names the peer's host and port and libcurl's fixed texts, never a path, a query, a header or a body.
package struct TransferFailure: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    package enum Code: Sendable, Equatable {
        /// The host name has no address.
        case dns
        /// No TCP connection came about.
        case connect
        /// The peer's certificate was refused, or TLS failed.
        case tls
        /// The first byte would have left after send-by.
        case sendByPassed
        /// The task was cancelled, or the loop shut down, before the request began.
        case cancelledBeforeSend
        /// The request itself breaks a rule: plain HTTP, a forbidden header, a malformed URL, too many waiting.
        case refusedByPolicy
        /// The connect, total or stall deadline passed.
        case timeout
        /// The connection broke.
        case reset
        /// The answer is longer than a limit.
        case responseTooLarge
        /// The answer ended too early, or its end cannot be proven.
        case truncated
        /// The answer is no HTTP.
        case protocolViolation
        /// The task was cancelled, or the loop shut down, after the request began.
        case cancelled
        /// Another failure, by libcurl's number.
        case other(Int)
    }

    package let code: Code
    /// `host:port` of the peer.
    package let peer: String
    /// What happened, in words that are safe to log.
    package let reason: String
    /// Bytes of the request that libcurl handed to the operating system, as far as it counts them: 0 when not sent.
    package let bytesSent: Int64?

    package var description: String {
        "Request to \(peer) failed: \(reason) (\(code)). \(advice)"
    }

    private var advice: String {
        switch code {
        case .dns: "Check the host name and the resolver."
        case .connect: "Check that the peer is up and that the firewall lets us through."
        case .tls: "Check the peer's certificate, its host name and the trusted authorities."
        case .sendByPassed: "Claim the work again: this lease is over."
        case .cancelledBeforeSend: "Nothing was sent; it may be tried again."
        case .refusedByPolicy: "Correct the request or its channel's configuration."
        case .timeout, .reset, .truncated, .protocolViolation, .cancelled, .other:
            bytesSent == 0 ? "Nothing was sent; it may be tried again." : "Ask the peer what became of it."
        case .responseTooLarge: "Ask the peer what became of it, or raise the limit."
        }
    }
}
