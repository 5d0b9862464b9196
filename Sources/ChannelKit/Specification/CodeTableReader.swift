import PaymentCore
import StrictYAML

/// Reads the `codes` of a specification: for each message its header and item codes, and no default (R3).
struct CodeTableReader {
    /// Words that other tools take as "everything else".
    private static let defaults: Set<String> = [
        "*", "?", "_", "any", "default", "else", "fallback", "other", "others", "otherwise", "rest",
    ]

    private enum HeaderWord: String, CaseIterable {
        case taken
        case found
        case processing
        case refused
        case duplicateSame = "duplicate_same"
        case duplicateOther = "duplicate_other"
        case slowDown = "slow_down"
        case notFound = "not_found"
        case unknown
    }

    private enum ItemWord: String, CaseIterable {
        case done
        case notDone = "not_done"
        case processing
        case unknown
    }

    let codes: YAMLMapping

    func table() throws(YAMLError) -> CodeTable {
        var headers: [MessageKind: [String: HeaderMeaning]] = [:]
        var items: [MessageKind: [String: ItemMeaning]] = [:]
        for kind in MessageKind.allCases {
            let message = try codes.mapping(kind.rawValue)
            headers[kind] = try self.headers(message, kind: kind)
            items[kind] = try self.items(message, kind: kind)
        }
        do {
            return try CodeTable(headers: headers, items: items)
        } catch {
            throw codes.error(what: error.description, mend: "correct that entry")
        }
    }

    private func headers(_ message: YAMLMapping, kind: MessageKind) throws(YAMLError) -> [String: HeaderMeaning] {
        var table: [String: HeaderMeaning] = [:]
        for (code, value) in try message.mapping("header").entries() {
            try refuseLooseCode(code, value)
            let (word, cause) = try entry(value, as: HeaderWord.self)
            let meaning = try Self.meaning(word, cause, value)
            if let objection = CodeTable.objection(to: meaning, kind: kind) {
                throw value.error(what: "`\(code)` of \(kind.rawValue) cannot be \(word.rawValue)", mend: objection)
            }
            table[code] = meaning
        }
        let needed: HeaderMeaning = kind == .submit ? .taken : .found
        guard table.values.contains(needed) else {
            throw message.error(
                at: "header",
                what: "no header code of \(kind.rawValue) means `\(needed)`, so nothing could ever succeed",
                mend: "list the code that means it"
            )
        }
        return table
    }

    private func items(_ message: YAMLMapping, kind: MessageKind) throws(YAMLError) -> [String: ItemMeaning] {
        var table: [String: ItemMeaning] = [:]
        for (code, value) in try message.mapping("item").entries() {
            try refuseLooseCode(code, value)
            let (word, cause) = try entry(value, as: ItemWord.self)
            let meaning = try Self.meaning(word, cause, value)
            if kind == .submit, meaning == .done {
                throw value.error(
                    what: "`\(code)` of submit cannot be done",
                    mend: "list it under `query`: a submit answer names only what was not taken, and proves no success"
                )
            }
            table[code] = meaning
        }
        if kind == .query, !table.values.contains(.done) {
            throw message.error(
                at: "item",
                what: "no item code of query means `done`, so nothing could ever succeed",
                mend: "list the code that means it"
            )
        }
        return table
    }

    private func refuseLooseCode(_ code: String, _ value: YAMLNode) throws(YAMLError) {
        guard !Self.defaults.contains(code.lowercased()) else {
            throw value.error(
                what: "`\(code)` would give unlisted codes a meaning, and they have none but unknown (R3)",
                mend: "remove it; list each code that the channel documents"
            )
        }
        guard ChannelText.isCode(code) else {
            throw value.error(
                what: "this key is no code of a channel",
                mend: "write 1 to 32 of letters, digits, `.`, `_`, `-`"
            )
        }
    }

    /// A word alone, or `{meaning: WORD, cause: CAUSE}`.
    private func entry<Word: RawRepresentable & CaseIterable>(
        _ value: YAMLNode,
        as type: Word.Type
    ) throws(YAMLError) -> (Word, FailureCause?) where Word.RawValue == String {
        if value.kind == .mapping {
            let mapping = try value.mapping()
            return (try mapping.enumeration("meaning", as: type), try mapping.optionalEnumeration("cause"))
        }
        let words = Dictionary(uniqueKeysWithValues: Word.allCases.map { ($0.rawValue, $0) })
        return (try value.enumeration(words), nil)
    }

    private static func meaning(
        _ word: HeaderWord,
        _ cause: FailureCause?,
        _ value: YAMLNode
    ) throws(YAMLError) -> HeaderMeaning {
        if word == .refused { return .refused(try needed(cause, value)) }
        try refuse(cause, value)
        switch word {
        case .taken: return .taken
        case .found: return .found
        case .processing: return .processing
        case .refused: preconditionFailure("returned above")
        case .duplicateSame: return .duplicateSame
        case .duplicateOther: return .duplicateOther
        case .slowDown: return .slowDown
        case .notFound: return .notFound
        case .unknown: return .unknown(listed: true)
        }
    }

    private static func meaning(
        _ word: ItemWord,
        _ cause: FailureCause?,
        _ value: YAMLNode
    ) throws(YAMLError) -> ItemMeaning {
        if word == .notDone { return .notDone(try needed(cause, value)) }
        try refuse(cause, value)
        switch word {
        case .done: return .done
        case .notDone: preconditionFailure("returned above")
        case .processing: return .processing
        case .unknown: return .unknown(listed: true)
        }
    }

    private static func needed(_ cause: FailureCause?, _ value: YAMLNode) throws(YAMLError) -> FailureCause {
        guard let cause else {
            let causes = FailureCause.allCases.map(\.rawValue).joined(separator: ", ")
            throw value.error(
                what: "a failure without a cause (R9)",
                mend: "write {meaning: …, cause: …} with one of \(causes)"
            )
        }
        return cause
    }

    private static func refuse(_ cause: FailureCause?, _ value: YAMLNode) throws(YAMLError) {
        guard cause == nil else {
            throw value.error(what: "only `refused` and `not_done` have a cause", mend: "remove `cause`")
        }
    }
}
