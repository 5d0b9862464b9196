/// The unit in which a file writes amounts.
package enum AmountUnit: String, Sendable, Hashable, CaseIterable {
    /// Major units with decimals: `12.34` is 1234 fen.
    case major
    /// Minor units: `1234` is 1234 fen.
    case minor
}
