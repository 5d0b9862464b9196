import Foundation
import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// What the commands of archiving answer: JSON that machines read, exit statuses, and words for the rest.
@Suite struct ArchiveOutputTests {
    private static let day = BusinessDate("2026-05-01") ?? BusinessDate(daysSince1970: 0)
    private static let at = Timestamp(unixMicroseconds: 1_780_275_600_000_000)

    private static func object(_ json: JSON) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any])
    }

    private static func entry(_ state: ArchiveState = .closed, rows: Int64 = 40) -> ArchiveEntry {
        ArchiveEntry(
            key: EntryKey(table: .paymentOrder, day: day, pass: 1),
            path: .swap,
            state: state,
            rows: rows,
            stayedOpen: 2,
            startedAt: at,
            closedAt: at,
            lockedFor: .milliseconds(7)
        )
    }

    // MARK: Runs

    @Test(arguments: [
        (ArchiveReport.Outcome.done, 0), (.mismatch, 1), (.refused, 1), (.stopped, 3), (.held, 4), (.workLeft, 5),
    ]) func `a run ends with the exit status of its outcome`(_ outcome: ArchiveReport.Outcome, _ exit: Int) throws {
        var report = ArchiveReport()
        report.outcome = outcome
        #expect(report.status.rawValue == Int32(exit))
        let object = try Self.object(report.json)
        #expect(object["exit"] as? Int == exit && object["outcome"] as? String == outcome.rawValue)
    }

    @Test func `a run tells in JSON what left, what it waited for and why it did not do more`() throws {
        var report = ArchiveReport()
        report.asOf = Self.day.advanced(byDays: 90)
        report.entries = [Self.entry(), Self.entry(.counted, rows: 9)]
        report.waited = [.replicaLag: .seconds(5)]
        report.lockFailures = 3
        report.longestLock = .milliseconds(7)
        (report.staysOpen, report.staysHeld, report.partitionsMade) = (2, 1, 14)
        report.oldest = Self.day.advanced(byDays: 1)
        report.reasons = ["its time is over"]
        let object = try Self.object(report.json)
        #expect(
            Set(object.keys) == [
                "as_of", "outcome", "exit", "days", "rows", "waited", "lock_failures", "longest_lock_us", "stays_open",
                "stays_held", "oldest", "partitions_made", "reasons",
            ]
        )
        #expect(object["rows"] as? Int == 40, "rows of closed passes only")
        #expect(object["waited"] as? [String: Int] == ["replica_lag": 5_000])
        #expect(object["longest_lock_us"] as? Int == 7_000)
        #expect(object["as_of"] as? String == "2026-07-30" && object["oldest"] as? String == "2026-05-02")
        let days = try #require(object["days"] as? [[String: Any]])
        #expect(days.map { $0["state"] as? String } == ["closed", "counted"])
        #expect(days.first?["table"] as? String == "payment_order" && days.first?["day"] as? String == "2026-05-01")
        #expect(days.first?["locked_us"] as? Int == 7_000)
        #expect(report.words.contains("its time is over") && report.words.contains("replica_lag 5s"))
    }

    // MARK: Plans

    private static func plan(stays: Int64, openMax: Int = 10) -> ArchivePlan {
        var rules = ArchiveConfiguration()
        rules.openMax = openMax
        let orders = ArchivePlanDay.Table(
            table: .paymentOrder,
            rows: 1_000,
            bytes: 4 << 20,
            stays: [
                ArchivePlanDay.Stay(why: "unknown", isOpen: true, rows: stays),
                ArchivePlanDay.Stay(why: "legal_hold", isOpen: false, rows: 7),
            ]
        )
        let days = [0, 1].map { ArchivePlanDay(day: day.advanced(byDays: $0), tables: [orders]) }
        return ArchivePlan(
            rules: rules,
            asOf: day.advanced(byDays: 90),
            cutoffs: [.paymentOrder: day.advanced(byDays: 29)],
            days: days,
            blocked: [day.advanced(byDays: 1): .held],
            passes: [EntryKey(table: .exchange, day: day.advanced(byDays: -3), pass: 0)],
            daysAhead: 14
        )
    }

    @Test func `a plan tells days, tables, who stays and why, and what is blocked`() throws {
        let object = try Self.object(Self.plan(stays: 3).json)
        #expect(
            Set(object.keys) == [
                "as_of", "cutoffs", "days", "passes", "rows", "bytes", "expected_ms", "partitions_ahead",
            ]
        )
        #expect(object["rows"] as? Int == 1_000, "what is blocked is not counted")
        #expect(object["bytes"] as? Int == 4 << 20 && object["partitions_ahead"] as? Int == 14)
        #expect(object["cutoffs"] as? [String: String] == ["payment_order": "2026-05-30"])
        #expect((object["passes"] as? [[String: String]])?.first == ["table": "exchange", "day": "2026-04-28"])
        let days = try #require(object["days"] as? [[String: Any]])
        #expect(days.map { $0["blocked"] as? String } == [nil, "held"])
        let stays = try #require(days.first?["stays"] as? [[String: Any]])
        #expect(stays.map { $0["why"] as? String } == ["legal_hold", "unknown"])
        #expect(stays.map { $0["count"] as? Int } == [7, 3])
        let table = try #require((days.first?["tables"] as? [[String: Any]])?.first)
        #expect(table["stays_open"] as? Int == 3 && table["stays_held"] as? Int == 7)
        #expect(table["path"] as? String == "swap" && (table["expected_ms"] as? Int ?? 0) > 0)
    }

    @Test func `a day of which too much is open goes by rows, which takes longer`() throws {
        let (few, many) = (Self.plan(stays: 10), Self.plan(stays: 11))
        let (small, large) = (few.days[0].tables[0], many.days[0].tables[0])
        #expect(few.path(small) == .swap && many.path(large) == .rows)
        #expect(many.expected(large) > few.expected(small))
    }

    @Test func `behind the first day that cannot leave none does`() {
        let days = (0..<4).map { Self.day.advanced(byDays: $0) }
        let live = Self.day...Self.day.advanced(byDays: 3)
        #expect(ArchivePlan.blocked(days, held: [], loading: [], live: live) == [days[3]: .noDayAhead])
        #expect(
            ArchivePlan.blocked(days, held: [days[1]], loading: [days[2]], live: live)
                == [days[1]: .held, days[2]: .notTheOldest, days[3]: .notTheOldest]
        )
        #expect(
            ArchivePlan.blocked(Array(days.prefix(2)), held: [], loading: [days[0]], live: live)
                == [days[0]: .beingLoaded, days[1]: .notTheOldest]
        )
        #expect(ArchivePlan.blocked([], held: [], loading: [], live: nil).isEmpty)
    }

    // MARK: The state

    private static func status(stop: ArchiveSwitch.Stop? = nil, mayArchive: Bool = true) -> ArchiveStatusReport {
        ArchiveStatusReport(
            rules: ArchiveConfiguration(),
            status: ArchiveStatus(
                today: day.advanced(byDays: 75),
                live: day...day.advanced(byDays: 90),
                lastClosed: ArchiveStatus.Closed(
                    key: EntryKey(table: .exchange, day: day.advanced(byDays: -1), pass: 2),
                    at: at
                ),
                openEntries: 1,
                holds: 2,
                heldDays: [day],
                mayArchive: mayArchive,
                isMismatch: false,
                fileBytes: 5 << 20
            ),
            ends: Dictionary(uniqueKeysWithValues: HeavyTable.allCases.map { ($0, day) }),
            lease: ArchiveSwitch(epoch: LeaseEpoch(4), holder: nil, leaseUntil: nil, asOf: nil, stop: stop),
            open: [entry(.counted)],
            carried: [.paymentOrder: CarriedRows(rows: 3, oldest: day.advanced(byDays: -9), bytes: 8_192)],
            load: ServerLoad()
        )
    }

    @Test func `the state tells how far behind it is, who stopped it, and what is unknown`() throws {
        let object = try Self.object(Self.status().json)
        #expect(
            Set(object.keys) == [
                "oldest", "newest", "behind_days", "lease", "stopped", "open_entries", "last_closed", "holds",
                "held_days", "may_archive", "carry_over", "file_bytes", "load",
            ]
        )
        // 15 July less two months is 15 May.
        #expect(object["behind_days"] as? Int == 14)
        #expect(object["stopped"] is NSNull && object["holds"] as? Int == 2)
        #expect((object["load"] as? [String: Any])?["replica_lag_bytes"] is NSNull, "unknown is not zero")
        let carried = try #require((object["carry_over"] as? [String: [String: Any]])?["payment_order"])
        #expect(carried["rows"] as? Int == 3 && carried["oldest"] as? String == "2026-04-22")
        let stop = ArchiveSwitch.Stop(at: Self.at, by: "dba", reason: "backup")
        let stopped = Self.status(stop: stop, mayArchive: false)
        #expect((try Self.object(stopped.json)["stopped"] as? [String: String])?["reason"] == "backup")
        #expect(stopped.words.contains("STOPPED     by dba") && stopped.words.contains("may not archive"))
    }

    // MARK: Errors

    @Test func `what archiving refuses has its own exit status`() {
        let failures: [(any Error, Int32)] = [
            (StaleArchiveLease(epoch: LeaseEpoch(3)), 4),
            (ArchivingStopped(words: "archiving is stopped: backup"), 3),
            (ArchiveLockRefused(table: .exchange, day: Self.day), 1),
            (ArchivePartitionMissing(words: "exchange has none"), 1),
            (RestorationRefused(.usage, "it is live"), 2),
            (RestorationRefused(.state, "it is merged"), 1),
            (RestorationRefused(.held, "another is at work"), 4),
            (RestorationRefused(.workLeft, "a part is left"), 5),
        ]
        for (error, status) in failures {
            let report = ErrorReport(error)
            #expect(report.status.rawValue == status, "\(error)")
            #expect(report.words?.isEmpty == false)
        }
    }
}
