private import Cryptography
package import PaymentCore

/// §2: how requests are signed and answers are authenticated.
extension JSONBatchCodec {
    static let timestampHeader = "X-Timestamp"
    static let nonceHeader = "X-Nonce"
    static let signatureHeader = "X-Signature"

    package func sign(
        _ envelope: Envelope,
        at now: Timestamp,
        nonce: String,
        secret: ChannelSecret
    ) -> [Envelope.Header] {
        precondition(
            nonce.utf8.count == 32 && Hexadecimal.decode(nonce) != nil && nonce == nonce.lowercased(),
            "a nonce is 32 lower-case hexadecimal digits"
        )
        // The envelope's own, not this codec's: a message sent again keeps the merchant id it was stored with (R6).
        let merchant = envelope.headers.first { $0.name == Self.merchantHeader }?.value ?? ""
        let timestamp = String(now.unixMicroseconds / 1_000)
        let signature = Self.signature(
            of: [envelope.method, envelope.path, merchant, timestamp, nonce],
            body: envelope.body,
            secret: secret
        )
        return [
            Envelope.Header(name: Self.timestampHeader, value: timestamp),
            Envelope.Header(name: Self.nonceHeader, value: nonce),
            Envelope.Header(name: Self.signatureHeader, value: signature),
        ]
    }

    /// Whether the company made this answer: its signature covers the status, its nonce and the raw bytes of the body.
    func isAuthentic(_ response: ChannelResponse, secret: ChannelSecret) -> Bool {
        guard let timestamp = response.header(Self.timestampHeader),
            ChannelText.isDecimal(timestamp, digitsMax: 20),
            let nonce = response.header(Self.nonceHeader),
            let signature = response.header(Self.signatureHeader)
        else { return false }
        let expected = Self.signature(
            of: [String(response.status), timestamp, nonce],
            body: response.body,
            secret: secret
        )
        return ConstantTime.equals(Array(signature.utf8), Array(expected.utf8))
    }

    /// HMAC-SHA256 over the parts and the body's digest, joined by single line feeds, in lower-case hexadecimal.
    private static func signature(of parts: [String], body: [UInt8], secret: ChannelSecret) -> String {
        let text = (parts + [Hexadecimal.encode(SHA256.hash(body))]).joined(separator: "\n")
        return Hexadecimal.encode(HMACSHA256.authenticate(key: secret.bytes, Array(text.utf8)))
    }
}
