import PaymentCore

/// The unit in which a file writes amounts.
package enum AmountUnit: String, Sendable, Hashable, CaseIterable {
    /// Major units with decimals: `12.34` is 1234 fen.
    case major
    /// Minor units: `1234` is 1234 fen.
    case minor

    /// An amount as a file writes it, with all the decimals of its currency.
    func text(_ minor: Int128, in currency: Currency) -> String {
        let sign = minor < 0 ? "-" : ""
        let digits = String(minor.magnitude)
        let places = currency.minorUnits
        guard self == .major, places > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }
}
