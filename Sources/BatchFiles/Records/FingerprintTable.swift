import PaymentCore

/// What the records of a file brought before, by fingerprint: bounded, whatever the file's size.
///
/// A fingerprint has 64 bits of a keyed hash, so that in a full table two different values share one about once in
/// 60 million files, and nobody can make it happen.
struct FingerprintTable {
    /// The most fingerprints kept (12 MiB): what comes later is compared with them, and not kept.
    static let countMax = 786_432

    /// 0 is an empty slot.
    private var fingerprints: [UInt64] = []
    private var lines: [Int32] = []
    private var count = 0

    /// The line that first brought the fingerprint; nil if none did, and it is kept from now on if there is room.
    mutating func insert(_ fingerprint: UInt64, of line: LineNumber) -> LineNumber? {
        // The table is never more than three quarters full.
        if count * 4 >= fingerprints.count * 3, count < Self.countMax { grow() }
        let wanted = fingerprint == 0 ? 1 : fingerprint
        let slot = slot(of: wanted)
        if fingerprints[slot] == wanted { return LineNumber(lines[slot]) }
        guard count < Self.countMax else { return nil }
        fingerprints[slot] = wanted
        lines[slot] = line.value
        count += 1
        return nil
    }

    /// Where a fingerprint is, or the free slot where it belongs; there is always a free one.
    private func slot(of fingerprint: UInt64) -> Int {
        let mask = fingerprints.count - 1
        var slot = Int(truncatingIfNeeded: fingerprint) & mask
        while fingerprints[slot] != 0, fingerprints[slot] != fingerprint { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let (old, oldLines) = (fingerprints, lines)
        fingerprints = [UInt64](repeating: 0, count: max(1_024, old.count * 2))
        lines = [Int32](repeating: 0, count: fingerprints.count)
        for (index, fingerprint) in old.enumerated() where fingerprint != 0 {
            let slot = slot(of: fingerprint)
            fingerprints[slot] = fingerprint
            lines[slot] = oldLines[index]
        }
    }
}
