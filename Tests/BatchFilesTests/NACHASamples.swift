import BatchFiles
import PaymentCore

/// A NACHA file as its sender thinks of it, written independently of what reads it.
struct NACHASample {
    struct Entry {
        var code = "22"
        /// The first eight digits.
        var routing = 23_138_010
        var account = "12345678"
        var cents: Int64 = 100
        var identification = "ID-1"
        var name = "Jane Doe"
        var text: String?
        var serial: Int64 = 1
    }

    struct Batch {
        var serviceClass = "220"
        var entryClass = "PPD"
        var company = "Name on Account"
        var companyID = "121042882"
        var description = "SALARY"
        var origin = 12_104_288
        var number: Int64 = 1
        var entries: [Entry] = []
    }

    var created = "260301"
    var modifier = "A"
    var effective = "260302"
    var batches: [Batch]

    /// Two batches of three entries and one, with addenda at the second and the fourth.
    static func usual(serviceClass: String = "220", code: String = "22") -> NACHASample {
        NACHASample(batches: [
            Batch(
                serviceClass: serviceClass,
                entries: [
                    Entry(code: code, cents: 100, serial: 1),
                    Entry(code: code, account: "9876543", cents: 2_500, name: "John Roe", text: "bonus", serial: 2),
                    Entry(code: code, routing: 9_100_001, account: "55555", cents: 33, serial: 7),
                ]
            ),
            Batch(
                serviceClass: serviceClass,
                entryClass: "CCD",
                description: "RENT",
                number: 4,
                entries: [
                    Entry(code: code, cents: 9_999_999_999, name: "Best Co. #23", text: "INV 1\\", serial: 1)
                ]
            ),
        ])
    }

    static func filled(_ text: String, _ width: Int) -> String {
        String((text + String(repeating: " ", count: width)).prefix(width))
    }

    static func number(_ number: Int64, _ width: Int) -> String {
        String((String(repeating: "0", count: width) + String(number)).suffix(width))
    }

    static func checkDigit(_ routing: Int) -> Int64 {
        let digits = number(Int64(routing), 8).utf8.map { Int64($0) - 0x30 }
        let sum = zip(digits, [3, 7, 1, 3, 7, 1, 3, 7]).reduce(0) { $0 + $1.0 * $1.1 }
        return (10 - sum % 10) % 10
    }

    private struct Control {
        var count: Int64 = 0
        var hash: Int64 = 0
        var debits: Int64 = 0
        var credits: Int64 = 0

        mutating func add(_ entry: Entry) {
            count += entry.text == nil ? 1 : 2
            hash += Int64(entry.routing)
            if entry.code.hasSuffix("7") { debits += entry.cents } else { credits += entry.cents }
        }

        func text(_ width: Int) -> String {
            number(count, width) + number(hash, 10) + number(debits, 12) + number(credits, 12)
        }
    }

    /// The lines, padded to blocks of ten.
    var lines: [String] {
        var lines = [
            "101 231380104 121042882\(created)1230\(modifier)094101" + Self.filled("Federal Reserve Bank", 23)
                + Self.filled("My Bank Name", 23) + Self.filled("12345678", 8)
        ]
        var whole = Control()
        for batch in batches {
            let end = Self.number(Int64(batch.origin), 8) + Self.number(batch.number, 7)
            lines.append(
                "5\(batch.serviceClass)" + Self.filled(batch.company, 36) + Self.filled(batch.companyID, 10)
                    + batch.entryClass + Self.filled(batch.description, 10) + "MAR 26" + effective + "   1" + end
            )
            var control = Control()
            for entry in batch.entries {
                control.add(entry)
                whole.add(entry)
                let serial = Self.number(entry.serial, 7)
                lines.append(
                    "6\(entry.code)" + Self.number(Int64(entry.routing), 8)
                        + "\(Self.checkDigit(entry.routing))" + Self.filled(entry.account, 17)
                        + Self.number(entry.cents, 10) + Self.filled(entry.identification, 15)
                        + Self.filled(entry.name, 22) + "  " + (entry.text == nil ? "0" : "1")
                        + Self.number(Int64(batch.origin), 8) + serial
                )
                if let text = entry.text { lines.append("705" + Self.filled(text, 80) + "0001" + serial) }
            }
            lines.append(
                "8\(batch.serviceClass)" + control.text(6) + Self.filled(batch.companyID, 10)
                    + Self.filled("", 25) + end
            )
        }
        let blocks = (lines.count + 10) / 10
        lines.append(
            Self.filled(
                "9" + Self.number(Int64(batches.count), 6) + Self.number(Int64(blocks), 6) + whole.text(8),
                94
            )
        )
        while lines.count % 10 != 0 { lines.append(String(repeating: "9", count: 94)) }
        return lines
    }

    static func bytes(_ lines: [String], lineEnd: String = "\n") -> [UInt8] {
        Array(lines.map { $0 + lineEnd }.joined().utf8)
    }

    static func layout(
        _ direction: Direction = .payout,
        effectiveDate: NACHALayout.EffectiveDateRule = .notBeforeCreation
    ) throws -> NACHALayout {
        try NACHALayout(name: "sample", direction: direction, effectiveDate: effectiveDate)
    }
}

/// What became of a whole NACHA file.
struct SeenNACHAFile: Equatable {
    var records: [SeenRecord] = []
    var findings: [[RecordFinding]] = []
    var checked: [CheckedRecord] = []
    var defect: FileDefect?
    var declared: [DeclaredTotals] = []
    var totals = FileTotals()

    /// Reads `bytes` in parts that end at `cuts`, and at the end of the file.
    init(_ bytes: [UInt8], _ layout: NACHALayout, cuts: [Int] = [], rules: RecordRules? = nil) throws {
        let rules = try rules ?? RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .shortName)
        var checker = RecordChecker(form: layout.form, rules: rules)
        var reader = NACHAReader(layout: layout)
        do {
            var start = 0
            for (index, end) in (cuts + [bytes.count]).enumerated() {
                try reader.read(bytes[start..<end], isLast: index == cuts.count) { record in
                    records.append(SeenRecord(record))
                    findings.append(record.findings)
                    checked.append(checker.checkBothWays(record))
                    totals.add(checked[checked.count - 1])
                }
                start = end
            }
        } catch let error as FileDefect {
            defect = error
        }
        declared = reader.declared
    }

    var orders: [OrderFields] {
        checked.compactMap { if case .order(let draft) = $0 { draft.fields } else { nil } }
    }

    /// The reasons of each quarantined record.
    var reasons: [[ReasonCode]] {
        checked.compactMap { if case .quarantined(let draft) = $0 { draft.reasons.map(\.code) } else { nil } }
    }

    func verdict(_ tolerance: FileTolerance = FileTolerance(badPerTenThousandMax: 10_000)) -> FileVerdict {
        FileVerdict.decide(totals: totals, declared: declared, tolerance: tolerance)
    }
}
