package import Store

/// Judges the role in use, and the roles of the schema with their time-outs.
package enum RoleCheck {
    private static let roles = [
        "sluice_owner", "sluice_worker", "sluice_console", "sluice_archiver", "sluice_reader", "sluice_merchant",
    ]
    /// Set by the role, because a SET of the session does not survive a pooler in transaction mode.
    private static let timeouts = [
        "sluice_worker": ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
        "sluice_console": ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"],
        "sluice_reader": ["statement_timeout"],
        "sluice_archiver": ["lock_timeout"],
    ]

    /// The role in use, and all roles.
    package static func judge(_ health: ServerHealth) -> [Finding] { [inUse(health.role), known(health.roles)] }

    private static func inUse(_ role: ServerHealth.Role) -> Finding {
        let mend = "connect as sluice_worker: SLUICE_DATABASE_URL=postgresql://sluice_worker@…"
        if role.isSuperuser {
            return .fail(.role, "\(role.name) is a superuser, for whom no rule of the database holds", mend: mend)
        }
        if role.isOwner {
            return .fail(.role, "\(role.name) owns the schema, and could write what no role may", mend: mend)
        }
        guard role.name == "sluice_worker" else {
            return .warn(.role, "connected as \(role.name), not as sluice_worker", mend: mend)
        }
        return .ok(.role, "sluice_worker")
    }

    private static func known(_ found: [ServerHealth.KnownRole]) -> Finding {
        let names = Set(found.map(\.name))
        let missing = roles.filter { !names.contains($0) }
        guard missing.isEmpty else {
            return .fail(.roles, "missing: \(missing.joined(separator: ", "))", mend: "run: sluice db migrate")
        }
        var unset: [String] = []
        for role in found {
            for name in timeouts[role.name] ?? [] where isOff(role.settings[name]) {
                unset.append("\(role.name) \(name)")
            }
        }
        guard unset.isEmpty else {
            return .fail(
                .roles,
                "without a limit: \(unset.joined(separator: ", "))",
                mend: "ALTER ROLE … SET …, as in ALTER ROLE sluice_worker SET statement_timeout = '60s'"
            )
        }
        return .ok(.roles, "\(roles.count) roles with their time-outs")
    }

    /// `0`, with whatever unit, is no limit.
    private static func isOff(_ value: String?) -> Bool {
        guard let value else { return true }
        return !value.contains { ("1"..."9").contains($0) }
    }
}
