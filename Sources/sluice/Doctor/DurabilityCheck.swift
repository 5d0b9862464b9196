package import PaymentCore
package import Store

/// Judges whether what was committed survives (R1).
package enum DurabilityCheck {
    /// The server's settings for this role, and the standby in class production.
    package static func judge(_ health: ServerHealth, environmentClass: EnvironmentClass) -> [Finding] {
        [durability(health.settings), standby(health.settings, environmentClass)]
    }

    private static func durability(_ settings: [String: String]) -> Finding {
        for name in ["fsync", "full_page_writes"] where settings[name] != "on" {
            return .fail(
                .durability,
                "\(name) is \(settings[name] ?? "unknown"): a crash of the machine may damage what was committed",
                mend: "ALTER SYSTEM SET \(name) = on; SELECT pg_reload_conf()"
            )
        }
        let commit = settings["synchronous_commit"] ?? "unknown"
        let mend = """
            ALTER ROLE sluice_worker RESET synchronous_commit; then look at the database's and the server's own setting
            """
        if commit == "off" || commit == "unknown" {
            return .fail(.durability, "synchronous_commit is \(commit) for this role", mend: mend)
        }
        let hasStandby = settings["synchronous_standby_names"]?.isEmpty == false
        if commit == "local" || commit == "remote_write", hasStandby {
            return .warn(
                .durability,
                "synchronous_commit is \(commit): a standby that is promoted may lack what was committed",
                mend: mend
            )
        }
        return .ok(.durability, "fsync and full_page_writes on, synchronous_commit \(commit)")
    }

    private static func standby(_ settings: [String: String], _ environmentClass: EnvironmentClass) -> Finding {
        let names = settings["synchronous_standby_names"] ?? ""
        guard names.isEmpty else { return .ok(.standby, "synchronous_standby_names = \(names)") }
        guard environmentClass == .production else { return .ok(.standby, "none, as is usual in class test") }
        return .warn(
            .standby,
            "no synchronous standby: with the machine the last sends would be forgotten",
            mend: "set up a synchronous standby and synchronous_standby_names, or never promote one without a check"
        )
    }
}
