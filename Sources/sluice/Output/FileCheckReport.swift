import BatchFiles
import Cryptography
import PaymentCore

/// What `sluice file check` found, for the merchant's developers; nothing personal in the clear (R15).
struct FileCheckReport {
    /// Why the file is not simply loaded.
    struct Why {
        let code: String
        /// The physical line and its first byte; nil where the whole file is meant.
        let place: (line: Int64, byteOffset: Int64)?
        let what: String
        let mend: String
    }

    /// One currency, or all records without one.
    struct Sum {
        let currency: Currency
        let records: Tally
        let orders: Tally

        var quarantined: Tally {
            Tally(count: records.count - orders.count, amountMinor: records.amountMinor - orders.amountMinor)
        }
    }

    let fileName: String
    let bytes: Int64
    let sha256: [UInt8]
    let format: DeclaredFormat
    let isProbed: Bool
    let merchant: MerchantNumber?
    /// The day that dates were held against.
    let businessDate: BusinessDate
    let outcome: FileCheck.Outcome
    let why: Why?
    let totals: FileTotals
    let declared: [DeclaredTotals]
    let reasons: [FileCheck.ReasonCount]
    let badRecords: [QuarantineDraft]
    let hasComparedAllNumbers: Bool
    /// Whether the file was read to its end, so that what was found is all that there is.
    let isWhole: Bool

    init(
        fileName: String,
        bytes: Int64,
        sha256: [UInt8],
        choice: FormatChoice,
        merchant: MerchantNumber?,
        businessDate: BusinessDate,
        submitted: DeclaredTotals?,
        ceilings: AmountCeilings,
        check: borrowing FileCheck
    ) {
        self.fileName = fileName
        self.bytes = bytes
        self.sha256 = sha256
        self.merchant = merchant
        self.businessDate = businessDate
        format = choice.format
        isProbed = choice.isProbed
        totals = check.totals
        declared = [submitted].compactMap(\.self) + check.declared
        reasons = check.reasons
        badRecords = check.badRecords
        hasComparedAllNumbers = check.hasComparedAllNumbers
        isWhole = check.refusal == nil
        let verdict = check.verdict(submitted: submitted)
        let breach = ceilings.breach(by: check.accepted.mapValues(\.amountMinor), beside: [:])
        switch verdict {
        case .refuse(let defect): why = Why(defect)
        case .hold(let hold): why = Why(code: hold.code.rawValue, place: nil, what: hold.what, mend: hold.mend)
        case .load: why = breach.map { Why($0) }
        }
        let outcome = check.outcome(of: verdict)
        // Its orders are held, not the file; a person is asked all the same before anything moves.
        self.outcome = breach != nil && outcome != .refuse ? .hold : outcome
    }

    var sums: [Sum] {
        totals.totals.amounts.sorted { $0.key < $1.key }.map { currency, records in
            Sum(currency: currency, records: records, orders: totals.accepted[currency] ?? Tally())
        }
    }

    var orders: Int64 { totals.records - totals.quarantined }
}

extension FileCheckReport.Why {
    init(_ defect: FileDefect) {
        self.init(
            code: defect.code.rawValue,
            place: defect.line > 0 ? (defect.line, defect.byteOffset) : nil,
            what: defect.what,
            mend: defect.mend
        )
    }

    init(_ breach: CeilingBreach) {
        let sum = amountWords(breach.sumMinor, breach.currency.code)
        let ceiling = Money(minor: breach.ceilingMinor, currency: breach.currency)
        self.init(
            code: breach.scope.rawValue,
            place: nil,
            what: "the orders add up to \(sum), above the ceiling of \(breach.scope.words), \(ceiling)",
            mend: "split the file, or expect its orders to wait until a person lets them go"
        )
    }
}
