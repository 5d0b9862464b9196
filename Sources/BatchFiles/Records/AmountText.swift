/// What the bytes of an amount say: exact, digit by digit, without locale, exponent or rounding.
///
/// Grammar: `-`? digits (`.` digits)?; nothing else, not even a space or a plus.
enum AmountText<Value: FixedWidthInteger & Sendable>: Sendable, Equatable {
    /// The amount in minor units; it may be zero or negative.
    case value(Value)
    /// Not an amount.
    case malformed
    /// More decimals than the currency has, even if they are zeros: it may be meant in another unit.
    case tooManyDecimals
    /// An amount beyond what `Value` holds.
    case outOfRange

    /// Reads `bytes`, written in `unit` of a currency with `minorUnits` decimals.
    init(_ bytes: Span<UInt8>, unit: AmountUnit, minorUnits: Int) {
        let decimalsMax = unit == .major ? minorUnits : 0
        var index = 0
        let isNegative = bytes.count > 0 && bytes[0] == 0x2D
        if isNegative { index = 1 }
        var value: Value = 0
        var isOutOfRange = false
        var digits = 0
        var decimals: Int?
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x2E, decimals == nil, digits > 0 {
                decimals = 0
                continue
            }
            guard byte >= 0x30, byte <= 0x39 else {
                self = .malformed
                return
            }
            digits += 1
            if let seen = decimals { decimals = seen + 1 }
            guard decimals ?? 0 <= decimalsMax else { continue }
            Self.append(Value(byte - 0x30), to: &value, &isOutOfRange)
        }
        guard digits > 0, decimals != 0 else {
            self = .malformed
            return
        }
        guard decimals ?? 0 <= decimalsMax else {
            self = .tooManyDecimals
            return
        }
        for _ in (decimals ?? 0)..<decimalsMax { Self.append(0, to: &value, &isOutOfRange) }
        self = isOutOfRange ? .outOfRange : .value(isNegative ? 0 - value : value)
    }

    private static func append(_ digit: Value, to value: inout Value, _ isOutOfRange: inout Bool) {
        let (product, multiplied) = value.multipliedReportingOverflow(by: 10)
        let (sum, added) = product.addingReportingOverflow(digit)
        value = sum
        isOutOfRange = isOutOfRange || multiplied || added
    }
}
