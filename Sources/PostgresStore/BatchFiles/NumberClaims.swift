import PaymentCore
import PostgresClient
import Store

/// The order numbers of one slice against the registry "once, for ever" (architecture §5).
///
/// A look at the slice's range that finds nothing proves that none of its numbers is stored. A race is caught by the
/// registry's key.
struct NumberClaims {
    /// A number as the registry compares it, byte by byte; two strings that only look alike are two numbers.
    private struct Number: Hashable {
        let text: String

        static func == (left: Self, right: Self) -> Bool { left.text.isSameBytes(as: right.text) }

        func hash(into hasher: inout Hasher) {
            var text = text
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
    }

    private struct Owner {
        let state: String
        let batch: Int64
        let line: Int32
        /// Whether it is an open quarantined record that a good one of this file closes.
        var isSuperseded = false
    }

    private struct Claim {
        let number: String
        let line: LineNumber
        let state: String
    }

    /// So many stored numbers between two of a slice cost less to read than the slice's to look up.
    private static let betweenMax = 500

    private let merchant: Int32
    private let batch: BatchIdentifier
    private let direction: Direction
    private var stored: [Number: Owner] = [:]
    private var seen: [Number: LineNumber] = [:]
    private var fresh: [Claim] = []
    private var takenOver: [Claim] = []
    private var superseding: [(claim: Claim, owner: Owner)] = []
    private(set) var duplicates = 0

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
        var numbers = slice.orders.map(\.merchantOrderNumber)
        numbers.append(contentsOf: slice.quarantined.compactMap(\.merchantOrderNumber))
        seen.reserveCapacity(numbers.count)
        guard let first = numbers.min(by: { $0.precedesInBytes($1) }),
            let last = numbers.max(by: { $0.precedesInBytes($1) })
        else { return }
        for row in try Self.stored(numbers, from: first, to: last, of: merchant, transaction) {
            stored[Number(text: try row.text(0))] = Owner(
                state: try row.text(1),
                batch: try row.int64(2),
                line: try row.int32(3)
            )
        }
        if duplicates.isSuperseding { try markSuperseded(transaction) }
    }

    /// What is stored of a slice's numbers, and of others between the first and the last of them.
    ///
    /// Mostly nothing lies between them, or little, which is read as it stands. Where it is more, as between numbers
    /// that merchants make up by chance, each is looked up: one statement, one descent of the index a number, whatever
    /// the planner believes of a table that grows under it.
    private static func stored(
        _ numbers: [String],
        from first: String,
        to last: String,
        of merchant: Int32,
        _ transaction: PostgresTransaction
    ) throws -> PostgresRows {
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
            [.int32(merchant), .textArray(numbers)]
        )
    }

    /// Looks which of the numbers wait with an open record of an earlier file; the day of each names its partition.
    ///
    /// A record that was an order is not superseded: evidence may come late that it was paid. Who has a number is read
    /// once more, in one look with the record: a person may give it away between two looks.
    private mutating func markSuperseded(_ transaction: PostgresTransaction) throws {
        let waiting = stored.filter { $0.value.state == "quarantine" && $0.value.batch != batch.value }
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
                .int32(merchant), .textArray(waiting.keys.map(\.text)), .int64(batch.value), .text(direction.rawValue),
            ]
        )
        for row in rows {
            stored[Number(text: try row.text(0))] = Owner(
                state: try row.text(1),
                batch: try row.int64(2),
                line: try row.int32(3),
                isSuperseded: try row.bool(4)
            )
        }
    }

    /// Claims the number for an order; nil, or the reason why it cannot be one.
    mutating func claim(_ order: NewOrder) -> QuarantineReason? {
        claim(order.merchantOrderNumber, line: order.line, state: "order")
    }

    /// Reserves the number of a quarantined record; a number that is taken is one more reason.
    mutating func reserve(_ record: NewQuarantineRecord) -> [QuarantineReason] {
        guard let number = record.merchantOrderNumber else { return [] }
        return claim(number, line: record.line, state: "quarantine").map { [$0] } ?? []
    }

    private mutating func claim(_ number: String, line: LineNumber, state: String) -> QuarantineReason? {
        let key = Number(text: number)
        if let earlier = seen[key] { return duplicate(number, inFileAt: earlier) }
        let claim = Claim(number: number, line: line, state: state)
        guard let owner = stored[key] else {
            seen[key] = line
            fresh.append(claim)
            return nil
        }
        if owner.batch == batch.value {
            return owner.line == line.value ? nil : duplicate(number, inFileAt: LineNumber(owner.line))
        }
        if owner.state == "void" {
            seen[key] = line
            takenOver.append(claim)
            return nil
        }
        // Within one file nothing is newer; and a bad record supersedes nothing.
        if owner.isSuperseded, state == "order" {
            seen[key] = line
            superseding.append((claim, owner))
            return nil
        }
        duplicates += 1
        let waits = owner.state == "quarantine"
        return QuarantineReason(
            code: waits ? "duplicate_of_quarantined" : "duplicate_of_earlier_file",
            field: "merchant_order_number",
            maskedValue: Masked.orderNumber(number),
            mend: waits
                ? "this number waits in quarantine (batch \(owner.batch), record \(owner.line)); decide there which "
                    + "one lives"
                : "this number was an order of batch \(owner.batch), record \(owner.line); send a new order under a "
                    + "new number"
        )
    }

    private mutating func duplicate(_ number: String, inFileAt line: LineNumber) -> QuarantineReason {
        duplicates += 1
        return QuarantineReason(
            code: "duplicate_in_file",
            field: "merchant_order_number",
            maskedValue: Masked.orderNumber(number),
            mend: "record \(line) of this file has the same number; send a second order under a number of its own"
        )
    }

    private static func sorted(_ claims: [Claim]) -> [Claim] {
        // Merchants mostly write their numbers in order, and a look costs less than a sort.
        let isSorted = zip(claims, claims.dropFirst()).allSatisfy { $0.number.precedesInBytes($1.number) }
        return isSorted ? claims : claims.sorted { $0.number.precedesInBytes($1.number) }
    }

    func write(_ transaction: PostgresTransaction) throws {
        // In one order for all files, so that two of them cannot wait for each other.
        let fresh = Self.sorted(fresh)
        let takenOver = Self.sorted(takenOver)
        if !fresh.isEmpty {
            var copy = BinaryCopyBuffer(reserving: fresh.count * 64)
            for claim in fresh {
                copy.beginRow(columnCount: 5)
                copy.append(int32: merchant)
                copy.append(text: claim.number)
                copy.append(text: claim.state)
                copy.append(int64: batch.value)
                copy.append(int32: claim.line.value)
            }
            _ = try transaction.copyIn(
                "COPY sluice.order_number_registry (merchant_id, order_no, state, batch_id, line_no) FROM STDIN "
                    + "(FORMAT binary)",
                copy.finish()
            )
        }
        if !takenOver.isEmpty { try writeTakenOver(takenOver, transaction) }
        if !superseding.isEmpty { try writeSuperseding(transaction) }
    }

    private func writeTakenOver(_ takenOver: [Claim], _ transaction: PostgresTransaction) throws {
        let updated = try transaction.execute(
            """
            UPDATE sluice.order_number_registry r
            SET state = c.state::sluice.registry_state, batch_id = $2, line_no = c.line_no
            FROM unnest($3::text[], $4::text[], $5::int[]) AS c (order_no, state, line_no)
            WHERE r.merchant_id = $1 AND r.order_no = c.order_no AND r.state = 'void'
            """,
            [
                .int32(merchant), .int64(batch.value), .textArray(takenOver.map(\.number)),
                .textArray(takenOver.map(\.state)), .intArray(takenOver.map(\.line.value)),
            ]
        )
        guard updated == takenOver.count else { throw NumberTakenOver() }
    }

    private func writeSuperseding(_ transaction: PostgresTransaction) throws {
        let rows = try transaction.query(
            "SELECT sluice.supersede_quarantined($1, $2, $3, $4, $5)",
            [
                .int64(batch.value), .textArray(superseding.map(\.claim.number)),
                .intArray(superseding.map(\.claim.line.value)), .bigintArray(superseding.map(\.owner.batch)),
                .intArray(superseding.map(\.owner.line)),
            ]
        )
        guard try rows.first?.int64(0) == Int64(superseding.count) else { throw NumberTakenOver() }
    }
}

extension String {
    /// By bytes, as the registry's collation "C" orders numbers.
    fileprivate func precedesInBytes(_ other: String) -> Bool {
        let left = utf8.span
        let right = other.utf8.span
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }

    fileprivate func isSameBytes(as other: String) -> Bool {
        let left = utf8.span
        let right = other.utf8.span
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left[index] != right[index] { return false }
        return true
    }
}

/// Another file, or a person, was faster with a number: the slice is done again, and finds the number taken.
struct NumberTakenOver: Error {}
