/// How much may come out of packed bytes.
package struct UnpackLimits: Sendable, Hashable {
    /// The longest contents, in bytes.
    package let bytesMax: Int64
    /// How many times longer than the packed bytes the contents may be.
    package let ratioMax: Int64
    /// So many bytes come out before the ratio is looked at: short contents of one kind may pack very well.
    package let ratioFreeBytes: Int64

    package init(bytesMax: Int64 = 2 << 30, ratioMax: Int64 = 200, ratioFreeBytes: Int64 = 1 << 20) {
        precondition(bytesMax > 0 && bytesMax < Int64.max / 2, "a size limit is positive")
        precondition(ratioMax > 0 && ratioFreeBytes >= 0, "a ratio limit is positive")
        self.bytesMax = bytesMax
        self.ratioMax = ratioMax
        self.ratioFreeBytes = ratioFreeBytes
    }
}
