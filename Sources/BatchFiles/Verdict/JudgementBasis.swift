import XMLStream

/// What a file is judged by beside its own bytes, in bytes that are the same wherever it is the same.
///
/// All that a reader and a checker are made of stands in it, found by reflection: a setting that is added later cannot
/// be forgotten here. What is nil is left out, so that one which is added and not used changes nothing.
package struct JudgementBasis: Sendable {
    package let bytes: [UInt8]

    package init(format: DeclaredFormat, rules: RecordRules, context: RecordContext) {
        // A record asks whether there is a channel that carries it: their order says nothing.
        let channels = Set(context.channels)
        bytes = Self.describe((format: format, rules: rules, businessDate: context.businessDate, channels: channels))
    }

    /// Texts with their lengths, so that no two values are described alike.
    private static func describe(_ value: Any) -> [UInt8] {
        switch value {
        case let text as String: Array("\(text.utf8.count):".utf8) + Array(text.utf8)
        case let schema as XMLSchemaFile: Array("\(schema.source.count):".utf8) + schema.source
        case let number as any BinaryInteger: Array(number.description.utf8)
        case let flag as Bool: Array(flag.description.utf8)
        case let named as any RawRepresentable: describe(named.rawValue)
        default: describe(partsOf: value)
        }
    }

    private static func describe(partsOf value: Any) -> [UInt8] {
        let mirror = Mirror(reflecting: value)
        let parts: [[UInt8]]
        switch mirror.displayStyle {
        case .optional: parts = mirror.children.map { describe($0.value) }
        case .collection: parts = mirror.children.map { describe($0.value) }
        case .set, .dictionary:
            parts = mirror.children.map { describe($0.value) }.sorted { $0.lexicographicallyPrecedes($1) }
        case .enum where mirror.children.isEmpty: parts = [describe("\(value)")]
        // Nil: a range, which says what it is made of by itself.
        case .struct, .tuple, .enum, nil:
            precondition(!mirror.children.isEmpty, "nothing says what of \(mirror.subjectType) a file is judged by")
            parts = mirror.children.filter { !isNil($0.value) }.map { child in
                describe(child.label ?? "") + [UInt8(ascii: "=")] + describe(child.value)
            }
        default: preconditionFailure("nothing says what of \(mirror.subjectType) a file is judged by")
        }
        return [UInt8(ascii: "(")] + parts.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: ")")]
    }

    private static func isNil(_ value: Any) -> Bool {
        let mirror = Mirror(reflecting: value)
        return mirror.displayStyle == .optional && mirror.children.isEmpty
    }
}
