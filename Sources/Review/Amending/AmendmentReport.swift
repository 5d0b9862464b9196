package import Store

/// What an amendment did, or would do.
package struct AmendmentReport: Sendable {
    /// Whether nothing was done.
    package let isPreview: Bool
    /// Records looked at.
    package internal(set) var found: Int64 = 0
    /// Records that say already what they were to say.
    package internal(set) var unchanged: Int64 = 0
    package internal(set) var amended: Int64 = 0
    /// Of the amended ones, those that can be released as far as their texts go.
    package internal(set) var passing: Int64 = 0
    /// What is still wrong with amended records, the most frequent first.
    package internal(set) var remaining: [ReasonTally] = []
    /// Records left alone, because their new texts break a rule, by rule; the most frequent first.
    package internal(set) var refused: [ReasonTally] = []
    package internal(set) var refusedRecords: Int64 = 0
    /// The first amended records, with their old and new texts, masked.
    package internal(set) var examples: [AmendmentExample] = []
    /// Records left alone, because somebody else was faster.
    package internal(set) var changed: [RecordChange] = []
    /// Named records that are none.
    package internal(set) var missing: [RecordKey] = []
    /// Records that cannot be judged here.
    package internal(set) var unjudgeable: [UnjudgeableRecord] = []

    /// Amended records that would still fail.
    package var failing: Int64 { amended - passing }
    /// Whether every record that was meant is amended, or says already what it was to say.
    package var isWhole: Bool { refusedRecords == 0 && changed.isEmpty && missing.isEmpty && unjudgeable.isEmpty }
}

/// How often one thing is wrong, and where first.
package struct ReasonTally: Sendable, Hashable {
    package let code: String
    /// Nil for a reason of no field.
    package let field: String?
    package let mend: String
    package internal(set) var records: Int64 = 0
    /// The first records that have it.
    package internal(set) var examples: [RecordKey] = []
}

/// One text of one record, before and after, masked.
package struct AmendmentExample: Sendable, Hashable {
    package let key: RecordKey
    package let field: String
    package let before, after: String
}

/// Counts reasons by code and field.
struct ReasonCount {
    private struct Kind: Hashable {
        let code: String
        let field: String?
    }

    private var tallies: [Kind: ReasonTally] = [:]

    /// `reasons`: of one record, which counts once under each kind.
    mutating func add(_ reasons: [QuarantineReason], of key: RecordKey) {
        var seen: Set<Kind> = []
        for reason in reasons {
            let kind = Kind(code: reason.code, field: reason.field)
            guard seen.insert(kind).inserted else { continue }
            var tally = tallies[kind] ?? ReasonTally(code: reason.code, field: reason.field, mend: reason.mend)
            tally.records += 1
            if tally.examples.count < AmendmentBounds.examplesMax { tally.examples.append(key) }
            tallies[kind] = tally
        }
    }

    /// The most frequent first.
    var sorted: [ReasonTally] {
        tallies.values.sorted { ($1.records, $0.code, $0.field ?? "") < ($0.records, $1.code, $1.field ?? "") }
    }
}
