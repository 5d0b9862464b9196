/// What libFuzzer gives, taken apart: three bytes that say how a file is read, and the file.
struct FuzzedInput {
    static let headBytes = 3

    /// Chooses the shape: the layout, the rules, the wrapping.
    let shape: UInt8
    /// Chooses where the file is cut into parts, and behind which record reading goes on.
    let cut: UInt8
    /// Chooses what is done to the file before it is read: control records that fit, a packing.
    let change: UInt8
    let file: [UInt8]

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headBytes else { return nil }
        shape = bytes[0]
        cut = bytes[1]
        change = bytes[2]
        file = Array(bytes.dropFirst(Self.headBytes))
    }

    /// The parts in which `bytes` are given: each byte alone, all but one cut, even parts, or parts of any size.
    func parts(of bytes: [UInt8]) -> [Range<Int>] {
        var random = Randomness(seed: UInt64(cut) << 32 | UInt64(bytes.count))
        var ends: Set<Int> = []
        switch cut % 4 {
        case 0 where bytes.count <= 600: ends.formUnion(bytes.indices)
        case 0, 1: ends.insert(random.below(bytes.count + 1))
        case 2: ends.formUnion(stride(from: 0, to: bytes.count, by: 1 + random.below(97)))
        default: for _ in 0..<8 { ends.insert(random.below(bytes.count + 1)) }
        }
        let places = [0] + ends.sorted() + [bytes.count]
        return zip(places, places.dropFirst()).map { $0..<$1 }
    }

    /// One of so many things, by the choice of the cut.
    func index(below count: Int) -> Int {
        var random = Randomness(seed: UInt64(cut))
        return random.below(count)
    }
}

/// Numbers that follow from a seed (SplitMix64), so that an input always is read the same way.
struct Randomness {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(count))
    }
}
