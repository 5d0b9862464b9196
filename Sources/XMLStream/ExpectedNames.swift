/// The names of the children of which a schema asks for one, taken out of libxml2's message about another one.
///
/// A message reads `Element '{…}Other': This element is not expected. Expected is one of ( {…}A, {…}B ).` Only what
/// follows the last `': ` is looked at, and only plain names are taken: what the document wrote stands before it.
enum ExpectedNames {
    /// More than these tell a person nothing more.
    private static let countMax = 5
    private static let lengthMax = 40

    static func read(_ message: UnsafePointer<CChar>) -> [String] {
        let text = String(cString: message)
        let words = text.ranges(of: "': ").last.map { text[$0.upperBound...] } ?? text[...]
        guard let mark = words.firstRange(of: "Expected is "), let open = words[mark.upperBound...].firstIndex(of: "("),
            let close = words[open...].lastIndex(of: ")")
        else { return [] }
        let names = words[words.index(after: open)..<close].split(separator: ",").map { part in
            let local = part.split(separator: "}").last ?? part
            return local.filter { $0 != " " }
        }
        let plain = names.filter { name in
            name.utf8.count <= lengthMax
                && name.utf8.allSatisfy { ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) }
        }
        return Array(plain.prefix(countMax))
    }
}
