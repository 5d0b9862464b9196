/// What stands before an entry's data in a zip archive (APPNOTE 4.3.7).
///
/// libarchive reads it too, but takes encrypted entries, other methods and any name.
struct ZipLocalHeader {
    static let signature: [UInt8] = [0x50, 0x4B, 0x03, 0x04]
    private static let fixedBytes = 30
    /// With the longest name and extra fields.
    static let bytesMax = fixedBytes + 2 * Int(UInt16.max)

    struct Flags: OptionSet {
        let rawValue: UInt16

        /// The lengths and the checksum follow the data.
        static let lengthsFollow = Flags(rawValue: 1 << 3)
        static let nameIsUTF8 = Flags(rawValue: 1 << 11)
        /// The entry, strongly, or the directory is encrypted.
        static let encrypted = Flags(rawValue: 1 << 0 | 1 << 6 | 1 << 13)
    }

    let flags: Flags
    let method: UInt16
    let name: [UInt8]
    /// The header's own length: where the data begin.
    let byteCount: Int

    /// Reads the header at the beginning of an archive, of which `bytes` hold `bytesMax` unless it is shorter.
    init(beginning bytes: ArraySlice<UInt8>) throws(UnpackError.Code) {
        guard bytes.starts(with: Self.signature) else {
            if bytes.count < Self.signature.count, Self.signature.starts(with: bytes) { throw .truncated }
            throw bytes.starts(with: ZipDirectory.endSignature) ? .noEntry : .malformed
        }
        guard bytes.count >= Self.fixedBytes else { throw .truncated }
        let fields = LittleEndian(bytes: bytes)
        flags = Flags(rawValue: fields.uint16(at: 6))
        method = fields.uint16(at: 8)
        let nameBytes = Int(fields.uint16(at: 26))
        byteCount = Self.fixedBytes + nameBytes + Int(fields.uint16(at: 28))
        guard bytes.count >= byteCount else { throw .truncated }
        name = Array(bytes.dropFirst(Self.fixedBytes).prefix(nameBytes))
        guard flags.isDisjoint(with: .encrypted) else { throw .entryEncrypted }
        try Self.check(name: name, flags: flags)
        // 99 is the method of entries encrypted with AES.
        switch method {
        case 0, 8: break
        case 99: throw .entryEncrypted
        default: throw .methodUnsupported
        }
    }

    /// Refuses the names of folders, and those that could name anything but a plain file below a folder.
    static func check(name: [UInt8], flags: Flags) throws(UnpackError.Code) {
        let slash = UInt8(ascii: "/")
        let backslash = UInt8(ascii: "\\")
        guard let first = name.first, name.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .entryNameUnsafe }
        let isAbsolute = first == slash || first == backslash || name.dropFirst().first == UInt8(ascii: ":")
        let leadsUp = name.split(separator: slash).contains { $0.elementsEqual([0x2E, 0x2E]) }
        guard !isAbsolute, !leadsUp else { throw .entryNameUnsafe }
        // In GBK, as Windows writes names without the mark of UTF-8, a backslash may be a character's second byte.
        for (index, byte) in name.enumerated() where byte == backslash {
            guard !flags.contains(.nameIsUTF8), name[index - 1] >= 0x81 else { throw .entryNameUnsafe }
        }
        guard name.last != slash else { throw .entryNoFile }
    }
}
