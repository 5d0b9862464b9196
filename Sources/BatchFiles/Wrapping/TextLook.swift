import Transcoding

/// Looks at the beginning of content for what its kind might be.
enum TextLook {
    private static let candidates = Array(",;|\t^".utf8)
    private static let linesMax = 50
    private static let binaryMarks: [(mark: [UInt8], name: String)] = [
        (Array("%PDF-".utf8), "a PDF document"),
        ([0xD0, 0xCF, 0x11, 0xE0], "an Excel workbook or another document of Office"),
        ([0x1F, 0x8B], "gzip"),
        (Array("PK".utf8) + [3, 4], "a zip archive, as workbooks of Excel are"),
        (Array("Rar!".utf8) + [0x1A], "a RAR archive"),
        (Array("7z".utf8) + [0xBC, 0xAF], "a 7-Zip archive"),
        ([0xFD] + Array("7zXZ".utf8), "xz"),
        (Array("-----BEGIN ".utf8), "an armoured or encrypted message"),
    ]

    static func look(_ bytes: ArraySlice<UInt8>) -> ContentLook {
        guard !bytes.isEmpty else { return .empty }
        if let text = wideXML(bytes), let xml = XMLLook(text[...]) {
            return .xml(root: xml.root, namespace: xml.namespace)
        }
        let mark = ByteOrderMark.beginning(Array(bytes.prefix(ByteOrderMark.bytesMax)))
        if let mark, mark.charset == nil { return .wideText }
        if let known = binaryMarks.first(where: { bytes.starts(with: $0.mark) }) { return .binary(name: known.name) }
        let text = bytes.dropFirst(mark?.bytes.count ?? 0)
        guard text.allSatisfy({ $0 >= 0x20 || (0x09...0x0D).contains($0) }) else { return .binary(name: nil) }
        if let xml = XMLLook(text) { return .xml(root: xml.root, namespace: xml.namespace) }
        let charset = mark?.charset ?? Self.charset(of: text)
        let lines = wholeLines(of: text)
        if isNACHA(text) { return .nacha }
        if let separator = separator(of: lines, charset: charset) {
            return .delimited(charset: charset, separator: separator)
        }
        if let first = lines.first, lines.count > 1, first.count >= 16, lines.allSatisfy({ $0.count == first.count }) {
            return .fixedWidth(charset: charset, recordBytes: first.count)
        }
        return .text(charset: charset)
    }

    /// The beginning of a document in UTF-16 as UTF-8; nil unless it has the mark or begins with `<?`, as one without
    /// the mark must.
    private static func wideXML(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        let head = Array(bytes.prefix(4))
        let isLittleEndian = head.starts(with: [0xFF, 0xFE]) || head == [0x3C, 0, 0x3F, 0]
        guard isLittleEndian || head.starts(with: [0xFE, 0xFF]) || head == [0, 0x3C, 0, 0x3F] else { return nil }
        let text = Array(bytes.dropFirst(head.contains(0xFF) ? 2 : 0))
        let units = stride(from: 0, to: text.count - 1, by: 2).map { index in
            let (first, second) = (UInt16(text[index]), UInt16(text[index + 1]))
            return isLittleEndian ? second << 8 | first : first << 8 | second
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// UTF-8 if the bytes are, else GB 18030 if they are, else Latin-1, which everything is.
    ///
    /// The last characters may be cut.
    private static func charset(of text: ArraySlice<UInt8>) -> Charset {
        for charset in [Charset.utf8, .gb18030] where charset.isAvailable {
            var decoder = TextDecoder(charset: charset)
            for cut in 0...3 where decoder.decode(text.dropLast(cut)) != nil { return charset }
        }
        return .latin1
    }

    /// The first lines without their ends; the last only if it is whole or the only one.
    private static func wholeLines(of text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: 0x0A, maxSplits: linesMax)
        if lines.count > 1, text.last != 0x0A || lines.count > linesMax { lines.removeLast() }
        return lines.map { $0.last == 0x0D ? $0.dropLast() : $0 }.filter { !$0.isEmpty }
    }

    /// The record type, the priority code and, at their places, the record size and blocking factor of a file header.
    private static func isNACHA(_ text: ArraySlice<UInt8>) -> Bool {
        let header = Array(text.prefix(94))
        return header.count == 94 && header.starts(with: "101".utf8) && header[34..<37].elementsEqual("094".utf8)
            && header[37..<39].elementsEqual("10".utf8) && header.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// The character that stands in most lines equally often; a trailer or a comment may have another count.
    private static func separator(of lines: [ArraySlice<UInt8>], charset: Charset) -> UInt8? {
        var best: (separator: UInt8, score: Int)?
        for candidate in candidates {
            var linesByCount: [Int: Int] = [:]
            for line in lines { linesByCount[count(of: candidate, in: line, charset: charset), default: 0] += 1 }
            linesByCount[0] = nil
            guard let (count, agreeing) = linesByCount.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
                agreeing * 2 > lines.count || lines.count <= 2
            else { continue }
            let score = agreeing * 1_000 + min(count, 999)
            if score > best?.score ?? 0 { best = (candidate, score) }
        }
        return best?.separator
    }

    private static func count(of candidate: UInt8, in line: ArraySlice<UInt8>, charset: Charset) -> Int {
        let walk = CharacterWalk(charset: charset)
        let bytes = line.span
        var count = 0
        var isQuoted = false
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            if byte == candidate, !isQuoted { count += 1 }
            index += walk.isLead(byte) ? walk.width(at: index, in: bytes, isLast: true) ?? 1 : 1
        }
        return count
    }
}
