import Yams

/// Turns proven text into a tree of nodes and refuses the parts of YAML that mislead readers.
///
/// Those are anchors, aliases, tags, several documents, duplicate keys and keys that are no plain words.
struct Composer {
    let source: SourceText

    /// The root node, which is a mapping.
    func compose() throws(YAMLError) -> Node {
        let root: Node?
        do {
            // The encoding is given, for the default looks at the environment.
            let parser = try Parser(yaml: source.text, encoding: .utf8)
            root = try parser.singleRoot()
            // Nodes refer to their anchors weakly; only the parser keeps them alive.
            try withExtendedLifetime(parser) {
                if let root { try refuseLooseForms(in: root) }
            }
        } catch let error as YAMLError {
            throw error
        } catch let error as YamlError {
            throw translated(error)
        } catch {
            throw wholeFile("not valid YAML", "check the file with a YAML checker")
        }
        guard let root else { throw wholeFile("holds no document", "write the keys that this file must have") }
        guard root.mapping != nil else {
            throw error(Place(root.mark), "must be a mapping at the top", "begin with `key: value`")
        }
        return root
    }

    private func refuseLooseForms(in node: Node) throws(YAMLError) {
        guard node.anchor == nil else { throw aliasError(Place(node.mark)) }
        switch node {
        case .scalar(let scalar):
            guard Self.isUntagged(scalar) else { throw tagError(Place(scalar.mark)) }
        case .sequence(let sequence):
            guard sequence.tag.rawValue.isEmpty else { throw tagError(Place(sequence.mark)) }
            for element in sequence { try refuseLooseForms(in: element) }
        case .mapping(let mapping):
            guard mapping.tag.rawValue.isEmpty else { throw tagError(Place(mapping.mark)) }
            try refuseLooseKeys(of: mapping)
            for (_, value) in mapping { try refuseLooseForms(in: value) }
        case .alias(let alias):
            throw aliasError(Place(alias.mark))
        }
    }

    private func refuseLooseKeys(of mapping: Node.Mapping) throws(YAMLError) {
        var firstLines: [String: Int] = [:]
        for (key, _) in mapping {
            guard let scalar = key.scalar else {
                throw error(Place(key.mark), "a key must be a word", "write the key as one word or between quotes")
            }
            guard scalar.anchor == nil else { throw aliasError(Place(scalar.mark)) }
            // The parser has already put its own guess of the kind in the place of a key's missing tag.
            let tag = scalar.tag.rawValue
            guard tag.isEmpty || tag.hasPrefix("tag:yaml.org,2002:") else { throw tagError(Place(scalar.mark)) }
            if scalar.style == .plain, ScalarText.isAmbiguousKey(scalar.string) {
                throw error(
                    Place(scalar.mark),
                    "the key `\(scalar.string)` reads as a truth value or as nothing",
                    "quote it"
                )
            }
            // The parser compares keys together with their kinds, so that `1` and `"1"` would pass as two keys.
            if let first = firstLines.updateValue(Place(scalar.mark).line, forKey: scalar.string) {
                throw duplicate(scalar.string, first: first, Place(scalar.mark))
            }
        }
    }

    private static func isUntagged(_ scalar: Node.Scalar) -> Bool {
        scalar.tag.rawValue.isEmpty || scalar.style != .plain && scalar.tag.rawValue == Tag.Name.str.rawValue
    }

    private func translated(_ failure: YamlError) -> YAMLError {
        switch failure {
        case .composer(_, let problem, let mark, _) where problem.contains("undefined alias"):
            return aliasError(Place(mark))
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            return error(Place(mark), "a second document begins", "keep one document a file")
        case .composer(let context, let problem, let mark, _), .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _):
            let whole = [context?.text, problem].compactMap(\.self).joined(separator: ": ")
            return error(Place(mark), "not valid YAML (\(whole))", mend(for: problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let key = duplicates.first ?? ""
            let first = Place(context.mark)
            return duplicate(key, first: first.line, secondPlace(of: key, after: first) ?? first)
        default:
            return wholeFile("not valid YAML", "check the file with a YAML checker")
        }
    }

    private func mend(for problem: String) -> String {
        if problem.contains("mapping values are not allowed") {
            return "quote a value that contains `: `, and align the keys of one mapping"
        }
        if problem.contains("could not find expected ':'") {
            return "put `: ` after the key"
        }
        if problem.contains("cannot start any token") {
            return "quote a value that begins with a sign"
        }
        return "check quotes, brackets and indentation up to here"
    }

    /// The parser tells only where a repeated key stands first, and the reader wants to see the other.
    private func secondPlace(of key: String, after first: Place) -> Place? {
        let indent = first.column - 1
        let lines = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated().dropFirst(first.line) {
            let content = line.drop { $0 == " " }
            if content.isEmpty || content.first == "#" { continue }
            let depth = line.count - content.count
            if depth < indent { return nil }
            let spellings = [key, "\"\(key)\"", "'\(key)'"]
            if depth == indent, spellings.contains(where: { Self.line(content, beginsWithKey: $0) }) {
                return Place(line: index + 1, column: first.column)
            }
        }
        return nil
    }

    private static func line(_ content: Substring, beginsWithKey key: String) -> Bool {
        guard content.hasPrefix(key) else { return false }
        let rest = content.dropFirst(key.count).drop { $0 == " " }
        return rest == ":" || rest.hasPrefix(": ")
    }

    private func duplicate(_ key: String, first line: Int, _ place: Place) -> YAMLError {
        error(place, "the key `\(key)` appears twice (first on line \(line))", "remove one of them")
    }

    private func aliasError(_ place: Place) -> YAMLError {
        error(place, "anchors and aliases are not allowed", "write the values out")
    }

    private func tagError(_ place: Place) -> YAMLError {
        error(place, "tags are not allowed", "remove the `!…`; quote the value if it is text")
    }

    private func error(_ place: Place, _ what: String, _ mend: String) -> YAMLError {
        YAMLError(file: source.file, place: place, what: what, mend: mend)
    }

    private func wholeFile(_ what: String, _ mend: String) -> YAMLError {
        error(.wholeFile, what, mend)
    }
}
