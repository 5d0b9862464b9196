import BatchFiles
import PaymentCore
import Review
import Store
import Synchronization
import Testing
import Transcoding

/// Quarantined records in memory, kept as the database keeps them: what was sent stays, and whoever is late is told.
final class QuarantineDesk: QuarantineStore {
    static let merchant = MerchantNumber("MER-1")
    static let layout = "sample"
    static let day = BusinessDate("2026-11-20") ?? BusinessDate(daysSince1970: 0)

    static let form = RecordForm(
        layout: layout,
        columns: [
            LayoutColumn(title: "order_no", field: .merchantOrderNumber),
            LayoutColumn(title: "account", field: .accountNumber),
            LayoutColumn(title: "name", field: .accountName, isRequired: true),
            LayoutColumn(title: "bank", field: .bankCode),
            LayoutColumn(title: "amount", field: .amount),
            LayoutColumn(title: "remark", field: .purpose, lengthMax: 20),
            LayoutColumn(title: "day", field: .executionDate),
        ],
        charset: .utf8,
        amountUnit: .major,
        defaultCurrency: .cny
    )

    /// The database cannot be reached.
    struct Gone: Error {}

    struct Row {
        var record: RecordToReview
        var amendments: [KeptAmendment] = []
        var raw: [UInt8]?
    }

    struct Rows {
        var rows: [RecordKey: Row] = [:]
        var owners: [String: NumberOwner] = [:]
        var pages: [Int] = []
        var requests: [RequestedRelease] = []
        var unmasked: [String] = []
        /// The connection is lost behind so many pages of amendments, once.
        var failsAfterPages: Int?
        /// Called before records are amended or asked for: what another reviewer does in the meantime.
        var meanwhile: (@Sendable (inout [RecordKey: Row]) -> Void)?
    }

    let state = Mutex(Rows())

    // MARK: Setting the scene

    /// Who acts; the desk believes everybody.
    static func session() throws -> SessionSecret {
        try #require(SessionSecret(bytes: [UInt8](repeating: 7, count: SessionSecret.byteCount)))
    }

    /// A record whose columns say this, judged by intake with these reasons.
    @discardableResult
    func put(
        _ key: RecordKey,
        _ texts: [RecordField: String]?,
        reasons: [QuarantineReason] = [],
        isOwner: Bool = true,
        origin: String = "intake"
    ) -> RecordKey {
        var record = QuarantinedRecord(
            key: OrderKey(batch: key.batch, line: key.line, businessDate: Self.day),
            state: .open,
            origin: origin,
            reasons: reasons,
            source: RecordSource(byteFrom: 0, byteTo: 10, physicalLine: 1, charset: "UTF-8"),
            quarantinedAt: Timestamp(unixMicroseconds: 0)
        )
        record.merchantOrderNumber = texts?[.merchantOrderNumber]
        var found = RecordToReview(
            record: record,
            merchant: Self.merchant,
            direction: .payout,
            format: Self.layout,
            judgedDate: Self.day
        )
        found.sent = texts.map { FieldTexts($0).json }
        found.merchantOrderNumber = record.merchantOrderNumber
        let raw = Self.form.fields.map { texts?[$0] ?? "" }.joined(separator: ",")
        state.withLock { rows in
            if isOwner, let number = record.merchantOrderNumber, rows.owners[number] == nil {
                rows.owners[number] = NumberOwner(batch: key.batch, line: key.line, state: "quarantine")
            }
            found.numberOwner = record.merchantOrderNumber.flatMap { rows.owners[$0] }
            rows.rows[key] = Row(record: found, raw: Array(raw.utf8))
        }
        return key
    }

    /// What a record says now.
    func texts(_ key: RecordKey) -> FieldTexts? {
        guard let record = state.withLock({ $0.rows[key]?.record }) else { return nil }
        return (record.amended ?? record.sent).flatMap { try? FieldTexts(json: $0, form: Self.form) }
    }

    func row(_ key: RecordKey) -> Row? { state.withLock { $0.rows[key] } }

    /// The engine over this desk.
    func review(severities: [ReasonCode: Severity] = [:]) throws -> QuarantineReview {
        let rules = try RecordRules(severities: severities)
        return QuarantineReview(
            store: self,
            rules: ReviewRules(forms: [Self.layout: Self.form], rules: [Self.merchant: rules]) { _, _, date in
                RecordContext(businessDate: date)
            }
        )
    }

    // MARK: Looking

    func quarantineGroups(_: QuarantineFilter, by _: QuarantineGrouping) async throws -> [QuarantineGroup] { [] }

    func quarantinedRecords(_ filter: QuarantineFilter) async throws -> [QuarantinedRecord] {
        try await recordsToReview(filter, after: nil).map(\.record)
    }

    func quarantinedCount(_ filter: QuarantineFilter) async throws -> Int64 {
        Int64(state.withLock { $0.rows.values.count { Self.isFound($0.record, filter) } })
    }

    func recordHistory(of key: RecordKey) async throws -> RecordHistory? {
        guard let row = row(key) else { return nil }
        var history = RecordHistory(current: row.record, fileName: "file.csv")
        history.amendments = row.amendments
        return history
    }

    func recordsToReview(_ filter: QuarantineFilter, after last: RecordKey?) async throws -> [RecordToReview] {
        state.withLock { rows in
            let found = rows.rows.values.map(\.record).filter { record in
                Self.isFound(record, filter) && last.map { $0 < record.key } ?? true
            }
            let page = Array(found.sorted { $0.key < $1.key }.prefix(filter.limit))
            rows.pages.append(page.count)
            return page
        }
    }

    private static func isFound(_ record: RecordToReview, _ filter: QuarantineFilter) -> Bool {
        filter.states.contains(record.record.state) && (filter.batch.map { $0 == record.key.batch } ?? true)
            && (filter.reason.map { reason in record.record.reasons.contains { $0.code == reason } } ?? true)
    }

    func recordsToReview(_ keys: [RecordKey]) async throws -> [RecordToReview] {
        state.withLock { rows in
            rows.pages.append(keys.count)
            return keys.compactMap { rows.rows[$0]?.record }.sorted { $0.key < $1.key }
        }
    }

    func numberOwners(of numbers: [String], merchant: MerchantNumber) async throws -> [String: NumberOwner] {
        state.withLock { rows in rows.owners.filter { numbers.contains($0.key) } }
    }

    func recordChanges(_ keys: [RecordKey]) async throws -> [RecordChange] {
        keys.compactMap { key in
            row(key).map { row in
                var change = RecordChange(
                    key: key,
                    state: row.record.record.state,
                    revision: row.record.record.revision
                )
                change.login = row.amendments.last?.login
                change.changedAt = row.amendments.last?.amendedAt
                return change
            }
        }
    }

    // MARK: Changing

    func amend(
        _ amendments: [RecordAmendment],
        comment: String,
        session _: SessionSecret
    ) async throws -> [AmendedRecordOutcome] {
        try state.withLock { rows in
            if rows.failsAfterPages == 0 {
                rows.failsAfterPages = nil
                throw Gone()
            }
            rows.failsAfterPages = rows.failsAfterPages.map { $0 - 1 }
            rows.meanwhile?(&rows.rows)
            rows.meanwhile = nil
            return amendments.map { amendment in
                let key = RecordKey(amendment.key)
                guard let row = rows.rows[key] else { return AmendedRecordOutcome(key: key, outcome: .missing) }
                guard row.record.record.state.isWaiting else { return AmendedRecordOutcome(key: key, outcome: .closed) }
                guard row.record.record.revision == amendment.revision else {
                    return AmendedRecordOutcome(key: key, outcome: .changed)
                }
                rows.rows[key] = Self.amended(row, by: "rita", amendment.texts, amendment, comment)
                return AmendedRecordOutcome(key: key, outcome: .amended)
            }
        }
    }

    /// A row after an amendment.
    static func amended(
        _ row: Row,
        by login: String,
        _ texts: [UInt8],
        _ amendment: RecordAmendment? = nil,
        _ comment: String = "because"
    ) -> Row {
        var row = row
        let old = row.record.record
        var record = QuarantinedRecord(
            key: old.key,
            state: .amended,
            origin: old.origin,
            reasons: old.reasons,
            source: old.source,
            quarantinedAt: old.quarantinedAt
        )
        record.revision = old.revision + 1
        record.remainingReasons = amendment?.remainingReasons ?? []
        record.merchantOrderNumber = old.merchantOrderNumber
        var found = RecordToReview(
            record: record,
            merchant: row.record.merchant,
            direction: row.record.direction,
            format: row.record.format,
            judgedDate: row.record.judgedDate
        )
        (found.sent, found.amended, found.numberOwner) = (row.record.sent, texts, row.record.numberOwner)
        found.merchantOrderNumber = amendment?.merchantOrderNumber
        row.record = found
        row.amendments.append(
            KeptAmendment(
                revision: record.revision,
                login: login,
                amendedAt: Timestamp(unixMicroseconds: 1_763_000_000_000_000),
                fields: amendment?.fields ?? [],
                comment: comment,
                remainingReasons: amendment?.remainingReasons ?? [],
                texts: texts
            )
        )
        return row
    }

    func proposeRelease(_ release: RequestedRelease, session _: SessionSecret) async throws -> AskedRecords {
        state.withLock { rows in
            rows.meanwhile?(&rows.rows)
            rows.meanwhile = nil
            rows.requests.append(release)
            let records = release.records.map { seen in
                var record = AskedRecord(
                    key: seen.key,
                    outcome: rows.rows[seen.key]?.record.record.revision == seen.revision ? .proposed : .changed
                )
                (record.amountMinor, record.currency) = (100, "CNY")
                return record
            }
            return AskedRecords(proposal: release.isDry ? nil : 12, records: records)
        }
    }

    func proposeRejection(_ rejection: RequestedRejection, session _: SessionSecret) async throws -> AskedRecords {
        AskedRecords(
            proposal: rejection.isDry ? nil : 13,
            records: rejection.records.map { AskedRecord(key: $0.key, outcome: .proposed) }
        )
    }

    func unmask(_ key: RecordKey, reason: String, session _: SessionSecret) async throws -> UnmaskedRecord? {
        state.withLock { rows in
            rows.unmasked.append(reason)
            return rows.rows[key].map { UnmaskedRecord(raw: $0.raw, charset: "UTF-8", current: $0.record) }
        }
    }
}

extension RecordKey {
    /// A line of batch 12, unless another one is named.
    static func line(_ line: Int32, of batch: Int64 = 12) -> RecordKey {
        RecordKey(batch: BatchIdentifier(batch), line: LineNumber(line))
    }
}

/// What a good record's columns say.
enum GoodRecord {
    static let account = "6228480040106028109"

    static func texts(_ number: String) -> [RecordField: String] {
        [
            .merchantOrderNumber: number, .accountNumber: account, .accountName: "张三", .bankCode: "102100099996",
            .amount: "12.34", .purpose: "wages",
        ]
    }

    static func texts(_ number: String, _ field: RecordField, _ text: String) -> [RecordField: String] {
        var texts = texts(number)
        texts[field] = text
        return texts
    }

    static func reason(_ code: ReasonCode, _ field: RecordField?, _ value: String = "*") -> QuarantineReason {
        QuarantineReason(code: code.rawValue, field: field?.rawValue, maskedValue: value, mend: code.mend)
    }
}

/// What a selection of all waiting records is.
extension RecordSelection {
    static let everything = RecordSelection.matching(QuarantineFilter())
}
