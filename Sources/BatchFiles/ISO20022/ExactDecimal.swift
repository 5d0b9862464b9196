/// A decimal number as XML writes it, exact: for control sums, which add amounts whatever their currency.
struct ExactDecimal: Sendable, Hashable {
    /// The number times ten to the power of `decimals`, of which there are as few as the number needs.
    private let units: Int128
    private let decimals: Int

    static let zero = ExactDecimal(units: 0, decimals: 0)

    private init(units: Int128, decimals: Int) {
        var (units, decimals) = (units, decimals)
        while decimals > 0, units % 10 == 0 {
            units /= 10
            decimals -= 1
        }
        self.units = units
        self.decimals = decimals
    }

    /// Reads an xs:decimal; nil for any other text, and beyond the 38 digits that can be kept.
    init?(_ text: Span<UInt8>) {
        guard let digits = DecimalDigits(text) else { return nil }
        var units: Int128 = 0
        for part in [digits.whole, digits.fraction] {
            for index in part {
                let (product, multiplied) = units.multipliedReportingOverflow(by: 10)
                let (sum, added) = product.addingReportingOverflow(Int128(text[index] - 0x30))
                guard !multiplied, !added else { return nil }
                units = sum
            }
        }
        self.init(units: digits.isNegative ? -units : units, decimals: digits.fraction.count)
    }

    /// The sum; nil when it has more digits than can be kept.
    func adding(_ other: ExactDecimal) -> ExactDecimal? {
        let decimals = max(self.decimals, other.decimals)
        guard let left = units(decimals: decimals), let right = other.units(decimals: decimals) else { return nil }
        let (sum, isTooLarge) = left.addingReportingOverflow(right)
        return isTooLarge ? nil : ExactDecimal(units: sum, decimals: decimals)
    }

    /// Whether the number is the larger one; false also when the two have too many digits to tell.
    func isAbove(_ other: ExactDecimal) -> Bool {
        let decimals = max(self.decimals, other.decimals)
        guard let left = units(decimals: decimals), let right = other.units(decimals: decimals) else { return false }
        return left > right
    }

    /// The number in units of the last of `decimals` decimals; nil when it has more of them, or too many digits.
    func units(decimals: Int) -> Int128? {
        guard self.decimals <= decimals else { return nil }
        var value = units
        for _ in self.decimals..<decimals {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            guard !isTooLarge else { return nil }
            value = product
        }
        return value
    }
}

/// Where the digits of an xs:decimal stand that say something: `" +010.50 "` says 10 and 5.
///
/// Blanks may stand around it, a sign before it, zeros on both sides; an exponent may not.
struct DecimalDigits {
    let isNegative: Bool
    let whole: Range<Int>
    let fraction: Range<Int>

    /// Nil for a text that is no xs:decimal.
    init?(_ text: Span<UInt8>) {
        var start = 0
        var end = text.count
        while start < end, Self.isBlank(text[start]) { start += 1 }
        while end > start, Self.isBlank(text[end - 1]) { end -= 1 }
        isNegative = start < end && text[start] == 0x2D
        if start < end, text[start] == 0x2D || text[start] == 0x2B { start += 1 }
        var point: Int?
        for index in start..<end where !(0x30...0x39).contains(text[index]) {
            guard text[index] == 0x2E, point == nil else { return nil }
            point = index
        }
        guard end - start > (point == nil ? 0 : 1) else { return nil }
        var wholeStart = start
        let wholeEnd = point ?? end
        while wholeStart < wholeEnd, text[wholeStart] == 0x30 { wholeStart += 1 }
        let fractionStart = point.map { $0 + 1 } ?? end
        while end > fractionStart, text[end - 1] == 0x30 { end -= 1 }
        whole = wholeStart..<wholeEnd
        fraction = fractionStart..<max(end, fractionStart)
    }

    /// The number as amounts are written: digits, and a point only before decimals.
    func appendText(of text: Span<UInt8>, to target: inout [UInt8]) {
        if isNegative, !whole.isEmpty || !fraction.isEmpty { target.append(0x2D) }
        if whole.isEmpty { target.append(0x30) }
        for index in whole { target.append(text[index]) }
        if !fraction.isEmpty { target.append(0x2E) }
        for index in fraction { target.append(text[index]) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}
