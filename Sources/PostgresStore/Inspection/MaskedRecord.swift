import PaymentCore

/// The form of a record's bytes as it may be shown (R15): a reviewer sees the columns and what is plainly no account
/// and
/// no name; all else is starred.
enum MaskedRecord {
    private static let shownMax = 400

    /// Without knowing the charset: bytes beyond ASCII are starred, one a byte.
    static func text(_ raw: [UInt8]) -> String {
        var shown = ""
        var position = 0
        while position < raw.count, shown.utf8.count < shownMax {
            let byte = raw[position]
            guard isPartOfWord(byte) else {
                shown += Masked.visible(String(UnicodeScalar(byte)))
                position += 1
                continue
            }
            let end = raw[position...].firstIndex { !isPartOfWord($0) } ?? raw.endIndex
            shown += masked(raw[position..<end])
            position = end
        }
        return position < raw.count ? shown + "…" : shown
    }

    private static func masked(_ word: ArraySlice<UInt8>) -> String {
        let text = String(decoding: word, as: UTF8.self)
        if word.allSatisfy(isDigit) { return word.count <= 5 ? text : Masked.account(text) }
        if isAmount(word) { return text }
        return String(repeating: "*", count: min(word.count, 32))
    }

    /// Digits with one point: no account number has one.
    private static func isAmount(_ word: ArraySlice<UInt8>) -> Bool {
        word.count <= 20 && word.count { $0 == UInt8(ascii: ".") } == 1
            && word.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
    }

    private static func isPartOfWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || isDigit(byte) || byte == UInt8(ascii: ".") || (0x61...0x7A).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
