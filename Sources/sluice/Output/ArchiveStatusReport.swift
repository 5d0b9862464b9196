package import PaymentCore
package import Pipeline
package import Store

/// What `sluice archive status` shows.
package struct ArchiveStatusReport: Sendable {
    let rules: ArchiveConfiguration
    let status: ArchiveStatus
    let ends: [HeavyTable: BusinessDate]
    let lease: ArchiveSwitch
    let open: [ArchiveEntry]
    let carried: [HeavyTable: CarriedRows]
    let load: ServerLoad

    package init(
        rules: ArchiveConfiguration,
        status: ArchiveStatus,
        ends: [HeavyTable: BusinessDate],
        lease: ArchiveSwitch,
        open: [ArchiveEntry],
        carried: [HeavyTable: CarriedRows],
        load: ServerLoad
    ) {
        (self.rules, self.status, self.ends, self.lease) = (rules, status, ends, lease)
        (self.open, self.carried, self.load) = (open, carried, load)
    }

    /// By how many days the table that is behind the most is behind its age; 0 where none is.
    package static func daysBehind(
        _ rules: ArchiveConfiguration,
        ends: [HeavyTable: BusinessDate],
        today: BusinessDate
    ) -> Int32 {
        let behind = ends.compactMap { table, end in
            rules.ages[table].map { age in
                ArchiveRules.cutoff(asOf: today, months: age).daysSince1970 - end.daysSince1970
            }
        }
        return max(0, behind.max() ?? 0)
    }

    private var daysBehind: Int32 { Self.daysBehind(rules, ends: ends, today: status.today) }

    package var json: JSON {
        [
            "oldest": .string(status.live.map { "\($0.lowerBound)" }),
            "newest": .string(status.live.map { "\($0.upperBound)" }), "behind_days": .integer(daysBehind),
            "lease": [
                "epoch": .integer(lease.epoch.value), "worker": .string(lease.holder?.value),
                "until": .string(lease.leaseUntil?.iso8601), "as_of": .string(lease.asOf.map { "\($0)" }),
            ],
            "stopped": lease.stop.map {
                ["at": .string($0.at.iso8601), "by": .string($0.by), "reason": .string($0.reason)]
            } ?? .null,
            "open_entries": .array(open.map(\.json)),
            "last_closed": status.lastClosed.map {
                [
                    "table": .string($0.key.table.rawValue), "day": .string("\($0.key.day)"),
                    "pass": .integer($0.key.pass), "at": .string($0.at.iso8601),
                ]
            } ?? .null,
            "holds": .integer(status.holds),
            "held_days": .array(status.heldDays.map { .string("\($0)") }),
            "may_archive": .bool(status.mayArchive),
            "carry_over": .object(
                Dictionary(
                    uniqueKeysWithValues: carried.map { table, rows in
                        (
                            table.rawValue,
                            [
                                "rows": .integer(rows.rows), "oldest": .string(rows.oldest.map { "\($0)" }),
                                "bytes": .integer(rows.bytes),
                            ]
                        )
                    }
                )
            ),
            "file_bytes": .integer(status.fileBytes), "load": loadJSON,
        ]
    }

    /// Null is unknown: this role may not see it.
    private var loadJSON: JSON {
        [
            "replica_lag_bytes": .integer(load.lagBytes),
            "replica_lag_ms": .integer(load.lag.map { $0.microseconds / 1_000 }),
            "slot_bytes": .integer(load.slotBytes), "archive_queue": .integer(load.archiveQueue),
            "archive_failing": load.isArchiveFailing.map { .bool($0) } ?? .null,
            "others_at_work": .integer(load.othersAtWork),
        ]
    }

    package var words: String {
        var lines: [String] = []
        let live = status.live.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"
        lines.append("Live days   \(live)\(daysBehind > 0 ? ", \(daysBehind) days behind" : "")")
        let holder = lease.holder.map { "\($0.value.prefix(8)) until \(lease.leaseUntil?.brief ?? "")" } ?? "nobody"
        lines.append("Archiver    \(holder)")
        if let stop = lease.stop {
            lines.append(
                "STOPPED     by \(stop.by) at \(stop.at.brief): \(Masked.visible(stop.reason, scalarsMax: 1_000))"
            )
        }
        if !status.mayArchive { lines.append("Role        may not archive: set archive.database_url") }
        let last = status.lastClosed.map { "\($0.key), \($0.at.brief)" } ?? "none"
        lines.append("Last pass   \(last)")
        if !open.isEmpty {
            let passes = open.map { "\($0.key) \($0.state.rawValue)" }.joined(separator: ", ")
            lines.append("Under way   \(passes)")
        }
        let days = status.heldDays.map { "\($0)" }.joined(separator: ", ")
        lines.append("Holds       \(status.holds)\(days.isEmpty ? "" : ", of days: \(days)")")
        for (table, rows) in carried.sorted(by: { $0.key < $1.key }) where rows.rows > 0 {
            lines.append("Stays live  \(table): \(rows.rows) rows, the oldest of \(rows.oldest.map { "\($0)" } ?? "")")
        }
        lines.append("Files       \(status.fileBytes >> 20) MiB of files and results, which do not leave")
        return lines.joined(separator: "\n")
    }
}
