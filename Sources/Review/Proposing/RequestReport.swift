package import Store

/// What asking for a release or a rejection came to, or would come to.
package struct RequestReport: Sendable {
    /// Whether nothing was done.
    package let isPreview: Bool
    /// Nil when nothing was asked for.
    package internal(set) var proposal: Int64?
    /// Records looked at.
    package internal(set) var found: Int64 = 0
    /// What became of each record; in line order.
    package internal(set) var records: [ReportedRecord] = []
    /// What keeps records back that would still fail, the most frequent first.
    package internal(set) var failing: [ReasonTally] = []

    /// Records that are part of the proposal, or were decided at once.
    package var taken: Int64 { Int64(records.count(where: \.fate.isTaken)) }
    /// Records that are not.
    package var leftAlone: [ReportedRecord] { records.filter { !$0.fate.isTaken } }
    /// Whether one person sufficed.
    package var isDone: Bool { records.contains { $0.fate == .outcome(.released) || $0.fate == .outcome(.rejected) } }
    /// Those of the proposal that resemble a later order of the same account and amount.
    package var resembling: [ReportedRecord] { records.filter { $0.fate.isTaken && $0.resembles != nil } }

    /// Minor units by currency, of the records that are part of the proposal.
    package var amounts: [String: Int128] {
        var sums: [String: Int128] = [:]
        for record in records where record.fate.isTaken {
            guard let minor = record.amountMinor, let currency = record.currency else { continue }
            sums[currency, default: 0] += Int128(minor)
        }
        return sums
    }
}

/// What became of one record.
package struct ReportedRecord: Sendable, Hashable {
    /// Where it went, or why it did not.
    package enum Fate: Sendable, Hashable {
        /// As the database says.
        case outcome(AskedRecord.Outcome)
        /// It would not pass the rules; the codes of what is wrong.
        case stillFails([String])
        /// It cannot be judged here.
        case unjudgeable(String)

        package var isTaken: Bool { if case .outcome(let outcome) = self { outcome.isTaken } else { false } }

        /// One word for machines.
        package var word: String {
            switch self {
            case .outcome(let outcome): outcome.rawValue
            case .stillFails: "still_fails"
            case .unjudgeable: "unjudgeable"
            }
        }
    }

    package let key: RecordKey
    package let fate: Fate
    package var amountMinor: Int64?
    package var currency: String?
    /// A later order of the same account and amount, as `BATCH-LINE`.
    package var resembles: String?
    /// Who was faster, of a record that was changed or decided meanwhile.
    package var change: RecordChange?

    init(key: RecordKey, fate: Fate) { (self.key, self.fate) = (key, fate) }
}
