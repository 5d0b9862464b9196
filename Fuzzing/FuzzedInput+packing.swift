import BatchFiles
import Compression
import CompressionTesting

extension FuzzedInput {
    /// The file as it is, or packed, well or with something wrong: bytes alone hardly ever make a packing whose
    /// checksums fit.
    func packed(_ kind: Wrapping.Kind) -> ChangedFile {
        let choice = Int(change) / 4
        switch change % 4 {
        case 0: return ChangedFile(packed: file, of: nil)
        case 1: return ChangedFile(packed: well(kind, choice), of: file)
        case 2: return ChangedFile(packed: damaged(well(kind, choice)), of: nil)
        default: return ChangedFile(packed: badly(kind, choice), of: nil)
        }
    }

    private func well(_ kind: Wrapping.Kind, _ choice: Int) -> [UInt8] {
        let level = choice % 10
        switch kind {
        case .none: return file
        case .gzip:
            // Several members, one after another, are one file.
            let middle = file.count * (choice % 4) / 4
            guard middle > 0 else { return Packing.gzip(file, level: level) }
            return Packing.gzip(Array(file[..<middle]), level: level) + Packing.gzip(Array(file[middle...]))
        case .zip:
            return Packing.zip { entry in
                entry.contents = file
                entry.method = choice % 2 == 0 ? 8 : 0
                // Lengths may follow packed data, as programs write that cannot go back.
                entry.flags = entry.method == 8 && choice % 4 == 2 ? 8 : 0
            }
        case .deflateBase64:
            let data = choice % 2 == 0 ? Deflate.compress(file, level: level) : Packing.deflated(file, level: level)
            let lengths = [nil, 76, 64, 4]
            return Packing.base64(
                data,
                lineLength: lengths[choice / 2 % lengths.count],
                lineEnd: choice / 8 % 2 == 0 ? "\n" : "\r\n"
            )
        }
    }

    /// With one byte changed, or cut, or followed by more.
    private func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        let place = index(below: bytes.count)
        switch cut % 5 {
        case 0: bytes[place] ^= 1 << (cut / 5 % 8)
        case 1: bytes[place] = cut
        case 2: bytes.remove(at: place)
        case 3: bytes.removeSubrange(place...)
        default: bytes += bytes.prefix(place)
        }
        return bytes
    }

    /// With headers that say something else than what is there.
    private func badly(_ kind: Wrapping.Kind, _ choice: Int) -> [UInt8] {
        let bit = choice % 2 == 0
        switch kind {
        case .none: return file
        case .gzip: return Packing.gzip(file, crc: bit ? choice : nil, byteCount: bit ? nil : file.count + choice)
        case .zip:
            var entry = PackedEntry()
            let half = file.count / 2
            entry.contents = Array(file[half...])
            switch choice % 12 {
            case 0: entry.name = Array(file[..<half])
            case 1: entry.directoryName = Array(file[..<half])
            case 2: entry.method = choice
            case 3: entry.flags = choice
            case 4: entry.crc = choice
            case 5: entry.byteCount = half
            case 6: entry.directoryByteCount = half
            case 7: entry.attributes = choice << 26
            case 8: entry.gap = Array(file[..<half])
            case 9: return Packing.zip([entry, PackedEntry()])
            case 10: return Packing.zip([entry], comment: String(decoding: file[..<half], as: UTF8.self))
            default: return Packing.zip([entry], prefix: Array(file[..<half]))
            }
            return Packing.zip([entry])
        case .deflateBase64:
            var text = Packing.base64(Deflate.compress(file), lineLength: 4 + choice)
            text.insert(UInt8(truncatingIfNeeded: choice), at: index(below: text.count))
            return text
        }
    }
}
