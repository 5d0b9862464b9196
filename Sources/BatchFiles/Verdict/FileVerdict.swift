import PaymentCore

/// How far a merchant's files may be from perfect before a person, or nobody, looks at them.
package struct FileTolerance: Sendable, Hashable {
    /// By how many records a declared count may differ for the file to be held instead of refused.
    package let countDifferenceMax: Int64
    /// By how many minor units a declared sum may differ for the file to be held instead of refused.
    package let amountMinorDifferenceMax: Int64
    /// By how many ten thousandths of what was read either may differ for the file to be held instead of refused.
    package let differencePerTenThousandMax: Int64
    /// How many records of ten thousand may go to quarantine before the file is held.
    package let badPerTenThousandMax: Int64
    /// How many records may go to quarantine without the file being held, whatever their share.
    package let badRecordsFree: Int64
    /// How many records of ten thousand may go to quarantine before the file is refused.
    package let badPerTenThousandLimit: Int64

    /// The defaults refuse every difference, hold a file with more than one bad record in twenty, and refuse none for
    /// its bad records.
    package init(
        countDifferenceMax: Int64 = 0,
        amountMinorDifferenceMax: Int64 = 0,
        differencePerTenThousandMax: Int64 = 0,
        badPerTenThousandMax: Int64 = 500,
        badRecordsFree: Int64 = 0,
        badPerTenThousandLimit: Int64 = 10_000
    ) {
        precondition(
            (0...badPerTenThousandLimit).contains(badPerTenThousandMax),
            "a file is held at a lower share of bad records than it is refused"
        )
        self.countDifferenceMax = countDifferenceMax
        self.amountMinorDifferenceMax = amountMinorDifferenceMax
        self.differencePerTenThousandMax = differencePerTenThousandMax
        self.badPerTenThousandMax = badPerTenThousandMax
        self.badRecordsFree = badRecordsFree
        self.badPerTenThousandLimit = badPerTenThousandLimit
    }

    /// Whether a declared number may differ from the one read: by a fixed number, or by a share of the one read.
    fileprivate func covers(declared: Int128, read: Int128, differenceMax: Int64) -> Bool {
        // A declared sum may be any number of the wide type, so its difference may overflow even that.
        let (signed, overflow) = declared.subtractingReportingOverflow(read)
        guard !overflow else { return false }
        let difference = signed.magnitude
        if difference <= differenceMax.magnitude { return true }
        let (left, leftOverflow) = difference.multipliedReportingOverflow(by: 10_000)
        let (right, rightOverflow) = read.magnitude.multipliedReportingOverflow(
            by: UInt128(differencePerTenThousandMax.magnitude)
        )
        return !leftOverflow && (rightOverflow || left <= right)
    }
}

/// What pass 1 decides about a file whose records can be read.
package enum FileVerdict: Sendable, Hashable {
    case load
    case refuse(FileDefect)
    case hold(FileHold)

    /// The verdict on records that add up to `totals`, against what was declared.
    ///
    /// Amounts that could not be read explain a declared sum above the one read, never one below it (R14). A refusal
    /// goes before a hold, and the first of several holds is named. Records whose number is known to be repeated count
    /// as bad.
    package static func decide(
        totals: FileTotals,
        declared: [DeclaredTotals],
        tolerance: FileTolerance
    ) -> FileVerdict {
        var hold: FileHold?
        for declaration in declared {
            for difference in differences(between: declaration, and: totals) {
                guard difference.isWithin(tolerance) else { return .refuse(defect(declaration, difference)) }
                hold = hold ?? FileHold(code: .totalsWithinTolerance, what: difference.words)
            }
        }
        let badRecords = totals.quarantined + totals.repeated
        // Wide, so that no count of records overflows.
        let bad = Int128(badRecords) * 10_000
        let repeated = totals.repeated > 0 ? ", \(totals.repeated) of them for the number of an earlier record" : ""
        let what = "\(badRecords) of \(totals.records) records go to quarantine\(repeated)"
        if bad > Int128(tolerance.badPerTenThousandLimit) * Int128(totals.records) {
            return .refuse(
                FileDefect(
                    code: .badRecordsOverLimit,
                    line: 0,
                    byteOffset: 0,
                    what: what,
                    mend: "correct what `sluice file check` tells of the records, and send the file again"
                )
            )
        }
        if badRecords > tolerance.badRecordsFree, bad > Int128(tolerance.badPerTenThousandMax) * Int128(totals.records)
        {
            hold = hold ?? FileHold(code: .tooManyBadRecords, what: what)
        }
        return hold.map(FileVerdict.hold) ?? .load
    }

    private enum Difference {
        case count(declared: Int64, read: Int64)
        case sum(Currency, declared: Int128, read: Int128)

        func isWithin(_ tolerance: FileTolerance) -> Bool {
            switch self {
            case .count(let declared, let read):
                tolerance.covers(
                    declared: Int128(declared),
                    read: Int128(read),
                    differenceMax: tolerance.countDifferenceMax
                )
            case .sum(_, let declared, let read):
                tolerance.covers(
                    declared: declared,
                    read: read,
                    differenceMax: tolerance.amountMinorDifferenceMax
                )
            }
        }

        var words: String {
            switch self {
            case .count(let declared, let read): "\(declared) records are declared and \(read) were read"
            case .sum(let currency, let declared, let read):
                "\(declared) minor units of \(currency.code) are declared and \(read) were read"
            }
        }
    }

    private static func differences(between declared: DeclaredTotals, and totals: FileTotals) -> [Difference] {
        var found: [Difference] = []
        if let count = declared.count, count != totals.records {
            found.append(.count(declared: count, read: totals.records))
        }
        guard let sums = declared.sums else { return found }
        let read = totals.totals.amounts
        for currency in Set(sums.keys).union(read.keys).sorted() {
            let declaredSum = sums[currency] ?? 0
            let readSum = read[currency]?.amountMinor ?? 0
            let isExplained = declaredSum > readSum && totals.totals.amountUnreadable > 0
            if declaredSum != readSum, !isExplained {
                found.append(.sum(currency, declared: declaredSum, read: readSum))
            }
        }
        return found
    }

    private static func defect(_ declared: DeclaredTotals, _ difference: Difference) -> FileDefect {
        let (code, line, byteOffset): (FileDefect.Code, Int64, Int64) =
            switch (declared.origin, difference) {
            case (.submission, _): (.totalsMismatch, 0, 0)
            case (.trailer(let line, let byteOffset), _): (.trailerMismatch, line, byteOffset)
            case (.header(let line, let byteOffset), .count), (.groupHeader(let line, let byteOffset), .count):
                (.controlCountMismatch, line, byteOffset)
            case (.header(let line, let byteOffset), .sum), (.groupHeader(let line, let byteOffset), .sum):
                (.controlSumMismatch, line, byteOffset)
            }
        return FileDefect(
            code: code,
            line: line,
            byteOffset: byteOffset,
            what: difference.words,
            mend: "send the file again with all its records and their true count and sum"
        )
    }
}

/// Why a file waits for a person before it is loaded.
package struct FileHold: Sendable, Hashable, CustomStringConvertible {
    /// The stable name of a hold.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        case totalsWithinTolerance = "totals_within_tolerance"
        case tooManyBadRecords = "too_many_bad_records"
    }

    package let code: Code
    package let what: String

    package init(code: Code, what: String) {
        self.code = code
        self.what = what
    }

    package var mend: String {
        switch code {
        case .totalsWithinTolerance: "ask the merchant which totals are right, then load or refuse the file"
        case .tooManyBadRecords: "look at the reasons in quarantine, then load or refuse the file"
        }
    }

    package var description: String { "\(code.rawValue): \(what); \(mend)" }
}
