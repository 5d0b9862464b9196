/// What one check found, and what mends it.
package struct Finding: Sendable, Equatable {
    /// How bad it is; the raw value is its word in reports.
    package enum Level: String, Sendable, CaseIterable {
        case ok
        /// The deployment works; somebody should look soon.
        case warning = "warn"
        /// It does not work, or not safely.
        case failure = "fail"
    }

    package let check: Check
    /// What of several is meant, such as a channel.
    package let subject: String?
    package let level: Level
    package let found: String
    /// What to do; nil where nothing is to be done.
    package let mend: String?

    /// The checks; the raw value is the name in reports, which monitoring reads.
    package enum Check: String, Sendable, CaseIterable {
        case server, role, roles, migrations, environment, durability, standby, clock, budget, sequences, partitions
        case autovacuum, snapshots, prepared, polling, keys
        case specification, secret, reach, certificate
        case sinks, alarms, archiving, review
    }

    private init(_ check: Check, _ subject: String?, _ level: Level, _ found: String, _ mend: String?) {
        (self.check, self.subject, self.level, self.found, self.mend) = (check, subject, level, found, mend)
    }

    static func ok(_ check: Check, of subject: String? = nil, _ found: String) -> Finding {
        Finding(check, subject, .ok, found, nil)
    }

    static func warn(_ check: Check, of subject: String? = nil, _ found: String, mend: String) -> Finding {
        Finding(check, subject, .warning, found, mend)
    }

    static func fail(_ check: Check, of subject: String? = nil, _ found: String, mend: String) -> Finding {
        Finding(check, subject, .failure, found, mend)
    }
}
