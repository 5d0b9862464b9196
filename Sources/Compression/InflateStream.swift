import CLibZ

/// zlib's state while it unpacks one stream.
struct InflateStream: ~Copyable {
    enum Status {
        case going
        case ended
        case failed
    }

    /// On the heap, because zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(sluice_inflate_init(stream) == Z_OK, "zlib is out of memory")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Unpacks from `input` until it is used up, `roomByteCount` bytes are made, or the stream ends.
    func step(
        _ input: Span<UInt8>,
        roomByteCount: Int
    ) -> (status: Status, consumed: Int, produced: [UInt8]) {
        // zlib counts in `unsigned int`; longer input takes several steps.
        let inputByteCount = min(input.count, Int(Int32.max))
        let roomByteCount = min(roomByteCount, Int(Int32.max))
        var code = Z_OK
        let produced = input.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: roomByteCount) { output, count in
                // zlib only reads the input, though its field is not const.
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = UInt32(inputByteCount)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(roomByteCount)
                code = inflate(stream, Z_NO_FLUSH)
                count = roomByteCount - Int(stream.pointee.avail_out)
                stream.pointee.next_in = nil
                stream.pointee.next_out = nil
            }
        }
        let consumed = inputByteCount - Int(stream.pointee.avail_in)
        let status: Status =
            switch code {
            case Z_STREAM_END: .ended
            // Z_BUF_ERROR: no progress was possible, which the caller sees from the counts.
            case Z_OK, Z_BUF_ERROR: .going
            default: .failed
            }
        return (status, consumed, produced)
    }
}
