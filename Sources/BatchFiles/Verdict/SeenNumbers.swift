/// The merchant order numbers that a file has brought so far, to count those that come again: bounded, one hash and
/// one look a record.
///
/// They are kept as fingerprints with a key of this process, so that of the numbers of a full table two are taken for
/// one about once in 60 million files, and nobody can make it happen.
struct SeenNumbers: Sendable {
    /// The most numbers kept (8 MiB): later ones are compared with them, and not with one another.
    static let countMax = 786_432

    /// 0 is an empty slot.
    private var fingerprints: [UInt64] = []
    private var count = 0

    /// Whether an earlier record brought the number of this fingerprint (`RepeatedNumbers.fingerprint`); it is kept
    /// from now on if there is room.
    mutating func isRepeated(_ number: UInt64) -> Bool {
        // The table is never more than three quarters full.
        if count * 4 >= fingerprints.count * 3, count < Self.countMax { grow() }
        let fingerprint = max(1, number)
        let slot = slot(of: fingerprint)
        if fingerprints[slot] == fingerprint { return true }
        guard count < Self.countMax else { return false }
        fingerprints[slot] = fingerprint
        count += 1
        return false
    }

    /// Where a fingerprint is, or the free slot where it belongs; there is always a free one.
    private func slot(of fingerprint: UInt64) -> Int {
        let mask = fingerprints.count - 1
        var slot = Int(truncatingIfNeeded: fingerprint) & mask
        while fingerprints[slot] != 0, fingerprints[slot] != fingerprint { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = fingerprints
        // In three steps to the full size, so that little memory is left behind.
        fingerprints = [UInt64](repeating: 0, count: max(1_024, old.count * 32))
        for fingerprint in old where fingerprint != 0 { fingerprints[slot(of: fingerprint)] = fingerprint }
    }
}
