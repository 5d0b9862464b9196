/// An amount in minor units of one currency; never floating point.
package struct Money: Hashable, Sendable {
    /// Minor units (fen, cents); the currency says how many make one unit.
    package let minor: Int64
    package let currency: Currency

    package init(minor: Int64, currency: Currency) {
        self.minor = minor
        self.currency = currency
    }
}

extension Money: CustomStringConvertible {
    /// The amount with thousands separators and its currency, for people: `412,000.00 CNY`.
    package var description: String { currency.words(Int128(minor)) }
}

extension Currency {
    /// Minor units for people, as in `1,234.50 CNY`; sums may be wider than an amount.
    package func words(_ minor: Int128) -> String {
        let magnitude = String(minor.magnitude)
        let places = minorUnits
        let padded = String(repeating: "0", count: max(0, places + 1 - magnitude.count)) + magnitude
        let whole = padded.dropLast(places)
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        let fraction = places == 0 ? "" : "." + padded.suffix(places)
        return (minor < 0 ? "-" : "") + grouped + fraction + " " + code
    }
}

/// Counts and sums that must add up (R14): amounts in a wide integer, so that no file can overflow them.
package struct Tally: Hashable, Sendable {
    package var count: Int64
    package var amountMinor: Int128

    package init(count: Int64 = 0, amountMinor: Int128 = 0) {
        self.count = count
        self.amountMinor = amountMinor
    }

    package mutating func add(_ amountMinor: Int64) {
        count += 1
        self.amountMinor += Int128(amountMinor)
    }

    package static func + (left: Self, right: Self) -> Tally {
        Tally(count: left.count + right.count, amountMinor: left.amountMinor + right.amountMinor)
    }
}
