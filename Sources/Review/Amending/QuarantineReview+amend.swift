package import PaymentCore
import Store

/// What is to be amended, and how.
package struct RequestedAmendment: Sendable {
    package let selection: RecordSelection
    package let rules: [AmendmentRule]
    package let comment: String

    package init(selection: RecordSelection, rules: [AmendmentRule], comment: String) {
        (self.selection, self.rules, self.comment) = (selection, rules, comment)
    }
}

extension QuarantineReview {
    /// Amends records by rules, page by page; a record whose new texts break a rule is left alone.
    ///
    /// `session`: nil to look ahead and do nothing.
    ///
    /// Throws `AmendmentRule.Defect` and `ReviewRefusal` before anything is done.
    package func amend(
        _ amendment: RequestedAmendment,
        session: SessionSecret?,
        progress: ShowProgress = { _ in }
    ) async throws -> AmendmentReport {
        let ordered = try AmendmentRule.ordered(amendment.rules, isForOne: amendment.selection.isForOne)
        var run = AmendmentRun(self, comment: amendment.comment, session: session)
        do {
            let missing = try await forEachPage(of: amendment.selection, progress: progress) { page in
                try await run.amend(page) { _, texts in ordered.apply(to: texts.current) }
            }
            run.report.missing += missing
        } catch {
            throw run.stopped(by: error)
        }
        return run.finished
    }
}

/// Amending ended in the middle: pages before this one are amended.
package struct AmendingStopped: Error, CustomStringConvertible {
    /// Records that are amended for sure.
    package let amended: Int64
    package let cause: any Error

    package var description: String {
        "\(amended) records were amended before it stopped, and stay so when it is run again"
    }
}
