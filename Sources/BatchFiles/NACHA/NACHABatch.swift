import PaymentCore

/// A batch in work: its header, and what its entries add up to, which its control record must say.
struct NACHABatch: Sendable {
    let header: NACHALine
    let number: Int64
    /// The day on which its entries are to settle, `YYYY-MM-DD`; empty where the layout does not look at it.
    let effectiveDate: [UInt8]
    private(set) var totals = NACHATotals()

    /// Reads a batch header; `layout` is nil for a file of returns, whose entries move either way.
    init(
        header: NACHALine,
        after previous: Int64?,
        fileCreated: BusinessDate,
        layout: NACHALayout?
    ) throws(FileDefect) {
        self.header = header
        guard header.isPrintable else {
            throw header.defect(
                .charsetMismatch,
                "the batch header holds a byte that is no printable ASCII",
                "write headers and control records in ASCII"
            )
        }
        try Self.checkClasses(header, layout)
        guard header.digits(80...87) != nil, let number = header.digits(88...94), header.isFilled(5...20),
            header.isFilled(41...50), header.isFilled(54...63)
        else {
            throw header.defect(
                .controlFieldMalformed,
                "company name, company identification, entry description, originating bank or batch number of the "
                    + "batch header is empty or unreadable",
                "fill columns 5-20, 41-50, 54-63, 80-87 and 88-94"
            )
        }
        self.number = number
        guard previous.map({ number > $0 }) ?? true else {
            throw header.defect(
                .batchNumberOrder,
                "batch number \(number) does not come after \(previous ?? 0)",
                "number the batches of a file in ascending order"
            )
        }
        let date = try Self.effectiveDate(header, fileCreated, layout?.effectiveDate ?? .any)
        effectiveDate = date.map { Array($0.description.utf8) } ?? []
    }

    private static func checkClasses(_ header: NACHALine, _ layout: NACHALayout?) throws(FileDefect) {
        let entryClasses = layout?.entryClasses ?? Set(NACHALayout.EntryClass.allCases)
        guard let entryClass = NACHALayout.EntryClass(rawValue: String(decoding: header[51...53], as: UTF8.self)),
            entryClasses.contains(entryClass)
        else {
            let allowed = entryClasses.map(\.rawValue).sorted(by: >).joined(separator: " and ")
            throw header.defect(
                .entryClassNotAllowed,
                "the batch is of another standard entry class (columns 51-53) than \(allowed)",
                "send batches of \(allowed) only, others by another way"
            )
        }
        let serviceClasses = layout?.serviceClasses ?? Set(NACHALayout.ServiceClass.allCases)
        guard let serviceClass = NACHALayout.ServiceClass(rawValue: String(decoding: header[2...4], as: UTF8.self))
        else {
            throw header.defect(
                .serviceClassNotAllowed,
                "the service class of the batch (columns 2-4) is none of 200, 220 and 225",
                "write 220 for credits, 225 for debits"
            )
        }
        guard let layout else { return }
        guard serviceClass.admits(layout.direction) else {
            throw header.defect(
                .directionMismatch,
                "a batch of service class \(serviceClass.rawValue) holds no \(layout.direction.rawValue)",
                "send credits as payout and debits as withhold, each in files of their own"
            )
        }
        guard serviceClasses.contains(serviceClass) else {
            throw header.defect(
                .serviceClassNotAllowed,
                "the layout ‘\(layout.name)’ takes no batch of service class \(serviceClass.rawValue)",
                "use \(serviceClasses.map(\.rawValue).sorted().joined(separator: " or "))"
            )
        }
    }

    private static func effectiveDate(
        _ header: NACHALine,
        _ fileCreated: BusinessDate,
        _ rule: NACHALayout.EffectiveDateRule
    ) throws(FileDefect) -> BusinessDate? {
        guard rule != .any else { return nil }
        guard let date = BusinessDate(nacha: header, columns: 70...75) else {
            throw header.defect(
                .effectiveDateRefused,
                "the effective entry date of the batch is no day",
                "write it as YYMMDD in columns 70-75"
            )
        }
        guard rule == .existing || date >= fileCreated else {
            throw header.defect(
                .effectiveDateRefused,
                "the effective entry date \(date) lies before \(fileCreated), when the file was made",
                "give the day on which the entries should settle"
            )
        }
        return date
    }

    mutating func addEntry(_ line: NACHALine) { totals.addEntry(line) }

    mutating func addAddenda() { totals.addAddenda() }

    /// Compares the batch with its control record.
    func close(_ control: NACHALine, direction: Direction?) throws(FileDefect) {
        guard control.isPrintable, let count = control.digits(5...10), let hash = control.digits(11...20),
            let debits = control.digits(21...32), let credits = control.digits(33...44)
        else {
            throw control.defect(
                .controlFieldMalformed,
                "a count, hash or total of the batch control is unreadable",
                "fill columns 5-44 with digits"
            )
        }
        guard control[2...4] == header[2...4] else {
            throw control.defect(
                .serviceClassMismatch,
                "the service class of the batch control is not that of its header",
                "write the same in both"
            )
        }
        guard control.trimmed(45...54) == header.trimmed(41...50), control[80...87] == header[80...87],
            control[88...94] == header[88...94]
        else {
            throw control.defect(
                .batchControlMismatch,
                "company identification, originating bank or batch number are not those of the header",
                "end each batch with its own control record"
            )
        }
        let mend = "send the file again with all its entries and their true counts and totals"
        guard totals.entries > 0 else {
            throw control.defect(.recordOrder, "the batch has no entry", "leave out batches without entries")
        }
        guard count == totals.entriesAndAddenda else {
            throw control.defect(
                .entryCountMismatch,
                "the batch control counts \(count) entries and addenda, and \(totals.entriesAndAddenda) were read",
                mend
            )
        }
        guard totals.admits(hash: hash) else {
            throw control.defect(
                .entryHashMismatch,
                "the entry hash of the batch control is \(hash), and that of the entries \(totals.entryHash)",
                mend
            )
        }
        try checkDirections(control, credits: credits, debits: debits, direction)
        let isRight =
            direction.map { totals.admits(total: $0 == .payout ? credits : debits, in: $0) }
            ?? totals.admits(credits: credits, debits: debits)
        guard isRight else {
            throw control.defect(
                .batchTotalMismatch,
                "the batch control says credits of \(credits) and debits of \(debits) cents, and \(totals.credits) and "
                    + "\(totals.debits) were read",
                mend
            )
        }
    }

    private func checkDirections(
        _ control: NACHALine,
        credits: Int64,
        debits: Int64,
        _ direction: Direction?
    ) throws(FileDefect) {
        let serviceClass = NACHALayout.ServiceClass(rawValue: String(decoding: header[2...4], as: UTF8.self))
        if (serviceClass == .credits && debits > 0) || (serviceClass == .debits && credits > 0) {
            throw control.defect(
                .serviceClassMismatch,
                "the totals of the batch control move money both ways, or the other way than its service class says",
                "put credits into batches of class 220 and debits into batches of class 225"
            )
        }
        guard let direction, direction == .payout ? debits > 0 : credits > 0 else { return }
        throw control.defect(
            .directionMismatch,
            "the batch moves money both ways, or the other way than \(direction.rawValue)",
            "leave offset entries out, and send credits as payout and debits as withhold, in files of their own"
        )
    }
}

extension BusinessDate {
    /// Reads `YYMMDD` of this century.
    init?(nacha line: NACHALine, columns: ClosedRange<Int>) {
        guard let number = line.digits(columns) else { return nil }
        self.init(year: 2_000 + Int(number) / 10_000, month: Int(number) / 100 % 100, day: Int(number) % 100)
    }

    /// `YYMMDD`.
    var nacha: String { String(compact.dropFirst(2)) }
}
