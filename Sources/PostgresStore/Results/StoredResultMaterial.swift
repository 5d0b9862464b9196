import Compression
import PaymentCore
import PostgresClient
import Store

/// A file's lines and the parts of its request, read in the transaction that writes its result.
final class StoredResultMaterial: ResultMaterial {
    /// Rows read at a time; a page is all that is in memory.
    private static let pageSize: Int64 = 5_000

    let edition: ResultEdition
    let previousEdition: ResultEdition?
    private let file: ClaimedBatchFile
    private let transaction: PostgresTransaction
    private var cipher: BatchCipher
    private var after: Int32 = 0
    private var partsRead: Int32 = 0

    init(
        file: ClaimedBatchFile,
        edition: ResultEdition,
        previousEdition: ResultEdition?,
        cipher: consuming BatchCipher,
        transaction: PostgresTransaction
    ) {
        self.file = file
        self.edition = edition
        self.previousEdition = previousEdition
        self.cipher = cipher
        self.transaction = transaction
    }

    func rewind() {
        after = 0
        partsRead = 0
    }

    func nextPart() throws -> [UInt8]? {
        guard partsRead < file.partCount else { return nil }
        partsRead += 1
        let rows = try transaction.query(
            "SELECT content, clear_bytes FROM sluice.batch_file_part WHERE batch_id = $1 AND part_no = $2 "
                + "AND is_encrypted",
            [.int64(file.id.value), .int32(partsRead)]
        )
        guard let row = rows.first else { throw StoreDefect("part \(partsRead) of batch \(file.id) is missing") }
        let compressed = try cipher.openWithNonce(try row.bytes(0), .part, partsRead, 0)
        return try Deflate.decompress(compressed, byteCount: Int(try row.int32(1)))
    }

    func nextPage() throws -> [ResultRow] {
        let rows = try transaction.query(
            LineStandings.statement(
                where: "line_no > $3",
                limit: "$4",
                more: (names: "l.bank_code, l.bytes", ofOrders: "bank_code, personal AS bytes", ofRecords: "NULL, raw")
            ),
            [.int64(file.id.value), .date(file.businessDate), .int32(after), .int64(Self.pageSize)]
        )
        let standings = try rows.map(LineStandings.standing)
        var released: [Int32: LineStandings.Key] = [:]
        for (row, standing) in zip(rows, standings) {
            after = try row.int32(0)
            if let successor = standing.successor { released[after] = successor }
        }
        let successors = try LineStandings(transaction).follow(released)
        return try zip(rows, standings).map { row, standing in
            try resultRow(row, standing, releasedAs: successors[try row.int32(0)])
        }
    }

    /// A line says what was sent, and stands as what it has become.
    private func resultRow(
        _ row: PostgresRow,
        _ own: LineStandings.Standing,
        releasedAs successor: LineStandings.Standing?
    ) throws -> ResultRow {
        let line = LineNumber(try row.int32(0))
        let standing = successor ?? own
        return ResultRow(
            line: line,
            status: standing.status,
            code: standing.code,
            cause: standing.cause,
            decidedAt: standing.decidedAt,
            content: try content(row, own, line),
            mended: successor.flatMap { $0.isOrder ? $0.values.differing(from: own.values) : nil }
        )
    }

    private func content(
        _ row: PostgresRow,
        _ own: LineStandings.Standing,
        _ line: LineNumber
    ) throws -> ResultRow.Content {
        let bytes = try row.bytes(LineStandings.columnCount + 1)
        let values = own.values
        guard own.isOrder else {
            return .quarantined(
                raw: try cipher.open(bytes, .raw, line: line),
                merchantOrderNumber: values.merchantOrderNumber,
                amountMinor: values.amountMinor,
                currency: values.currency
            )
        }
        guard let number = values.merchantOrderNumber, let amountMinor = values.amountMinor,
            let currency = values.currency
        else { throw StoreDefect("an order without a number or an amount is stored") }
        // Without its account the line still says what became of the order.
        let personal = cipher.personal(bytes, line: line)
        return .order(
            merchantOrderNumber: number,
            accountNumber: personal?.accountNumber ?? "",
            accountName: personal?.accountName ?? "",
            bankCode: try row.optionalText(LineStandings.columnCount),
            purpose: personal?.purpose ?? "",
            amountMinor: amountMinor,
            currency: currency
        )
    }
}

extension MendedValues {
    /// What of these values is not as in `sent`; nil if all of it is.
    fileprivate func differing(from sent: MendedValues) -> MendedValues? {
        let isOtherAmount = amountMinor != nil && (amountMinor, currency) != (sent.amountMinor, sent.currency)
        let isOtherNumber = merchantOrderNumber != nil && merchantOrderNumber != sent.merchantOrderNumber
        guard isOtherAmount || isOtherNumber else { return nil }
        return MendedValues(
            merchantOrderNumber: isOtherNumber ? merchantOrderNumber : nil,
            amountMinor: isOtherAmount ? amountMinor : nil,
            currency: isOtherAmount ? currency : nil
        )
    }
}
