/// The line before the records that tells what they add up to; `Place` says where in it a value stands.
package struct HeaderRecord<Place: Sendable & Hashable>: Sendable, Hashable {
    /// How it begins; nil where it is known by being the first line alone.
    package let mark: String?
    /// Where the number of records stands.
    package let count: Place?
    /// Where the sum of the amounts stands, in the layout's unit.
    package let sum: Place?

    package init(mark: String?, count: Place?, sum: Place?) {
        self.mark = mark
        self.count = count
        self.sum = sum
    }
}
