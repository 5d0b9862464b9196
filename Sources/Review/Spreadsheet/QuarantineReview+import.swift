import BatchFiles
package import PaymentCore
import Store

/// What a sheet came to, or would come to.
package struct ImportReport: Sendable {
    /// What became of the records.
    package let amendment: AmendmentReport
    /// Lines with a new text.
    package let lines: Int64
    /// Lines without one, which say nothing.
    package let linesWithoutText: Int64
    /// Lines that were not followed, in their order.
    package let refused: [RefusedLine]
}

/// A line of a sheet that was not followed; nothing personal.
package struct RefusedLine: Sendable, Hashable {
    /// Of the file, from 1.
    package let line: Int
    package let why: String
    package let mend: String
}

extension QuarantineReview {
    /// The most bytes of a sheet.
    package static let sheetBytesMax = 64 << 20

    /// Amends records as a sheet says; a record of which one line is refused is left alone.
    ///
    /// `session`: nil to look ahead and do nothing.
    ///
    /// Throws `ReviewRefusal` for what is no such sheet.
    package func importSheet(
        _ bytes: [UInt8],
        comment: String,
        session: SessionSecret?,
        progress: ShowProgress = { _ in }
    ) async throws -> ImportReport {
        let (entries, withoutNew) = try AmendmentSheet.entries(bytes)
        var sheet = ImportedSheet(entries)
        var run = AmendmentRun(self, comment: comment, session: session)
        do {
            let missing = try await forEachPage(of: .named(sheet.keys), progress: progress) { page in
                let stale = page.filter { sheet.isStale($0) }.map(\.key)
                if !stale.isEmpty { sheet.refuse(try await store.recordChanges(stale)) }
                let leftover = try await run.amend(page.filter { sheet.isWhole($0.key) }) { record, texts in
                    sheet.newTexts(of: record.key, texts)
                }
                sheet.refuse(leftover)
                if !leftover.late.isEmpty { sheet.refuse(try await store.recordChanges(leftover.late.sorted())) }
            }
            for key in missing {
                sheet.refuse(key, "there is no quarantined record \(key)", mend: "look for a typing error")
            }
        } catch {
            throw run.stopped(by: error)
        }
        return ImportReport(
            amendment: run.finished,
            lines: Int64(entries.count),
            linesWithoutText: Int64(withoutNew),
            refused: sheet.refusedLines
        )
    }
}
