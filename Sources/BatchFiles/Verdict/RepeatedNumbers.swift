package import PaymentCore

/// Finds the merchant order numbers that a file brings more than once, in bounded memory, by reading it twice.
///
/// The first reading marks each number in a table of bits and keeps those whose bits were all marked before: every
/// repeated number, and of millions a few others. Where none is kept, none is repeated. Else a second reading compares
/// the numbers that were kept, and only those, by fingerprints of 64 bits. Bits and fingerprints come from a
/// hash with a key of this process, so that nobody can make two numbers meet.
package struct RepeatedNumbers: Sendable {
    /// The most numbers kept (some 30 MiB): a second reading finds no more repeated ones.
    package static let keptMax = 786_432
    /// A block is one line of the processor's cache; 32 MiB hold 30 million numbers with few false hits.
    private static let blockWords = 8
    private static let blocksMax = 1 << 19
    private static let bitsANumber = 7

    private var blocks: [UInt64]
    /// The numbers to compare, each with the first line that brought it; 0 before the second reading came to it.
    private var kept: [UInt64: Int32] = [:]
    /// Whether all numbers that may be repeated were kept.
    package private(set) var isComplete = true

    /// For a file of so many bytes, whose records have mostly so many bytes or more.
    package init(fileBytes: Int64, recordBytes: Int = 64) {
        // A block of 512 bits for 16 records: 32 bits each.
        let blockBytes = Int64(recordBytes) * 16
        let blockCount = min(max(1_024, (fileBytes + blockBytes - 1) / blockBytes), Int64(Self.blocksMax))
        blocks = [UInt64](repeating: 0, count: Int(blockCount) * Self.blockWords)
    }

    /// Whether a second reading is needed.
    package var mayBeRepeated: Bool { !kept.isEmpty }

    /// Marks a number in the first reading.
    package mutating func mark(_ number: String) { mark(number.utf8.span) }

    mutating func mark(_ number: Span<UInt8>) {
        let fingerprint = Self.fingerprint(of: number)
        // As far into the blocks as the fingerprint is into all numbers.
        let block = Int(fingerprint.multipliedFullWidth(by: UInt64(blocks.count / Self.blockWords)).high)
        // Seven times nine bits say which of its 512; mixed, so that they do not follow from the block.
        var rest = (fingerprint ^ fingerprint >> 30) &* 0xBF58_476D_1CE4_E5B9
        rest ^= rest >> 27
        var isMarked = true
        for _ in 0..<Self.bitsANumber {
            let word = block * Self.blockWords + Int(truncatingIfNeeded: rest) & (Self.blockWords - 1)
            let bit: UInt64 = 1 << (rest >> 3 & 63)
            rest >>= 9
            if blocks[word] & bit == 0 {
                isMarked = false
                blocks[word] |= bit
            }
        }
        guard isMarked, kept[fingerprint] == nil else { return }
        guard kept.count < Self.keptMax else {
            isComplete = false
            return
        }
        kept[fingerprint] = 0
    }

    /// Gives the memory of the first reading back.
    package mutating func beginSecondReading() { blocks = [] }

    /// The earlier line that brought the number of this line, in the second reading; nil if this is the first.
    package mutating func earlierLine(of number: String, in line: LineNumber) -> LineNumber? {
        earlierLine(of: number.utf8.span, in: line)
    }

    mutating func earlierLine(of number: Span<UInt8>, in line: LineNumber) -> LineNumber? {
        let fingerprint = Self.fingerprint(of: number)
        guard let first = kept[fingerprint] else { return nil }
        if first > 0 { return LineNumber(first) }
        kept[fingerprint] = line.value
        return nil
    }

    /// A keyed hash of the bytes of a number: two that only look alike are two numbers.
    static func fingerprint(of number: Span<UInt8>) -> UInt64 {
        var hasher = Hasher()
        number.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
