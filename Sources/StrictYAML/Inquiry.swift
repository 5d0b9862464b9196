import Yams

/// What the readers of one mapping have asked for so far, and the mappings inside it that were handed out.
///
/// One object a mapping, however often the mapping is asked for, so that `finish()` of the root sees every key.
final class Inquiry {
    private(set) var asked: Set<String> = []
    /// By where the mapping begins, which names it within its file.
    private var inner: [Place: YAMLMapping] = [:]

    /// Notes that the key is known to the reader, present or not.
    func ask(for key: String) {
        asked.insert(key)
    }

    func mapping(of mapping: Node.Mapping, file: String, keyPlace: Place) -> YAMLMapping {
        let place = Place(mapping.mark)
        if let found = inner[place] { return found }
        let made = YAMLMapping(file: file, place: keyPlace, mapping: mapping)
        inner[place] = made
        return made
    }

    /// The mappings handed out, in the order of the file.
    var innerMappings: [YAMLMapping] {
        inner.sorted { ($0.key.line, $0.key.column) < ($1.key.line, $1.key.column) }.map(\.value)
    }
}
