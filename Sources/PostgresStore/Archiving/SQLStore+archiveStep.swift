import PaymentCore
import PostgresClient
import Store

/// A step's table and day, as its failures name them.
struct ArchiveStep: Sendable {
    static let sliceDeadline = Duration.seconds(30)
    static let shortDeadline = Duration.seconds(5)
    /// Of what reads a day or more in one statement, and locks nobody out.
    static let longDeadline = Duration.seconds(1_800)

    let label: String
    let table: HeavyTable
    let day: BusinessDate
    let epoch: LeaseEpoch

    init(_ label: String, _ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) {
        (self.label, self.table, self.day, epoch) = (label, table, day, lease.epoch)
    }

    init(_ label: String, _ key: EntryKey, _ lease: ArchiveLease) { self.init(label, key.table, key.day, lease) }

    /// Epoch, table and day: the first parameters of every step.
    var parameters: [PostgresValue] { [.int64(epoch.value), .text(table.rawValue), .date(day)] }

    /// What a failure means: this is the only place that knows.
    func meaning(of error: PostgresError, isLocking: Bool) -> any Error {
        switch error.sqlState {
        case "SL030": return StaleArchiveLease(epoch: epoch)
        case "SL031": return ArchivingStopped(words: error.message ?? "archiving is stopped")
        case "SL035": return ArchivePartitionMissing(words: error.message ?? "a partition is missing")
        default: break
        }
        if error.code == .commitUnknown { return ArchiveCommitUnknown(table: table, day: day) }
        guard isLocking else { return error }
        let isRefused = error.isLockTimeout || error.isDeadlock || error.isQueryCanceled
        return isRefused || error.code == .deadlineExceeded ? ArchiveLockRefused(table: table, day: day) : error
    }
}

extension SQLStore {
    /// Runs one step: the one value that its function answers, read by `read`.
    func archive<Value: Sendable>(
        _ step: ArchiveStep,
        deadline: Duration? = ArchiveStep.shortDeadline,
        isLocking: Bool = false,
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        _ read: @Sendable (PostgresRow) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.transaction(step.label, deadline: deadline) { transaction in
                guard let row = try transaction.query(sql, step.parameters + parameters).first else {
                    throw StoreDefect("the step '\(step.label)' has no answer")
                }
                return try read(row)
            }
        } catch let error as PostgresError {
            throw await meaning(of: error, in: step, isLocking: isLocking)
        }
    }

    /// What a failure of a step means, once it is over: where the answer to COMMIT was lost, the server may be at it
    /// still, and whoever reads what stands is to see its end.
    func meaning(of error: PostgresError, in step: ArchiveStep, isLocking: Bool) async -> any Error {
        if error.code == .commitUnknown {
            // Without it the next step finds out, as it does after any crash.
            try? await pool.transaction("await archive step", deadline: ArchiveStep.sliceDeadline) { transaction in
                _ = try transaction.query("SELECT sluice.await_archive_step()")
            }
        }
        return step.meaning(of: error, isLocking: isLocking)
    }

    /// Runs one step that locks a live table, and gives up before anybody is disturbed.
    func archiveLocking<Value: Sendable>(
        _ step: ArchiveStep,
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        _ read: @Sendable (PostgresRow) throws -> Value
    ) async throws -> Value {
        // Connecting has its own time, and a server that is away its own error.
        try await pool.transaction(step.label, deadline: ArchiveStep.shortDeadline, readOnly: true) { transaction in
            _ = try transaction.query("SELECT 1")
        }
        do {
            return try await archive(step, deadline: archiveLockWithin, isLocking: true, sql, parameters, read)
        } catch let error as PostgresError where error.code == .notSent {
            throw ArchiveLockRefused(table: step.table, day: step.day)
        }
    }
}

extension ArchiveTotals {
    /// As the database compares it: numbers that may pass 64 bits are text.
    var json: String {
        JSONText.object(
            sums.sorted { $0.key < $1.key }.map { group, sum in
                (
                    group,
                    .object([
                        ("rows", .integer(sum.rows)), ("amount_minor", .string(String(sum.amountMinor))),
                        ("hash", .string(String(sum.hash))),
                    ])
                )
            }
        )
    }

    /// One group a row, in four columns from `column` on; the first is null where there is none.
    init(rows: [PostgresRow], from column: Int) throws {
        var sums: [String: Sum] = [:]
        for row in rows {
            guard let group = try row.optionalText(column) else { continue }
            guard let amount = Int128(try row.text(column + 2)), let hash = Int128(try row.text(column + 3)) else {
                throw StoreDefect("the totals of \(group) are no numbers")
            }
            sums[group] = Sum(rows: try row.int64(column + 1), amountMinor: amount, hash: hash)
        }
        self.init(sums)
    }

    /// The columns for `init(rows:from:)` of totals in `source`.
    static func columns(_ source: String) -> (select: String, join: String) {
        (
            "e.key, (e.value ->> 'rows')::bigint, e.value ->> 'amount_minor', e.value ->> 'hash'",
            "LEFT JOIN LATERAL jsonb_each(\(source)) AS e ON true"
        )
    }
}
