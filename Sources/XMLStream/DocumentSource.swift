/// The bytes of a document as they came, what they say in UTF-8, and which place of one is which of the other.
///
/// The parser is always given UTF-8, so its places are exact and cost nothing to ask. They are those of the document,
/// but for its mark, if that is in UTF-8; in other encodings both texts are walked together, character by character,
/// as far as places are asked for. Every character of the encodings read here is one character of Unicode.
struct DocumentSource: ~Copyable {
    enum Fault: Error {
        case encodingUnsupported
        case encodingContradiction
        /// The offset in the document of the first bytes that are no character.
        case undecodable(Int64)
    }

    /// The encoding, once the beginning has told it.
    private(set) var encoding: XMLEncoding?
    /// Bytes of the document that may be asked for still; the first of them is at `windowStart`.
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0
    /// How many bytes of the window were decoded.
    private var decoded = 0
    private var isComplete = false
    /// For encodings other than UTF-8: what was decoded last, and what was not walked yet.
    private var text: [UInt8] = []
    private var converter: EncodingConverter?
    private var markBytes = 0
    /// For encodings other than UTF-8: a place in UTF-8, the same in the document, and the first byte of `text`.
    private var walked: (utf8: Int64, source: Int64) = (0, 0)
    private var textStart: Int64 = 0

    /// Whether every byte was decoded that the document has.
    var isAtEnd: Bool { isComplete && decoded == window.count }
    var isEmpty: Bool { windowStart == 0 && window.isEmpty }

    /// Takes the next bytes, and lets go of those before `kept`.
    mutating func append(_ bytes: ArraySlice<UInt8>, isLast: Bool, keeping kept: Int64) {
        let dropped = min(max(Int(kept - windowStart), 0), decoded)
        window.removeSubrange(0..<dropped)
        windowStart += Int64(dropped)
        decoded -= dropped
        window.append(contentsOf: bytes)
        isComplete = isLast
    }

    /// The bytes of a range that was kept; nil when some of them were let go.
    func bytes(_ range: Range<Int64>) -> ArraySlice<UInt8>? {
        let start = Int(range.lowerBound - windowStart)
        let end = Int(range.upperBound - windowStart)
        return start >= 0 && end <= window.count ? window[start..<end] : nil
    }

    /// Decodes the next bytes, `bytesMax` of the document at most; the piece is a part of `pieceStorage`.
    ///
    /// An empty piece says that more bytes are needed, or that there are no more. Bytes that are no character end the
    /// piece before them, and are thrown by the next call.
    mutating func decode(bytesMax: Int) throws(Fault) -> Range<Int> {
        if encoding == nil { encoding = try detect() }
        guard let encoding else { return 0..<0 }
        let end = min(window.count, decoded + bytesMax)
        return encoding == .utf8 ? try checkUTF8(to: end) : try convert(to: end)
    }

    /// Where the piece that was decoded last stands.
    var pieceStorage: [UInt8] { encoding == .utf8 ? window : text }

    /// The encoding as the beginning tells it; nil while it is too short.
    private mutating func detect() throws(Fault) -> XMLEncoding? {
        switch XMLEncoding.detect(window[...], isLast: isComplete) {
        case .undecided: return nil
        case .unsupported: throw .encodingUnsupported
        case .contradiction: throw .encodingContradiction
        case .found(let found, let markBytes):
            if found != .utf8 {
                guard let converter = EncodingConverter(from: found) else { throw .encodingUnsupported }
                self.converter = consume converter
            }
            self.markBytes = markBytes
            decoded = markBytes
            walked.source = Int64(markBytes)
            return found
        }
    }

    private mutating func checkUTF8(to end: Int) throws(Fault) -> Range<Int> {
        let start = decoded
        let whole = end - (isComplete && end == window.count ? 0 : Self.incompleteBytes(window[start..<end]))
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: window.span.extracting(start..<whole))
        } catch {
            let good = start + error.byteOffsets.lowerBound
            guard good > start else { throw .undecodable(windowStart + Int64(good)) }
            decoded = good
            return start..<good
        }
        decoded = whole
        return start..<whole
    }

    /// How many bytes at the end are the beginning of a character.
    private static func incompleteBytes(_ bytes: ArraySlice<UInt8>) -> Int {
        for back in 1...3 where bytes.count >= back {
            let byte = bytes[bytes.endIndex - back]
            if byte < 0x80 { return 0 }
            if byte < 0xC0 { continue }
            let width = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            return width > back ? back : 0
        }
        return 0
    }

    private mutating func convert(to end: Int) throws(Fault) -> Range<Int> {
        // What was walked is needed no more.
        let passed = Int(walked.utf8 - textStart)
        text.removeSubrange(0..<passed)
        textStart = walked.utf8
        let start = text.count
        guard let (outcome, converted) = converter?.convert(window.span.extracting(decoded..<end)) else {
            preconditionFailure("an encoding other than UTF-8 has no converter")
        }
        text.append(contentsOf: converted)
        let isBroken: Bool
        switch outcome {
        case .converted(let rest):
            decoded = end - rest
            isBroken = rest > 0 && isComplete && end == window.count
        case .invalid(let good):
            decoded += good
            isBroken = true
        }
        if isBroken, converted.isEmpty { throw .undecodable(windowStart + Int64(decoded)) }
        return start..<text.count
    }

    /// How many lines end between two places in UTF-8, which were decoded and not let go.
    func lineFeeds(inUTF8 places: Range<Int64>) -> Int64 {
        let (bytes, first) = encoding == .utf8 ? (window, windowStart - Int64(markBytes)) : (text, textStart)
        return Int64(bytes[Int(places.lowerBound - first)..<Int(places.upperBound - first)].count { $0 == 0x0A })
    }

    /// The place in the document of a place in UTF-8, which may not lie before one asked for earlier.
    mutating func place(ofUTF8 offset: Int64) -> Int64 {
        guard let encoding, encoding != .utf8 else { return offset + Int64(markBytes) }
        var index = Int(walked.utf8 - textStart)
        let end = Int(offset - textStart)
        var sourceIndex = Int(walked.source - windowStart)
        // The same storage under names of their own, as the place is written meanwhile.
        let (text, window) = (text, window)
        precondition(end <= text.count, "a place was asked for that was not decoded")
        while index < end {
            let byte = text[index]
            let width = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            sourceIndex += encoding.width(at: sourceIndex, in: window.span, utf8Bytes: width)
            index += width
        }
        walked = (textStart + Int64(index), windowStart + Int64(sourceIndex))
        return walked.source
    }
}
