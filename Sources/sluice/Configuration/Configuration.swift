import Foundation
package import Logging
package import PaymentCore
package import Pipeline
package import PostgresStore
package import Store
import StrictYAML

/// What a deployment is told: `Config/sluice.yaml`, over it the environment, over it flags.
///
/// Secrets are references that are followed only when something needs them.
package struct Configuration: Sendable {
    /// How the database is reached.
    package struct Database: Sendable {
        /// A libpq URI; nil if no layer has one.
        package var url: String?
        /// Connections of this process, at most.
        package var connections: Int
        /// Whether a pooler in transaction mode stands before the server.
        ///
        /// It says what is there and changes no statement: all of them are unnamed, settings are of a transaction or a
        /// role, locks are of a transaction, and nothing listens, with and without a pooler. What counts connections
        /// must know it: those of a process then end at the pooler, and the server sees the pooler's own sessions.
        package var isPooled: Bool
        /// Connections of all processes of the deployment together; nil takes what the server offers.
        package var budget: Int?

        package init(url: String?, connections: Int = 10, isPooled: Bool = false, budget: Int? = nil) {
            self.url = url
            self.connections = connections
            self.isPooled = isPooled
            self.budget = budget
        }

        /// What all processes may open together (pitfall A7).
        ///
        /// Behind a pooler the server's own limit says nothing, so that without a configured budget nothing is counted.
        package var connectionBudget: ConnectionBudget {
            if let budget { return .configured(Int32(budget)) }
            return isPooled ? .unbounded : .server
        }
    }

    /// Where the keys of personal data are (R15).
    package struct Keys: Sendable {
        package var current: Int32
        package var data: [Int32: SecretReference]
        package var search: SecretReference

        package init(current: Int32, data: [Int32: SecretReference], search: SecretReference) {
            self.current = current
            self.data = data
            self.search = search
        }
    }

    /// The folder that it was read from; layouts, merchants and channels lie in it.
    package let directory: String
    /// The environment of the process, in which references are looked up.
    package var variables: [String: String]
    package var environment: EnvironmentStamp
    package var database: Database
    package var keys: Keys?
    package var logLevel: Logger.Level
    package var limits: EngineLimits
    /// What the engine of this process does to itself, in tests; never in class production (R13).
    package var faults: FaultPlan?
    /// Minor units by currency, over all merchants' files of one business date (pitfall A3).
    package var dayCeilings: [Currency: Int64]
    package var alarms: AlarmSettings
    package var archive: ArchiveSettings
    package var review: ReviewPolicy
    /// The file that heads of the audit chain are added to; nil for none.
    package var auditHeads: String?

    /// Reads `sluice.yaml` of a folder.
    ///
    /// `flags`: texts by key, as in `database.url`; they win.
    ///
    /// Throws `YAMLError` or `ConfigurationError` for the first thing that is wrong.
    package static func load(
        directory: String,
        variables: [String: String],
        flags: [String: String] = [:]
    ) throws -> Configuration {
        let file = try YAMLMapping.load(file: "\(directory)/sluice.yaml")
        let reader = SettingsReader(file: file, variables: variables, flags: flags)
        let environment = try environment(reader)
        let configuration = Configuration(
            directory: directory,
            variables: variables,
            environment: environment,
            database: try database(reader, variables: variables),
            keys: try keys(reader),
            logLevel: try reader.value("log.level") { node throws(YAMLError) in
                try node.enumeration(Dictionary(uniqueKeysWithValues: Logger.Level.allCases.map { ($0.rawValue, $0) }))
            } ?? .info,
            limits: try limits(reader),
            faults: try faults(variables, in: environment.environmentClass),
            dayCeilings: try dayCeilings(reader),
            alarms: try AlarmSettings.read(reader, environmentClass: environment.environmentClass),
            archive: try ArchiveSettings.read(reader, variables: variables),
            review: try ReviewSettings.read(reader),
            auditHeads: try AuditSettings.heads(reader)
        )
        try reader.finish()
        return configuration
    }

    /// The database's URI.
    package func databaseURL() throws(ConfigurationError) -> String {
        guard let url = database.url, !url.isEmpty else {
            throw ConfigurationError(
                "no database is configured",
                mend: "set SLUICE_DATABASE_URL, as in postgresql://sluice_worker@host:5432/sluice"
            )
        }
        return url
    }

    /// Follows the references to the keys of personal data.
    package func keyRing() throws -> KeyRing {
        guard let keys else {
            throw ConfigurationError(
                "no keys are configured, and this command reads or writes personal data",
                mend: "add `keys` to \(directory)/sluice.yaml"
            )
        }
        var data: [Int32: [UInt8]] = [:]
        for (identifier, reference) in keys.data.sorted(by: { $0.key < $1.key }) {
            data[identifier] = try reference.key(for: "keys.data \(identifier)", variables: variables)
        }
        return try KeyRing(
            currentIdentifier: keys.current,
            keys: data,
            searchKey: try keys.search.key(for: "keys.search", variables: variables)
        )
    }

    // MARK: Sections

    private static func environment(_ reader: SettingsReader) throws -> EnvironmentStamp {
        guard let name = try reader.text("environment.name") else { throw reader.missing("environment.name") }
        let classes: [String: EnvironmentClass] = ["production": .production, "test": .test]
        let environmentClass = try reader.value("environment.class") { node throws(YAMLError) in
            try node.enumeration(classes)
        }
        guard let environmentClass else { throw reader.missing("environment.class") }
        let isName = name.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
        }
        guard (1...40).contains(name.utf8.count), isName else {
            throw reader.error(
                "environment.name",
                what: "not an environment's name",
                mend: "write 1 to 40 of small letters, digits and hyphens"
            )
        }
        return EnvironmentStamp(name: name, environmentClass: environmentClass)
    }

    private static func database(_ reader: SettingsReader, variables: [String: String]) throws -> Database {
        let url = try url("database.url", reader, variables: variables)
        let connections =
            try reader.value("database.connections") { node throws(YAMLError) in try node.int(in: 1...200) } ?? 10
        let budget = try reader.value("database.budget") { node throws(YAMLError) in try node.int(in: 1...100_000) }
        if let budget, budget < connections {
            throw reader.error(
                "database.budget",
                what: "less than the \(connections) connections of one process",
                mend: "raise it, or lower `database.connections`"
            )
        }
        return Database(
            url: url,
            connections: connections,
            isPooled: try reader.value("database.pooled") { node throws(YAMLError) in try node.bool() } ?? false,
            budget: budget
        )
    }

    /// A database's URI, or what a reference to it holds; no file holds a password.
    static func url(_ key: String, _ reader: SettingsReader, variables: [String: String]) throws -> String? {
        guard let text = try reader.text(key) else { return nil }
        if let reference = SecretReference(text) { return try reference.text(for: key, variables: variables) }
        guard variables[SettingsReader.variable(of: key)] != nil || !holdsPassword(text) else {
            throw reader.error(
                key,
                what: "the address holds a password, and secrets stand in no file",
                mend: "write env:NAME or file:/PATH, or leave the password to PGPASSFILE"
            )
        }
        return text
    }

    private static func holdsPassword(_ url: String) -> Bool {
        if url.contains("password=") { return true }
        guard let scheme = url.range(of: "://") else { return false }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
        return authority.lastIndex(of: "@").map { authority[..<$0].contains(":") } ?? false
    }

    private static func keys(_ reader: SettingsReader) throws -> Keys? {
        let identifiers = 1...Int(Int32.max)
        let current = try reader.value("keys.current") { node throws(YAMLError) in try node.int(in: identifiers) }
        let search = try reader.reference("keys.search")
        let data: [Int32: SecretReference]? = try reader.list("keys.data") { node throws(YAMLError) in
            var data: [Int32: SecretReference] = [:]
            for element in try node.elements() {
                let mapping = try element.mapping()
                let identifier = Int32(try mapping.int("id", in: identifiers))
                let reference = try SettingsReader.reference(try mapping.node("secret"))
                guard data.updateValue(reference, forKey: identifier) == nil else {
                    throw mapping.error(at: "id", what: "key \(identifier) is listed twice", mend: "remove one")
                }
            }
            return data
        } variable: { text, origin in
            var data: [Int32: SecretReference] = [:]
            for part in text.split(separator: ",") {
                let sides = part.split(separator: "=", maxSplits: 1)
                guard sides.count == 2, let identifier = Int32(sides[0]), identifier > 0,
                    let reference = SecretReference(String(sides[1])),
                    data.updateValue(reference, forKey: identifier) == nil
                else { throw ConfigurationError("\(origin) is no list of keys", mend: "write 1=env:NAME,2=file:/PATH") }
            }
            return data
        }
        if current == nil, search == nil, data == nil { return nil }
        guard let current, let search, let data, let identifier = Int32(exactly: current), data[identifier] != nil
        else {
            throw reader.error(
                "keys.current",
                what: "`keys` needs `current`, `search` and `data`, and in `data` the current key",
                mend: "complete the section, or remove it whole"
            )
        }
        return Keys(current: identifier, data: data, search: search)
    }

    private static func dayCeilings(_ reader: SettingsReader) throws -> [Currency: Int64] {
        try reader.list("ceilings.day") { node throws(YAMLError) in
            try MerchantFile.amounts(try node.mapping())
        } variable: { text, origin in
            try amounts(text, origin)
        } ?? [:]
    }

    /// Amounts as a variable writes them: `CNY=500000000,USD=70000000`.
    static func amounts(_ text: String, _ origin: String) throws(ConfigurationError) -> [Currency: Int64] {
        var amounts: [Currency: Int64] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, let currency = Currency(code: String(sides[0])), let minor = Int64(sides[1]),
                minor > 0, amounts.updateValue(minor, forKey: currency) == nil
            else { throw ConfigurationError("\(origin) is no list of amounts", mend: "write CNY=500000000") }
        }
        return amounts
    }

    private static func limits(_ reader: SettingsReader) throws -> EngineLimits {
        let standard = EngineLimits()
        func count(_ key: String, _ fallback: Int, _ range: ClosedRange<Int>) throws -> Int {
            try reader.value("limits.\(key)") { node throws(YAMLError) in try node.int(in: range) } ?? fallback
        }
        func time(_ key: String, _ fallback: TimeSpan, _ range: ClosedRange<Duration>) throws -> TimeSpan {
            try reader.value("limits.\(key)") { node throws(YAMLError) in try node.duration(in: range) }
                .map { TimeSpan($0) } ?? fallback
        }
        let heartbeat = try time("heartbeat", standard.heartbeat, .milliseconds(200) ... .seconds(60))
        let silence = try time("silence", standard.silence, .seconds(1) ... .seconds(600))
        guard silence.microseconds >= 3 * heartbeat.microseconds else {
            throw reader.error(
                "limits.silence",
                what: "shorter than three heartbeats",
                mend: "a worker may miss two before it is dead"
            )
        }
        return EngineLimits(
            sliceRecords: try count("slice_records", standard.sliceRecords, 1...50_000),
            chunkOrders: try count("chunk_orders", standard.chunkOrders, 1...1_000),
            fileLease: try time("file_lease", standard.fileLease, .seconds(10) ... .seconds(7_200)),
            heartbeat: heartbeat,
            silence: silence,
            stopWithin: try time("stop_within", standard.stopWithin, .seconds(1) ... .seconds(600)),
            idle: try time("idle", standard.idle, .milliseconds(10) ... .seconds(60)),
            sweep: try time("sweep", standard.sweep, .milliseconds(100) ... .seconds(86_400)),
            callsInFlight: try count("calls_in_flight", standard.callsInFlight, 1...1_000)
        )
    }
}
