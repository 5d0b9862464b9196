import PaymentCore

/// What the records of a file said before, for the rules that compare one with another; memory is bounded.
struct EarlierRecords {
    /// Numbers of records, only where a repeated one refuses the file: all else the loader finds.
    private var numbers: FingerprintTable?
    /// Account, amount and purpose of orders.
    private var payments: FingerprintTable?

    /// `tellsWarnings`: whether payments are remembered to warn of them, too.
    init(rules: RecordRules, tellsWarnings: Bool) {
        if rules.severity(of: .duplicateInFile) == .refuseFile { numbers = FingerprintTable(keepsLines: true) }
        if rules.severity(of: .samePayment) >= (tellsWarnings ? .warn : .quarantine) {
            payments = FingerprintTable(keepsLines: true)
        }
    }

    /// The line of an earlier record with this number, if there is one and somebody wants to know.
    mutating func line(of number: Span<UInt8>, in line: LineNumber) -> LineNumber? {
        guard numbers != nil else { return nil }
        var hasher = Hasher()
        Self.combine(number, into: &hasher)
        return numbers?.insert(Self.fingerprint(hasher), of: line)
    }

    /// The line of an earlier order with the same account, amount and purpose, if there is one and somebody wants to
    /// know.
    mutating func line(
        ofPaymentTo account: Span<UInt8>,
        of amount: Money,
        for purpose: Span<UInt8>,
        in line: LineNumber
    ) -> LineNumber? {
        guard payments != nil else { return nil }
        var hasher = Hasher()
        Self.combine(account, into: &hasher)
        hasher.combine(amount)
        Self.combine(purpose, into: &hasher)
        return payments?.insert(Self.fingerprint(hasher), of: line)
    }

    /// The hasher's key is another one in each process.
    private static func fingerprint(_ hasher: Hasher) -> UInt64 { UInt64(bitPattern: Int64(hasher.finalize())) }

    /// Takes bytes in, with their number, as they are: texts that only look the same differ.
    private static func combine(_ text: Span<UInt8>, into hasher: inout Hasher) {
        hasher.combine(text.count)
        text.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
