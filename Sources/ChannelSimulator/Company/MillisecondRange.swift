/// A span of times in milliseconds, both ends included.
package struct MillisecondRange: Sendable, Equatable {
    package let first: Int64
    package let last: Int64

    /// Takes 0 ≤ `first` ≤ `last`; anything else traps.
    package init(first: Int64, last: Int64) {
        precondition(first >= 0 && first <= last, "a range of times starts at 0 or later and does not end before it")
        self.first = first
        self.last = last
    }
}
