import CLibArchive
import CLibZ

/// Unpacks a zip archive that holds exactly one file, with libarchive in streaming mode.
///
/// libarchive pulls and this is pushed. No thread stands between the two: libarchive is only called while more bytes
/// are in hand than one call can ask for, or all that there are. One call reads at most a header with its name and
/// extra fields, or one block of data; only a search through bytes that should not be there asks for more, and is
/// refused.
// @unchecked Sendable: every use of both pointers is `mutating`, so the compiler's exclusivity rule guards them;
// nothing in libarchive ties an archive to the thread that made it.
package struct ZipUnpacker: ~Copyable, Unpacking, @unchecked Sendable {
    private enum State {
        case beginning
        case data
        /// The entry's data have ended; what follows must be the directory.
        case entryEnd
        case directory
    }

    /// In hand before libarchive is called: more than the longest header, and the blocks at its ends.
    private static let reserveBytes = 4 * 64 * 1_024

    private let archive: OpaquePointer
    /// On the heap, because libarchive keeps a pointer to it.
    private let source: UnsafeMutablePointer<ZipSource>
    private var meter: UnpackMeter
    private var state = State.beginning
    private var header: ZipLocalHeader?
    private var crc: UInt32 = 0
    private var tail: [UInt8] = []
    private var byteCount: Int64 = 0
    /// Where the entry's data had ended at the latest.
    private var entryEnd: Int64 = 0

    package init(limits: UnpackLimits = UnpackLimits()) {
        meter = UnpackMeter(limits: limits)
        source = .allocate(capacity: 1)
        source.initialize(to: ZipSource())
        guard let archive = archive_read_new() else { preconditionFailure("libarchive is out of memory") }
        precondition(
            archive_read_support_format_zip_streamable(archive) == ARCHIVE_OK,
            "libarchive was built without zip"
        )
        self.archive = archive
    }

    deinit {
        archive_read_free(archive)
        source.pointee.deallocate()
        source.deinitialize(count: 1)
        source.deallocate()
    }

    package mutating func unpack(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        keepTail(bytes)
        if state != .directory { source.pointee.append(bytes) }
        while state != .directory, isLast || source.pointee.waitingCount >= Self.reserveBytes {
            try step(isLast: isLast, body)
        }
        if state == .directory {
            guard byteCount - entryEnd <= Int64(ZipDirectory.bytesMax) else { throw failure(.trailingBytes) }
            if isLast { try checkDirectory() }
        }
    }

    private mutating func step(isLast: Bool, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        switch state {
        case .beginning: try begin(isLast: isLast)
        case .data: try readBlock(isLast: isLast, body)
        case .entryEnd: try endEntry(isLast: isLast)
        case .directory: preconditionFailure("nothing of the directory is given to libarchive")
        }
    }

    private mutating func begin(isLast: Bool) throws {
        do throws(UnpackError.Code) {
            header = try ZipLocalHeader(beginning: source.pointee.waitingBytes)
        } catch {
            throw failure(error)
        }
        guard archive_read_open(archive, source, nil, ZipSource.read, nil) == ARCHIVE_OK else {
            throw broken(isLast: isLast)
        }
        var entry: OpaquePointer?
        switch archive_read_next_header(archive, &entry) {
        // A warning says that the name does not fit the locale, which does not matter.
        case ARCHIVE_OK, ARCHIVE_WARN: break
        default: throw broken(isLast: isLast)
        }
        guard archive_entry_filetype(entry) == S_IFREG else { throw failure(.entryNoFile) }
        state = .data
    }

    private mutating func readBlock(isLast: Bool, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        switch archive_read_data_block(archive, &start, &count, &offset) {
        case ARCHIVE_EOF:
            entryEnd = source.pointee.handedOver
            state = .entryEnd
        case ARCHIVE_OK:
            let block = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
            meter.taken = source.pointee.handedOver
            try meter.count(made: count)
            crc = UInt32(truncatingIfNeeded: crc32(uLong(crc), block, uInt(count)))
            if count > 0 { try body(block[...]) }
        // A warning, too: it is how a wrong checksum or length is told.
        default: throw broken(isLast: isLast)
        }
    }

    private mutating func endEntry(isLast: Bool) throws {
        var entry: OpaquePointer?
        switch archive_read_next_header(archive, &entry) {
        case ARCHIVE_EOF: state = .directory
        case ARCHIVE_OK, ARCHIVE_WARN: throw failure(.severalEntries)
        default: throw broken(isLast: isLast)
        }
    }

    private func checkDirectory() throws {
        guard let header else { preconditionFailure("the directory is read after the entry") }
        let directory = ZipDirectory(tail: tail, tailStart: byteCount - Int64(tail.count))
        do throws(UnpackError.Code) {
            try directory.check(ZipDirectory.Entry(header: header, crc: crc, byteCount: meter.made))
        } catch {
            throw UnpackError(code: error, byteOffset: byteCount)
        }
    }

    /// Keeps at least the last bytes that the directory can take, and never more than twice as many and a part.
    private mutating func keepTail(_ bytes: ArraySlice<UInt8>) {
        byteCount += Int64(bytes.count)
        tail.append(contentsOf: bytes.suffix(ZipDirectory.bytesMax))
        if tail.count > 2 * ZipDirectory.bytesMax { tail.removeFirst(tail.count - ZipDirectory.bytesMax) }
    }

    private func broken(isLast: Bool) -> UnpackError {
        failure(isLast && source.pointee.ranDry ? .truncated : .malformed)
    }

    private func failure(_ code: UnpackError.Code) -> UnpackError {
        UnpackError(code: code, byteOffset: source.pointee.handedOver)
    }
}
