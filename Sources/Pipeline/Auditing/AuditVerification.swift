import Cryptography
package import Store

/// Reads the whole audit chain, a page at a time, and finds what was changed, deleted, inserted, reordered or cut off.
package struct AuditVerification: Sendable {
    /// Rows read at once, at most.
    private static let pageRows = 2_000
    /// Breaches that are told one by one.
    package static let examplesMax = 20

    private let store: any AuditStore

    package init(store: any AuditStore) { self.store = store }

    /// Verifies the chain as it stands now, and against heads that were written outside of the database.
    ///
    /// `progress`: is called after each page with the rows read and those there are.
    package func verify(
        against written: [WrittenAuditHead] = [],
        progress: (_ done: Int64, _ of: Int64) throws -> Void = { _, _ in }
    ) async throws -> AuditReport {
        let end = try await store.auditEnd()
        var walk = AuditWalk(end: end, written: written)
        var last: Int64 = 0
        while true {
            try Task.checkCancellation()
            let rows = try await store.auditRows(after: last, upTo: end.head.entryNumber, limit: Self.pageRows)
            guard let final = rows.last else { break }
            for row in rows { walk.take(row) }
            last = final.entryNumber
            try progress(last, end.head.entryNumber)
        }
        return walk.finish()
    }
}

/// What the verification of the audit chain found.
package struct AuditReport: Sendable, Hashable {
    /// What is wrong at one place.
    package struct Breach: Sendable, Hashable {
        /// The kinds; the raw value is the word of reports.
        package enum Kind: String, Sendable, Hashable, CaseIterable {
            /// The row's hash is not that of what it says.
            case changed
            /// Rows between the one before and this one are gone.
            case deleted
            /// A row stands where none was written.
            case inserted
            /// The row does not follow the one before: it, or its neighbour, was put there.
            case unlinked
            /// The chain ends before its head, or before a head that was written outside.
            case cut
            /// The last row is not the one that the head names.
            case head
            /// The chain was written anew: a head outside names another row.
            case rewritten
            /// A line outside is no head.
            case unreadable
        }

        package let kind: Kind
        /// The number of the row, or the line of the file of heads for what is `unreadable`.
        package let entryNumber: Int64
        package let words: String

        package init(_ kind: Kind, at entryNumber: Int64, _ words: String) {
            (self.kind, self.entryNumber, self.words) = (kind, entryNumber, words)
        }
    }

    package let head: AuditHead
    /// Rows read.
    package let rows: Int64
    /// Heads compared that were written outside.
    package let headsCompared: Int
    package let breaches: Int64
    /// The first of them.
    package let examples: [Breach]

    package var holds: Bool { breaches == 0 }
}

/// One walk along the chain; pure.
struct AuditWalk {
    private let end: AuditEnd
    /// What is said of rows outside, by number; several lines may say the same.
    private let written: [Int64: [[UInt8]]]
    private let headsCompared: Int
    private var last = AuditHead(entryNumber: 0, hash: [UInt8](repeating: 0, count: SHA256.byteCount))
    private var rows: Int64 = 0
    private var breaches: Int64 = 0
    private var examples: [AuditReport.Breach] = []

    init(end: AuditEnd, written: [WrittenAuditHead]) {
        self.end = end
        let heads = written.compactMap(\.head)
        self.written = Dictionary(grouping: heads, by: \.entryNumber).mapValues { $0.map(\.hash) }
        headsCompared = heads.count
        for line in written where line.head == nil {
            add(.unreadable, at: Int64(line.line), "line \(line.line) of the file of heads is no head")
        }
        guard let numbers = end.numbers else { return }
        for number in Set([numbers.lowerBound, numbers.upperBound]).sorted()
        where number < 1 || number > end.head.entryNumber {
            add(.inserted, at: number, "row \(number) lies outside of the chain")
        }
    }

    /// Rows come by their numbers.
    mutating func take(_ row: AuditRow) {
        rows += 1
        let number = row.entryNumber
        if number == last.entryNumber {
            return add(.inserted, at: number, "row \(number) is there twice")
        }
        if number > last.entryNumber + 1 {
            let gap = number - last.entryNumber - 1
            add(.deleted, at: last.entryNumber + 1, "\(gap) rows are gone before row \(number)")
        } else if row.previous != last.hash {
            add(.unlinked, at: number, "row \(number) does not follow row \(last.entryNumber)")
        }
        if SHA256.hash(row.previous + Array(row.words.utf8)) != row.hash {
            add(.changed, at: number, "row \(number) is not as it was written")
        }
        for hash in written[number] ?? [] where hash != row.hash {
            add(.rewritten, at: number, "row \(number) has another hash than the file of heads")
        }
        last = AuditHead(entryNumber: number, hash: row.hash)
    }

    mutating func finish() -> AuditReport {
        if last.entryNumber < end.head.entryNumber {
            let missing = end.head.entryNumber - last.entryNumber
            add(.cut, at: last.entryNumber + 1, "\(missing) rows are cut off behind row \(last.entryNumber)")
        } else if last.hash != end.head.hash {
            add(.head, at: last.entryNumber, "row \(last.entryNumber) is not the one that the head names")
        }
        for number in written.keys.sorted() where number > end.head.entryNumber {
            add(.cut, at: number, "the file of heads knows row \(number), the chain ends with \(end.head.entryNumber)")
        }
        return AuditReport(
            head: end.head,
            rows: rows,
            headsCompared: headsCompared,
            breaches: breaches,
            examples: examples
        )
    }

    private mutating func add(_ kind: AuditReport.Breach.Kind, at number: Int64, _ words: String) {
        breaches += 1
        if examples.count < AuditVerification.examplesMax {
            examples.append(AuditReport.Breach(kind, at: number, words))
        }
    }
}
