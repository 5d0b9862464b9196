package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ArchiveStore {
    package func takeArchiveLease(
        worker: WorkerIdentifier,
        lease: TimeSpan,
        asOf: BusinessDate?
    ) async throws -> ArchiveLease? {
        // Waits for the step under way of whoever had it.
        try await pool.transaction("take archive lease", deadline: ArchiveStep.sliceDeadline) { transaction in
            let taken = try transaction.query(
                "SELECT sluice.take_archive_lease($1, $2, $3)",
                [.text(worker.value), .microseconds(lease), asOf.map(PostgresValue.date) ?? .null]
            ).first?.optionalInt64(0)
            guard let taken else { return nil }
            // Read after it: the statement itself sees the day that was before.
            guard let row = try transaction.query("SELECT as_of FROM sluice.archive_lease").first else {
                throw StoreDefect("there is no lease of archiving")
            }
            return ArchiveLease(epoch: LeaseEpoch(taken), asOf: try row.date(0))
        }
    }

    package func renewArchiveLease(_ lease: ArchiveLease, for span: TimeSpan) async throws -> Bool {
        try await pool.transaction("renew archive lease", deadline: ArchiveStep.sliceDeadline) { transaction in
            try transaction.query(
                "SELECT sluice.renew_archive_lease($1, $2)",
                [.int64(lease.epoch.value), .microseconds(span)]
            ).first?.bool(0) ?? false
        }
    }

    package func releaseArchiveLease(_ lease: ArchiveLease) async throws {
        try await pool.transaction("release archive lease", deadline: ArchiveStep.sliceDeadline) { transaction in
            _ = try transaction.query("SELECT sluice.release_archive_lease($1)", [.int64(lease.epoch.value)])
        }
    }

    package func archiveSwitch() async throws -> ArchiveSwitch {
        try await pool.transaction("archive switch", deadline: ArchiveStep.shortDeadline, readOnly: true) {
            transaction in
            let rows = try transaction.query(
                """
                SELECT l.epoch, l.worker_id, l.lease_until, l.as_of, s.stopped_at, s.stopped_by, s.reason
                FROM sluice.archive_lease l LEFT JOIN sluice.archive_stop s ON true
                """
            )
            guard let row = rows.first else { throw StoreDefect("there is no lease of archiving") }
            return ArchiveSwitch(
                epoch: LeaseEpoch(try row.int64(0)),
                holder: try row.optionalText(1).map(WorkerIdentifier.init),
                leaseUntil: try row.optionalTimestamp(2),
                asOf: row.isNull(3) ? nil : try row.date(3),
                stop: row.isNull(4)
                    ? nil
                    : ArchiveSwitch.Stop(at: try row.timestamp(4), by: try row.text(5), reason: try row.text(6))
            )
        }
    }

    package func stopArchiving(reason: String) async throws -> Bool {
        try await pool.transaction("stop archiving", deadline: ArchiveStep.shortDeadline) { transaction in
            try transaction.query("SELECT sluice.stop_archiving($1)", [.text(reason)]).first?.bool(0) ?? false
        }
    }

    package func resumeArchiving() async throws -> Bool {
        try await pool.transaction("resume archiving", deadline: ArchiveStep.shortDeadline) { transaction in
            try transaction.query("SELECT sluice.resume_archiving()").first?.bool(0) ?? false
        }
    }

    package func openEntries() async throws -> [ArchiveEntry] {
        try await entries("m.state NOT IN ('closed', 'mismatch', 'reopened', 'dropped')", [])
    }

    package func entries(of day: BusinessDate) async throws -> [ArchiveEntry] {
        try await entries("m.day = $1", [.date(day)])
    }

    package func carryOverEnds() async throws -> [HeavyTable: BusinessDate] {
        try await pool.transaction("carry-over ends", readOnly: true) { transaction in
            var ends: [HeavyTable: BusinessDate] = [:]
            for row in try transaction.query(
                "SELECT h.table_name, sluice.carry_over_end(h.table_name) FROM sluice.heavy_table h"
            ) where !row.isNull(1) {
                ends[try row.word(0)] = try row.date(1)
            }
            return ends
        }
    }

    package func archiveDrift(_ table: HeavyTable, _ day: BusinessDate) async throws -> [String] {
        try await pool.transaction("archive drift", readOnly: true) { transaction in
            try transaction.query(
                "SELECT d FROM sluice.archive_drift($1, $2) AS d ORDER BY d",
                [.text(table.rawValue), .date(day)]
            ).map { try $0.text(0) }
        }
    }

    package func keepPartitions(until day: BusinessDate) async throws -> Int {
        try await pool.transaction("keep partitions ahead") { transaction in
            Int(
                try transaction.query("SELECT sluice.keep_partitions_ahead($1)", [.date(day)]).first?.int32(0) ?? 0
            )
        }
    }

    package func placeHold(_ scope: LegalHold.Scope, reason: String) async throws -> Int64 {
        let named: [PostgresValue] =
            switch scope {
            case .merchant(let merchant): [.text(merchant.value), .null, .null, .null]
            case .batch(let batch): [.null, .int64(batch.value), .null, .null]
            case .order(let batch, let line): [.null, .int64(batch.value), .int32(line.value), .null]
            case .day(let day): [.null, .null, .null, .date(day)]
            }
        return try await pool.transaction("place hold", deadline: ArchiveStep.sliceDeadline) { transaction in
            // What nobody knows would be no hold at all.
            guard try Self.isKnown(scope, transaction) else { throw NothingToHold(scope: scope) }
            let rows = try transaction.query(
                """
                SELECT sluice.place_hold((SELECT m.merchant_id FROM sluice.merchant m WHERE m.merchant_no = $1::text),
                    $2::bigint, $3::int, $4::date, $5)
                """,
                named + [.text(reason)]
            )
            guard let row = rows.first else { throw StoreDefect("a hold has no number") }
            return try row.int64(0)
        }
    }

    package func liftHold(_ identifier: Int64, reason: String) async throws -> Bool {
        try await pool.transaction("lift hold", deadline: ArchiveStep.shortDeadline) { transaction in
            try transaction.query("SELECT sluice.lift_hold($1, $2)", [.int64(identifier), .text(reason)])
                .first?.bool(0) ?? false
        }
    }

    package func legalHolds() async throws -> [LegalHold] {
        try await pool.transaction("legal holds", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT h.hold_id, m.merchant_no, h.batch_id, h.line_no, h.day, h.reason, h.placed_by, h.placed_at
                FROM sluice.legal_hold h LEFT JOIN sluice.merchant m USING (merchant_id)
                WHERE h.lifted_at IS NULL ORDER BY h.hold_id
                """
            ).map { row in
                LegalHold(
                    identifier: try row.int64(0),
                    scope: try Self.holdScope(row),
                    reason: try row.text(5),
                    placedBy: try row.text(6),
                    placedAt: try row.timestamp(7)
                )
            }
        }
    }

    private static func isKnown(_ scope: LegalHold.Scope, _ transaction: PostgresTransaction) throws -> Bool {
        switch scope {
        case .merchant(let merchant):
            try !transaction.query("SELECT FROM sluice.merchant WHERE merchant_no = $1", [.text(merchant.value)])
                .isEmpty
        case .batch(let batch):
            try !transaction.query("SELECT FROM sluice.batch_file WHERE batch_id = $1", [.int64(batch.value)]).isEmpty
        case .order(let batch, let line):
            try !transaction.query(
                """
                SELECT FROM sluice.batch_file f WHERE f.batch_id = $1 AND (
                    EXISTS (SELECT FROM sluice.all_payment_order o
                        WHERE o.batch_id = f.batch_id AND o.business_date = f.business_date AND o.line_no = $2)
                    OR EXISTS (SELECT FROM sluice.quarantine_record q
                        WHERE q.batch_id = f.batch_id AND q.business_date = f.business_date AND q.line_no = $2)
                    OR EXISTS (SELECT FROM history.quarantine_record q
                        WHERE q.batch_id = f.batch_id AND q.business_date = f.business_date AND q.line_no = $2))
                """,
                [.int64(batch.value), .int32(line.value)]
            ).isEmpty
        case .day: true
        }
    }

    private static func holdScope(_ row: PostgresRow) throws -> LegalHold.Scope {
        if let merchant = try row.optionalText(1) { return .merchant(MerchantNumber(merchant)) }
        guard let batch = try row.optionalInt64(2).map(BatchIdentifier.init) else { return .day(try row.date(4)) }
        return try row.optionalInt32(3).map { .order(batch, LineNumber($0)) } ?? .batch(batch)
    }

    private func entries(_ condition: String, _ parameters: [PostgresValue]) async throws -> [ArchiveEntry] {
        try await pool.transaction("archive entries", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT m.table_name, m.day, m.pass, m.path::text, m.state::text, m.row_count, m.stayed_open,
                    m.stayed_held, m.path = 'swap' OR m.counted_at IS NOT NULL OR m.state IN ('prepared', 'counting'),
                    m.blocks, m.next_block, m.started_at, m.closed_at, m.locked_us, m.lock_failures, m.note
                FROM sluice.archive_manifest m JOIN sluice.heavy_table h USING (table_name)
                WHERE \(condition) ORDER BY m.day, h.place, m.pass
                """,
                parameters
            ).map { row in
                ArchiveEntry(
                    key: EntryKey(table: try row.word(0), day: try row.date(1), pass: try row.int32(2)),
                    path: try row.word(3),
                    state: try row.word(4),
                    rows: try row.int64(5),
                    stayedOpen: try row.int64(6),
                    stayedHeld: try row.int64(7),
                    isWholeDay: try row.bool(8),
                    blocks: try row.int64(9),
                    nextBlock: try row.int64(10),
                    startedAt: try row.timestamp(11),
                    closedAt: try row.optionalTimestamp(12),
                    lockedFor: try row.optionalInt64(13).map { TimeSpan(microseconds: $0) },
                    lockFailures: try row.int32(14),
                    note: try row.optionalText(15)
                )
            }
        }
    }
}

/// A hold names something that there is not.
package struct NothingToHold: Error, CustomStringConvertible, Sendable {
    package let scope: LegalHold.Scope

    package var description: String {
        switch scope {
        case .merchant(let merchant): "there is no merchant \(merchant); nothing is held"
        case .batch(let batch): "there is no batch \(batch); nothing is held"
        case .order(let batch, let line): "there is no order \(batch)-\(line); nothing is held"
        case .day(let day): "there is no day \(day); nothing is held"
        }
    }
}
