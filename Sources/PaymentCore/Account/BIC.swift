/// Business identifier codes (ISO 9362).
package enum BIC {
    /// Whether the code has the shape of ISO 9362:2014: `[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?`.
    ///
    /// Whether such a code exists needs a directory.
    package static func hasShape(_ code: Span<UInt8>) -> Bool {
        guard code.count == 8 || code.count == 11 else { return false }
        for index in 0..<code.count {
            let byte = code[index]
            let isCountry = index == 4 || index == 5
            guard byte.isASCIICapital || (byte.isASCIIDigit && !isCountry) else { return false }
        }
        return true
    }
}
