extension YAMLMapping {
    /// Text; see `YAMLNode.string()`.
    package func string(_ key: String) throws(YAMLError) -> String {
        try node(key).string()
    }

    /// Text, or nothing if the key is left out.
    package func optionalString(_ key: String) throws(YAMLError) -> String? {
        try optionalNode(key)?.string()
    }

    /// An integer within the range.
    package func int(_ key: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int {
        try node(key).int(in: range)
    }

    /// An integer within the range, or nothing if the key is left out.
    package func optionalInt(_ key: String, in range: ClosedRange<Int>) throws(YAMLError) -> Int? {
        try optionalNode(key)?.int(in: range)
    }

    /// `true` or `false`.
    package func bool(_ key: String) throws(YAMLError) -> Bool {
        try node(key).bool()
    }

    /// `true` or `false`, or the given value if the key is left out.
    package func bool(_ key: String, default fallback: Bool) throws(YAMLError) -> Bool {
        try optionalNode(key)?.bool() ?? fallback
    }

    /// An integer with its unit, as in `500ms`, `10s`, `5m`, `2h` or `1d`, within the range.
    package func duration(
        _ key: String,
        in range: ClosedRange<Duration> = .zero...YAMLNode.durationMax
    ) throws(YAMLError) -> Duration {
        try node(key).duration(in: range)
    }

    /// An integer with its unit, or nothing if the key is left out.
    package func optionalDuration(
        _ key: String,
        in range: ClosedRange<Duration> = .zero...YAMLNode.durationMax
    ) throws(YAMLError) -> Duration? {
        try optionalNode(key)?.duration(in: range)
    }

    /// One of the listed words, each with its meaning; the error lists them.
    package func enumeration<T>(_ key: String, _ allowed: [String: T]) throws(YAMLError) -> T {
        try node(key).enumeration(allowed)
    }

    /// One of the listed words, or nothing if the key is left out.
    package func optionalEnumeration<T>(_ key: String, _ allowed: [String: T]) throws(YAMLError) -> T? {
        try optionalNode(key)?.enumeration(allowed)
    }

    /// One of the cases by its raw value; the error lists them.
    package func enumeration<T: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: T.Type = T.self
    ) throws(YAMLError) -> T where T.RawValue == String {
        try node(key).enumeration(Self.words(of: type))
    }

    /// One of the cases by its raw value, or nothing if the key is left out.
    package func optionalEnumeration<T: RawRepresentable & CaseIterable>(
        _ key: String,
        as type: T.Type = T.self
    ) throws(YAMLError) -> T? where T.RawValue == String {
        try optionalNode(key)?.enumeration(Self.words(of: type))
    }

    /// A list of texts; it may be empty.
    package func strings(_ key: String) throws(YAMLError) -> [String] {
        try node(key).strings()
    }

    /// A list of texts, or nothing if the key is left out.
    package func optionalStrings(_ key: String) throws(YAMLError) -> [String]? {
        try optionalNode(key)?.strings()
    }

    /// A mapping, whose keys this one's `finish()` looks at too.
    package func mapping(_ key: String) throws(YAMLError) -> YAMLMapping {
        try node(key).mapping()
    }

    /// A mapping, or nothing if the key is left out.
    package func optionalMapping(_ key: String) throws(YAMLError) -> YAMLMapping? {
        try optionalNode(key)?.mapping()
    }

    /// A list of mappings; it may be empty.
    package func mappings(_ key: String) throws(YAMLError) -> [YAMLMapping] {
        try node(key).mappings()
    }

    /// A list of mappings, or nothing if the key is left out.
    package func optionalMappings(_ key: String) throws(YAMLError) -> [YAMLMapping]? {
        try optionalNode(key)?.mappings()
    }

    private static func words<T: RawRepresentable & CaseIterable>(
        of type: T.Type
    ) -> [String: T] where T.RawValue == String {
        Dictionary(uniqueKeysWithValues: type.allCases.map { ($0.rawValue, $0) })
    }
}
