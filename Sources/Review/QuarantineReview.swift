package import Store

/// The reviewers' work on quarantined records: what a command or a page asks for is done here, and shown there.
///
/// What it answers may be shown as it is: personal data is masked, and nothing in it moves a terminal's cursor (R15).
package struct QuarantineReview: Sendable {
    let store: any QuarantineStore
    let rules: ReviewRules

    package init(store: any QuarantineStore, rules: ReviewRules) {
        (self.store, self.rules) = (store, rules)
    }
}

/// Which records a reviewer means.
package enum RecordSelection: Sendable {
    /// Those that a filter finds; its limit is of no matter.
    case matching(QuarantineFilter)
    /// These, each once.
    case named([RecordKey])

    /// Whether each record is named, and none is found by what it is like.
    var isNamed: Bool {
        if case .named = self { true } else { false }
    }

    var isForOne: Bool {
        if case .named(let keys) = self { Set(keys).count == 1 } else { false }
    }
}

/// How far a long piece of work is.
package struct ReviewProgress: Sendable, Hashable {
    package let done, whole: Int64

    package init(done: Int64, whole: Int64) { (self.done, self.whole) = (done, whole) }
}

extension QuarantineReview {
    /// Called after each page; the last call says that all is done.
    package typealias ShowProgress = @Sendable (ReviewProgress) -> Void

    /// Calls `body` with the selected records, page by page in line order, and answers the named ones that are none.
    ///
    /// Throws for a selection that is larger than what one command may touch.
    func forEachPage(
        of selection: RecordSelection,
        progress: ShowProgress,
        _ body: ([RecordToReview]) async throws -> Void
    ) async throws -> [RecordKey] {
        switch selection {
        case .matching(var filter):
            filter.limit = AmendmentBounds.pageRecords
            let whole = try await store.quarantinedCount(filter)
            try Self.check(whole)
            var done: Int64 = 0
            var last: RecordKey?
            while true {
                let page = try await store.recordsToReview(filter, after: last)
                guard let end = page.last?.key else { break }
                try await body(page)
                last = end
                done += Int64(page.count)
                progress(ReviewProgress(done: done, whole: max(done, whole)))
                if page.count < filter.limit { break }
            }
            return []
        case .named(let named):
            let keys = Set(named).sorted()
            try Self.check(Int64(keys.count))
            var missing: [RecordKey] = []
            for start in stride(from: 0, to: keys.count, by: AmendmentBounds.pageRecords) {
                let wanted = Array(keys[start..<min(start + AmendmentBounds.pageRecords, keys.count)])
                let page = try await store.recordsToReview(wanted)
                let found = Set(page.map(\.key))
                missing += wanted.filter { !found.contains($0) }
                if !page.isEmpty { try await body(page) }
                progress(ReviewProgress(done: Int64(start + wanted.count), whole: Int64(keys.count)))
            }
            return missing
        }
    }

    private static func check(_ count: Int64) throws {
        guard count <= Int64(AmendmentBounds.recordsMax) else {
            throw ReviewRefusal(
                what: "\(count) records are too many for one command; at most \(AmendmentBounds.recordsMax)",
                mend: "narrow them down, such as to one file with --batch"
            )
        }
    }
}

/// Why nothing was done; nothing personal.
package struct ReviewRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package let what: String
    package let mend: String

    package init(what: String, mend: String) { (self.what, self.mend) = (what, mend) }

    package var description: String { "\(what); \(mend)" }
}
