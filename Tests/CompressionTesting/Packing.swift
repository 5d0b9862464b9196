import Compression

/// Packs bytes, and builds archives that no program makes.
package enum Packing {
    /// A small file of eight records.
    package static let contents = Array(
        (1...8).map { "A-000\($0),6228480040106028109,name \($0),,\($0).00,wages\n" }.joined().utf8
    )

    /// DEFLATE data without zlib's header and checksum.
    package static func deflated(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
        Array(Deflate.compress(bytes, level: level).dropFirst(2).dropLast(4))
    }

    /// One member of gzip; `crc` and `byteCount` are right unless told otherwise.
    package static func gzip(_ bytes: [UInt8], crc: Int? = nil, byteCount: Int? = nil, level: Int = 6) -> [UInt8] {
        [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + deflated(bytes, level: level) + little(crc ?? crc32(bytes), 4)
            + little(byteCount ?? bytes.count, 4)
    }

    /// Base64 in lines of `lineLength`, each with its end, or without lines.
    package static func base64(_ bytes: [UInt8], lineLength: Int? = nil, lineEnd: String = "\n") -> [UInt8] {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let number = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[start + $1]) : 0) }
            for index in 0..<4 {
                text.append(index <= group.count ? digits[number >> (18 - 6 * index) & 0x3F] : UInt8(ascii: "="))
            }
        }
        guard let lineLength else { return text }
        return stride(from: 0, to: text.count, by: lineLength).flatMap { start in
            text[start..<min(start + lineLength, text.count)] + lineEnd.utf8
        }
    }

    /// An archive of these entries, whose bytes begin with `prefix`.
    package static func zip(_ entries: [PackedEntry], comment: String = "", prefix: [UInt8] = []) -> [UInt8] {
        var archive = prefix
        var directory: [UInt8] = []
        for entry in entries {
            let offset = archive.count
            let data = entry.method == 8 ? deflated(entry.contents) : entry.contents
            let crc = little(entry.crc ?? crc32(entry.contents), 4)
            let packedCount = little(data.count, 4)
            let followsData = entry.flags & 8 != 0
            let byteCount = entry.byteCount ?? entry.contents.count
            let common = little(entry.flags, 2) + little(entry.method, 2) + little(0, 4)
            archive += [0x50, 0x4B, 3, 4] + little(20, 2) + common
            archive += followsData ? little(0, 12) : crc + packedCount + little(byteCount, 4)
            archive += little(entry.name.count, 2) + little(0, 2) + entry.name + data
            if followsData { archive += [0x50, 0x4B, 7, 8] + crc + packedCount + little(byteCount, 4) }
            archive += entry.gap
            let name = entry.directoryName ?? entry.name
            directory += [0x50, 0x4B, 1, 2] + little(3 << 8 | 20, 2) + little(20, 2) + common + crc + packedCount
            directory += little(entry.directoryByteCount ?? byteCount, 4) + little(name.count, 2) + little(0, 8)
            directory += little(entry.attributes, 4) + little(offset, 4) + name
        }
        let start = archive.count
        archive += directory + [0x50, 0x4B, 5, 6] + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
        return archive + little(directory.count, 4) + little(start, 4) + little(comment.utf8.count, 2) + comment.utf8
    }

    /// An archive of one entry, changed by `change`.
    package static func zip(_ change: (inout PackedEntry) -> Void = { _ in }) -> [UInt8] {
        var entry = PackedEntry()
        change(&entry)
        return zip([entry])
    }

    private static func little(_ value: Int, _ byteCount: Int) -> [UInt8] {
        (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> Int {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return Int(~crc)
    }
}
