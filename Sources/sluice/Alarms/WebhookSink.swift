import Cryptography
package import PaymentCore
package import Pipeline
package import Store
import Transfer

/// Posts alarms to an HTTPS address; any status from 200 to 299 is acceptance, a redirect is none.
///
/// With a secret the body is signed: `X-Sluice-Signature: sha256=` and the HMAC-SHA256 of its bytes in hexadecimal.
package final class WebhookSink: AlarmSink {
    package let name: String
    package let timeout: TimeSpan
    private let url: String
    private let secret: [UInt8]?
    private let environment: EnvironmentStamp
    private let loop: TransferLoop

    package init(name: String, url: String, secret: String?, timeout: TimeSpan, environment: EnvironmentStamp) {
        self.name = name
        self.url = url
        self.secret = secret.map { Array($0.utf8) }
        self.timeout = timeout
        self.environment = environment
        // Its own, so that no channel waits for a sink.
        loop = TransferLoop(connectionsMax: 4)
    }

    package func deliver(_ alarm: AlarmToDeliver) async -> AlarmReceipt {
        let body = Array(AlarmPayload.text(of: alarm, environment: environment).utf8)
        var headers = [("Content-Type", "application/json"), ("X-Sluice-Alarm", "\(alarm.identifier)")]
        if let secret {
            let signature = Hexadecimal.encode(HMACSHA256.authenticate(key: secret, body))
            headers.append(("X-Sluice-Signature", "sha256=\(signature)"))
        }
        let limit = Duration.microseconds(timeout.microseconds)
        let outcome = await loop.perform(
            TransferRequest(
                method: .post,
                url: url,
                headers: headers,
                body: body,
                deadlines: TransferRequest.Deadlines(connect: limit, total: limit, stall: limit),
                responseBytesMax: 65_536,
                plainHTTP: environment.environmentClass == .test ? .loopbackOnly : .refused
            )
        )
        switch outcome {
        case .answered(let response) where (200...299).contains(response.status): return .accepted
        case .answered(let response): return .notAccepted(reason: "answered with status \(response.status)")
        // Peer and fixed words only: a path may hold a token.
        case .notSent(let failure), .unknown(let failure): return .notAccepted(reason: "\(failure.reason)")
        }
    }
}
