import Yams

/// A value of a YAML file with its place, read as what the caller expects it to be or refused with a mend.
package struct YAMLNode {
    /// What a value is by its form.
    package enum Kind: String, Sendable {
        case scalar
        case sequence
        case mapping
        /// A key without a value, `~` or `null`.
        case nothing
    }

    /// The longest duration that a file may ask for unless the caller says otherwise: 36,500 days.
    package static let durationMax = Duration.seconds(36_500 * 86_400)

    let file: String
    /// How errors call the value: `key` or `key[3]`.
    let name: String
    let keyPlace: Place
    let node: Node
    let inquiry: Inquiry

    /// What the value is by its form.
    package var kind: Kind {
        switch node {
        case .scalar(let scalar): scalar.style == .plain && ScalarText.isNothing(scalar.string) ? .nothing : .scalar
        case .sequence: .sequence
        case .mapping: .mapping
        case .alias: preconditionFailure("aliases are refused when the file is composed")
        }
    }

    /// A scalar's text as it is written, quoted or not, without judging what it would mean to other readers.
    ///
    /// For generic readers and for words that are compared with a list; text for people or channels is `string()`.
    package func literal() throws(YAMLError) -> String {
        try scalar(wanted: "a single value").string
    }

    /// Text: any quoted scalar, or a plain one taken literally (`0000` stays `0000`).
    ///
    /// Plain words that some YAML readers take as a truth value or as nothing (`no`, `on`, `null`) must be quoted.
    package func string() throws(YAMLError) -> String {
        let scalar = try scalar(wanted: "text")
        if scalar.style == .plain, ScalarText.isAmbiguous(scalar.string) {
            throw error(
                what: "`\(name)` must be text, and the plain word `\(scalar.string)` reads as a truth value",
                mend: "quote it: \"\(scalar.string)\""
            )
        }
        return scalar.string
    }

    /// A plain decimal integer within the range: no leading zeros, separators, fractions or quotes.
    package func int(in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        let limits = "from \(range.lowerBound) to \(range.upperBound)"
        let scalar = try scalar(wanted: "an integer \(limits)")
        guard let value = ScalarText.integer(scalar.string) else {
            throw error(
                what: "`\(name)` must be an integer \(limits), not \(ScalarText.shown(scalar.string))",
                mend: "write decimal digits only"
            )
        }
        guard scalar.style == .plain else {
            throw error(what: "`\(name)` must be an integer, not text", mend: "remove the quotes")
        }
        guard range.contains(value) else {
            throw error(what: "`\(name)` is \(value), out of range", mend: "choose an integer \(limits)")
        }
        return value
    }

    /// `true` or `false`, plain and in small letters.
    package func bool() throws(YAMLError) -> Bool {
        let scalar = try scalar(wanted: "true or false")
        switch (scalar.style, scalar.string) {
        case (.plain, "true"): return true
        case (.plain, "false"): return false
        case (.plain, let other):
            throw error(
                what: "`\(name)` must be true or false, not \(ScalarText.shown(other))",
                mend: "write `true` or `false`"
            )
        case (_, _):
            throw error(what: "`\(name)` must be true or false, not text", mend: "write `true` or `false` unquoted")
        }
    }

    /// An integer with its unit `ms`, `s`, `m`, `h` or `d` (24 hours), within the range.
    package func duration(
        in range: ClosedRange<Duration> = .zero...YAMLNode.durationMax
    ) throws(YAMLError) -> Duration {
        let scalar = try scalar(wanted: "a duration")
        guard let value = ScalarText.duration(scalar.string) else {
            throw error(
                what: "`\(name)` must be a duration, not \(ScalarText.shown(scalar.string))",
                mend: "write an integer and its unit, as in `500ms`, `10s`, `5m`, `2h` or `1d`"
            )
        }
        guard range.contains(value) else {
            throw error(
                what: "`\(name)` is \(ScalarText.shown(scalar.string)), out of range",
                mend: "choose a duration from \(ScalarText.text(of: range.lowerBound)) to "
                    + ScalarText.text(of: range.upperBound)
            )
        }
        return value
    }

    /// One of the listed words, each with its meaning; the error lists them.
    package func enumeration<T>(_ allowed: [String: T]) throws(YAMLError) -> T {
        let words = allowed.keys.sorted()
        let list = words.map { "`\($0)`" }.joined(separator: ", ")
        let text = try scalar(wanted: "one of \(list)").string
        if let value = allowed[text] { return value }
        let guess = Spelling.nearest(to: text, among: words).map { "did you mean `\($0)`? " } ?? ""
        throw error(
            what: "`\(name)` cannot be \(ScalarText.shown(text))",
            mend: "\(guess)allowed: \(list)"
        )
    }

    /// The elements of a sequence.
    package func elements() throws(YAMLError) -> [YAMLNode] {
        guard case .sequence(let sequence) = node else { throw wrongForm(wanted: "a list") }
        return sequence.enumerated().map { index, element in
            YAMLNode(
                file: file,
                name: "\(name)[\(index)]",
                keyPlace: Place(element.mark),
                node: element,
                inquiry: inquiry
            )
        }
    }

    /// A sequence of texts; it may be empty.
    package func strings() throws(YAMLError) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.string()) }
        return texts
    }

    /// The value as a mapping, whose keys the root's `finish()` will look at too.
    package func mapping() throws(YAMLError) -> YAMLMapping {
        guard case .mapping(let mapping) = node else { throw wrongForm(wanted: "a mapping") }
        return inquiry.mapping(of: mapping, file: file, keyPlace: keyPlace)
    }

    /// A sequence of mappings; it may be empty.
    package func mappings() throws(YAMLError) -> [YAMLMapping] {
        var found: [YAMLMapping] = []
        for element in try elements() { found.append(try element.mapping()) }
        return found
    }

    /// An error at this value: at a scalar itself, at the key of a list or mapping.
    package func error(what: String, mend: String) -> YAMLError {
        let place = kind == .scalar ? Place(node.scalar?.mark) : keyPlace
        return YAMLError(file: file, place: place, what: what, mend: mend)
    }

    private func scalar(wanted: String) throws(YAMLError) -> Node.Scalar {
        guard kind == .scalar, let scalar = node.scalar else { throw wrongForm(wanted: wanted) }
        return scalar
    }

    private func wrongForm(wanted: String) -> YAMLError {
        switch kind {
        case .nothing: error(what: "`\(name)` has no value", mend: "write \(wanted), or remove the key")
        case .scalar: error(what: "`\(name)` must be \(wanted), not a single value", mend: "write \(wanted)")
        case .sequence: error(what: "`\(name)` must be \(wanted), not a list", mend: "write \(wanted)")
        case .mapping: error(what: "`\(name)` must be \(wanted), not a mapping", mend: "write \(wanted)")
        }
    }
}
