/// The root element at the beginning of what looks like XML.
///
/// Looks and judges nothing: no reference is resolved, and a wrong guess costs no more than a less fitting message.
struct XMLLook {
    private(set) var root: String?
    private(set) var namespace: String?

    /// Nil unless the text begins with a declaration or a tag, after white space.
    init?(_ text: ArraySlice<UInt8>) {
        var rest = text.drop { Self.isBlank($0) }
        guard rest.first == UInt8(ascii: "<") else { return nil }
        while rest.first == UInt8(ascii: "<") {
            if rest.starts(with: "<!--".utf8) {
                guard let after = Self.after("-->", in: rest) else { return }
                rest = after
            } else if rest.starts(with: "<?".utf8) {
                guard let after = Self.after("?>", in: rest) else { return }
                rest = after
            } else if rest.starts(with: "<!DOCTYPE".utf8) {
                // Such a file is refused anyway.
                return
            } else {
                readRoot(rest.dropFirst())
                return
            }
            rest = rest.drop { Self.isBlank($0) }
        }
    }

    private mutating func readRoot(_ text: ArraySlice<UInt8>) {
        guard let end = text.firstIndex(of: UInt8(ascii: ">")) else { return }
        let tag = text[..<end]
        let name = tag.prefix { !Self.isBlank($0) && $0 != UInt8(ascii: "/") }
        let parts = name.split(separator: UInt8(ascii: ":"), maxSplits: 1)
        guard let local = parts.last, let shown = Self.shown(local) else { return }
        root = shown
        let attribute = parts.count == 2 ? Array("xmlns:".utf8) + parts[0] : Array("xmlns".utf8)
        namespace = Self.value(of: attribute, in: tag.dropFirst(name.count))
    }

    private static func value(of attribute: [UInt8], in text: ArraySlice<UInt8>) -> String? {
        var rest = text
        while true {
            rest = rest.drop { isBlank($0) }
            let name = rest.prefix { !isBlank($0) && $0 != UInt8(ascii: "=") }
            guard !name.isEmpty else { return nil }
            rest = rest.dropFirst(name.count).drop { isBlank($0) || $0 == UInt8(ascii: "=") }
            guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
            let value = rest.dropFirst().prefix { $0 != quote }
            if name.elementsEqual(attribute) { return shown(value) }
            rest = rest.dropFirst(value.count + 2)
        }
    }

    /// Names and namespaces of real formats are short and plain; anything else is not repeated to anybody.
    private static func shown(_ bytes: ArraySlice<UInt8>) -> String? {
        let marks = Array(":/._-#".utf8)
        let isPlain = bytes.allSatisfy { byte in
            let small = byte | 0x20
            return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(small)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || marks.contains(byte)
        }
        return isPlain && (1...100).contains(bytes.count) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func after(_ mark: String, in text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let mark = Array(mark.utf8)
        var rest = text
        while let start = rest.firstIndex(of: mark[0]) {
            rest = rest[start...]
            if rest.starts(with: mark) { return rest.dropFirst(mark.count) }
            rest = rest.dropFirst()
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
