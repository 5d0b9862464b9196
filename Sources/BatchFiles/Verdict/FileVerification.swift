package import PaymentCore

/// Pass 1 over a batch file: reads it as it comes, checks and counts its records, and decides (architecture §2).
///
/// Intake and `sluice file check` both judge a file by this, so that they cannot disagree. Memory is bounded by one
/// part, one record and what is remembered of earlier ones.
package struct FileVerification: ~Copyable {
    private var reader: BatchFileReader
    private var count: RecordCount
    private let tolerance: FileTolerance

    /// Why the file is refused, whatever its totals are; what follows in the file is not looked at any more.
    package private(set) var refusal: FileDefect?

    /// `direction`: that of the submission, where it is known; `tellsWarnings`: whether anybody looks at warnings that
    /// take memory to find.
    package init(
        format: DeclaredFormat,
        rules: RecordRules,
        tolerance: FileTolerance,
        context: RecordContext = RecordContext(),
        direction: Direction? = nil,
        tellsWarnings: Bool = true
    ) {
        self.reader = BatchFileReader(format: format.format, wrapping: format.wrapping)
        self.count = RecordCount(
            checker: RecordChecker(form: format.form, rules: rules, context: context, tellsWarnings: tellsWarnings),
            numbers: rules.severity(of: .duplicateInFile) == .refuseFile ? nil : FingerprintTable(keepsLines: false)
        )
        self.tolerance = tolerance
        self.refusal = direction.flatMap { format.format.defect(submittedAs: $0) }
    }

    /// What the records read so far add up to.
    package var totals: FileTotals { count.totals }

    /// The records read so far that make orders.
    package var passed: PassedRecords { count.passed }

    /// What the file itself says that it holds; complete after the last part.
    package var declared: [DeclaredTotals] { reader.declared }

    /// Takes the next bytes of the file.
    ///
    /// The last call, and only it, says `isLast`; it may be empty. Throws only what a reader throws that is no
    /// `FileDefect`.
    package mutating func read(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws {
        guard refusal == nil else { return }
        do {
            try reader.read(bytes, isLast: isLast) { record in
                try count.add(record, isOrder: count.checker.judge(record))
            }
            count.compareNumbers()
        } catch let defect as FileDefect {
            refusal = defect
        }
    }

    /// The same, and calls `body` for each record that they complete.
    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (CheckedRecord) -> Void
    ) throws {
        try read(bytes, isLast: isLast, judging: { body($1.draft(of: $0, isOrder: $2)) })
    }

    /// The same, without a draft of each.
    ///
    /// `body` has the record, the checker, which knows what it says and what is wrong with it, and whether it makes an
    /// order.
    mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        judging body: (borrowing RawRecord, _ checker: borrowing RecordChecker, _ isOrder: Bool) -> Void
    ) throws {
        guard refusal == nil else { return }
        do {
            try reader.read(bytes, isLast: isLast) { record in
                let isOrder = count.checker.judge(record)
                body(record, count.checker, isOrder)
                try count.add(record, isOrder: isOrder)
            }
            count.compareNumbers()
        } catch let defect as FileDefect {
            refusal = defect
        }
    }

    /// What becomes of the file, once its last part was read; `submitted` is what was declared beside it.
    package func verdict(submitted: DeclaredTotals?) -> FileVerdict {
        if let refusal { return .refuse(refusal) }
        return FileVerdict.decide(
            totals: totals,
            declared: [submitted].compactMap(\.self) + declared,
            tolerance: tolerance
        )
    }
}

/// What pass 1 makes of the records, one after the other.
private struct RecordCount: ~Copyable {
    /// So many numbers are compared with the earlier ones at once.
    private static let comparedAtOnce = 64

    var checker: RecordChecker
    /// The numbers that the file has brought so far; nil where a repeated one refuses it: the checker finds it.
    var numbers: FingerprintTable?
    var totals = FileTotals()
    var passed = PassedRecords()
    /// The numbers of the last records, which are not compared with the earlier ones yet.
    private var fingerprints: [UInt64] = []
    /// Whether each of their records makes an order.
    private var areOrders: [Bool] = []

    init(checker: consuming RecordChecker, numbers: FingerprintTable?) {
        self.checker = checker
        self.numbers = numbers
    }

    /// Counts the record that the checker has judged; throws the defect of a file that is refused because of it.
    mutating func add(_ record: borrowing RawRecord, isOrder: Bool) throws(FileDefect) {
        if isOrder, let amount = checker.amount {
            totals.addOrder(amount, warnings: checker.reasons)
            passed.insert(record.ordinal)
        } else {
            let refuses = checker.reasons.contains { $0.severity == .refuseFile }
            if refuses, let defect = checker.quarantined(record).fileDefect { throw defect }
            totals.addQuarantined(checker.amount, reasons: checker.reasons)
        }
        guard numbers != nil, let number = checker.values.merchantOrderNumber else { return }
        fingerprints.append(RepeatedNumbers.fingerprint(of: checker.values.bytes.span.extracting(number)))
        areOrders.append(isOrder)
        if fingerprints.count == Self.comparedAtOnce { compareNumbers() }
    }

    /// Counts the repeated ones among the numbers of the last records; to be called before `totals` is read.
    mutating func compareNumbers() {
        guard let repeated = numbers?.areRepeated(fingerprints) else { return }
        for (isRepeated, isOrder) in zip(repeated, areOrders) where isRepeated && isOrder { totals.addRepeated() }
        fingerprints.removeAll(keepingCapacity: true)
        areOrders.removeAll(keepingCapacity: true)
    }
}
