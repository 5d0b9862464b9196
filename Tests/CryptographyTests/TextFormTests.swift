import Cryptography
import Testing

@Suite struct TextFormTests {
    /// RFC 4648 §10.
    static let base64: [(bytes: String, text: String)] = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test(arguments: base64)
    func `base64 gives the published text`(_ pair: (bytes: String, text: String)) {
        #expect(Base64.encode(Array(pair.bytes.utf8)) == pair.text)
        #expect(Base64.decode(pair.text) == Array(pair.bytes.utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm9v=", "Zg==Zg==", "Zm8-",
        "Zm8_", "Zm9vé", "Zg=v",
    ])
    func `base64 that is not canonical is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `every byte string comes back from both text forms`() {
        for length in 0...260 {
            let bytes = SecureRandom.bytes(length)
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Hexadecimal.decode(Hexadecimal.encode(bytes)) == bytes)
        }
        let all = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(all)) == all)
        #expect(Hexadecimal.decode(Hexadecimal.encode(all).uppercased()) == all)
    }

    @Test func `hexadecimal is lower case, and anything else is refused`() {
        #expect(Hexadecimal.encode([0x00, 0xAB, 0xFF]) == "00abff")
        for text in ["a", "0g", " 00", "00 ", "0x00", "é", "00\n"] { #expect(Hexadecimal.decode(text) == nil) }
    }

    @Test func `constant-time comparison is equality`() {
        #expect(ConstantTime.equals([], []))
        #expect(ConstantTime.equals([1, 2, 3], [1, 2, 3]))
        for other: [UInt8] in [[], [1, 2], [1, 2, 4], [0, 2, 3], [1, 2, 3, 0]] {
            #expect(!ConstantTime.equals([1, 2, 3], other))
        }
    }

    @Test func `random bytes have the length asked for and do not repeat`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        let drawn = (0..<1_000).map { _ in SecureRandom.bytes(16) }
        #expect(drawn.allSatisfy { $0.count == 16 })
        #expect(Set(drawn).count == 1_000)
    }
}
