/// Counts what goes in and comes out, and holds the limits.
struct UnpackMeter {
    let limits: UnpackLimits
    /// Packed bytes read so far.
    var taken: Int64 = 0
    /// Bytes of contents so far.
    private(set) var made: Int64 = 0

    init(limits: UnpackLimits) { self.limits = limits }

    /// Counts bytes of contents before they are handed out.
    mutating func count(made byteCount: Int) throws(UnpackError) {
        made += Int64(byteCount)
        if made > limits.bytesMax { throw error(.tooLarge) }
        guard made > limits.ratioFreeBytes else { return }
        let (allowed, overflow) = taken.multipliedReportingOverflow(by: limits.ratioMax)
        if !overflow, made > allowed { throw error(.ratioTooHigh) }
    }

    func error(_ code: UnpackError.Code) -> UnpackError { UnpackError(code: code, byteOffset: taken) }
}
