import PaymentCore
import Testing

struct CodeTableTests {
    static let meanings: [HeaderMeaning] =
        [.taken, .found, .processing, .duplicateSame, .duplicateOther, .slowDown, .notFound]
        + [.unknown(listed: true), .unknown(listed: false)] + FailureCause.allCases.map(HeaderMeaning.refused)

    /// Codes that look like the listed one, or like a way to say "all others".
    static let strangers = [
        "", "*", "default", "else", "other", "any", "00 ", " 00", "0", "000", "OO", "00\u{0}", "０0",
    ]

    static let table: CodeTable = {
        guard
            let table = try? CodeTable(
                headers: [.submit: ["00": .taken], .query: ["00": .found]],
                items: [.submit: ["00": .done], .query: ["00": .notDone(.customer)]]
            )
        else { preconditionFailure("the sample table is sound") }
        return table
    }()

    @Test(arguments: MessageKind.allCases, strangers)
    func `a code that is not listed is unknown at both levels`(kind: MessageKind, code: String) {
        #expect(Self.table.header(code, kind: kind) == .unknown(listed: false))
        #expect(Self.table.item(code, kind: kind) == .unknown(listed: false))
    }

    @Test func `a listed code means what its own kind of message says`() {
        #expect(Self.table.header("00", kind: .submit) == .taken)
        #expect(Self.table.header("00", kind: .query) == .found)
        #expect(Self.table.item("00", kind: .submit) == .done)
        #expect(Self.table.item("00", kind: .query) == .notDone(.customer))
    }

    @Test(arguments: MessageKind.allCases)
    func `an empty table knows nothing`(kind: MessageKind) throws {
        let table = try CodeTable(headers: [:], items: [:])
        #expect(table.header("00", kind: kind) == .unknown(listed: false))
        #expect(table.item("00", kind: kind) == .unknown(listed: false))
    }

    @Test(arguments: MessageKind.allCases)
    func `a code listed for one kind of message is unknown for the other`(kind: MessageKind) throws {
        let other: MessageKind = kind == .submit ? .query : .submit
        let table = try CodeTable(headers: [other: ["7": .processing]], items: [other: ["7": .done]])
        #expect(table.header("7", kind: kind) == .unknown(listed: false))
        #expect(table.item("7", kind: kind) == .unknown(listed: false))
    }

    @Test(arguments: ["*", "default", "else", "other", ".*", "%"])
    func `there is no way to express a default`(code: String) throws {
        // Such a word is a code like any other: it matches itself only.
        let table = try CodeTable(
            headers: [.submit: [code: .refused(.channel)], .query: [code: .found]],
            items: [.submit: [code: .notDone(.channel)], .query: [code: .notDone(.channel)]]
        )
        for kind in MessageKind.allCases {
            #expect(table.header("E042", kind: kind) == .unknown(listed: false))
            #expect(table.item("E042", kind: kind) == .unknown(listed: false))
        }
    }

    @Test(arguments: MessageKind.allCases)
    func `an empty code cannot be listed`(kind: MessageKind) {
        #expect(throws: CodeTable.Defect.self) { try CodeTable(headers: [kind: ["": .processing]], items: [:]) }
        #expect(throws: CodeTable.Defect.self) { try CodeTable(headers: [:], items: [kind: ["": .notDone(.system)]]) }
    }

    @Test(arguments: meanings)
    func `a meaning stands only where it makes sense`(meaning: HeaderMeaning) throws {
        let kinds: Set<MessageKind> =
            switch meaning {
            case .taken, .duplicateSame, .duplicateOther, .refused: [.submit]
            case .found, .notFound: [.query]
            case .processing, .slowDown, .unknown: [.submit, .query]
            }
        for kind in MessageKind.allCases {
            #expect((CodeTable.objection(to: meaning, kind: kind) == nil) == kinds.contains(kind))
            if kinds.contains(kind) {
                let table = try CodeTable(headers: [kind: ["A1": meaning]], items: [:])
                #expect(table.header("A1", kind: kind) == meaning)
            } else {
                let defect = #expect(throws: CodeTable.Defect.self) {
                    try CodeTable(headers: [kind: ["A1": meaning]], items: [:])
                }
                #expect(defect?.kind == kind && defect?.code == "A1")
                #expect(defect?.description.hasPrefix("code A1 of \(kind.rawValue): ") == true)
            }
        }
    }
}
