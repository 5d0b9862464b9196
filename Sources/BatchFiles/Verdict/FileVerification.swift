package import PaymentCore

/// Pass 1 over a batch file: reads it as it comes, checks and counts its records, and decides (architecture §2).
///
/// Intake and `sluice file check` both judge a file by this, so that they cannot disagree. Memory is bounded by one
/// part, one record and what is remembered of earlier ones.
package struct FileVerification: ~Copyable {
    private var reader: BatchFileReader
    private var checker: RecordChecker
    private let tolerance: FileTolerance
    /// Nil where a repeated number refuses the file: the checker finds it.
    private var numbers: SeenNumbers?

    /// What the records read so far add up to.
    package private(set) var totals = FileTotals()
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
        self.checker = RecordChecker(form: format.form, rules: rules, context: context, tellsWarnings: tellsWarnings)
        self.numbers = rules.severity(of: .duplicateInFile) == .refuseFile ? nil : SeenNumbers()
        self.tolerance = tolerance
        self.refusal = direction.flatMap { format.format.defect(submittedAs: $0) }
    }

    /// What the file itself says that it holds; complete after the last part.
    package var declared: [DeclaredTotals] { reader.declared }

    /// Takes the next bytes of the file and calls `body` for each record that they complete.
    ///
    /// The last call, and only it, says `isLast`; it may be empty. Throws only what a reader throws that is no
    /// `FileDefect`.
    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (CheckedRecord) -> Void = { _ in }
    ) throws {
        guard refusal == nil else { return }
        do {
            try reader.read(bytes, isLast: isLast) { record in
                let checked = checker.check(record)
                body(checked)
                if case .quarantined(let draft) = checked, let defect = draft.fileDefect { throw defect }
                totals.add(checked)
                guard let number = checked.merchantOrderNumber, numbers?.isRepeated(number) == true else { return }
                if case .order = checked { totals.addRepeated() }
            }
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
