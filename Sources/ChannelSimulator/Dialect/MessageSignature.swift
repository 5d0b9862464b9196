import Cryptography

/// The signatures of the dialect (page section 2).
struct MessageSignature {
    /// How far a request's time may lie from the company's clock, in milliseconds.
    static let skewMaxMilliseconds: Int64 = 10 * 60 * 1_000

    private let key: [UInt8]
    private let merchantID: String

    init(secret: Secret, merchantID: String) {
        self.key = secret.bytes
        self.merchantID = merchantID
    }

    /// The volatile headers of a request, as they arrived.
    struct Claim {
        let merchantID: String?
        let timestamp: String?
        let nonce: String?
        let signature: String?
    }

    /// Whether a request is the merchant's and of now; `false` means code 1002.
    func accepts(_ claim: Claim, path: String, bodySHA256: [UInt8], at now: Int64) -> Bool {
        guard
            claim.merchantID == merchantID,
            let timestamp = claim.timestamp, timestamp.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let milliseconds = Int64(timestamp),
            milliseconds.distance(to: now).magnitude <= Self.skewMaxMilliseconds,
            let nonce = claim.nonce, Self.isNonce(nonce),
            let signature = claim.signature, signature.utf8.allSatisfy(Self.isLowerHexadecimal),
            let signed = Hexadecimal.decode(signature)
        else { return false }
        let text = "POST\n\(path)\n\(merchantID)\n\(timestamp)\n\(nonce)\n\(Hexadecimal.encode(bodySHA256))"
        return ConstantTime.equals(HMACSHA256.authenticate(key: key, Array(text.utf8)), signed)
    }

    /// The signature of an answer, in lower-case hexadecimal.
    func sign(status: Int, timestamp: Int64, nonce: String, body: [UInt8]) -> String {
        let text = "\(status)\n\(timestamp)\n\(nonce)\n\(Hexadecimal.encode(SHA256.hash(body)))"
        return Hexadecimal.encode(HMACSHA256.authenticate(key: key, Array(text.utf8)))
    }

    /// Whether `text` may be repeated in a header of an answer.
    static func isNonce(_ text: String) -> Bool {
        text.utf8.count == 32 && text.utf8.allSatisfy(isLowerHexadecimal)
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
    }
}
