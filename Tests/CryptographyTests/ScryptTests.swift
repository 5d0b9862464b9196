import Cryptography
import Testing

@Suite struct ScryptTests {
    private static func cost(_ log2BlockCount: Int, _ blockSize: Int, _ parallelism: Int) throws -> Scrypt.Cost {
        try #require(
            Scrypt.Cost(log2BlockCount: log2BlockCount, blockSize: blockSize, parallelism: parallelism)
        )
    }

    /// RFC 7914, §12, but for the last one, which takes a gigabyte.
    @Test(arguments: [
        (
            "", "", [4, 1, 1],
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                + "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
        ),
        (
            "password", "NaCl", [10, 8, 16],
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
        ),
        (
            "pleaseletmein", "SodiumChloride", [14, 8, 1],
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        ),
    ])
    func `derives what the standard lists`(
        _ password: String,
        _ salt: String,
        _ cost: [Int],
        _ derived: String
    ) throws {
        let found = Scrypt.derive(
            password: Array(password.utf8),
            salt: Array(salt.utf8),
            cost: try Self.cost(cost[0], cost[1], cost[2]),
            length: 64
        )
        #expect(Hexadecimal.encode(found) == derived)
    }

    @Test func `takes every byte of the password and of the salt into account`() throws {
        let cost = try Self.cost(4, 1, 1)
        // No zeros at the end: HMAC fills short keys with them.
        let derived = [[1, 1], [1], [1, 0, 1], [2]].flatMap { password in
            [[UInt8](repeating: 0, count: 16), [7]].map {
                Scrypt.derive(password: password, salt: $0, cost: cost)
            }
        }
        #expect(Set(derived).count == 8)
        #expect(derived.allSatisfy { $0.count == 32 })
    }

    @Test func `refuses a cost beyond its memory, or none at all`() {
        for (log2BlockCount, blockSize, parallelism) in [
            (18, 8, 1), (17, 16, 1), (30, 1, 1), (0, 8, 1), (15, 0, 1), (15, 8, 0), (15, 8, 257), (63, 8, 1),
        ] {
            #expect(
                Scrypt.Cost(log2BlockCount: log2BlockCount, blockSize: blockSize, parallelism: parallelism) == nil,
                "\(log2BlockCount) \(blockSize) \(parallelism)"
            )
        }
        #expect(Scrypt.Cost(log2BlockCount: 17, blockSize: 8, parallelism: 1) != nil)
    }

    @Test func `knows a cheaper cost from a dearer one`() throws {
        #expect(Scrypt.Cost.standard == (try Self.cost(15, 8, 1)))
        #expect(try Self.cost(16, 8, 1).reaches(.standard))
        #expect(try !Self.cost(14, 8, 1).reaches(.standard))
        #expect(try !Self.cost(15, 4, 1).reaches(.standard))
    }
}
