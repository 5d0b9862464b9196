package import PaymentCore

/// What `sluice doctor` asks of a database: reads only, each bounded, each one transaction.
package protocol HealthStore: Sendable {
    /// The server and the role in use; needs no schema.
    func serverHealth() async throws -> ServerHealth

    /// The deployment; needs the whole schema.
    ///
    /// `silence`: a process that has been silent for longer is dead. `pollingStage`: the stage that asks for results.
    func deploymentHealth(
        budget: ConnectionBudget,
        silence: TimeSpan,
        pollingStage: String
    ) async throws -> DeploymentHealth
}

/// A server and the role in use, as that role sees them.
package struct ServerHealth: Sendable, Hashable {
    /// As in `150004`.
    package var versionNumber: Int32
    package var version: String
    package var isStandby: Bool
    /// The server's clock.
    package var now: Timestamp
    package var role: Role
    /// Of the roles of the schema, those that there are.
    package var roles: [KnownRole]
    /// By name; only those that were asked for and that the server knows.
    package var settings: [String: String]
    /// Transactions since the oldest row that is not frozen, and since the oldest snapshot that is held.
    package var frozenAge, snapshotAge: Int64
    /// Of transactions that this role may see, the age of the oldest.
    package var longestTransaction: TimeSpan
    package var preparedTransactions: Int64
    package var oldestPrepared: TimeSpan

    /// The role in use.
    package struct Role: Sendable, Hashable {
        package var name: String
        package var isSuperuser: Bool
        /// Whether it is, or may become, the owner of the schema.
        package var isOwner: Bool

        package init(name: String, isSuperuser: Bool, isOwner: Bool) {
            (self.name, self.isSuperuser, self.isOwner) = (name, isSuperuser, isOwner)
        }
    }

    /// One role with its settings, as in `statement_timeout`: `60s`.
    package struct KnownRole: Sendable, Hashable {
        package var name: String
        package var settings: [String: String]

        package init(name: String, settings: [String: String]) { (self.name, self.settings) = (name, settings) }
    }

    package init(
        versionNumber: Int32,
        version: String,
        isStandby: Bool,
        now: Timestamp,
        role: Role,
        roles: [KnownRole],
        settings: [String: String],
        frozenAge: Int64,
        snapshotAge: Int64,
        longestTransaction: TimeSpan,
        preparedTransactions: Int64,
        oldestPrepared: TimeSpan
    ) {
        (self.versionNumber, self.version, self.isStandby, self.now) = (versionNumber, version, isStandby, now)
        (self.role, self.roles, self.settings) = (role, roles, settings)
        (self.frozenAge, self.snapshotAge) = (frozenAge, snapshotAge)
        (self.longestTransaction, self.preparedTransactions) = (longestTransaction, preparedTransactions)
        self.oldestPrepared = oldestPrepared
    }
}

/// A deployment, as the schema shows it.
package struct DeploymentHealth: Sendable, Hashable {
    package var sequences: [SequenceUse]
    /// The most chunks that an unfinished file has.
    package var chunksMax: Int32
    /// The keys under which personal data of files and results is encrypted.
    package var dataKeys: [Int32]
    package var connections: ConnectionUse
    package var polling: Polling
    package var alarms: Alarms

    /// How far a sequence has come.
    package struct SequenceUse: Sendable, Hashable {
        package var name: String
        package var last, end: Int64

        package init(name: String, last: Int64, end: Int64) { (self.name, self.last, self.end) = (name, last, end) }
    }

    /// Who asks channels for results.
    package struct Polling: Sendable, Hashable {
        /// Processes at work on it.
        package var processes: Int64
        /// Since one was last seen; nil if there never was one.
        package var lastSeenAgo: TimeSpan?
        /// Chunks that wait, and files that are not finished.
        package var openWork: Int64

        package init(processes: Int64, lastSeenAgo: TimeSpan?, openWork: Int64) {
            (self.processes, self.lastSeenAgo, self.openWork) = (processes, lastSeenAgo, openWork)
        }
    }

    /// What people are told.
    package struct Alarms: Sendable, Hashable {
        package var open, undelivered: Int64
        /// Since the first of those that are undelivered.
        package var oldestUndelivered: TimeSpan

        package init(open: Int64, undelivered: Int64, oldestUndelivered: TimeSpan) {
            (self.open, self.undelivered, self.oldestUndelivered) = (open, undelivered, oldestUndelivered)
        }
    }

    package init(
        sequences: [SequenceUse],
        chunksMax: Int32,
        dataKeys: [Int32],
        connections: ConnectionUse,
        polling: Polling,
        alarms: Alarms
    ) {
        (self.sequences, self.chunksMax, self.dataKeys) = (sequences, chunksMax, dataKeys)
        (self.connections, self.polling, self.alarms) = (connections, polling, alarms)
    }
}
