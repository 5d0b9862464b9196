/// Chance as a pure function of (seed, channel, batch number, occurrence).
///
/// Nothing is drawn from a stream, so what happens to one batch depends neither on time nor on what else goes on. The
/// trade date is left out on purpose: the same seed shows the same behaviour on another day.
struct SeededDraw {
    /// What a draw decides; each has its own value.
    enum Purpose: UInt64 {
        case fault = 1
        case taking
        case variant
        case notFound
        case finishLate
        case takeSlowly
        case settleTime
        case outcome
        case mask
        case waiting
        case latency
    }

    /// Which series an occurrence counts in.
    enum Series: UInt64 {
        case submit = 1
        case query
        case take
    }

    private let base: UInt64

    init(seed: UInt64, channel: String, batchNumber: String, series: Series, occurrence: Int) {
        // FNV-1a over the names, then a finaliser per draw.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func absorb(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        absorb(channel.utf8)
        absorb([0])
        absorb(batchNumber.utf8)
        base = Self.mix(Self.mix(hash ^ Self.mix(seed)) ^ series.rawValue << 48 ^ UInt64(occurrence))
    }

    /// 64 even bits for one decision about the batch, or about one item of it (numbers from 1).
    func bits(_ purpose: Purpose, item: Int = 0) -> UInt64 {
        Self.mix(base ^ Self.mix(purpose.rawValue << 32 ^ UInt64(item)))
    }

    /// A number from 0 to 999.
    func perMille(_ purpose: Purpose, item: Int = 0) -> Int {
        Int(bits(purpose, item: item) % 1_000)
    }

    /// True in half of all cases.
    func half(_ purpose: Purpose, item: Int = 0) -> Bool {
        bits(purpose, item: item) & 1 == 1
    }

    /// A time between the ends of `range`, both included.
    func milliseconds(in range: MillisecondRange, _ purpose: Purpose, item: Int = 0) -> Int64 {
        range.first + Int64(bits(purpose, item: item) % UInt64(range.last - range.first + 1))
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
