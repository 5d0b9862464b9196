package import BatchFiles
package import Store

/// What was written to a sheet.
package struct ExportReport: Sendable, Hashable {
    package internal(set) var records: Int64 = 0
    package internal(set) var lines: Int64 = 0
    /// Records left out, because they cannot be read here.
    package internal(set) var unjudgeable: [UnjudgeableRecord] = []
    /// Named ones that are not there.
    package internal(set) var missing: [RecordKey] = []

    /// Whether nothing that was meant was left out.
    package var isWhole: Bool { unjudgeable.isEmpty && missing.isEmpty }
}

extension QuarantineReview {
    /// Writes selected records that wait to a sheet: a line for each field that fails, and for `fields`.
    ///
    /// `write`: takes pieces of the file in their order.
    package func export(
        _ selection: RecordSelection,
        fields: Set<RecordField> = [],
        progress: ShowProgress = { _ in },
        write: ([UInt8]) throws -> Void
    ) async throws -> ExportReport {
        let judge = RecordJudge(rules)
        var report = ExportReport()
        var header = AmendmentSheet.byteOrderMark
        SheetCell.append(line: AmendmentSheet.titles, to: &header)
        try write(header)
        report.missing = try await forEachPage(of: selection, progress: progress) { page in
            var bytes: [UInt8] = []
            for record in page where record.record.state.isWaiting {
                do throws(UnjudgeableRecord) {
                    let texts = try judge.texts(of: record)
                    let lines = AmendmentSheet.append(record, texts, fields: fields, to: &bytes)
                    report.lines += Int64(lines)
                    if lines > 0 { report.records += 1 }
                } catch {
                    report.unjudgeable.append(error)
                }
            }
            try write(bytes)
        }
        return report
    }
}
