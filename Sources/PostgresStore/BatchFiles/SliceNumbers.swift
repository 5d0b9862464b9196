import PaymentCore
import Store

/// The order numbers of a slice as the registry compares them, byte by byte: two texts that only look alike are two
/// numbers.
struct SliceNumbers {
    /// A record that asks for a number.
    struct Claim {
        let number: SlicePlace
        let line: LineNumber
        /// A quarantined record only reserves its number.
        let isOrder: Bool
    }

    let slice: LoadSlice
    /// In the order of lines: of two records with one number the earlier one has it.
    let claims: [Claim]
    /// The places of claims in the order of their numbers and, of one number, of their lines; nil where the numbers
    /// rise from line to line, so that both orders are one and no number comes twice.
    private let sorted: [Int32]?
    /// By claim, the first one of the same number.
    private let first: [Int32]

    init(of slice: LoadSlice) {
        let claims = Self.claims(of: slice)
        // Merchants mostly write their numbers in order, and a look costs less than a sort.
        let sorted = Self.rise(claims, in: slice) ? nil : Self.sorted(claims, in: slice)
        first = sorted.map { Self.first(claims, $0, in: slice) } ?? []
        (self.slice, self.claims, self.sorted) = (slice, claims, sorted)
    }

    /// Whether each number comes after the one before it, so that none comes twice.
    var rise: Bool { sorted == nil }

    /// Which claim has this place in the order of numbers.
    func claim(inOrder place: Int) -> Int { sorted.map { Int($0[place]) } ?? place }

    /// The first claim of the same number.
    func first(like claim: Int) -> Int { rise ? claim : Int(first[claim]) }

    /// The first claim of a number; nil if the slice does not have it.
    func first(of number: String) -> Int? {
        let wanted = number.utf8.span
        let bytes = slice.bytes.span
        var low = 0
        var high = claims.count
        while low < high {
            let middle = (low + high) / 2
            if bytes.extracting(claims[claim(inOrder: middle)].number.range).precedes(wanted) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < claims.count else { return nil }
        let found = claim(inOrder: low)
        return wanted.precedes(bytes.extracting(claims[found].number.range)) ? nil : found
    }

    func text(of claim: Int) -> String { slice.text(claims[claim].number) }
}

extension SliceNumbers {
    private static func claims(of slice: LoadSlice) -> [Claim] {
        var claims: [Claim] = []
        claims.reserveCapacity(slice.count)
        var waiting = slice.quarantined[...]
        func reserve(_ record: NewQuarantineRecord) {
            guard let number = record.merchantOrderNumber else { return }
            claims.append(Claim(number: number, line: record.line, isOrder: false))
        }
        for order in slice.orders {
            while let record = waiting.first, record.line < order.line {
                reserve(record)
                waiting.removeFirst()
            }
            claims.append(Claim(number: order.merchantOrderNumber, line: order.line, isOrder: true))
        }
        for record in waiting { reserve(record) }
        return claims
    }

    private static func rise(_ claims: [Claim], in slice: LoadSlice) -> Bool {
        let bytes = slice.bytes.span
        for place in claims.indices.dropFirst() {
            let earlier = bytes.extracting(claims[place - 1].number.range)
            guard earlier.precedes(bytes.extracting(claims[place].number.range)) else { return false }
        }
        return true
    }

    private static func sorted(_ claims: [Claim], in slice: LoadSlice) -> [Int32] {
        let bytes = slice.bytes.span
        return claims.indices.map { Int32($0) }.sorted { left, right in
            let number = bytes.extracting(claims[Int(left)].number.range)
            let other = bytes.extracting(claims[Int(right)].number.range)
            return number.precedes(other) || left < right && !other.precedes(number)
        }
    }

    private static func first(_ claims: [Claim], _ sorted: [Int32], in slice: LoadSlice) -> [Int32] {
        let bytes = slice.bytes.span
        var first = [Int32](repeating: 0, count: claims.count)
        var leader = sorted[0]
        for claim in sorted {
            let number = bytes.extracting(claims[Int(leader)].number.range)
            if number.precedes(bytes.extracting(claims[Int(claim)].number.range)) { leader = claim }
            first[Int(claim)] = leader
        }
        return first
    }
}

extension Span<UInt8> {
    /// By bytes, as the registry's collation "C" orders numbers.
    fileprivate func precedes(_ other: Span<UInt8>) -> Bool {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] < other[index]
        }
        return count < other.count
    }
}
