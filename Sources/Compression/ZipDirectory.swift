/// The end of a zip archive: the directory of its entries and the record that closes it (APPNOTE 4.3.12 to 4.3.16).
///
/// libarchive, reading a stream, looks at none of it. So a file cut behind its data would pass, and another program
/// that begins at the end, as most do, could see another file in the same bytes.
struct ZipDirectory {
    /// What reading the entry from the front has shown.
    struct Entry {
        let header: ZipLocalHeader
        let crc: UInt32
        let byteCount: Int64
    }

    static let endSignature: [UInt8] = [0x50, 0x4B, 0x05, 0x06]
    private static let recordSignature: [UInt8] = [0x50, 0x4B, 0x01, 0x02]
    private static let wideEndSignature: [UInt8] = [0x50, 0x4B, 0x06, 0x06]
    private static let locatorSignature: [UInt8] = [0x50, 0x4B, 0x06, 0x07]
    private static let endBytes = 22
    private static let recordBytes = 46
    private static let wideEndBytes = 56
    private static let locatorBytes = 20
    /// With one entry, the longest fields and a comment.
    static let bytesMax = recordBytes + 3 * Int(UInt16.max) + wideEndBytes + locatorBytes + endBytes + Int(UInt16.max)

    /// The counts and places that the closing records state.
    private struct Closing {
        var entries: UInt64
        var byteCount: UInt64
        var offset: UInt64
        /// Where the closing records begin.
        var start: UInt64
    }

    /// The last bytes of the archive: `bytesMax` of them, or all.
    private let tail: [UInt8]
    /// The offset of the first of them.
    private let tailStart: UInt64

    init(tail: [UInt8], tailStart: Int64) {
        self.tail = tail
        self.tailStart = UInt64(tailStart)
    }

    /// Holds the directory against the one entry that was read.
    func check(_ entry: Entry) throws(UnpackError.Code) {
        let closing = try self.closing()
        guard closing.entries > 0 else { throw .noEntry }
        guard closing.entries == 1 else { throw .severalEntries }
        // Nothing may lie between the directory and its end.
        let (end, overflow) = closing.offset.addingReportingOverflow(closing.byteCount)
        guard !overflow, end == closing.start, closing.offset >= tailStart else { throw .malformed }
        let record = tail[Int(closing.offset - tailStart)..<Int(closing.start - tailStart)]
        try check(record, offset: closing.offset, entry)
    }

    private func closing() throws(UnpackError.Code) -> Closing {
        let at = try endOffset()
        let end = LittleEndian(bytes: tail[at...])
        guard end.uint16(at: 4) == 0, end.uint16(at: 6) == 0, end.uint16(at: 8) == end.uint16(at: 10) else {
            throw .malformed
        }
        var closing = Closing(
            entries: UInt64(end.uint16(at: 10)),
            byteCount: UInt64(end.uint32(at: 12)),
            offset: UInt64(end.uint32(at: 16)),
            start: tailStart + UInt64(at)
        )
        let locatorAt = at - Self.locatorBytes
        guard locatorAt >= 0, tail[locatorAt...].starts(with: Self.locatorSignature) else { return closing }
        let wideAt = locatorAt - Self.wideEndBytes
        guard wideAt >= 0, tail[wideAt...].starts(with: Self.wideEndSignature) else { throw .malformed }
        let locator = LittleEndian(bytes: tail[locatorAt...])
        let wide = LittleEndian(bytes: tail[wideAt...])
        guard locator.uint32(at: 4) == 0, locator.uint64(at: 8) == tailStart + UInt64(wideAt),
            wide.uint64(at: 4) == UInt64(Self.wideEndBytes - 12), wide.uint32(at: 16) == 0, wide.uint32(at: 20) == 0,
            wide.uint64(at: 24) == wide.uint64(at: 32),
            closing.entries == UInt64(UInt16.max) || closing.entries == wide.uint64(at: 32),
            closing.byteCount == UInt64(UInt32.max) || closing.byteCount == wide.uint64(at: 40),
            closing.offset == UInt64(UInt32.max) || closing.offset == wide.uint64(at: 48)
        else { throw .malformed }
        closing.entries = wide.uint64(at: 32)
        closing.byteCount = wide.uint64(at: 40)
        closing.offset = wide.uint64(at: 48)
        closing.start = tailStart + UInt64(wideAt)
        return closing
    }

    /// The place in `tail` of the closing record, whose comment must reach to the last byte.
    private func endOffset() throws(UnpackError.Code) -> Int {
        var failure = UnpackError.Code.truncated
        for at in stride(from: tail.count - Self.endBytes, through: 0, by: -1)
        where tail[at] == 0x50 && tail[at...].starts(with: Self.endSignature) {
            let end = at + Self.endBytes + Int(LittleEndian(bytes: tail[at...]).uint16(at: 20))
            if end == tail.count { return at }
            if end < tail.count { failure = .trailingBytes }
        }
        throw failure
    }

    private func check(
        _ record: ArraySlice<UInt8>,
        offset: UInt64,
        _ entry: Entry
    ) throws(UnpackError.Code) {
        guard record.count >= Self.recordBytes, record.starts(with: Self.recordSignature) else { throw .malformed }
        let fields = LittleEndian(bytes: record)
        let nameBytes = Int(fields.uint16(at: 28))
        let extraBytes = Int(fields.uint16(at: 30))
        guard record.count == Self.recordBytes + nameBytes + extraBytes + Int(fields.uint16(at: 32)) else {
            throw .malformed
        }
        let flags = ZipLocalHeader.Flags(rawValue: fields.uint16(at: 8))
        guard flags.isDisjoint(with: .encrypted) else { throw .entryEncrypted }
        let name = Array(record.dropFirst(Self.recordBytes).prefix(nameBytes))
        try ZipLocalHeader.check(name: name, flags: flags)
        guard !isFolderOrLink(fields) else { throw .entryNoFile }
        let extra = record.dropFirst(Self.recordBytes + nameBytes).prefix(extraBytes)
        let sizes = try Sizes(fields, extra: extra)
        guard name == entry.header.name, fields.uint16(at: 10) == entry.header.method,
            fields.uint32(at: 16) == entry.crc, sizes.unpacked == UInt64(entry.byteCount), sizes.headerOffset == 0
        else { throw .malformed }
        // What follows the data, where the local header says so: a checksum and two lengths of 4 or 8 bytes, after a
        // mark or not.
        let follows: Set<UInt64> = entry.header.flags.contains(.lengthsFollow) ? [12, 16, 20, 24] : [0]
        let (dataEnd, overflow) = sizes.packed.addingReportingOverflow(UInt64(entry.header.byteCount))
        guard !overflow, dataEnd <= offset, follows.contains(offset - dataEnd) else { throw .malformed }
    }

    private func isFolderOrLink(_ fields: LittleEndian) -> Bool {
        let attributes = fields.uint32(at: 38)
        let isFromUnix = fields.uint16(at: 4) >> 8 == 3
        let kind = attributes >> 28
        // A plain file (S_IFREG) or unsaid; Info-ZIP says a pipe (S_IFIFO) of what was packed out of one.
        let plain: Set<UInt32> = [0, 1, 8]
        if isFromUnix, !plain.contains(kind) { return true }
        let isFolderOfDOS = attributes & 0x10 != 0
        return isFolderOfDOS
    }

    /// Lengths and place, from the record or, where that is full, from its extra field of zip64.
    private struct Sizes {
        private static let wideField: UInt16 = 1

        let unpacked: UInt64
        let packed: UInt64
        let headerOffset: UInt64

        init(_ fields: LittleEndian, extra: ArraySlice<UInt8>) throws(UnpackError.Code) {
            var wide = try Self.wideBytes(of: extra)
            unpacked = try Self.number(fields.uint32(at: 24), &wide)
            packed = try Self.number(fields.uint32(at: 20), &wide)
            headerOffset = try Self.number(fields.uint32(at: 42), &wide)
        }

        private static func number(_ narrow: UInt32, _ wide: inout ArraySlice<UInt8>) throws(UnpackError.Code) -> UInt64
        {
            guard narrow == UInt32.max else { return UInt64(narrow) }
            guard wide.count >= 8 else { throw .malformed }
            defer { wide = wide.dropFirst(8) }
            return LittleEndian(bytes: wide).uint64(at: 0)
        }

        private static func wideBytes(of extra: ArraySlice<UInt8>) throws(UnpackError.Code) -> ArraySlice<UInt8> {
            var rest = extra
            while rest.count >= 4 {
                let field = LittleEndian(bytes: rest)
                let byteCount = Int(field.uint16(at: 2))
                rest = rest.dropFirst(4)
                guard rest.count >= byteCount else { throw .malformed }
                if field.uint16(at: 0) == wideField { return rest.prefix(byteCount) }
                rest = rest.dropFirst(byteCount)
            }
            return []
        }
    }
}
