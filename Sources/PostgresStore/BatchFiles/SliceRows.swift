import Cryptography
import PaymentCore
import PostgresClient
import Store

/// Encodes the rows of a slice, with what is personal encrypted.
struct SliceRows: ~Copyable {
    static let quarantineColumns = """
        batch_id, line_no, business_date, origin, merchant_order_no, amount_minor, currency, reasons, charset, \
        byte_from, byte_to, physical_line, raw, data_key_id, fields, account_hash
        """

    /// The columns of orders, of which the last ones are only there where one has them.
    let orderColumns: String
    private let orderColumnCount: Int16
    private let batch: Int64
    private let daysSince1970: Int32
    private let hasPaymentKeys: Bool
    private let hasCodes: Bool
    private var cipher: BatchCipher
    private let accountHash: KeyedHash
    private var paymentKeys: PaymentKeys
    /// Reused from order to order.
    private var personal: [UInt8] = []

    init(
        of file: ClaimedBatchFile,
        cipher: consuming BatchCipher,
        searchKey: [UInt8],
        hasPaymentKeys: Bool,
        hasCodes: Bool
    ) {
        batch = file.id.value
        daysSince1970 = file.businessDate.daysSince1970
        self.hasPaymentKeys = hasPaymentKeys
        self.hasCodes = hasCodes
        self.cipher = cipher
        accountHash = KeyedHash(key: searchKey)
        paymentKeys = PaymentKeys(key: searchKey)
        orderColumns =
            "batch_id, line_no, business_date, state, amount_minor, data_key_id, currency, merchant_order_no, "
            + "bank_code, personal, account_hash" + (hasPaymentKeys ? ", payment_key" : "") + (hasCodes ? ", code" : "")
        orderColumnCount = 11 + (hasPaymentKeys ? 1 : 0) + (hasCodes ? 1 : 0)
    }

    mutating func append(
        _ order: NewOrder,
        in slice: LoadSlice,
        heldBy code: String?,
        to stream: inout BinaryCopyStream
    ) throws {
        precondition(hasCodes || code == nil, "an order that is held has a column for why")
        try stream.row(columnCount: orderColumnCount) { row in
            let bytes = slice.bytes.span
            row.append(int64: batch)
            row.append(int32: order.line.value)
            row.append(daysSince1970: daysSince1970)
            row.append(text: (code == nil ? OrderState.ready : .held).rawValue)
            row.append(int64: order.amount.minor)
            row.append(int32: cipher.keyIdentifier)
            row.append(text: order.amount.currency.code)
            row.append(text: bytes.extracting(order.merchantOrderNumber.range))
            if let bankCode = order.bankCode {
                row.append(text: bytes.extracting(bankCode.range))
            } else {
                row.appendNull()
            }
            personal.removeAll(keepingCapacity: true)
            PersonalData.append(bytes.extracting(order.accountNumber.range), to: &personal)
            PersonalData.append(bytes.extracting(order.accountName.range), to: &personal)
            PersonalData.append(bytes.extracting(order.purpose.range), to: &personal)
            let whole = personal
            row.appendBytea { cipher.seal(whole.span, .personal, line: order.line, appendingTo: &$0) }
            row.appendBytea { hash in
                let account = bytes.extracting(order.accountNumber.range)
                accountHash.append(first: SQLStore.accountHashBytes, ofCodeOf: account, to: &hash)
            }
            if hasPaymentKeys { row.append(int64: paymentKeys.key(of: order, in: slice)) }
            guard hasCodes else { return }
            if let code { row.append(text: code) } else { row.appendNull() }
        }
    }

    /// A record that did not pass; and its number may be taken besides.
    mutating func append(
        _ record: NewQuarantineRecord,
        in slice: LoadSlice,
        alsoFor taken: QuarantineReason?,
        to stream: inout BinaryCopyStream
    ) throws {
        try append(
            record.line,
            number: record.merchantOrderNumber,
            record.amount,
            record.reasons + (taken.map { [$0] } ?? []),
            record.source,
            fields: record.fields.map { Array(slice.bytes[$0.range]) },
            account: record.accountNumber,
            in: slice,
            to: &stream
        )
    }

    /// An order that cannot be one, because its number is taken.
    mutating func append(
        _ order: NewOrder,
        in slice: LoadSlice,
        quarantinedFor taken: QuarantineReason,
        to stream: inout BinaryCopyStream
    ) throws {
        try append(
            order.line,
            number: order.merchantOrderNumber,
            order.amount,
            [taken],
            order.source,
            fields: QuarantinedFields(order, in: slice).json,
            account: order.accountNumber,
            in: slice,
            to: &stream
        )
    }

    private mutating func append(
        _ line: LineNumber,
        number: SlicePlace?,
        _ amount: Money?,
        _ reasons: [QuarantineReason],
        _ source: SliceSource,
        fields: [UInt8]?,
        account: SlicePlace?,
        in slice: LoadSlice,
        to stream: inout BinaryCopyStream
    ) throws {
        try stream.row(columnCount: 16) { row in
            row.append(int64: batch)
            row.append(int32: line.value)
            row.append(daysSince1970: daysSince1970)
            row.append(text: "intake")
            if let number { row.append(text: slice.bytes.span.extracting(number.range)) } else { row.appendNull() }
            if let amount {
                row.append(int64: amount.minor)
                row.append(text: amount.currency.code)
            } else {
                row.appendNull()
                row.appendNull()
            }
            row.append(jsonb: reasons.json)
            row.append(text: slice.charset(of: source))
            row.append(int64: source.byteRange.lowerBound)
            row.append(int64: source.byteRange.upperBound)
            row.append(int64: source.physicalLine)
            row.appendBytea { raw in
                let bytes = slice.bytes.span.extracting(source.raw.range)
                cipher.seal(bytes, .raw, line: line, appendingTo: &raw)
            }
            row.append(int32: cipher.keyIdentifier)
            if let fields {
                let sealed = cipher.sealWithRandomNonce(fields, .fields, line.value, 0)
                row.appendBytea { $0.append(contentsOf: sealed) }
            } else {
                row.appendNull()
            }
            if let account {
                row.appendBytea { hash in
                    let account = slice.bytes.span.extracting(account.range)
                    accountHash.append(first: SQLStore.accountHashBytes, ofCodeOf: account, to: &hash)
                }
            } else {
                row.appendNull()
            }
        }
    }
}

extension [QuarantineReason] {
    var json: String {
        JSONText.array(
            map { reason in
                .object([
                    ("code", .string(reason.code)), ("field", reason.field.map(JSONValue.string) ?? .null),
                    ("value", .string(reason.maskedValue)), ("mend", .string(reason.mend)),
                ])
            }
        )
    }
}
