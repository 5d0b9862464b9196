import BatchFiles
import PaymentCore
import Store

/// One command's amendments: what was done so far, and what came of it.
struct AmendmentRun: ~Copyable {
    private let review: QuarantineReview
    private let comment: String
    /// Nil to look ahead.
    private let session: SessionSecret?
    private var judge: RecordJudge
    var report: AmendmentReport
    private var remaining = ReasonCount()
    private var refused = ReasonCount()
    /// Numbers that records of this run are to have, by merchant.
    private var numbersGiven: [MerchantNumber: [String: RecordKey]] = [:]

    init(_ review: QuarantineReview, comment: String, session: SessionSecret?) {
        (self.review, self.comment, self.session) = (review, comment, session)
        judge = RecordJudge(review.rules)
        report = AmendmentReport(isPreview: session == nil)
    }

    /// A record with its new texts, judged.
    private struct Draft {
        let record: RecordToReview
        let form: RecordForm
        let before: FieldTexts?
        let after: FieldTexts
        let judged: JudgedRecord
        /// The fields whose texts are new.
        let changed: Set<RecordField>
        /// What keeps it from becoming an order, another owner of its number included.
        var failing: [RecordReason]

        /// What the new texts themselves break.
        var broken: [RecordReason] { failing.filter { $0.field.map(changed.contains) ?? false } }
    }

    /// What became of the records of a page that were not amended although something of them was new.
    struct Leftover {
        /// What their new texts break.
        var broken: [RecordKey: [RecordReason]] = [:]
        /// Others were faster.
        var late: Set<RecordKey> = []
        /// They cannot be judged here.
        var unjudgeable: [RecordKey: String] = [:]
    }

    /// What came of it.
    var finished: AmendmentReport {
        var finished = report
        finished.remaining = remaining.sorted
        finished.refused = refused.sorted
        return finished
    }

    /// What is thrown for an error in the middle: how far it came, if anything was done.
    func stopped(by error: any Error) -> any Error {
        report.isPreview || report.amended == 0 ? error : AmendingStopped(amended: report.amended, cause: error)
    }

    /// Amends the records of a page with the texts that `newTexts` makes of theirs; nil leaves a record alone.
    @discardableResult
    mutating func amend(
        _ page: [RecordToReview],
        _ newTexts: (RecordToReview, RecordTexts) -> FieldTexts?
    ) async throws -> Leftover {
        var leftover = Leftover()
        report.found += Int64(page.count)
        var drafts: [Draft] = []
        for record in page where record.record.state.isWaiting {
            do throws(UnjudgeableRecord) {
                if let draft = try draft(of: record, newTexts) { drafts.append(draft) }
            } catch {
                report.unjudgeable.append(error)
                leftover.unjudgeable[record.key] = error.why
            }
        }
        try await checkNumbers(&drafts)
        var good: [Draft] = []
        for draft in drafts {
            if draft.broken.isEmpty {
                good.append(draft)
            } else {
                report.refusedRecords += 1
                refused.add(draft.broken.map(QuarantineReason.init), of: draft.record.key)
                leftover.broken[draft.record.key] = draft.broken
            }
        }
        leftover.late = try await keep(good)
        for draft in good where !leftover.late.contains(draft.record.key) { count(draft) }
        let decided = page.filter { !$0.record.state.isWaiting }.map(\.key)
        try await tell(ofChangesTo: decided + leftover.late.sorted())
        return leftover
    }

    /// Nil when nothing is new.
    private mutating func draft(
        of record: RecordToReview,
        _ newTexts: (RecordToReview, RecordTexts) -> FieldTexts?
    ) throws(UnjudgeableRecord) -> Draft? {
        let texts = try judge.texts(of: record)
        guard let after = newTexts(record, texts) else { return nil }
        let changed = after.changed(since: texts.current)
        guard !changed.isEmpty else {
            report.unchanged += 1
            return nil
        }
        let judged = try judge.judge(record, sent: texts.sent, amended: after)
        return Draft(
            record: record,
            form: texts.form,
            before: texts.current,
            after: after,
            judged: judged,
            changed: changed,
            failing: judged.failing
        )
    }

    /// Adds to each draft that another line has its number: a line of the database, or one before it in this run.
    private mutating func checkNumbers(_ drafts: inout [Draft]) async throws {
        var wanted: [MerchantNumber: Set<String>] = [:]
        for draft in drafts {
            if let number = draft.judged.judgement.merchantOrderNumber {
                wanted[draft.record.merchant, default: []].insert(number)
            }
        }
        var owners: [MerchantNumber: [String: NumberOwner]] = [:]
        for (merchant, numbers) in wanted {
            owners[merchant] = try await review.store.numberOwners(of: numbers.sorted(), merchant: merchant)
        }
        for index in drafts.indices {
            let record = drafts[index].record
            guard let number = drafts[index].judged.judgement.merchantOrderNumber else { continue }
            var owner = owners[record.merchant]?[number]
            if owner == nil || owner?.state == "void", let given = numbersGiven[record.merchant]?[number] {
                owner = NumberOwner(batch: given.batch, line: given.line, state: "quarantine")
            }
            if let owner, owner.keepsOut(record.key) {
                drafts[index].failing.append(.numberTaken(by: owner, number))
            } else {
                numbersGiven[record.merchant, default: [:]][number] = record.key
            }
        }
    }

    /// Keeps the new texts, unless this is a look ahead; answers the records at which somebody else was faster.
    private func keep(_ drafts: [Draft]) async throws -> Set<RecordKey> {
        guard let session, !drafts.isEmpty else { return [] }
        let amendments = drafts.map { draft in
            var amendment = RecordAmendment(
                key: draft.record.record.key,
                revision: draft.record.record.revision,
                fields: draft.judged.amendedFields.map(\.rawValue).sorted(),
                texts: draft.after.json,
                remainingReasons: draft.failing.map(QuarantineReason.init)
            )
            amendment.merchantOrderNumber = draft.judged.judgement.merchantOrderNumber
            amendment.amount = draft.judged.judgement.amount
            amendment.accountNumber = draft.judged.judgement.accountNumber
            return amendment
        }
        let outcomes = try await review.store.amend(amendments, comment: comment, session: session)
        return Set(outcomes.filter { $0.outcome != .amended }.map(\.key))
    }

    private mutating func count(_ draft: Draft) {
        report.amended += 1
        if draft.failing.isEmpty { report.passing += 1 }
        remaining.add(draft.failing.map(QuarantineReason.init), of: draft.record.key)
        for field in draft.form.fields where draft.changed.contains(field) {
            guard report.examples.count < AmendmentBounds.examplesMax else { return }
            report.examples.append(
                AmendmentExample(
                    key: draft.record.key,
                    field: field.rawValue,
                    before: draft.before?[field].map(field.masked) ?? "",
                    // The first character of a changed purpose may be the second of what was sent.
                    after: draft.after[field].map(field == .purpose ? Masked.hidden : field.masked) ?? ""
                )
            )
        }
    }

    /// Says who was faster, and when.
    private mutating func tell(ofChangesTo keys: [RecordKey]) async throws {
        guard !keys.isEmpty else { return }
        let changes = try await review.store.recordChanges(keys)
        report.changed += changes
        let known = Set(changes.map(\.key))
        report.missing += keys.filter { !known.contains($0) }
    }
}
