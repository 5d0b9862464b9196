import Yams

/// A mapping of a strictly read YAML file, each of whose keys must be asked for before `finish()`.
///
/// Values of one mapping share what was asked, so it may be passed on to several readers; it belongs to one task.
package struct YAMLMapping {
    /// The path of the file as the caller gave it.
    package let file: String

    private let place: Place
    private let pairs: [(key: String, place: Place, value: Node)]
    private let inquiry = Inquiry()

    init(file: String, place: Place, mapping: Node.Mapping) {
        self.file = file
        self.place = place
        pairs = mapping.map { key, value in
            guard let scalar = key.scalar else { preconditionFailure("keys are proven to be scalars when composed") }
            return (scalar.string, Place(scalar.mark), value)
        }
    }

    /// Reads a file of at most 1 MiB whose root is a mapping.
    ///
    /// Refused with their place: what is no UTF-8 or no YAML, tabs and invisible characters, duplicate keys, anchors,
    /// aliases, tags and further documents. Unknown keys are found by `finish()`.
    package static func load(file path: String) throws(YAMLError) -> YAMLMapping {
        try compose(try SourceText(reading: path))
    }

    /// Reads a text under the same rules as `load(file:)`; `file` is the name that errors show.
    package static func parse(_ text: String, file: String) throws(YAMLError) -> YAMLMapping {
        try compose(try SourceText(bytes: Array(text.utf8), file: file))
    }

    private static func compose(_ source: SourceText) throws(YAMLError) -> YAMLMapping {
        guard let mapping = try Composer(source: source).compose().mapping else {
            preconditionFailure("the composer proves that the root is a mapping")
        }
        return YAMLMapping(file: source.file, place: Place(mapping.mark), mapping: mapping)
    }

    /// The value of a key that must be there.
    package func node(_ key: String) throws(YAMLError) -> YAMLNode {
        if let node = optionalNode(key) { return node }
        if let near = Spelling.nearest(to: key, among: unasked.lazy.map(\.key)),
            let pair = pairs.first(where: { $0.key == near })
        {
            throw error(pair.place, what: "`\(key)` is missing, and `\(near)` looks like it", mend: "write `\(key)`")
        }
        throw error(place, what: "`\(key)` is missing", mend: "add `\(key):` to this mapping")
    }

    /// The value of a key that may be left out.
    package func optionalNode(_ key: String) -> YAMLNode? {
        inquiry.ask(for: key)
        guard let pair = pairs.first(where: { $0.key == key }) else { return nil }
        return YAMLNode(file: file, name: key, keyPlace: pair.place, node: pair.value, inquiry: inquiry)
    }

    /// All keys with their values in the order of the file, for tables whose keys are free; counts all as asked for.
    package func entries() -> [(key: String, value: YAMLNode)] {
        pairs.map { pair in
            inquiry.ask(for: pair.key)
            return (
                pair.key,
                YAMLNode(file: file, name: pair.key, keyPlace: pair.place, node: pair.value, inquiry: inquiry)
            )
        }
    }

    /// An error of meaning at a key's value, or at the mapping if the key is not there.
    package func error(at key: String, what: String, mend: String) -> YAMLError {
        guard let pair = pairs.first(where: { $0.key == key }) else { return error(place, what: what, mend: mend) }
        return YAMLNode(file: file, name: key, keyPlace: pair.place, node: pair.value, inquiry: inquiry)
            .error(what: what, mend: mend)
    }

    /// An error of meaning at this mapping.
    package func error(what: String, mend: String) -> YAMLError {
        error(place, what: what, mend: mend)
    }

    /// Refuses keys that nobody asked for, here and in every mapping handed out from here, with the nearest known key.
    package func finish() throws(YAMLError) {
        if let pair = unasked.first {
            let guess = Spelling.nearest(to: pair.key, among: inquiry.asked)
            throw error(
                pair.place,
                what: "unknown key `\(pair.key)`",
                mend: guess.map { "did you mean `\($0)`?" } ?? "known here: \(known)"
            )
        }
        for mapping in inquiry.innerMappings { try mapping.finish() }
    }

    private var unasked: [(key: String, place: Place, value: Node)] {
        pairs.filter { !inquiry.asked.contains($0.key) }
    }

    private var known: String {
        inquiry.asked.isEmpty ? "no key" : inquiry.asked.sorted().map { "`\($0)`" }.joined(separator: ", ")
    }

    private func error(_ place: Place, what: String, mend: String) -> YAMLError {
        YAMLError(file: file, place: place, what: what, mend: mend)
    }
}
