/// A currency in which orders can be: an ISO 4217 code and its minor units.
///
/// Four bytes, so that it costs nothing to copy, compare and hash in the path of every record. Codes that the standard
/// lists without minor units (gold, testing) are not currencies of orders and are refused.
package struct Currency: Hashable, Sendable {
    /// The three letters and, in the lowest byte, the minor units: an entry of `CurrencyTable`.
    private let packed: UInt32

    private init(packed: UInt32) { self.packed = packed }

    /// 人民币, in fen.
    package static let cny = Currency(packed: 0x43_4E_59_02)

    /// The currency of a code in capital letters; nil for any other text.
    package init?(code: String) {
        self.init(bytes: code.utf8.span)
    }

    /// The currency of three bytes of capital letters; nil for anything else.
    package init?(bytes: Span<UInt8>) {
        guard bytes.count == 3 else { return nil }
        let wanted = UInt32(bytes[0]) << 16 | UInt32(bytes[1]) << 8 | UInt32(bytes[2])
        if wanted == Self.cny.letters {
            self = .cny
            return
        }
        let entries = CurrencyTable.entries
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle] >> 8 < wanted { low = middle + 1 } else { high = middle }
        }
        guard low < entries.count, entries[low] >> 8 == wanted else { return nil }
        self.packed = entries[low]
    }

    /// The three capital letters, such as `CNY`.
    package var code: String {
        // No array is made for them: it is asked for in the path of every record.
        String(unsafeUninitializedCapacity: 3) { letters in
            for place in 0..<3 { letters[place] = UInt8(truncatingIfNeeded: packed >> UInt32(24 - 8 * place)) }
            return 3
        }
    }

    /// How many digits follow the decimal point of an amount in major units: 0 to 4.
    package var minorUnits: Int { Int(packed & 0xFF) }

    private var letters: UInt32 { packed >> 8 }

    /// Every currency of the table, in the order of their codes.
    package static var all: [Currency] { CurrencyTable.entries.map(Currency.init(packed:)) }
}

extension Currency: CustomStringConvertible {
    package var description: String { code }
}

extension Currency: Comparable {
    /// By code, so that reports list currencies in a fixed order.
    package static func < (left: Self, right: Self) -> Bool { left.packed < right.packed }
}
