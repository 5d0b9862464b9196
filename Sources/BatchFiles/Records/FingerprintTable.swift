import PaymentCore

/// What the records of a file brought before, by fingerprint: bounded, whatever the file's size.
///
/// A fingerprint has 64 bits of a keyed hash, so that in a full table two different values share one about once in
/// 60 million files, and nobody can make it happen.
struct FingerprintTable {
    /// The most fingerprints kept (12 MiB): what comes later is compared with them, and not kept.
    static let countMax = 786_432

    private static let segmentBits = 4

    /// Each grows for itself, so that no moment needs the room of two tables.
    private var segments = Array(repeating: Segment(), count: 1 << segmentBits)
    private var count = 0

    /// The line that first brought the fingerprint; nil if none did, and it is kept from now on if there is room.
    mutating func insert(_ fingerprint: UInt64, of line: LineNumber) -> LineNumber? {
        let wanted = fingerprint == 0 ? 1 : fingerprint
        let index = Int(wanted >> (64 - Self.segmentBits))
        if let earlier = segments[index].line(of: wanted) { return earlier }
        guard count < Self.countMax else { return nil }
        segments[index].add(wanted, of: line)
        count += 1
        return nil
    }

    private struct Segment {
        /// 0 is an empty slot.
        private var fingerprints: [UInt64] = Array(repeating: 0, count: 64)
        private var lines: [Int32] = Array(repeating: 0, count: 64)
        private var count = 0

        func line(of fingerprint: UInt64) -> LineNumber? {
            let slot = slot(of: fingerprint)
            return fingerprints[slot] == fingerprint ? LineNumber(lines[slot]) : nil
        }

        /// Adds a fingerprint that is not there.
        mutating func add(_ fingerprint: UInt64, of line: LineNumber) {
            // At most thirteen sixteenths full: the segments of a full table, three quarters on average, stay below.
            if count * 16 >= fingerprints.count * 13 { grow() }
            put(fingerprint, line.value)
            count += 1
        }

        /// Where a fingerprint is, or the free slot where it belongs; there is always a free one.
        private func slot(of fingerprint: UInt64) -> Int {
            let mask = fingerprints.count - 1
            var slot = Int(truncatingIfNeeded: fingerprint) & mask
            while fingerprints[slot] != 0, fingerprints[slot] != fingerprint { slot = (slot + 1) & mask }
            return slot
        }

        private mutating func put(_ fingerprint: UInt64, _ line: Int32) {
            let slot = slot(of: fingerprint)
            fingerprints[slot] = fingerprint
            lines[slot] = line
        }

        private mutating func grow() {
            let (old, oldLines) = (fingerprints, lines)
            fingerprints = Array(repeating: 0, count: old.count * 2)
            lines = Array(repeating: 0, count: old.count * 2)
            for (index, fingerprint) in old.enumerated() where fingerprint != 0 { put(fingerprint, oldLines[index]) }
        }
    }
}
