import Transcoding

/// The mark with which some programs begin a text file.
struct ByteOrderMark {
    let bytes: [UInt8]
    let name: String
    /// The charset that it stands for; nil for one that no layout has.
    let charset: Charset?

    /// The longest mark; so many bytes must be seen to know.
    static let bytesMax = 4

    private static let all = [
        ByteOrderMark(bytes: [0xEF, 0xBB, 0xBF], name: "UTF-8", charset: .utf8),
        ByteOrderMark(bytes: [0x84, 0x31, 0x95, 0x33], name: "GB18030", charset: .gb18030),
        ByteOrderMark(bytes: [0xFF, 0xFE], name: "UTF-16", charset: nil),
        ByteOrderMark(bytes: [0xFE, 0xFF], name: "UTF-16", charset: nil),
        ByteOrderMark(bytes: [0x00, 0x00, 0xFE, 0xFF], name: "UTF-32", charset: nil),
    ]

    /// The mark with which `bytes` begin; nil when they begin with none.
    static func beginning(_ bytes: [UInt8]) -> ByteOrderMark? { all.first { bytes.starts(with: $0.bytes) } }
}
