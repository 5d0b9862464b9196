package import PaymentCore

/// What pass 2 loads in one transaction: records in the order of their lines.
///
/// The bytes of all records, and of their values in UTF-8, stand one behind the other in one array; what else is known
/// of a record is a plain value that says where. So an order costs neither an allocation nor a reference count.
package struct LoadSlice: Sendable {
    /// With so many bytes a slice is full, however few records it has: two to four are in memory at once.
    package static let fullBytes = 4 * 1_024 * 1_024

    package private(set) var orders: [NewOrder] = []
    package private(set) var quarantined: [NewQuarantineRecord] = []
    /// What the places of records are places in.
    package private(set) var bytes: [UInt8] = []
    /// What the reasons of quarantined records take beside.
    private var reasonBytes = 0
    /// The charsets that records name by their number.
    private var charsets: [String] = []
    private var lastLine: LineNumber?
    /// Behind the last record of the slice.
    package var position: LoadPosition

    /// An empty slice that ends at `position`.
    package init(position: LoadPosition) { self.position = position }

    /// An empty slice with room for what the one before it holds, which it is to go on from.
    package init(after previous: LoadSlice) {
        position = previous.position
        // A little more, so that a slice that is slightly larger is not copied whole.
        orders.reserveCapacity(previous.orders.count + previous.orders.count / 16)
        bytes.reserveCapacity(previous.bytes.count + previous.bytes.count / 16)
    }

    /// How many records it has.
    package var count: Int { orders.count + quarantined.count }

    /// Whether it is to be loaded before another record is appended.
    package func isFull(records: Int) -> Bool { count >= records || bytes.count + reasonBytes >= Self.fullBytes }

    /// Appends a record that passed.
    ///
    /// `number`, `accountNumber`, `accountName`, `bankCode` and `purpose` are UTF-8; `raw` is as it stands in the file,
    /// in `charset`, for the case that the number turns out to be taken: then the record is quarantined with it.
    package mutating func appendOrder(
        line: LineNumber,
        amount: Money,
        number: Span<UInt8>,
        accountNumber: Span<UInt8>,
        accountName: Span<UInt8>,
        bankCode: Span<UInt8>?,
        purpose: Span<UInt8>,
        raw: Span<UInt8>,
        byteRange: Range<Int64>,
        physicalLine: Int64,
        charset: String
    ) {
        follow(line)
        let number = place(number)
        let accountNumber = place(accountNumber)
        let accountName = place(accountName)
        let bankPlace: SlicePlace? = if let bankCode { place(bankCode) } else { nil }
        let purpose = place(purpose)
        orders.append(
            NewOrder(
                line: line,
                amount: amount,
                merchantOrderNumber: number,
                accountNumber: accountNumber,
                accountName: accountName,
                bankCode: bankPlace,
                purpose: purpose,
                source: source(raw, byteRange, physicalLine, charset)
            )
        )
    }

    /// Appends a record that did not pass, with every reason found; `number` and `accountNumber` are UTF-8.
    ///
    /// `fields`: what its columns say, as it is sealed; nil where they cannot be told apart.
    package mutating func appendQuarantined(
        line: LineNumber,
        amount: Money?,
        number: Span<UInt8>?,
        accountNumber: Span<UInt8>? = nil,
        fields: [UInt8]? = nil,
        reasons: [QuarantineReason],
        raw: Span<UInt8>,
        byteRange: Range<Int64>,
        physicalLine: Int64,
        charset: String
    ) {
        precondition(!reasons.isEmpty, "a quarantined record names its reasons")
        follow(line)
        let numberPlace: SlicePlace? = if let number { place(number) } else { nil }
        let accountPlace: SlicePlace? = if let accountNumber { place(accountNumber) } else { nil }
        for reason in reasons {
            reasonBytes += reason.code.utf8.count + reason.maskedValue.utf8.count + reason.mend.utf8.count
        }
        quarantined.append(
            NewQuarantineRecord(
                line: line,
                amount: amount,
                merchantOrderNumber: numberPlace,
                accountNumber: accountPlace,
                fields: fields.map { place($0.span) },
                reasons: reasons,
                source: source(raw, byteRange, physicalLine, charset)
            )
        )
    }

    /// A value as a text of its own; where many are read, `bytes.span.extracting(place.range)` makes none.
    package func text(_ place: SlicePlace) -> String { String(decoding: bytes[place.range], as: UTF8.self) }

    /// What a record's raw bytes are encoded in, as a person would name it.
    package func charset(of source: SliceSource) -> String { charsets[Int(source.charset)] }

    private mutating func follow(_ line: LineNumber) {
        if let lastLine { precondition(lastLine < line, "records are appended in the order of their lines") }
        lastLine = line
    }

    private mutating func place(_ value: Span<UInt8>) -> SlicePlace {
        let start = bytes.count
        precondition(value.count <= Int(UInt32.max) - start, "the bytes of a slice are fewer than 4 GiB")
        value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        return SlicePlace(start: UInt32(start), count: UInt32(value.count))
    }

    private mutating func source(
        _ raw: Span<UInt8>,
        _ byteRange: Range<Int64>,
        _ physicalLine: Int64,
        _ charset: String
    ) -> SliceSource {
        let number = charsets.firstIndex(of: charset) ?? charsets.count
        if number == charsets.count { charsets.append(charset) }
        guard let number = UInt8(exactly: number) else {
            preconditionFailure("the records of a slice are in at most 256 charsets")
        }
        return SliceSource(
            byteRange: byteRange,
            physicalLine: physicalLine,
            charset: number,
            raw: place(raw)
        )
    }
}

/// Where a value stands among the bytes of its slice.
package struct SlicePlace: Sendable, Hashable {
    let start: UInt32
    let count: UInt32

    /// The places of its bytes in `LoadSlice.bytes`.
    package var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// Where a record stood in its file, and its bytes.
package struct SliceSource: Sendable, Hashable {
    /// Its bytes in the file, the line end included.
    package let byteRange: Range<Int64>
    package let physicalLine: Int64
    /// The number of its charset in the slice.
    let charset: UInt8
    /// Its bytes as they stand in the file, without the line end.
    package let raw: SlicePlace
}

/// A record that passed.
///
/// Of its texts, those of the account and the purpose are personal; the store encrypts them before they leave the
/// process.
package struct NewOrder: Sendable, Hashable {
    package let line: LineNumber
    package let amount: Money
    package let merchantOrderNumber: SlicePlace
    package let accountNumber: SlicePlace
    package let accountName: SlicePlace
    package let bankCode: SlicePlace?
    package let purpose: SlicePlace
    package let source: SliceSource
}

/// A record that did not pass, with every reason found.
package struct NewQuarantineRecord: Sendable, Hashable {
    package let line: LineNumber
    package let amount: Money?
    package let merchantOrderNumber: SlicePlace?
    package let accountNumber: SlicePlace?
    /// What its columns say, in JSON: the keys are fields.
    package let fields: SlicePlace?
    package let reasons: [QuarantineReason]
    package let source: SliceSource
}
