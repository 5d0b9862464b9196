import PaymentCore
import PostgresClient
import Store

/// The order numbers of one slice against the registry "once, for ever" (architecture §5).
///
/// A look at the slice's range that finds nothing proves that none of its numbers is stored. A race is caught by the
/// registry's key. Mostly the numbers rise and are new, so that all are fresh: then nothing is kept of each but its
/// place.
struct NumberClaims {
    private struct Owner {
        let state: String
        let batch: Int64
        let line: Int32
        /// Whether it is an open quarantined record that a good one of this file closes.
        var isSuperseded = false
    }

    /// What becomes of a claim in the registry.
    private enum Fate {
        /// A row of its own.
        case fresh
        /// The row of a number that was given back.
        case takenOver
        /// The row of an open quarantined record, which is closed.
        case superseding
        /// The row that its release has given to this very line, as that of a record: it becomes an order's.
        case given
        /// The row is its own already, or stays somebody else's.
        case unchanged
    }

    /// Why a record cannot have its number.
    private enum Refusal {
        case inFile(LineNumber)
        case elsewhere(Owner)
    }

    /// So many stored numbers between two of a slice cost less to read than the slice's to look up.
    private static let betweenMax = 500

    private let merchant: Int32
    private let batch: BatchIdentifier
    private let direction: Direction
    private let numbers: SliceNumbers
    /// Who has the numbers that are stored, by the first claim of each.
    private var owners: [Int: Owner] = [:]
    /// By claim; empty where all are fresh.
    private var fates: [Fate] = []
    private var refusals: [LineNumber: Refusal] = [:]
    /// How many orders cannot have their numbers.
    private(set) var refusedOrders = 0

    /// How many records carry a number that is taken.
    var duplicates: Int { refusals.count }

    init(
        merchant: Int32,
        slice: LoadSlice,
        file: ClaimedBatchFile,
        duplicates: DuplicateRules,
        transaction: PostgresTransaction
    ) throws {
        self.merchant = merchant
        batch = file.id
        direction = file.direction
        numbers = SliceNumbers(of: slice)
        guard !numbers.claims.isEmpty else { return }
        let rows = try stored(transaction)
        if rows.isEmpty, numbers.rise { return }
        for row in rows {
            guard let claim = numbers.first(of: try row.text(0)) else { continue }
            owners[claim] = Owner(state: try row.text(1), batch: try row.int64(2), line: try row.int32(3))
        }
        if duplicates.isSuperseding { try markSuperseded(transaction) }
        decide()
    }

    /// What is stored of a slice's numbers, and of others between the first and the last of them.
    ///
    /// Mostly nothing lies between them, or little, which is read as it stands. Where it is more, as between numbers
    /// that merchants make up by chance, each is looked up: one statement, one descent of the index a number, whatever
    /// the planner believes of a table that grows under it.
    private func stored(_ transaction: PostgresTransaction) throws -> PostgresRows {
        let first = numbers.text(of: numbers.claim(inOrder: 0))
        let last = numbers.text(of: numbers.claim(inOrder: numbers.claims.count - 1))
        let between = try transaction.query(
            """
            SELECT order_no, state, batch_id, line_no FROM sluice.order_number_registry
            WHERE merchant_id = $1 AND order_no >= $2 AND order_no <= $3 ORDER BY order_no LIMIT $4
            """,
            [.int32(merchant), .text(first), .text(last), .int64(Int64(Self.betweenMax + 1))]
        )
        guard between.count > Self.betweenMax else { return between }
        return try transaction.query(
            """
            SELECT r.order_no, r.state, r.batch_id, r.line_no FROM unnest($2::text[]) AS n (order_no)
            CROSS JOIN LATERAL (SELECT * FROM sluice.order_number_registry
                WHERE merchant_id = $1 AND order_no = n.order_no COLLATE "C" LIMIT 1) r
            """,
            [.int32(merchant), .textArray(numbers.claims.indices.map { numbers.text(of: $0) })]
        )
    }

    /// Looks which of the numbers wait with an open record of an earlier file; the day of each names its partition.
    ///
    /// A record that was an order is not superseded: evidence may come late that it was paid. Who has a number is read
    /// once more, in one look with the record: a person may give it away between two looks.
    private mutating func markSuperseded(_ transaction: PostgresTransaction) throws {
        let waiting = owners.filter { $0.value.state == "quarantine" && $0.value.batch != batch.value }
        guard !waiting.isEmpty else { return }
        let rows = try transaction.query(
            """
            SELECT r.order_no, r.state, r.batch_id, r.line_no, r.state = 'quarantine' AND r.batch_id < $3
                AND f.direction = $4::sluice.direction AND EXISTS (
                SELECT FROM sluice.quarantine_record q WHERE q.batch_id = r.batch_id AND q.line_no = r.line_no
                    AND q.business_date = f.business_date AND q.state = 'open' AND q.origin = 'intake')
            FROM sluice.order_number_registry r JOIN sluice.batch_file f ON f.batch_id = r.batch_id
            WHERE r.merchant_id = $1 AND r.order_no = ANY ($2)
            """,
            [
                .int32(merchant), .textArray(waiting.keys.map { numbers.text(of: $0) }), .int64(batch.value),
                .text(direction.rawValue),
            ]
        )
        for row in rows {
            guard let claim = numbers.first(of: try row.text(0)) else { continue }
            owners[claim] = Owner(
                state: try row.text(1),
                batch: try row.int64(2),
                line: try row.int32(3),
                isSuperseded: try row.bool(4)
            )
        }
    }
}

// MARK: Decision

extension NumberClaims {
    /// Decides about each claim, in the order of lines.
    private mutating func decide() {
        fates.reserveCapacity(numbers.claims.count)
        // Which record of this slice has a number, by the first claim of it.
        var holders = [LineNumber?](repeating: nil, count: numbers.claims.count)
        for (place, claim) in numbers.claims.enumerated() {
            let first = numbers.first(like: place)
            let refusal = refusal(of: claim, holder: holders[first], owner: owners[first])
            let fate: Fate =
                switch (refusal, owners[first]) {
                case (.some, _): .unchanged
                case (nil, nil): .fresh
                case (nil, let owner?) where owner.batch == batch.value:
                    claim.isOrder && owner.state == "quarantine" ? .given : .unchanged
                case (nil, let owner?): owner.state == "void" ? .takenOver : .superseding
                }
            fates.append(fate)
            if fate != .unchanged { holders[first] = claim.line }
            guard let refusal else { continue }
            refusals[claim.line] = refusal
            if claim.isOrder { refusedOrders += 1 }
        }
    }

    private func refusal(of claim: SliceNumbers.Claim, holder: LineNumber?, owner: Owner?) -> Refusal? {
        if let holder { return .inFile(holder) }
        guard let owner else { return nil }
        if owner.batch == batch.value {
            return owner.line == claim.line.value ? nil : .inFile(LineNumber(owner.line))
        }
        // Within one file nothing is newer; and a bad record supersedes nothing.
        if owner.state == "void" || owner.isSuperseded && claim.isOrder { return nil }
        return .elsewhere(owner)
    }

    /// Whether the record of a line cannot have its number.
    func refuses(_ line: LineNumber) -> Bool { !refusals.isEmpty && refusals[line] != nil }

    /// The reason why an order cannot be one, or one reason more for a quarantined record: its number is taken.
    func reason(line: LineNumber, number: SlicePlace?) -> QuarantineReason? {
        guard !refusals.isEmpty, let refusal = refusals[line], let number else { return nil }
        let (code, mend) =
            switch refusal {
            case .inFile(let earlier):
                (
                    "duplicate_in_file",
                    "record \(earlier) of this file has the same number; send a second order under a number of its own"
                )
            case .elsewhere(let owner) where owner.state == "quarantine":
                (
                    "duplicate_of_quarantined",
                    "this number waits in quarantine (batch \(owner.batch), record \(owner.line)); decide there which "
                        + "one lives"
                )
            case .elsewhere(let owner):
                (
                    "duplicate_of_earlier_file",
                    "this number was an order of batch \(owner.batch), record \(owner.line); send a new order under a "
                        + "new number"
                )
            }
        return QuarantineReason(
            code: code,
            field: "merchant_order_number",
            maskedValue: Masked.orderNumber(numbers.slice.text(number)),
            mend: mend
        )
    }
}

// MARK: Rows

extension NumberClaims {
    func write(_ transaction: PostgresTransaction) throws {
        // In one order for all files, so that two of them cannot wait for each other.
        let fresh = places(of: .fresh)
        let takenOver = places(of: .takenOver)
        if !fresh.isEmpty {
            try transaction.copyIn(
                "COPY sluice.order_number_registry (merchant_id, order_no, state, batch_id, line_no) FROM STDIN "
                    + "(FORMAT binary)"
            ) { rows in
                for place in fresh { try append(numbers.claims[place], to: &rows) }
            }
        }
        if !takenOver.isEmpty { try writeTakenOver(takenOver, transaction) }
        let given = places(of: .given)
        if !given.isEmpty { try writeGiven(given, transaction) }
        let superseding = fates.indices.filter { fates[$0] == .superseding }
        if !superseding.isEmpty { try writeSuperseding(superseding, transaction) }
    }

    /// The claims of one fate, in the order of their numbers.
    private func places(of fate: Fate) -> [Int] {
        numbers.claims.indices.map { numbers.claim(inOrder: $0) }.filter {
            fates.isEmpty ? fate == .fresh : fates[$0] == fate
        }
    }

    private func append(_ claim: SliceNumbers.Claim, to rows: inout BinaryCopyStream) throws {
        try rows.row(columnCount: 5) { row in
            row.append(int32: merchant)
            row.append(text: numbers.slice.bytes.span.extracting(claim.number.range))
            row.append(text: claim.state)
            row.append(int64: batch.value)
            row.append(int32: claim.line.value)
        }
    }

    private func writeTakenOver(_ places: [Int], _ transaction: PostgresTransaction) throws {
        let claims = places.map { numbers.claims[$0] }
        let updated = try transaction.execute(
            """
            UPDATE sluice.order_number_registry r
            SET state = c.state::sluice.registry_state, batch_id = $2, line_no = c.line_no
            FROM unnest($3::text[], $4::text[], $5::int[]) AS c (order_no, state, line_no)
            WHERE r.merchant_id = $1 AND r.order_no = c.order_no AND r.state = 'void'
            """,
            [
                .int32(merchant), .int64(batch.value), .textArray(places.map { numbers.text(of: $0) }),
                .textArray(claims.map(\.state)), .intArray(claims.map(\.line.value)),
            ]
        )
        guard updated == places.count else { throw NumberTakenOver() }
    }

    /// By compare-and-set: whoever took the number meanwhile is found when the slice is done again.
    private func writeGiven(_ places: [Int], _ transaction: PostgresTransaction) throws {
        let updated = try transaction.execute(
            """
            UPDATE sluice.order_number_registry r SET state = 'order'
            FROM unnest($3::text[], $4::int[]) AS c (order_no, line_no)
            WHERE r.merchant_id = $1 AND r.order_no = c.order_no AND r.state = 'quarantine' AND r.batch_id = $2
                AND r.line_no = c.line_no
            """,
            [
                .int32(merchant), .int64(batch.value), .textArray(places.map { numbers.text(of: $0) }),
                .intArray(places.map { numbers.claims[$0].line.value }),
            ]
        )
        guard updated == places.count else { throw NumberTakenOver() }
    }

    private func writeSuperseding(_ places: [Int], _ transaction: PostgresTransaction) throws {
        let owners = places.compactMap { self.owners[numbers.first(like: $0)] }
        let rows = try transaction.query(
            "SELECT sluice.supersede_quarantined($1, $2, $3, $4, $5)",
            [
                .int64(batch.value), .textArray(places.map { numbers.text(of: $0) }),
                .intArray(places.map { numbers.claims[$0].line.value }), .bigintArray(owners.map(\.batch)),
                .intArray(owners.map(\.line)),
            ]
        )
        guard try rows.first?.int64(0) == Int64(places.count) else { throw NumberTakenOver() }
    }
}

extension SliceNumbers.Claim {
    /// Its row's state.
    fileprivate var state: String { isOrder ? "order" : "quarantine" }
}

/// Another file, or a person, was faster with a number: the slice is done again, and finds the number taken.
struct NumberTakenOver: Error {}
