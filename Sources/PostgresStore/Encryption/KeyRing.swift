/// The keys of personal data: one is current, older ones stay readable by their ids (R15).
package struct KeyRing: Sendable {
    package let currentIdentifier: Int32
    private let keys: [Int32: [UInt8]]
    /// The key of the hashes by which accounts are found; it outlives rotations.
    package let searchKey: [UInt8]

    /// What is wrong with a set of keys; names ids, never key bytes.
    package struct Defect: Error, CustomStringConvertible, Sendable {
        package let description: String
    }

    /// `keys`: 32 bytes each, by id.
    package init(currentIdentifier: Int32, keys: [Int32: [UInt8]], searchKey: [UInt8]) throws {
        for (identifier, key) in keys where key.count != 32 {
            throw Defect(
                description: "data key \(identifier) has \(key.count) bytes; it needs 32 (64 hexadecimal digits)"
            )
        }
        guard searchKey.count == 32 else {
            throw Defect(
                description: "the search key has \(searchKey.count) bytes; it needs 32 (64 hexadecimal digits)"
            )
        }
        guard keys[currentIdentifier] != nil else {
            throw Defect(description: "the current data key \(currentIdentifier) is not among the configured keys")
        }
        self.currentIdentifier = currentIdentifier
        self.keys = keys
        self.searchKey = searchKey
    }

    func key(_ identifier: Int32) throws -> [UInt8] {
        guard let key = keys[identifier] else {
            throw Defect(description: "rows are encrypted under data key \(identifier), which is not configured")
        }
        return key
    }
}
