import PaymentCore

/// What a status report repeats of one transaction of its request.
struct RequestRecord: Sendable {
    let line: LineNumber
    let paymentIdentification: [UInt8]
    let instructionIdentification: [UInt8]
    let endToEndIdentification: [UInt8]
}

/// The transactions of a request, read again in step with the lines of its result.
///
/// Memory is bounded by the transactions of one piece of the request.
struct RequestRecords: ~Copyable {
    private var unwrapper: Unwrapper
    private var reader: ISO20022Reader
    private var waiting: [RequestRecord] = []
    private var taken = 0
    private(set) var isEnded = false

    init(layout: ISO20022Layout, wrapping: Wrapping) {
        unwrapper = Unwrapper(wrapping, format: .iso20022(layout))
        reader = ISO20022Reader(layout: layout, comparesInstructions: false)
    }

    /// What the message says of itself; known with the first transaction.
    var header: ISO20022Reader.Header? { reader.header }

    /// Whether no transaction waits, though there may be more.
    var needsRequest: Bool { taken == waiting.count && !isEnded }

    /// Whether every transaction was taken.
    var isComplete: Bool { taken == waiting.count && isEnded }

    mutating func read(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws {
        precondition(taken == waiting.count, "more of a request is read before its transactions were taken")
        taken = 0
        var found: [RequestRecord] = []
        try unwrapper.unwrap(bytes, isLast: isLast) { content, isLast in
            try reader.read(content, isLast: isLast) { record in
                let payment = record.copyField(at: ISO20022Transaction.Column.paymentIdentification.rawValue) ?? []
                let before = found.last?.paymentIdentification
                found.append(
                    RequestRecord(
                        line: record.ordinal,
                        // Mostly the same as before: kept once.
                        paymentIdentification: before == payment ? before ?? payment : payment,
                        instructionIdentification: record.copyField(
                            at: ISO20022Transaction.Column.instructionIdentification.rawValue
                        ) ?? [],
                        endToEndIdentification: record.copyField(
                            at: ISO20022Transaction.Column.endToEndIdentification.rawValue
                        ) ?? []
                    )
                )
            }
        }
        waiting = found
        isEnded = isLast
    }

    /// The transaction of a line, which must be the next one.
    mutating func take(_ line: LineNumber) throws(ResultFileDefect) -> RequestRecord {
        guard taken < waiting.count, waiting[taken].line == line else {
            throw ResultFileDefect(line: 0, what: "line \(line) is not that of the request's next transaction")
        }
        defer { taken += 1 }
        return waiting[taken]
    }
}
