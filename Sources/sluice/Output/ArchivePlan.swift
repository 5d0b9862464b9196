package import PaymentCore
package import Pipeline
package import Store

/// What a run of archiving would do, as far as it can be known beforehand.
package struct ArchivePlan: Sendable {
    /// Microseconds of work for a row that goes with its day: counted and read again.
    private static let dayRow: Int64 = 5
    /// The same for a row that is moved.
    private static let movedRow: Int64 = 9
    /// Of a table's day, however few rows it has.
    private static let tableStep: Int64 = 100_000

    package let rules: ArchiveConfiguration
    package let asOf: BusinessDate
    package let cutoffs: [HeavyTable: BusinessDate]
    package let days: [ArchivePlanDay]
    /// Why a day does not leave now, though it is due.
    package let blocked: [BusinessDate: DayRefusal]
    /// Days of the carry-over with rows that need not stay any more.
    package let passes: [EntryKey]
    package let daysAhead: Int32?

    package init(
        rules: ArchiveConfiguration,
        asOf: BusinessDate,
        cutoffs: [HeavyTable: BusinessDate],
        days: [ArchivePlanDay],
        blocked: [BusinessDate: DayRefusal],
        passes: [EntryKey],
        daysAhead: Int32?
    ) {
        (self.rules, self.asOf, self.cutoffs, self.days) = (rules, asOf, cutoffs, days)
        (self.blocked, self.passes, self.daysAhead) = (blocked, passes, daysAhead)
    }

    /// Reads it; changes nothing and takes no lease.
    package static func make(
        _ store: some ArchiveStore & ArchiveStatusStore,
        _ rules: ArchiveConfiguration,
        asOf: BusinessDate?,
        daysMax: Int
    ) async throws -> ArchivePlan {
        let status = try await store.archiveStatus()
        let days = try await store.archivePlan(ages: rules.ages, asOf: asOf, daysMax: daysMax)
        let loading = try await store.daysBeingLoaded(days.map(\.day))
        var passes: [EntryKey] = []
        for table in HeavyTable.allCases {
            for day in try await store.daysToPass(table) { passes.append(EntryKey(table: table, day: day, pass: 0)) }
        }
        let today = asOf ?? status.today
        return ArchivePlan(
            rules: rules,
            asOf: today,
            cutoffs: Dictionary(
                uniqueKeysWithValues: rules.ages.map { ($0, ArchiveRules.cutoff(asOf: today, months: $1)) }
            ),
            days: days,
            blocked: blocked(days.map(\.day), held: Set(status.heldDays), loading: loading, live: status.live),
            passes: passes,
            daysAhead: status.live.map { $0.upperBound.daysSince1970 - status.today.daysSince1970 }
        )
    }

    /// Days leave in order, so behind the first that cannot none does.
    package static func blocked(
        _ days: [BusinessDate],
        held: Set<BusinessDate>,
        loading: Set<BusinessDate>,
        live: ClosedRange<BusinessDate>?
    ) -> [BusinessDate: DayRefusal] {
        var blocked: [BusinessDate: DayRefusal] = [:]
        for day in days.sorted() {
            if !blocked.isEmpty {
                blocked[day] = .notTheOldest
            } else if held.contains(day) {
                blocked[day] = .held
            } else if loading.contains(day) {
                blocked[day] = .beingLoaded
            } else if live.map({ $0.upperBound <= day }) ?? true {
                blocked[day] = .noDayAhead
            }
        }
        return blocked
    }

    // MARK: Sums

    package func path(_ table: ArchivePlanDay.Table) -> ArchivePath {
        rules.path == .rows || table.stays(open: true) > Int64(rules.openMax) ? .rows : .swap
    }

    /// Of work; at the configured duty it takes as many times longer as others are at work.
    package func expected(_ table: ArchivePlanDay.Table) -> TimeSpan {
        let each = path(table) == .rows ? Self.movedRow : Self.dayRow
        return TimeSpan(microseconds: Self.tableStep + table.rows * each)
    }

    private var tables: [ArchivePlanDay.Table] { days.filter { blocked[$0.day] == nil }.flatMap(\.tables) }

    private var rows: Int64 { tables.reduce(0) { $0 + $1.rows } }

    private var bytes: Int64 { tables.reduce(0) { $0 + $1.bytes } }

    private var expected: TimeSpan { tables.reduce(.zero) { $0 + expected($1) } }

    // MARK: Reports

    package var json: JSON {
        [
            "as_of": .string("\(asOf)"),
            "cutoffs": .object(
                Dictionary(uniqueKeysWithValues: cutoffs.map { ($0.rawValue, .string("\($1)")) })
            ),
            "days": .array(days.map(json)),
            "passes": .array(passes.map { ["table": .string($0.table.rawValue), "day": .string("\($0.day)")] }),
            "rows": .integer(rows), "bytes": .integer(bytes),
            "expected_ms": .integer(expected.microseconds / 1_000), "partitions_ahead": .integer(daysAhead),
        ]
    }

    private func json(_ day: ArchivePlanDay) -> JSON {
        var whys: [String: Int64] = [:]
        for stay in day.tables.flatMap(\.stays) { whys[stay.why, default: 0] += stay.rows }
        return [
            "day": .string("\(day.day)"), "blocked": .string(blocked[day.day]?.rawValue),
            "tables": .array(
                day.tables.map { table in
                    [
                        "table": .string(table.table.rawValue), "rows": .integer(table.rows),
                        "bytes": .integer(table.bytes), "stays_open": .integer(table.stays(open: true)),
                        "stays_held": .integer(table.stays(open: false)), "path": .string(path(table).rawValue),
                        "expected_ms": .integer(expected(table).microseconds / 1_000),
                    ]
                }
            ),
            "stays": .array(
                whys.sorted { $0.key < $1.key }.map { ["why": .string($0.key), "count": .integer($0.value)] }
            ),
        ]
    }

    package var words: String {
        var table = Table("day", "table", "#rows", "#MiB", "#stay open", "#stay held", "path", "why, or blocked")
        // What is empty leaves, too, and is nothing to look at.
        for day in days {
            for part in day.tables where part.rows > 0 || !part.stays.isEmpty {
                let whys = part.stays.map { "\($0.why) \($0.rows)" }.joined(separator: ", ")
                table.add(
                    "\(day.day)",
                    part.table.rawValue,
                    "\(part.rows)",
                    "\(part.bytes >> 20)",
                    "\(part.stays(open: true))",
                    "\(part.stays(open: false))",
                    path(part).rawValue,
                    [blocked[day.day].map(\.words), whys.isEmpty ? nil : whys].compactMap(\.self)
                        .joined(separator: "; ")
                )
            }
        }
        let due = cutoffs.sorted { $0.key < $1.key }.map { "\($0.key) before \($0.value)" }.joined(separator: ", ")
        var lines = table.isEmpty ? [] : [table.text()]
        let reasons = blocked.filter { $0.value != .notTheOldest }.sorted { $0.key < $1.key }
        lines += reasons.map { "\nFrom \($0.key) on no day leaves: \($0.value.words)." }
        let count = days.isEmpty ? "No day is due" : "\(days.count) days are due"
        lines.append("\(lines.isEmpty ? "" : "\n")As of \(asOf): \(count); \(due).")
        if !passes.isEmpty {
            let days = passes.map { "\($0.table) \($0.day)" }.joined(separator: ", ")
            lines.append("Rows that stayed and are final by now leave, too: \(days).")
        }
        if !days.isEmpty {
            lines.append(
                "About \(rows) rows, \(bytes >> 20) MiB, and \(expected.words) of work; while others are at work,"
                    + " \(rules.duty) percent of the time is used for it."
            )
        }
        return lines.joined(separator: "\n")
    }
}

extension ArchivePlanDay.Table {
    package func stays(open: Bool) -> Int64 { stays.reduce(0) { $0 + ($1.isOpen == open ? $1.rows : 0) } }
}

extension DayRefusal {
    /// For people.
    var words: String {
        switch self {
        case .notTheOldest: "waits for an earlier day"
        case .held: "kept live by a hold of the day"
        case .beingLoaded: "a file of it is being loaded"
        case .noDayAhead: "no later day has partitions"
        }
    }
}
