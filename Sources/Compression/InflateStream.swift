import CLibZ

/// zlib's state while it unpacks one stream.
// @unchecked Sendable: the owner is the only one to reach the state, and the compiler's exclusivity rule guards it;
// nothing in zlib ties a stream to the thread that made it.
struct InflateStream: ~Copyable, @unchecked Sendable {
    /// What stands around the DEFLATE data; the value is zlib's `windowBits`, with the largest window.
    enum Form: Int32 {
        /// RFC 1950: a header and an Adler-32 checksum.
        case zlib = 15
        /// RFC 1951: nothing.
        case raw = -15
        /// RFC 1952: a header, a CRC-32 and the length.
        case gzip = 31
    }

    enum Status {
        case going
        case ended
        case failed
    }

    /// On the heap, because zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    init(form: Form = .zlib) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(sluice_inflate_init(stream, form.rawValue) == Z_OK, "zlib is out of memory")
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Makes ready for another stream of the same form.
    func reset() {
        precondition(inflateReset(stream) == Z_OK, "zlib's state is damaged")
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
