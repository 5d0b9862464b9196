/// Numbers of an archive's records, lowest byte first.
///
/// Every read is within the bytes, or traps: callers look at the length first.
struct LittleEndian {
    let bytes: ArraySlice<UInt8>

    func uint16(at offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(at: offset, byteCount: 2)) }

    func uint32(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(at: offset, byteCount: 4)) }

    func uint64(at offset: Int) -> UInt64 { number(at: offset, byteCount: 8) }

    private func number(at offset: Int, byteCount: Int) -> UInt64 {
        let start = bytes.startIndex + offset
        return bytes[start..<start + byteCount].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
