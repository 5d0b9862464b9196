import PaymentCore

/// What the records of a file brought before, by fingerprint: bounded, whatever the file's size.
///
/// A fingerprint has 64 bits of a keyed hash, so that in a full table two different values share one about once in
/// 60 million files, and nobody can make it happen.
struct FingerprintTable: Sendable {
    /// The most fingerprints kept (8 MiB, with lines 12): what comes later is compared with them, and not kept.
    static let countMax = 786_432

    private static let segmentBits = 4

    /// Each grows for itself, so that no moment needs the room of two tables.
    private var segments: [Segment]
    private var count = 0

    /// `keepsLines`: whether anybody asks for the line that brought a fingerprint first.
    init(keepsLines: Bool) {
        segments = Array(repeating: Segment(keepsLines: keepsLines), count: 1 << Self.segmentBits)
    }

    /// Whether the fingerprint was there; if not, it is kept from now on if there is room.
    mutating func isRepeated(_ fingerprint: UInt64, in line: LineNumber) -> Bool {
        let wanted = max(1, fingerprint)
        let index = Int(wanted >> (64 - Self.segmentBits))
        if segments[index].holds(wanted) { return true }
        guard count < Self.countMax else { return false }
        segments[index].add(wanted, line.value)
        count += 1
        return false
    }

    /// Whether each of these was there, or is one before it; the others are kept from now on if there is room.
    ///
    /// For a table without lines. All are looked for where they most likely are before one is kept: a full table is
    /// larger than the processor's cache, and so its waits for memory overlap.
    mutating func areRepeated(_ fingerprints: [UInt64]) -> [Bool] {
        var repeated = fingerprints.map { fingerprint in
            let wanted = max(1, fingerprint)
            return segments[Int(wanted >> (64 - Self.segmentBits))].holdsAtOnce(wanted)
        }
        for (index, fingerprint) in fingerprints.enumerated() where !repeated[index] {
            repeated[index] = isRepeated(fingerprint, in: LineNumber(0))
        }
        return repeated
    }

    /// The line that first brought the fingerprint, of a table with lines; nil if none did, and it is kept from now on
    /// if there is room.
    mutating func insert(_ fingerprint: UInt64, of line: LineNumber) -> LineNumber? {
        let wanted = max(1, fingerprint)
        guard isRepeated(wanted, in: line) else { return nil }
        return segments[Int(wanted >> (64 - Self.segmentBits))].line(of: wanted)
    }

    private struct Segment {
        /// 0 is an empty slot.
        private var fingerprints: [UInt64] = Array(repeating: 0, count: 64)
        private var lines: [Int32]?
        private var count = 0

        init(keepsLines: Bool) { lines = keepsLines ? Array(repeating: 0, count: 64) : nil }

        func holds(_ fingerprint: UInt64) -> Bool { fingerprints[slot(of: fingerprint)] == fingerprint }

        /// Whether the fingerprint is in the first slot that it may be in.
        func holdsAtOnce(_ fingerprint: UInt64) -> Bool {
            fingerprints[Int(truncatingIfNeeded: fingerprint) & (fingerprints.count - 1)] == fingerprint
        }

        /// The line of a fingerprint that is there.
        func line(of fingerprint: UInt64) -> LineNumber? { (lines?[slot(of: fingerprint)]).map(LineNumber.init) }

        /// Adds a fingerprint that is not there.
        mutating func add(_ fingerprint: UInt64, _ line: Int32) {
            // At most thirteen sixteenths full: the segments of a full table, three quarters on average, stay below.
            if count * 16 >= fingerprints.count * 13 { grow() }
            put(fingerprint, line)
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
            lines?[slot] = line
        }

        private mutating func grow() {
            let (old, oldLines) = (fingerprints, lines)
            fingerprints = Array(repeating: 0, count: old.count * 2)
            if lines != nil { lines = Array(repeating: 0, count: old.count * 2) }
            for (index, fingerprint) in old.enumerated() where fingerprint != 0 {
                put(fingerprint, oldLines?[index] ?? 0)
            }
        }
    }
}
