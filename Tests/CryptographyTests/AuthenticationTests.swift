import Cryptography
import Testing

@Suite struct AuthenticationTests {
    static let longKey = String(repeating: "aa", count: 131)

    /// RFC 4231, test cases 1 to 4, 6 and 7.
    static let vectors: [(key: String, message: [UInt8], code: String)] = [
        (
            String(repeating: "0b", count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            "0102030405060708090a0b0c0d0e0f10111213141516171819", [UInt8](repeating: 0xCD, count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            longKey, Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            longKey,
            Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8
            ),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
        // Of nothing under nothing: a well-known value that no RFC lists.
        ("", [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ]

    @Test(arguments: vectors)
    func `HMAC gives the published code`(_ vector: (key: String, message: [UInt8], code: String)) throws {
        let key = try #require(Hexadecimal.decode(vector.key))
        #expect(Hexadecimal.encode(HMACSHA256.authenticate(key: key, vector.message)) == vector.code)
    }

    @Test func `one keyed hash gives the same codes as fresh ones, in any order`() throws {
        for vector in Self.vectors {
            let key = try #require(Hexadecimal.decode(vector.key))
            let hash = KeyedHash(key: key)
            for message in Self.vectors.map(\.message) + [[], [0]] {
                let expected = HMACSHA256.authenticate(key: key, message)
                #expect(hash.authenticate(message) == expected)
                #expect(hash.authenticate(message[...]) == expected)
                #expect(hash.authenticate(message.span) == expected)
            }
        }
    }

    struct Derivation: Sendable {
        let key, salt, info: String
        let length: Int
        let derived: String
    }

    /// RFC 5869, appendix A.1 to A.3.
    static let derivations = [
        Derivation(
            key: String(repeating: "0b", count: 22),
            salt: "000102030405060708090a0b0c",
            info: "f0f1f2f3f4f5f6f7f8f9",
            length: 42,
            derived: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        ),
        Derivation(
            key: Hexadecimal.encode(Array(0x00...0x4F)),
            salt: Hexadecimal.encode(Array(0x60...0xAF)),
            info: Hexadecimal.encode(Array(0xB0...0xFF)),
            length: 82,
            derived: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
        Derivation(
            key: String(repeating: "0b", count: 22),
            salt: "",
            info: "",
            length: 42,
            derived: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
        ),
    ]

    @Test(arguments: derivations)
    func `HKDF derives the published bytes`(_ derivation: Derivation) throws {
        let derived = HKDFSHA256.derive(
            key: try #require(Hexadecimal.decode(derivation.key)),
            salt: try #require(Hexadecimal.decode(derivation.salt)),
            info: try #require(Hexadecimal.decode(derivation.info)),
            length: derivation.length
        )
        #expect(Hexadecimal.encode(derived) == derivation.derived)
    }

    @Test func `HKDF gives its most bytes, and refuses one more`() async {
        #expect(HKDFSHA256.derive(key: [1], salt: [], info: [], length: HKDFSHA256.byteCountMax).count == 8_160)
        await #expect(processExitsWith: .failure) {
            _ = HKDFSHA256.derive(key: [1], salt: [], info: [], length: HKDFSHA256.byteCountMax + 1)
        }
    }
}
