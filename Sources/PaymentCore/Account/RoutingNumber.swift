/// Routing numbers of banks in the United States (ABA).
package enum RoutingNumber {
    private static let weights = [3, 7, 1]

    /// Whether the number is nine digits of which the last is the check digit (weights 3, 7, 1).
    ///
    /// Nine zeros are none. Whether such a bank exists needs a directory.
    package static func isValid(_ number: Span<UInt8>) -> Bool {
        guard number.count == 9 else { return false }
        var sum = 0
        for index in 0..<9 {
            guard number[index].isASCIIDigit else { return false }
            sum += Int(number[index] - 0x30) * weights[index % 3]
        }
        return sum > 0 && sum % 10 == 0
    }
}
