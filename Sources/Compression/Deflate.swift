import CLibZ

/// DEFLATE in zlib format (RFC 1950, RFC 1951), whole messages in memory.
package enum Deflate {
    /// Compresses `bytes`; `level` is 0 (store) through 9 (smallest), 1 being the fastest that compresses.
    package static func compress(_ bytes: [UInt8], level: Int = 1) -> [UInt8] {
        precondition((0...9).contains(level), "a compression level is 0 through 9")
        let bound = Int(compressBound(uLong(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            var byteCount = uLongf(bound)
            let status = compress2(buffer.baseAddress, &byteCount, bytes, uLong(bytes.count), Int32(level))
            // The buffer fits by `compressBound`, so only a lack of memory is left.
            precondition(status == Z_OK, "zlib is out of memory")
            count = Int(byteCount)
        }
    }

    /// Unpacks exactly one zlib stream whose contents are known to have `byteCount` bytes, at once.
    ///
    /// `byteCount` is taken of memory before a byte is read: it is to come from whoever made the stream.
    package static func decompress(_ bytes: [UInt8], byteCount: Int) throws(CompressionError) -> [UInt8] {
        var status = Z_OK
        var consumed = uLong(bytes.count)
        // One byte beyond tells "exactly so many" from "more".
        let contents = [UInt8](unsafeUninitializedCapacity: byteCount + 1) { buffer, count in
            var produced = uLongf(byteCount + 1)
            status = uncompress2(buffer.baseAddress, &produced, bytes, &consumed)
            count = Int(produced)
        }
        switch status {
        case Z_OK: break
        case Z_BUF_ERROR: throw .tooLarge(bytesMax: byteCount)
        case Z_MEM_ERROR: preconditionFailure("zlib is out of memory")
        // A stream that was cut is one of them.
        default: throw .malformed
        }
        guard contents.count <= byteCount else { throw .tooLarge(bytesMax: byteCount) }
        guard contents.count == byteCount else { throw .truncated }
        let trailing = bytes.count - Int(consumed)
        guard trailing == 0 else { throw .trailingBytes(byteCount: trailing) }
        return contents
    }

    /// Unpacks exactly one zlib stream of at most `bytesMax` bytes of contents.
    ///
    /// Memory grows with the contents, never beyond the limit, whatever the stream promises (a "zip bomb").
    package static func decompress(_ bytes: [UInt8], bytesMax: Int) throws(CompressionError) -> [UInt8] {
        precondition(bytesMax >= 0 && bytesMax < Int.max, "a size limit is not negative")
        let stream = InflateStream()
        // One byte beyond the limit tells "exactly full" from "too large".
        let roomMax = bytesMax + 1
        var contents: [UInt8] = []
        var room = min(roomMax, max(4 * 1_024, min(bytes.count, roomMax / 4) * 4))
        var consumed = 0
        while true {
            let step = stream.step(bytes.span.extracting(consumed...), roomByteCount: room - contents.count)
            consumed += step.consumed
            contents += step.produced
            guard contents.count <= bytesMax else { throw .tooLarge(bytesMax: bytesMax) }
            switch step.status {
            case .ended:
                guard consumed == bytes.count else { throw .trailingBytes(byteCount: bytes.count - consumed) }
                return contents
            case .going where contents.count == room:
                room = min(roomMax, room * 2)
            case .going:
                guard consumed < bytes.count else { throw .truncated }
            case .failed:
                throw .malformed
            }
        }
    }
}
