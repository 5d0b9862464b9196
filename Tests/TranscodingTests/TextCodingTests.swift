import Testing
import Transcoding

@Suite struct TextCodingTests {
    struct Pair: Sendable {
        let charset: Charset
        let text: String
        let bytes: [UInt8]
    }

    static let pairs = [
        Pair(charset: .utf8, text: "张三", bytes: [0xE5, 0xBC, 0xA0, 0xE4, 0xB8, 0x89]),
        Pair(charset: .gbk, text: "张三", bytes: [0xD5, 0xC5, 0xC8, 0xFD]),
        Pair(charset: .gb18030, text: "张三", bytes: [0xD5, 0xC5, 0xC8, 0xFD]),
        Pair(charset: .gbk, text: "€", bytes: [0x80]),
        // One byte each that becomes three of UTF-8.
        Pair(
            charset: .gbk,
            text: String(repeating: "€", count: 500),
            bytes: [UInt8](repeating: 0x80, count: 500)
        ),
        // The middle dot of transliterated names.
        Pair(
            charset: .gbk,
            text: "买买提\u{B7}艾",
            bytes: [0xC2, 0xF2, 0xC2, 0xF2, 0xCC, 0xE1, 0xA1, 0xA4, 0xB0, 0xAC]
        ),
        Pair(charset: .gb18030, text: "\u{B7}", bytes: [0xA1, 0xA4]),
        Pair(charset: .latin1, text: "\u{B7}", bytes: [0xB7]),
        // A rare surname outside the basic plane: four bytes.
        Pair(charset: .gb18030, text: "\u{20BB7}野", bytes: [0x95, 0x34, 0xB2, 0x35, 0xD2, 0xB0]),
        Pair(charset: .utf8, text: "\u{20BB7}", bytes: [0xF0, 0xA0, 0xAE, 0xB7]),
        // A second byte that is an ASCII backslash, and NUL bytes between.
        Pair(charset: .gbk, text: "\u{8A98}|\u{0}\u{4E02}\u{0}", bytes: [0xD5, 0x54, 0x7C, 0, 0x81, 0x40, 0]),
        Pair(charset: .latin1, text: "é\u{0}ÿ", bytes: [0xE9, 0, 0xFF]),
        Pair(charset: .utf8, text: "\u{FEFF}é\u{0}", bytes: [0xEF, 0xBB, 0xBF, 0xC3, 0xA9, 0]),
    ]

    @Test(arguments: pairs)
    func `text and bytes are each other's coding`(_ pair: Pair) {
        var decoder = TextDecoder(charset: pair.charset)
        let encoder = TextEncoder(charset: pair.charset)
        #expect(decoder.decode(pair.bytes).map { Array($0.unicodeScalars) } == Array(pair.text.unicodeScalars))
        #expect(decoder.decode(pair.bytes[...]) == pair.text)
        #expect(decoder.decode(pair.bytes.span) == pair.text)
        #expect(encoder.encode(pair.text) == pair.bytes)
    }

    @Test(arguments: Charset.allCases)
    func `ASCII is itself in every charset, empty text and every length included`(_ charset: Charset) {
        #expect(charset.isAvailable)
        var decoder = TextDecoder(charset: charset)
        let encoder = TextEncoder(charset: charset)
        let ascii = (0...0x7F).map { UInt8($0) }
        for count in 0...ascii.count {
            let bytes = Array(ascii.suffix(count))
            let text = decoder.decode(bytes)
            #expect(text?.utf8.elementsEqual(bytes) == true)
            #expect(text.flatMap { encoder.encode($0) } == bytes)
        }
    }

    @Test(arguments: Charset.allCases, [1, 2, 3, 4, 5, 1_000])
    func `a text of one byte or pair over and over is decoded or refused`(_ charset: Charset, _ count: Int) {
        var decoder = TextDecoder(charset: charset)
        let encoder = TextEncoder(charset: charset)
        for lead in UInt8(0x80)...0xFF {
            for bytes in [[lead], [lead, 0x40], [lead, 0x7C], [lead, 0xFE], [lead, 0x30, lead, 0x39]] {
                let text = decoder.decode(Array(repeatElement(bytes, count: count).joined()))
                if let text { #expect(!text.isEmpty && encoder.encode(text)?.isEmpty != true) }
            }
        }
    }

    /// Overlong, surrogates, beyond U+10FFFF, stray and missing continuation bytes.
    static let invalidUTF8: [[UInt8]] = [
        [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x80], [0xC3], [0xE5, 0xBC],
        [0xF0, 0xA0, 0xAE], [0xFF], [0xC3, 0x28],
    ]
    static let invalidGB18030: [[UInt8]] = [
        [0x80], [0xFF], [0xD5], [0x81, 0x30], [0x81, 0x30, 0x81], [0x95, 0x32, 0x8F], [0x95, 0x32, 0x8F, 0x29],
        [0x81, 0x7F], [0x81, 0x20], [0xD5, 0x0A], [0xE3, 0x32, 0x9A, 0x36], [0xFE, 0x39, 0xFE, 0x39],
    ]
    static let invalidGBK: [[UInt8]] = [
        [0xFF], [0xD5], [0x81, 0x30, 0x81, 0x30], [0x95, 0x32, 0x8F, 0x35], [0x81, 0x7F], [0xD5, 0x0A],
        [0xD5, 0x00],
    ]

    @Test(arguments: [(Charset.utf8, invalidUTF8), (.gbk, invalidGBK), (.gb18030, invalidGB18030)])
    func `an invalid or incomplete sequence makes the whole text none, and leaves no trace`(
        _ charset: Charset,
        _ sequences: [[UInt8]]
    ) {
        var decoder = TextDecoder(charset: charset)
        let encoder = TextEncoder(charset: charset)
        for sequence in sequences {
            #expect(decoder.decode(sequence) == nil, "\(sequence)")
            #expect(decoder.decode(Array("name ".utf8) + sequence) == nil, "\(sequence)")
            #expect(decoder.decode(sequence + Array("\n".utf8)) == nil, "\(sequence)")
            // The converter starts clean after a failure.
            #expect(encoder.encode("张三").flatMap { decoder.decode($0) } == "张三")
        }
    }

    @Test(arguments: [
        (Charset.gbk, "\u{20BB7}"), (.gbk, "\u{E000}"), (.gbk, "é\u{301}"), (.gbk, "😀"), (.gbk, "张\u{E0041}三"),
        (.latin1, "张"), (.latin1, "€"), (.latin1, "e\u{301}"), (.latin1, "\u{E0041}"),
    ])
    func `a character that the charset lacks is never replaced or dropped`(_ charset: Charset, _ text: String) {
        let encoder = TextEncoder(charset: charset)
        #expect(encoder.encode(text) == nil)
        #expect(encoder.encode("name " + text + " name") == nil)
        #expect(encoder.encode("name") == Array("name".utf8))
    }

    @Test(arguments: Charset.allCases)
    func `every scalar comes back unchanged or is refused`(_ charset: Charset) {
        var decoder = TextDecoder(charset: charset)
        let encoder = TextEncoder(charset: charset)
        var carriedCount = 0
        var changed: [UInt32] = []
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            guard let bytes = encoder.encode(text) else { continue }
            carriedCount += 1
            if decoder.decode(bytes)?.utf8.elementsEqual(text.utf8) != true { changed.append(value) }
        }
        #expect(changed.isEmpty)
        switch charset {
        case .utf8: #expect(carriedCount == 0x110000 - 0x800)
        case .latin1: #expect(carriedCount == 256)
        case .gbk: #expect(carriedCount > 21_000 && carriedCount < 24_000)
        case .gb18030: #expect(carriedCount > 1_000_000)
        }
    }

    @Test func `every two-byte sequence of GBK is text that comes back, or none`() {
        var decoder = TextDecoder(charset: .gbk)
        let encoder = TextEncoder(charset: .gbk)
        var textCount = 0
        for lead in UInt8(0x81)...0xFE {
            for trail in UInt8(0x40)...0xFE {
                guard let text = decoder.decode([lead, trail]) else { continue }
                textCount += 1
                #expect(text.unicodeScalars.count == 1 && !text.unicodeScalars.contains("\u{FFFD}"))
                #expect(encoder.encode(text) == [lead, trail])
            }
        }
        #expect(textCount > 21_000)
    }

    @Test func `a long text is coded like its parts`() {
        var decoder = TextDecoder(charset: .gb18030)
        let encoder = TextEncoder(charset: .gb18030)
        let text = String(repeating: "代付给\u{20BB7}野家·100.00元\n", count: 20_000)
        #expect(encoder.encode(text).flatMap { decoder.decode($0) } == text)
    }
}
