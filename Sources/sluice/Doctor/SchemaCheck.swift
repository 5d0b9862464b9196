package import PaymentCore
package import Store

/// Judges whether the database is this program's, and this deployment's (R13).
package enum SchemaCheck {
    /// `missing`: names of migrations that are not applied.
    package static func migrations(known: Int, missing: [String]) -> Finding {
        guard !missing.isEmpty else { return .ok(.migrations, "all \(known) are applied") }
        return .fail(
            .migrations,
            "\(missing.count) of \(known) are missing: \(missing.joined(separator: ", "))",
            mend: "run as the owner: sluice db migrate"
        )
    }

    /// `stamped`: nil where the database has no stamp.
    package static func environment(stamped: EnvironmentStamp?, configured: EnvironmentStamp) -> Finding {
        guard let stamped else {
            return .fail(.environment, "the database is not stamped", mend: "run as the owner: sluice db migrate")
        }
        guard stamped == configured else {
            return .fail(
                .environment,
                "the database belongs to \(words(stamped)), the configuration says \(words(configured)) (R13)",
                mend: "connect to the right database, or use the right configuration"
            )
        }
        return .ok(.environment, words(stamped))
    }

    private static func words(_ stamp: EnvironmentStamp) -> String {
        "\(stamp.name) (\(stamp.environmentClass.rawValue))"
    }

    private static let daysAheadMin: Int32 = 7

    /// `today`: of the server; `breaches`: tables with a gap, by `sluice verify`'s own rule.
    package static func partitions(
        live: ClosedRange<BusinessDate>?,
        today: BusinessDate,
        breaches: [String]
    ) -> Finding {
        let mend = "run: sluice db partitions; workers do so every hour, so look into their logs too"
        guard let live else { return .fail(.partitions, "none was ever made", mend: mend) }
        let ahead = live.upperBound.daysSince1970 - today.daysSince1970
        let found = "\(live.lowerBound) to \(live.upperBound), \(ahead) days ahead"
        guard ahead >= daysAheadMin else { return .fail(.partitions, found, mend: mend) }
        guard breaches.isEmpty else {
            return .fail(
                .partitions,
                "\(found), but days are missing of \(breaches.joined(separator: ", "))",
                mend: "compare pg_inherits with sluice.live_days, and restore what was dropped"
            )
        }
        return .ok(.partitions, found)
    }
}
