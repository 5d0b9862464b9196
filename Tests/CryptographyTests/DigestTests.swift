import Cryptography
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 examples and the NIST CAVP short-message vectors.
    static let vectors: [(message: [UInt8], digest: String)] = [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (Array("abc".utf8), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        ([0xD3], "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"),
    ]

    @Test(arguments: vectors)
    func `SHA-256 gives the published digest`(_ vector: (message: [UInt8], digest: String)) {
        #expect(Hexadecimal.encode(SHA256.hash(vector.message)) == vector.digest)
        #expect(SHA256.hash(vector.message[...]) == SHA256.hash(vector.message))
        #expect(SHA256.hash(vector.message.span) == SHA256.hash(vector.message))
    }

    @Test func `a million letters have the published digest`() {
        let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let digest = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(Hexadecimal.encode(SHA256.hash(letters)) == digest)
    }

    @Test(arguments: [1, 7, 63, 64, 65, 100_000])
    func `a message hashed in pieces has the digest of the whole`(_ pieceByteCount: Int) {
        let message = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var hasher = SHA256Hasher()
        var rest = message[...]
        while !rest.isEmpty {
            hasher.update(rest.prefix(pieceByteCount))
            rest = rest.dropFirst(pieceByteCount)
        }
        #expect(hasher.finalize() == SHA256.hash(message))
    }

    @Test func `a hasher starts anew after each digest`() {
        var hasher = SHA256Hasher()
        hasher.update([1, 2, 3])
        let first = hasher.finalize()
        #expect(hasher.finalize() == SHA256.hash([]))
        hasher.update([1, 2])
        hasher.update([])
        hasher.update([3].span)
        #expect(hasher.finalize() == first)
    }
}
