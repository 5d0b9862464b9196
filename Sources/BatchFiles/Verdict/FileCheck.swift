package import PaymentCore

/// What intake would make of a batch file, found out without a database.
///
/// That is the verdict of pass 1, and what pass 2 would add to it from the file alone: a number that an earlier line
/// has sets a record aside. The file is given once, or twice where it may bring a number twice. Numbers and bytes of
/// earlier files are not known here.
package struct FileCheck: ~Copyable {
    /// How a file would fare; the raw value is its name in reports.
    package enum Outcome: String, Sendable, Hashable, CaseIterable {
        /// Every record would become an order.
        case clean
        /// The file would be loaded, and some records would go to quarantine.
        case quarantine
        /// The file would wait for a person before it is loaded.
        case hold
        /// The file would be refused.
        case refuse
    }

    /// How often a reason was found.
    package struct ReasonCount: Sendable, Hashable {
        package let code: ReasonCode
        package let severity: Severity
        package let count: Int64
    }

    private let format: DeclaredFormat
    private let rules: RecordRules
    private let tolerance: FileTolerance
    private let context: RecordContext
    private let direction: Direction?
    private var verification: FileVerification
    private var findings: Findings

    /// `context`: the day and the channels that records are judged by; `direction`: that of a submission, where it is
    /// known.
    ///
    /// `fileBytes` sizes what is remembered of numbers; `badRecordsMax` is how many bad records are kept to be shown.
    package init(
        format: DeclaredFormat,
        rules: RecordRules,
        tolerance: FileTolerance,
        context: RecordContext = RecordContext(),
        direction: Direction? = nil,
        fileBytes: Int64,
        badRecordsMax: Int
    ) {
        self.format = format
        self.rules = rules
        self.tolerance = tolerance
        self.context = context
        self.direction = direction
        verification = FileVerification(
            format: format,
            rules: rules,
            tolerance: tolerance,
            context: context,
            direction: direction
        )
        let numbers = RepeatedNumbers(fileBytes: fileBytes, recordBytes: format.format.recordBytesUsual)
        findings = Findings(numbers: numbers, badRecordsMax: badRecordsMax)
    }

    /// What would be loaded, as far as it was read.
    ///
    /// Beside what pass 1 counts, records whose number an earlier line has are quarantined.
    package var totals: FileTotals { findings.totals }
    /// The first records that would go to quarantine, with every reason and without their bytes.
    package var badRecords: [QuarantineDraft] { findings.badRecords }
    /// What pass 1 lets pass, by currency: what ceilings are held against.
    package var accepted: [Currency: Tally] { verification.totals.accepted }
    /// What the file itself says that it holds.
    package var declared: [DeclaredTotals] { verification.declared }
    /// Why the file is refused, whatever its totals are: what follows need not be read.
    package var refusal: FileDefect? { verification.refusal }
    /// Whether all numbers were found that the file brings more than once.
    package var hasComparedAllNumbers: Bool { findings.numbers.isComplete }

    /// Takes the next bytes of the file; the last call, and only it, says `isLast`.
    package mutating func read(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws {
        try Self.read(bytes, isLast: isLast, &verification, &findings)
    }

    private static func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ verification: inout FileVerification,
        _ findings: inout Findings
    ) throws {
        try verification.read(bytes, isLast: isLast, judging: { findings.add($0, judgedBy: $1, isOrder: $2) })
    }

    /// Whether the whole file is to be given once more, because it may bring a number twice.
    package var needsSecondReading: Bool {
        !findings.isSecondReading && refusal == nil && findings.numbers.mayBeRepeated
    }

    /// Forgets all but the numbers that are to be compared.
    package mutating func beginSecondReading() {
        verification = FileVerification(
            format: format,
            rules: rules,
            tolerance: tolerance,
            context: context,
            direction: direction
        )
        findings.beginSecondReading()
    }

    /// What pass 1 decides; `submitted` is what is declared beside the file.
    package func verdict(submitted: DeclaredTotals?) -> FileVerdict { verification.verdict(submitted: submitted) }

    /// How the file would fare after a verdict.
    package func outcome(of verdict: FileVerdict) -> Outcome {
        switch verdict {
        case .refuse: .refuse
        case .hold: .hold
        case .load: totals.quarantined > 0 ? .quarantine : .clean
        }
    }

    /// The reasons found, the most frequent first.
    package var reasons: [ReasonCount] {
        totals.reasons
            .map { ReasonCount(code: $0.key, severity: rules.severity(of: $0.key), count: $0.value) }
            .sorted { ($1.count, $0.code.rawValue) < ($0.count, $1.code.rawValue) }
    }
}

/// What a reading of the file found.
private struct Findings: Sendable {
    var numbers: RepeatedNumbers
    let badRecordsMax: Int
    private(set) var isSecondReading = false
    private(set) var totals = FileTotals()
    private(set) var badRecords: [QuarantineDraft] = []

    init(numbers: RepeatedNumbers, badRecordsMax: Int) {
        self.numbers = numbers
        self.badRecordsMax = badRecordsMax
    }

    mutating func beginSecondReading() {
        numbers.beginSecondReading()
        isSecondReading = true
        totals = FileTotals()
        badRecords = []
    }

    /// Of an order nothing is made but its place in the counts: they are nearly all of a file.
    mutating func add(
        _ record: borrowing RawRecord,
        judgedBy checker: borrowing RecordChecker,
        isOrder: Bool
    ) {
        if let range = checker.values.merchantOrderNumber {
            let number = checker.values.bytes.span.extracting(range)
            if !isSecondReading {
                numbers.mark(number)
            } else if let earlier = numbers.earlierLine(of: number, in: record.ordinal) {
                let draft = checker.draft(of: record, isOrder: isOrder)
                return add(draft.repeating(checker.values.text(range), of: earlier))
            }
        }
        if isOrder, let amount = checker.amount {
            totals.addOrder(amount, warnings: checker.reasons)
        } else {
            add(checker.draft(of: record, isOrder: isOrder))
        }
    }

    private mutating func add(_ record: CheckedRecord) {
        totals.add(record)
        if case .quarantined(let draft) = record, badRecords.count < badRecordsMax {
            badRecords.append(draft.withoutBytes)
        }
    }
}

extension CheckedRecord {
    /// The record, set aside because an earlier line has its number.
    fileprivate func repeating(_ number: String, of earlier: LineNumber) -> CheckedRecord {
        let reason = RecordReason.duplicateInFile(of: earlier, number: number)
        switch self {
        case .order(let draft): return .quarantined(draft.quarantined(for: [reason]))
        case .quarantined(let draft):
            // Where a repeated number refuses the file, the record's own check has found it.
            let isKnown = draft.reasons.contains { $0.code == reason.code }
            return isKnown ? self : .quarantined(draft.adding(reason))
        }
    }
}

extension QuarantineDraft {
    /// The same record with one more reason.
    fileprivate func adding(_ reason: RecordReason) -> QuarantineDraft {
        QuarantineDraft(
            source: source,
            merchantOrderNumber: merchantOrderNumber,
            amount: amount,
            reasons: reasons + [reason]
        )
    }

    /// What may be shown of it, and what is small enough to keep a thousand of.
    fileprivate var withoutBytes: QuarantineDraft {
        QuarantineDraft(
            source: RecordSource(
                line: source.line,
                physicalLine: source.physicalLine,
                byteRange: source.byteRange,
                raw: [],
                charsetName: source.charsetName
            ),
            merchantOrderNumber: merchantOrderNumber,
            amount: amount,
            reasons: reasons
        )
    }
}
