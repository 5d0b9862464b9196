/// The encodings that documents may be in.
package enum XMLEncoding: String, Sendable, Hashable, CaseIterable {
    case utf8 = "UTF-8"
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    case latin1 = "ISO-8859-1"
    case latin9 = "ISO-8859-15"
    case windows1252 = "windows-1252"
    /// GBK, also for documents that say GB 2312, as their writers mean it.
    case gbk = "GBK"
    case gb18030 = "GB18030"

    /// The encoding of a name in a declaration, whatever its case; nil for one that is not read.
    ///
    /// UTF-16 is not among them: its first bytes tell it, and in which order.
    init?(declared name: String) {
        switch name.uppercased() {
        case "UTF-8", "UTF8", "US-ASCII", "ASCII": self = .utf8
        case "ISO-8859-1", "ISO8859-1", "LATIN1": self = .latin1
        case "ISO-8859-15", "LATIN9": self = .latin9
        case "WINDOWS-1252", "CP1252": self = .windows1252
        case "GBK", "GB2312", "CP936": self = .gbk
        case "GB18030": self = .gb18030
        default: return nil
        }
    }

    private static let utf16Names: Set<String> = ["UTF-16", "UTF-16LE", "UTF-16BE"]

    /// What the beginning of a document says about its encoding.
    enum Detection {
        /// The beginning is not long enough yet.
        case undecided
        /// The encoding, and how many bytes of a mark stand before the document.
        case found(XMLEncoding, markBytes: Int)
        case unsupported
        case contradiction
    }

    /// The most bytes that a declaration may have, in any encoding.
    private static let declarationBytesMax = 1_024

    /// Judges the first bytes of a document by its byte order mark and its declaration.
    static func detect(_ bytes: ArraySlice<UInt8>, isLast: Bool) -> Detection {
        guard bytes.count >= 4 || isLast else { return .undecided }
        let first = Array(bytes.prefix(4))
        if first.starts(with: [0xEF, 0xBB, 0xBF]) { return judge(bytes, .utf8, markBytes: 3, isLast) }
        if first.starts(with: [0xFF, 0xFE]) { return judge(bytes, .utf16LittleEndian, markBytes: 2, isLast) }
        if first.starts(with: [0xFE, 0xFF]) { return judge(bytes, .utf16BigEndian, markBytes: 2, isLast) }
        if first == [0x3C, 0, 0x3F, 0] { return judge(bytes, .utf16LittleEndian, markBytes: 0, isLast) }
        if first == [0, 0x3C, 0, 0x3F] { return judge(bytes, .utf16BigEndian, markBytes: 0, isLast) }
        // Four bytes a character, or a mark that no encoding read here has.
        if first.contains(0) { return .unsupported }
        return judge(bytes, nil, markBytes: 0, isLast)
    }

    /// Compares the encoding that the first bytes are in, nil for one like ASCII, with the one that is declared.
    private static func judge(
        _ bytes: ArraySlice<UInt8>,
        _ seen: XMLEncoding?,
        markBytes: Int,
        _ isLast: Bool
    ) -> Detection {
        let head =
            seen?.asASCII(bytes.dropFirst(markBytes).prefix(declarationBytesMax))
            ?? Array(bytes.prefix(declarationBytesMax))
        let beginning = Array("<?xml".utf8)
        guard head.count >= beginning.count || isLast else { return .undecided }
        var declared: String?
        if head.starts(with: beginning) {
            guard let end = head.firstIndex(of: UInt8(ascii: ">")) else {
                let isCut = bytes.count - markBytes < declarationBytesMax && !isLast
                return isCut ? .undecided : .found(seen ?? .utf8, markBytes: markBytes)
            }
            declared = name(in: head[..<end])
        }
        guard let declared else { return .found(seen ?? .utf8, markBytes: markBytes) }
        switch seen {
        case .utf16LittleEndian, .utf16BigEndian:
            guard utf16Names.contains(declared.uppercased()) else { return .contradiction }
            return .found(seen ?? .utf8, markBytes: markBytes)
        default:
            if utf16Names.contains(declared.uppercased()) { return .contradiction }
            guard let encoding = XMLEncoding(declared: declared) else { return .unsupported }
            guard seen == nil || seen == encoding else { return .contradiction }
            return .found(encoding, markBytes: markBytes)
        }
    }

    /// The characters of UTF-16 as bytes, 0xFF for those beyond ASCII; the bytes themselves for other encodings.
    private func asASCII(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard isUTF16 else { return Array(bytes) }
        let bytes = Array(bytes)
        return stride(from: 0, to: bytes.count - 1, by: 2).map { index in
            let (high, low) =
                self == .utf16BigEndian ? (bytes[index], bytes[index + 1]) : (bytes[index + 1], bytes[index])
            return high == 0 && low < 0x80 ? low : 0xFF
        }
    }

    /// The value of the pseudo-attribute `encoding`; nil when there is none that could be one.
    ///
    /// libxml2 judges the declaration's form; here only the name is looked for.
    private static func name(in declaration: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: declaration, as: UTF8.self)
        guard let key = text.firstRange(of: "encoding") else { return nil }
        let rest = text[key.upperBound...].drop { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "=" }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return nil }
        let value = rest.dropFirst()
        guard let end = value.firstIndex(of: quote) else { return nil }
        return String(value[..<end])
    }

    var isUTF16: Bool { self == .utf16LittleEndian || self == .utf16BigEndian }

    /// How many bytes a character takes that begins at `index` and has `utf8Bytes` bytes in UTF-8.
    func width(at index: Int, in bytes: Span<UInt8>, utf8Bytes: Int) -> Int {
        switch self {
        case .utf8: utf8Bytes
        case .utf16LittleEndian, .utf16BigEndian: utf8Bytes == 4 ? 4 : 2
        case .latin1, .latin9, .windows1252: 1
        case .gbk: bytes[index] <= 0x80 ? 1 : 2
        case .gb18030:
            if bytes[index] <= 0x80 {
                1
            } else {
                index + 1 < bytes.count && (0x30...0x39).contains(bytes[index + 1]) ? 4 : 2
            }
        }
    }
}
