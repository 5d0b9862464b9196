/// Bank codes of China's national payment system (联行号).
package enum CNAPSCode {
    /// Whether the code has the shape: 12 digits (3 bank, 4 region, 4 branch, 1 check).
    ///
    /// The rule of the check digit is not public with certainty, so it is not applied.
    package static func hasShape(_ code: Span<UInt8>) -> Bool {
        guard code.count == 12 else { return false }
        for index in 0..<12 where !code[index].isASCIIDigit { return false }
        return true
    }
}
