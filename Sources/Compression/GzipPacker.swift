import CLibZ

/// Packs bytes that come in parts as one member of gzip (RFC 1952), in bounded memory.
// @unchecked Sendable: every use of the state is `mutating`, so the compiler's exclusivity rule guards it; nothing in
// zlib ties a stream to the thread that made it.
package struct GzipPacker: ~Copyable, @unchecked Sendable {
    private static let room = 64 * 1_024

    /// On the heap, because zlib keeps a pointer back to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isEnded = false

    /// `level`: 1 (fastest) through 9 (smallest).
    package init(level: Int = 6) {
        precondition((1...9).contains(level), "a compression level is 1 through 9")
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // The largest window, and gzip around it.
        precondition(sluice_deflate_init(stream, Int32(level), 31) == Z_OK, "zlib is out of memory")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Takes the next bytes, and calls `body` with what they complete.
    package mutating func pack(_ bytes: [UInt8], _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        precondition(!isEnded, "a packed stream has ended")
        precondition(bytes.count <= Int32.max, "bytes are packed in parts below 2 GiB")
        try deflate(bytes, Z_NO_FLUSH, body)
    }

    /// Ends the stream, and calls `body` with the rest.
    package mutating func end(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
        precondition(!isEnded, "a packed stream ends once")
        isEnded = true
        try deflate([], Z_FINISH, body)
    }

    private func deflate(_ bytes: [UInt8], _ flush: Int32, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        try bytes.withUnsafeBufferPointer { input in
            // zlib only reads the input, though its field is not const.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            defer { stream.pointee.next_in = nil }
            var isFull = true
            // Output that does not fill the room: there is no more of it.
            while isFull {
                let packed = [UInt8](unsafeUninitializedCapacity: Self.room) { output, count in
                    stream.pointee.next_out = output.baseAddress
                    stream.pointee.avail_out = UInt32(Self.room)
                    let status = CLibZ.deflate(stream, flush)
                    precondition(status != Z_STREAM_ERROR, "zlib's state is damaged")
                    count = Self.room - Int(stream.pointee.avail_out)
                    stream.pointee.next_out = nil
                }
                isFull = packed.count == Self.room
                if !packed.isEmpty { try body(packed[...]) }
            }
        }
    }
}
