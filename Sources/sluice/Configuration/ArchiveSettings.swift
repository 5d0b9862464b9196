import PaymentCore
package import Pipeline
import Store
import StrictYAML

/// How days leave for history: `archive:` of `sluice.yaml`.
package struct ArchiveSettings: Sendable, Equatable {
    /// The libpq URI of the role that archives; nil: that of the database.
    package var databaseURL: String?
    package var rules: ArchiveConfiguration
    /// For how long a step may keep others from a live table.
    package var lockWithin: Duration

    /// Connections of the role that archives: one works, one watches.
    package static let connections = 2

    package init(
        databaseURL: String? = nil,
        rules: ArchiveConfiguration = ArchiveConfiguration(),
        lockWithin: Duration = .milliseconds(100)
    ) {
        (self.databaseURL, self.rules, self.lockWithin) = (databaseURL, rules, lockWithin)
    }

    private static let months = 1...120

    /// Reads the section; without it all has its standard.
    static func read(_ reader: SettingsReader, variables: [String: String]) throws -> ArchiveSettings {
        var rules = ArchiveConfiguration()
        rules.ages = try ages(reader, standard: rules.ages)
        rules.path =
            try reader.value("archive.path") { node throws(YAMLError) in
                try node.enumeration(
                    Dictionary(uniqueKeysWithValues: ArchivePath.allCases.map { ($0.rawValue, $0) })
                )
            } ?? rules.path
        rules.openMax = try count("open_max", reader, 0...5_000) ?? rules.openMax
        rules.duty = try count("duty", reader, 1...100) ?? rules.duty
        rules.daysMax = try count("days_max", reader, 1...1_000) ?? rules.daysMax
        rules.limits = try limits(reader)
        let (mergeAfter, retention) = try (
            count("merge_after", reader, 1...1_200), count("retention", reader, 12...1_200)
        )
        rules.mergeAfter = mergeAfter.map(Int32.init)
        rules.retention = retention.map(Int32.init)
        rules.exportFolder = try exportFolder(reader)
        try check(rules, reader)
        let lockWithin = try reader.value("archive.lock_within") { node throws(YAMLError) in
            try node.duration(in: .milliseconds(20) ... .seconds(10))
        }
        var settings = ArchiveSettings(
            databaseURL: try Configuration.url("archive.database_url", reader, variables: variables),
            rules: rules
        )
        if let lockWithin { settings.lockWithin = lockWithin }
        return settings
    }

    private static func count(
        _ name: String,
        _ reader: SettingsReader,
        _ range: ClosedRange<Int>
    ) throws -> Int? {
        try reader.value("archive.\(name)") { node throws(YAMLError) in try node.int(in: range) }
    }

    private static func limits(_ reader: SettingsReader) throws -> LoadLimits {
        var limits = LoadLimits()
        let lag = try reader.value("archive.lag") { node throws(YAMLError) in
            try node.duration(in: .milliseconds(100) ... .seconds(3_600))
        }
        limits.lag = lag.map { TimeSpan($0) } ?? limits.lag
        limits.lagBytes = try count("lag_bytes", reader, 1 << 20...1 << 40).map(Int64.init) ?? limits.lagBytes
        limits.slotBytes = try count("slot_bytes", reader, 1 << 20...1 << 42).map(Int64.init) ?? limits.slotBytes
        limits.walRate = try count("wal_rate", reader, 1 << 16...1 << 40).map(Int64.init) ?? limits.walRate
        limits.archiveQueue = try count("archive_queue", reader, 1...100_000).map(Int64.init) ?? limits.archiveQueue
        return limits
    }

    /// One age for all tables, and over it those of single ones.
    private static func ages(_ reader: SettingsReader, standard: [HeavyTable: Int32]) throws -> [HeavyTable: Int32] {
        var ages = standard
        if let age = try count("age", reader, months) { ages = ages.mapValues { _ in Int32(age) } }
        let single: [HeavyTable: Int32]? = try reader.list("archive.ages") { node throws(YAMLError) in
            var single: [HeavyTable: Int32] = [:]
            for (name, value) in try node.mapping().entries() {
                guard let table = HeavyTable(rawValue: name) else {
                    throw value.error(what: "`\(name)` is no table whose days leave", mend: "known: \(tables)")
                }
                single[table] = Int32(try value.int(in: months))
            }
            return single
        } variable: { text, origin in
            var single: [HeavyTable: Int32] = [:]
            for part in text.split(separator: ",") {
                let sides = part.split(separator: "=", maxSplits: 1)
                guard sides.count == 2, let table = HeavyTable(rawValue: String(sides[0])), let age = Int(sides[1]),
                    months.contains(age), single.updateValue(Int32(age), forKey: table) == nil
                else {
                    throw ConfigurationError(
                        "\(origin) is no list of ages",
                        mend: "write exchange=3, with 1 to 120 months, of: \(tables)"
                    )
                }
            }
            return single
        }
        return ages.merging(single ?? [:]) { $1 }
    }

    private static var tables: String { HeavyTable.allCases.map(\.rawValue).joined(separator: ", ") }

    private static func exportFolder(_ reader: SettingsReader) throws -> String? {
        guard let path = try reader.text("archive.export") else { return nil }
        guard path.hasPrefix("/"), path.utf8.count <= 1_000, !path.utf8.contains(0) else {
            throw reader.error("archive.export", what: "not an absolute path", mend: "write it as in /srv/archive")
        }
        return path
    }

    /// What one setting asks of another.
    private static func check(_ rules: ArchiveConfiguration, _ reader: SettingsReader) throws {
        let oldest = rules.ages.values.max() ?? 0
        if let mergeAfter = rules.mergeAfter, mergeAfter <= oldest {
            throw reader.error(
                "archive.merge_after",
                what: "not later than \(oldest) months, when days leave",
                mend: "raise it: a month is merged when it is whole, and nothing of it is wanted back"
            )
        }
        if let retention = rules.retention, retention <= oldest {
            throw reader.error(
                "archive.retention",
                what: "not later than \(oldest) months, when days leave",
                mend: "raise it, or lower the ages"
            )
        }
        if rules.exportFolder != nil, rules.retention == nil {
            throw reader.error(
                "archive.export",
                what: "a day is exported before it is dropped, and none ever is",
                mend: "set `archive.retention`, or remove it"
            )
        }
    }
}

extension Configuration {
    /// Where days are exported to before they are dropped; nil: nowhere.
    package var exportFolder: ExportFolder? {
        archive.rules.exportFolder.map { ExportFolder(path: $0, environment: environment.name) }
    }
}
