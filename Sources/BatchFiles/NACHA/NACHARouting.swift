/// The check digit of routing numbers: weights 3, 7, 1 over the first eight digits, up to the next ten.
enum NACHARouting {
    private static let weights = [3, 7, 1]

    /// The ninth digit, in ASCII, after these eight.
    static func checkDigit(_ digits: ArraySlice<UInt8>) -> UInt8 {
        var sum = 0
        var weight = 0
        for digit in digits {
            sum += Int(digit & 0x0F) * weights[weight]
            weight = weight == 2 ? 0 : weight + 1
        }
        return 0x30 + UInt8((10 - sum % 10) % 10)
    }
}
