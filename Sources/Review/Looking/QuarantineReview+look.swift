import BatchFiles
import PaymentCore
package import Store

extension QuarantineReview {
    /// Quarantined records in groups, the largest first.
    package func groups(_ filter: QuarantineFilter, by grouping: QuarantineGrouping) async throws -> [QuarantineGroup] {
        try Self.check(filter)
        return try await store.quarantineGroups(filter, by: grouping).map { group in
            var shown = QuarantineGroup(
                key: Masked.visible(group.key),
                state: group.state,
                records: group.records,
                files: group.files,
                amounts: group.amounts,
                oldestAt: group.oldestAt
            )
            shown.fileName = group.fileName.map { Masked.visible($0, scalarsMax: 255) }
            return shown
        }
    }

    /// The first records that a filter finds, in line order.
    package func records(_ filter: QuarantineFilter) async throws -> [ShownRecord] {
        try Self.check(filter)
        return try await store.quarantinedRecords(filter).map(ShownRecord.init)
    }

    /// How many records a filter finds.
    package func count(_ filter: QuarantineFilter) async throws -> Int64 {
        try Self.check(filter)
        return try await store.quarantinedCount(filter)
    }

    private static func check(_ filter: QuarantineFilter) throws {
        guard filter.isBounded else {
            throw ReviewRefusal(
                what: "records that were decided are looked for in a file or in some days",
                mend: "add --batch, --days or --business-date"
            )
        }
    }

    /// One record with all that happened to it; nil if the line is no quarantined record.
    package func history(of key: RecordKey) async throws -> ShownHistory? {
        try await store.recordHistory(of: key).map(shown)
    }

    /// What is kept of a record, masked.
    func shown(_ history: RecordHistory) -> ShownHistory {
        let record = history.current
        let shown = ShownRecord(record.record)
        let judge = RecordJudge(rules)
        // A record whose layout is gone is shown without its columns.
        let texts = try? judge.texts(of: record)
        return ShownHistory(
            record: shown,
            merchant: record.merchant,
            direction: record.direction,
            format: Masked.visible(record.format),
            fileName: Masked.visible(history.fileName, scalarsMax: 255),
            judgedDate: record.judgedDate,
            fields: texts.map { Self.fields($0, shown.current) } ?? [],
            maskedLine: history.maskedRecord,
            numberOwner: record.numberOwner,
            amendments: texts.map { Self.amendments(history.amendments, $0) } ?? [],
            proposals: history.proposals,
            successorState: history.successorState
        )
    }

    private static func fields(_ texts: RecordTexts, _ reasons: [ShownReason]) -> [ShownField] {
        guard texts.current != nil else { return [] }
        let changed = texts.current?.changed(since: texts.sent) ?? []
        return texts.form.columns.compactMap { column in
            guard let field = column.field else { return nil }
            return ShownField(
                name: field.rawValue,
                title: Masked.visible(column.title),
                sent: texts.sent?[field].map(field.masked),
                amended: changed.contains(field) ? texts.current?[field].map(field.masked) ?? "" : nil,
                codes: reasons.filter { $0.field == field.rawValue }.map(\.code)
            )
        }
    }

    private static func amendments(_ amendments: [KeptAmendment], _ texts: RecordTexts) -> [ShownAmendment] {
        var before = texts.sent
        return amendments.map { amendment in
            // What cannot be read any more has no changes to show.
            let after = try? FieldTexts(json: amendment.texts, form: texts.form)
            let changed = after?.changed(since: before) ?? []
            let changes = RecordField.allCases.filter(changed.contains).map { field in
                ShownChange(
                    field: field.rawValue,
                    before: before?[field].map(field.masked) ?? "",
                    after: after?[field].map(field.masked) ?? ""
                )
            }
            before = after ?? before
            return ShownAmendment(
                revision: amendment.revision,
                login: Masked.visible(amendment.login),
                amendedAt: amendment.amendedAt,
                comment: Self.shown(amendment.comment),
                changes: changes,
                remaining: amendment.remainingReasons.map(ShownReason.init)
            )
        }
    }

    /// What a person wrote, without what may be an account number.
    private static func shown(_ comment: String) -> String {
        Masked.visible(Masked.prose(comment, account: "", name: ""), scalarsMax: 400)
    }
}
