import Cryptography
import PaymentCore
package import PostgresClient
import Store

/// The store of the engine on PostgreSQL: every operation is one transaction, set-based, unnamed statements that name
/// `batch_id` and the business date (architecture §5).
package struct SQLStore: Sendable {
    let pool: PostgresPool
    let keys: KeyRing
    /// What a step of archiving that locks a live table takes in all, so that nobody waits for it longer.
    package var archiveLockWithin = Duration.milliseconds(100)
    /// Called in the transaction of a swap when everything in it is done but COMMIT: for tests that end the process
    /// there.
    package var beforeSwapCommit: (@Sendable () -> Void)?
    /// Called when an approval is done and about to be committed, and when it is: for tests.
    package var beforeApprovalCommit: (@Sendable () -> Void)?
    package var afterApprovalCommit: (@Sendable () -> Void)?

    package init(pool: PostgresPool, keys: KeyRing) {
        self.pool = pool
        self.keys = keys
    }

    /// Bytes of the keyed hash by which an account is found without being read.
    static let accountHashBytes = 16

    /// The cipher of a batch: its salt and key id are read once a transaction.
    func cipher(of batch: BatchIdentifier, _ transaction: PostgresTransaction) throws -> BatchCipher {
        let rows = try transaction.query(
            "SELECT data_salt, data_key_id FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch.value)]
        )
        guard let row = rows.first else { throw StoreDefect("batch \(batch) does not exist") }
        return try BatchCipher(
            batch: batch,
            keyIdentifier: try row.optionalInt32(1) ?? keys.currentIdentifier,
            salt: try row.bytes(0),
            keys: keys
        )
    }
}

/// A row that contradicts what the schema promises: drift or damage, never a user's mistake.
struct StoreDefect: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension PostgresValue {
    static func optionalInt32(_ value: Int32?) -> PostgresValue { value.map(PostgresValue.int32) ?? .null }
    static func optionalInt64(_ value: Int64?) -> PostgresValue { value.map(PostgresValue.int64) ?? .null }
    static func optionalText(_ value: String?) -> PostgresValue { value.map(PostgresValue.text) ?? .null }
    static func optional(_ value: Timestamp?) -> PostgresValue {
        value.map { .timestamptz(unixMicroseconds: $0.unixMicroseconds) } ?? .null
    }
    static func date(_ value: BusinessDate) -> PostgresValue { .date(daysSince1970: value.daysSince1970) }
    /// To be used as `$n * interval '1 microsecond'`.
    static func microseconds(_ span: TimeSpan) -> PostgresValue { .int64(span.microseconds) }
}

extension PostgresRow {
    func date(_ column: Int) throws -> BusinessDate { BusinessDate(daysSince1970: try daysSince1970(column)) }
    func timestamp(_ column: Int) throws -> Timestamp { Timestamp(unixMicroseconds: try unixMicroseconds(column)) }
    func optionalTimestamp(_ column: Int) throws -> Timestamp? {
        try isNull(column) ? nil : Timestamp(unixMicroseconds: unixMicroseconds(column))
    }

    /// A value of an enumeration of ours; the database knows no others.
    func word<Word: RawRepresentable<String>>(_ column: Int, _: Word.Type = Word.self) throws -> Word {
        let text = try text(column)
        guard let word = Word(rawValue: text) else { throw StoreDefect("unexpected word \(text) for \(Word.self)") }
        return word
    }
}

extension PostgresTransaction {
    /// Makes this transaction's COMMIT wait for the disk, whatever the server, database or role is set to: what allows
    /// a first byte must not be lost in a crash (R1).
    ///
    /// A stricter setting stays.
    func requireDurableCommit() throws {
        _ = try query(
            """
            SELECT set_config('synchronous_commit', 'on', true)
            WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
            """
        )
    }
}
