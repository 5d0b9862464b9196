import Cryptography
import Testing

@Suite struct AESGCMKeyTests {
    struct Vector: Sendable {
        let name, key, nonce, plaintext, associatedData, sealed: String
    }

    static let feffe = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    static let d9313 =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    static let c522d =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

    /// "The Galois/Counter Mode of Operation", test cases 13 to 16: the ones with 256-bit keys and 96-bit nonces.
    static let vectors = [
        Vector(
            name: "13",
            key: String(repeating: "0", count: 64),
            nonce: String(repeating: "0", count: 24),
            plaintext: "",
            associatedData: "",
            sealed: "530f8afbc74536b9a963b4f1c4cb738b"
        ),
        Vector(
            name: "14",
            key: String(repeating: "0", count: 64),
            nonce: String(repeating: "0", count: 24),
            plaintext: String(repeating: "0", count: 32),
            associatedData: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919"
        ),
        Vector(
            name: "15",
            key: feffe,
            nonce: "cafebabefacedbaddecaf888",
            plaintext: d9313 + "1aafd255",
            associatedData: "",
            sealed: c522d + "898015ad" + "b094dac5d93471bdec1a502270e3cc6c"
        ),
        Vector(
            name: "16",
            key: feffe,
            nonce: "cafebabefacedbaddecaf888",
            plaintext: d9313,
            associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: c522d + "76fc6ece0f4e1768cddf8853bb2d551b"
        ),
    ]

    private func bytes(_ text: String) throws -> [UInt8] {
        try #require(Hexadecimal.decode(text))
    }

    @Test(arguments: vectors)
    func `AES-GCM gives the published bytes and takes them back`(_ vector: Vector) throws {
        var key = AESGCMKey(try bytes(vector.key))
        let (nonce, data) = (try bytes(vector.nonce), try bytes(vector.associatedData))
        let sealed = key.seal(plaintext: try bytes(vector.plaintext), nonce: nonce, associatedData: data)
        #expect(Hexadecimal.encode(sealed) == vector.sealed)
        let opened = try key.open(ciphertext: sealed, nonce: nonce, associatedData: data)
        #expect(Hexadecimal.encode(opened) == vector.plaintext)
    }

    @Test func `one key seals and opens many messages, with failures between them`() throws {
        var key = AESGCMKey(SecureRandom.bytes(AESGCMKey.byteCount))
        for length in 0..<300 {
            let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
            let plaintext = SecureRandom.bytes(length)
            let data = SecureRandom.bytes(length % 40)
            let sealed = key.seal(plaintext: plaintext.span, nonce: nonce, associatedData: data)
            #expect(sealed.count == length + AESGCMKey.tagByteCount)
            #expect(throws: CryptographyError.authenticationFailed) {
                _ = try key.open(ciphertext: sealed, nonce: nonce, associatedData: data + [0])
            }
            #expect(try key.open(ciphertext: sealed.span, nonce: nonce, associatedData: data) == plaintext)
        }
    }

    @Test func `each flipped bit of ciphertext, tag, nonce or associated data fails`() throws {
        var key = AESGCMKey(SecureRandom.bytes(AESGCMKey.byteCount))
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        let data = Array("merchant:17".utf8)
        let sealed = key.seal(plaintext: Array("6222 0210 0112 3456 789".utf8), nonce: nonce, associatedData: data)
        for (part, count) in [(0, sealed.count), (1, nonce.count), (2, data.count)] {
            for bit in 0..<(count * 8) {
                var parts = [sealed, nonce, data]
                parts[part][bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(throws: CryptographyError.authenticationFailed) {
                    _ = try key.open(ciphertext: parts[0], nonce: parts[1], associatedData: parts[2])
                }
            }
        }
        var other = AESGCMKey(SecureRandom.bytes(AESGCMKey.byteCount))
        #expect(throws: CryptographyError.authenticationFailed) {
            _ = try other.open(ciphertext: sealed, nonce: nonce, associatedData: data)
        }
    }

    @Test func `cut or lengthened bytes fail, whatever their length`() throws {
        var key = AESGCMKey(SecureRandom.bytes(AESGCMKey.byteCount))
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        let sealed = key.seal(plaintext: [1, 2, 3, 4], nonce: nonce, associatedData: [])
        for count in 0..<sealed.count {
            let expected: CryptographyError =
                count < AESGCMKey.tagByteCount ? .ciphertextTooShort(byteCount: count) : .authenticationFailed
            #expect(throws: expected) {
                _ = try key.open(ciphertext: Array(sealed.prefix(count)), nonce: nonce, associatedData: [])
            }
        }
        #expect(throws: CryptographyError.authenticationFailed) {
            _ = try key.open(ciphertext: sealed + [0], nonce: nonce, associatedData: [])
        }
        for count in [0, 11, 13, 16] {
            #expect(throws: CryptographyError.nonceLength(byteCount: count)) {
                _ = try key.open(ciphertext: sealed, nonce: SecureRandom.bytes(count), associatedData: [])
            }
        }
    }

    @Test func `a key of the wrong length traps`() async {
        await #expect(processExitsWith: .failure) { _ = AESGCMKey([1, 2, 3]) }
    }

    @Test func `a nonce of the wrong length is never sealed with`() async {
        await #expect(processExitsWith: .failure) {
            var key = AESGCMKey([UInt8](repeating: 1, count: AESGCMKey.byteCount))
            _ = key.seal(plaintext: [1], nonce: [1, 2, 3], associatedData: [])
        }
    }
}
