import Cryptography
import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import Testing

/// Quarantined records of some files, and people who work on them.
struct QuarantineScene {
    static let worker = WorkerIdentifier("quarantine-worker")

    let database: TestDatabase
    let rita: SessionSecret
    let otto: SessionSecret
    let checker: SessionSecret
    let viewer: SessionSecret

    var store: SQLStore { database.store }

    static func make() async throws -> QuarantineScene {
        let database = try await TestDatabase.make()
        return QuarantineScene(
            database: database,
            rita: try await database.signIn("rita", staff: "S1", role: .reviewer),
            otto: try await database.signIn("otto", staff: "S2", role: .reviewer),
            checker: try await database.signIn("carl", staff: "S3", role: .approver),
            viewer: try await database.signIn("vera", staff: "S4", role: .viewer)
        )
    }

    func close() async { await database.close() }

    /// A record of a file.
    struct Record {
        var number: String?
        var amountMinor: Int64? = 1_000
        var currency = Currency.cny
        var reasons: [QuarantineReason] = [Self.reason("account_malformed", "account_number")]
        /// What its columns said; nil where they could not be told apart.
        var texts: [String: String]? = ["account_number": "6228 4800", "account_name": "张三", "amount": "10.00"]

        static func reason(_ code: String, _ field: String?) -> QuarantineReason {
            QuarantineReason(code: code, field: field, maskedValue: "*", mend: "mend it")
        }
    }

    /// Loads a file of these records.
    @discardableResult
    func load(_ records: [Record], name: String = "f.csv", date: BusinessDate? = nil) async throws -> OrderKey {
        let file = try await database.makeSplittingFile(
            records: Int64(records.count),
            name: name,
            date: date,
            worker: Self.worker
        )
        var slice = LoadSlice(upTo: Int32(records.count))
        for (index, record) in records.enumerated() {
            let raw = "raw \(index + 1)"
            func append(_ number: Span<UInt8>?) {
                slice.appendQuarantined(
                    line: LineNumber(Int32(index + 1)),
                    amount: record.amountMinor.map { Money(minor: $0, currency: record.currency) },
                    number: number,
                    reasons: record.reasons,
                    raw: raw.utf8.span,
                    byteRange: 0..<9,
                    physicalLine: Int64(index + 1),
                    charset: "UTF-8"
                )
            }
            if let number = record.number { append(number.utf8.span) } else { append(nil) }
        }
        _ = try await store.load(slice, of: file)
        guard try await store.finishLoading(file) == .split else { throw TestFailure("the file is not loaded") }
        for (index, record) in records.enumerated() {
            if let texts = record.texts { try await keep(texts, of: file, line: Int32(index + 1)) }
        }
        return OrderKey(batch: file.id, line: LineNumber(1), businessDate: file.businessDate)
    }

    /// Seals what the columns of a record said as intake does, with other hands: AES-256-GCM under the file's subkey, a
    /// random nonce before the ciphertext, and field, batch and line as associated data.
    private func keep(_ texts: [String: String], of file: ClaimedBatchFile, line: Int32) async throws {
        let salt = try await database.owner.transaction("salt") { transaction in
            try transaction.query(
                "SELECT data_salt FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(file.id.value)]
            ).first?.bytes(0)
        }
        let derived = HKDFSHA256.derive(
            key: [UInt8](repeating: 7, count: 32),
            salt: try #require(salt),
            info: Array("sluice/batch/\(file.id)".utf8),
            length: AESGCMKey.byteCount
        )
        var key = AESGCMKey(derived)
        var associated: [UInt8] = [7]
        for number in [UInt64(file.id.value), UInt64(UInt32(line)) << 32] {
            for shift in stride(from: 56, through: 0, by: -8) {
                associated.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
            }
        }
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        let sealed = key.seal(plaintext: Self.json(texts), nonce: nonce, associatedData: associated)
        try await database.execute(
            "UPDATE sluice.quarantine_record SET fields = $1 WHERE batch_id = $2 AND line_no = $3",
            [.bytea(nonce + sealed), .int64(file.id.value), .int32(line)]
        )
    }

    static func json(_ texts: [String: String]) -> [UInt8] {
        let members = texts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return Array("{\(members.joined(separator: ","))}".utf8)
    }

    // MARK: Working on them

    func key(_ file: OrderKey, _ line: Int32 = 1) -> RecordKey { RecordKey(batch: file.batch, line: LineNumber(line)) }

    /// Gives a record a good account.
    func amendment(_ file: OrderKey, _ line: Int32 = 1, revision: Int32 = 0, number: String? = nil) -> RecordAmendment {
        var amendment = RecordAmendment(
            key: OrderKey(batch: file.batch, line: LineNumber(line), businessDate: file.businessDate),
            revision: revision,
            fields: ["account_number"],
            texts: Self.json(["account_number": "6228480040106028109", "revision": "\(revision + 1)"]),
            remainingReasons: revision == 0 ? [Record.reason("bank_unknown", "bank_code")] : []
        )
        amendment.merchantOrderNumber = number
        amendment.amount = Money(minor: 1_000, currency: .cny)
        amendment.accountNumber = "6228480040106028109"
        return amendment
    }

    /// SQLSTATE of what a piece of work is refused with; nil if it is not.
    static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }
}
