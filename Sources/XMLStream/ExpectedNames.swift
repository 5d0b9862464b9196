/// The names of the children of which a schema asks for one, or of a missing attribute, taken out of libxml2's message.
///
/// A message reads `Element '{…}Other': This element is not expected. Expected is one of ( {…}A, {…}B ).`, or
/// `Element '{…}Some': The attribute 'A' is required but missing.` Only what follows the last `': ` is looked at, and
/// only plain names are taken: what the document wrote stands before it.
enum ExpectedNames {
    /// More than these tell a person nothing more.
    private static let countMax = 5
    private static let lengthMax = 40

    /// The names in a message about the rule of a number; none where it is about another rule.
    static func read(_ message: UnsafePointer<CChar>, code: Int32) -> [String] {
        guard XMLSchemaFinding.isContent(code) || XMLSchemaFinding.isMissingAttribute(code) else { return [] }
        let text = String(cString: message)
        let words = text.ranges(of: "': ").last.map { text[$0.upperBound...] } ?? text[...]
        if XMLSchemaFinding.isMissingAttribute(code) { return plain(words.split(separator: "'").dropFirst().prefix(1)) }
        guard let mark = words.firstRange(of: "Expected is "), let open = words[mark.upperBound...].firstIndex(of: "("),
            let close = words[open...].lastIndex(of: ")")
        else { return [] }
        return plain(words[words.index(after: open)..<close].split(separator: ","))
    }

    /// The local parts of names, those that are letters and digits of ASCII.
    private static func plain(_ names: some Sequence<Substring>) -> [String] {
        let local = names.map { name in (name.split(separator: "}").last ?? name).filter { $0 != " " } }
        let plain = local.filter { name in
            name.utf8.count <= lengthMax
                && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }
        }
        return Array(plain.prefix(countMax))
    }
}
