import CLibArchive

/// The packed bytes in hand, as libarchive asks for them.
struct ZipSource {
    /// Handed over at a time.
    private static let blockBytes = 64 * 1_024

    /// Bytes that libarchive has not asked for yet, from `next` on.
    private var waiting: [UInt8] = []
    private var next = 0
    /// libarchive keeps pointers into what it was handed last.
    private let block = UnsafeMutablePointer<UInt8>.allocate(capacity: blockBytes)
    /// How many bytes libarchive was handed.
    private(set) var handedOver: Int64 = 0
    /// Whether libarchive asked when nothing was left.
    private(set) var ranDry = false

    var waitingCount: Int { waiting.count - next }

    /// The bytes in hand.
    var waitingBytes: ArraySlice<UInt8> { waiting[next...] }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        waiting.removeSubrange(0..<next)
        next = 0
        waiting.append(contentsOf: bytes)
    }

    func deallocate() { block.deallocate() }

    /// Answers the next bytes; they stay in place until the next call.
    fileprivate mutating func handOver() -> UnsafeBufferPointer<UInt8> {
        let count = min(waitingCount, Self.blockBytes)
        ranDry = count == 0
        waiting.withUnsafeBufferPointer { bytes in
            if let base = bytes.baseAddress { block.update(from: base + next, count: count) }
        }
        next += count
        handedOver += Int64(count)
        return UnsafeBufferPointer(start: block, count: count)
    }

    /// libarchive's read callback; the client data are a pointer to a `ZipSource`.
    static let read:
        @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?, UnsafeMutablePointer<UnsafeRawPointer?>?)
            -> la_ssize_t = { _, source, buffer in
                guard let source, let buffer else { return la_ssize_t(ARCHIVE_FATAL) }
                let bytes = source.assumingMemoryBound(to: ZipSource.self).pointee.handOver()
                buffer.pointee = UnsafeRawPointer(bytes.baseAddress)
                return bytes.count
            }
}
