import ArgumentParser
import BatchFiles
import PaymentCore
import Review
import Store

/// Which quarantined records a command means.
struct QuarantineFilterOptions: ParsableArguments {
    @Option(help: "Only records of this batch.")
    var batch: BatchIdentifier?

    @Option(help: ArgumentHelp("Only records of this merchant.", valueName: "number"))
    var merchant: String?

    @Option(help: ArgumentHelp("Only records with this reason, such as account_malformed.", valueName: "code"))
    var reason: String?

    @Option(help: ArgumentHelp("Only records in which this field fails, such as account_number.", valueName: "field"))
    var field: String?

    @Option(help: "Only records in this state; open and amended ones unless you say so. May be repeated.")
    var state: [QuarantineState] = []

    @Option(help: ArgumentHelp("Only business dates from so many days ago on.", valueName: "count"))
    var days: Int32?

    @Option(help: ArgumentHelp("Only records of this business date, as YYYY-MM-DD.", valueName: "date"))
    var businessDate: BusinessDate?

    func validate() throws {
        if let days, !(0...3_660).contains(days) { throw ValidationError("--days is 0 to 3660") }
        if let field, RecordField(rawValue: field) == nil {
            throw ValidationError("--field is one of: \(RecordField.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    /// Whether anything narrows the records down.
    var isNarrow: Bool {
        batch != nil || merchant != nil || reason != nil || field != nil || days != nil || businessDate != nil
    }

    func filter(limit: Int = QuarantineFilter.limitMax) -> QuarantineFilter {
        var filter = QuarantineFilter(batch: batch, limit: limit)
        filter.merchant = merchant.map { MerchantNumber($0) }
        (filter.reason, filter.field, filter.businessDate) = (reason, field, businessDate)
        if !state.isEmpty { filter.states = Set(state) }
        filter.since = days.map { BusinessDate(at: .systemNow()).advanced(byDays: -$0) }
        return filter
    }
}

/// Which records a command works on: named ones, or what a filter finds.
struct QuarantineSelectionOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Records, as BATCH-LINE; else those that the options find.", valueName: "record"))
    var records: [LineKey] = []

    @OptionGroup(title: "FILTER") var filter: QuarantineFilterOptions

    @Flag(help: "All records that wait.")
    var all = false

    func validate() throws {
        let isFiltered = filter.isNarrow || !filter.state.isEmpty
        guard records.isEmpty || !(isFiltered || all) else {
            throw ValidationError("name records, or narrow them down with options; not both")
        }
        guard !all || !filter.isNarrow else { throw ValidationError("--all and a filter contradict each other") }
        guard !records.isEmpty || filter.isNarrow || all else {
            throw ValidationError("name records as BATCH-LINE, narrow them down, such as with --batch, or say --all")
        }
        guard filter.state.allSatisfy(\.isWaiting) else {
            throw ValidationError("only records that are open or amended are worked on")
        }
    }

    var selection: RecordSelection {
        records.isEmpty
            ? .matching(filter.filter())
            : .named(records.map { RecordKey(batch: $0.batch, line: $0.line) })
    }
}

extension QuarantineState: ExpressibleByArgument {}

extension QuarantineGrouping: ExpressibleByArgument {}
