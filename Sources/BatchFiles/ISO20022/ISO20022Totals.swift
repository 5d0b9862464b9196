import PaymentCore

/// What a message, or one payment information of it, says that it holds, and what it does hold.
struct ISO20022Totals {
    private(set) var declaredCount: Int64?
    private(set) var declaredSum: ExactDecimal?
    /// Where it says so.
    private(set) var line: Int64 = 0
    private(set) var byteOffset: Int64 = 0
    private(set) var count: Int64 = 0
    /// The plain sum of the amounts; nil when it has more digits than can be kept.
    private var sum: ExactDecimal? = .zero
    private var unreadable = 0

    /// Takes the declared number of transactions.
    mutating func declareCount(_ text: Span<UInt8>, line: Int64, byteOffset: Int64) {
        // What is no number breaks the schema, which is said.
        declaredCount = ExactDecimal(text)?.units(decimals: 0).flatMap { Int64(exactly: $0) }
        (self.line, self.byteOffset) = (line, byteOffset)
    }

    /// Takes the declared control sum.
    mutating func declareSum(_ text: Span<UInt8>, line: Int64, byteOffset: Int64) {
        declaredSum = ExactDecimal(text)
        (self.line, self.byteOffset) = (line, byteOffset)
    }

    /// Counts one transaction; nil for an amount that cannot be read.
    mutating func add(_ amount: ExactDecimal?) {
        count += 1
        if let amount { sum = sum?.adding(amount) } else { unreadable += 1 }
    }

    /// Whether the declared number, if any, is that of the transactions.
    var isCountRight: Bool { declaredCount.map { $0 == count } ?? true }

    /// Whether the declared sum, if any, is that of the amounts.
    ///
    /// Amounts that cannot be read explain a declared sum above the one read, never one below it (R14).
    var isSumRight: Bool {
        guard let declaredSum else { return true }
        guard let sum else { return false }
        return declaredSum == sum || (unreadable > 0 && declaredSum.isAbove(sum))
    }

    /// Throws when a declared total of `place` is not that of its transactions.
    func check(_ place: String) throws(FileDefect) {
        if !isCountRight, let declaredCount {
            throw FileDefect(
                code: .controlCountMismatch,
                line: line,
                byteOffset: byteOffset,
                what: "\(place) declares \(declaredCount) transactions and has \(count)",
                mend: "send the file again with all its transactions and their true number"
            )
        }
        if !isSumRight { throw sumMismatch(place) }
    }

    /// Throws when the declared sum of `place` is not that of its transactions.
    func checkSum(_ place: String) throws(FileDefect) {
        if !isSumRight { throw sumMismatch(place) }
    }

    private func sumMismatch(_ place: String) -> FileDefect {
        FileDefect(
            code: .controlSumMismatch,
            line: line,
            byteOffset: byteOffset,
            what: "the control sum of \(place) is not the sum of its \(count) amounts",
            mend: "send the file again with all its transactions and their true sum"
        )
    }
}
