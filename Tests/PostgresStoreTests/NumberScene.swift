import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// Files of one merchant whose records carry numbers that came before, loaded through the store as intake does it.
struct NumberScene {
    static let worker = WorkerIdentifier("number-worker")
    static let superseding = DuplicateRules(sameName: .off, isSuperseding: true)
    static let keeping = DuplicateRules(sameName: .off)

    let database: TestDatabase

    static func make() async throws -> NumberScene { NumberScene(database: try await TestDatabase.make()) }

    func close() async { await database.close() }

    /// A record of a file: good, or with a reason.
    struct Record {
        var number: String
        var amountMinor: Int64 = 100
        var account = "6222020200112233445"
        var purpose = "rent"
        var isBad = false
    }

    static func slice(_ records: [Record], after first: Int32 = 0) -> LoadSlice {
        var slice = LoadSlice(upTo: first + Int32(records.count))
        for (place, record) in records.enumerated() {
            let line = LineNumber(first + Int32(place) + 1)
            guard record.isBad else {
                slice.appendOrder(
                    line,
                    number: record.number,
                    amountMinor: record.amountMinor,
                    account: record.account,
                    purpose: record.purpose
                )
                continue
            }
            slice.appendQuarantined(
                line: line,
                amount: Money(minor: record.amountMinor, currency: .cny),
                number: record.number.utf8.span,
                reasons: [
                    QuarantineReason(
                        code: "account_check_digit",
                        field: "account_number",
                        maskedValue: "622202******3445",
                        mend: "look"
                    )
                ],
                raw: "A".utf8.span,
                byteRange: 0..<9,
                physicalLine: 1,
                charset: "UTF-8"
            )
        }
        return slice
    }

    /// A file that may be loaded.
    func file(_ records: Int, name: String = "f.csv", date: BusinessDate? = nil) async throws -> ClaimedBatchFile {
        try await database.makeSplittingFile(records: Int64(records), name: name, date: date, worker: Self.worker)
    }

    /// Loads a file whole and plans nothing of it.
    @discardableResult
    func load(
        _ records: [Record],
        _ duplicates: DuplicateRules = NumberScene.keeping,
        date: BusinessDate? = nil
    ) async throws -> ClaimedBatchFile {
        let file = try await file(records.count, date: date)
        guard case .loaded = try await load(Self.slice(records), of: file, duplicates) else {
            throw TestFailure("the slice is not loaded")
        }
        guard try await database.store.finishLoading(file) == .split else {
            throw TestFailure("the file is not loaded")
        }
        return file
    }

    func load(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        _ duplicates: DuplicateRules
    ) async throws -> LoadOutcome {
        try await database.store.load(slice, of: file, turn: LoadTurn(isGiven: true), duplicates: duplicates)
    }

    /// The state of a number and its owner, as in `order 2-1`.
    func owner(of number: String) async throws -> String {
        try await database.text(
            "SELECT state || ' ' || batch_id || '-' || line_no FROM sluice.order_number_registry WHERE order_no = $1",
            [.text(number)]
        )
    }

    /// A record's state, and how it was closed, as in `rejected superseded 2-1`.
    func record(_ file: ClaimedBatchFile, line: Int32) async throws -> String {
        try await database.text(
            """
            SELECT concat_ws(' ', state, closed_code, successor_batch_id || '-' || successor_line_no)
            FROM sluice.quarantine_record WHERE batch_id = $1 AND line_no = $2
            """,
            [.int64(file.id.value), .int32(line)]
        )
    }

    /// The codes of all quarantined records of a file, by line.
    func reasons(_ file: ClaimedBatchFile) async throws -> String {
        try await database.text(
            """
            SELECT coalesce(string_agg(line_no || ' ' || (SELECT string_agg(e ->> 'code', '+')
                FROM jsonb_array_elements(reasons) e), ', ' ORDER BY line_no), '')
            FROM sluice.quarantine_record WHERE batch_id = $1
            """,
            [.int64(file.id.value)]
        )
    }

    /// What a table of these files holds that must be the same whatever was done again on the way.
    func fingerprint() async throws -> String {
        let tables = ["payment_order", "quarantine_record", "order_number_registry", "outbox", "same_payment"]
        let hashes = tables.map {
            "(SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM sluice.\($0) t)"
        }
        return try await database.text("SELECT concat_ws(' ', \(hashes.joined(separator: ", ")))")
    }

    /// What does not hold of all that always holds.
    func breaches() async throws -> [String] {
        var found: [String] = []
        for invariant in Invariant.allCases {
            let finding = try await database.store.check(invariant)
            if !finding.holds { found.append("\(invariant.rawValue): \(finding.examples)") }
        }
        return found
    }
}
