import PaymentCore
import Pipeline
import Store
import Testing
import sluice

/// How `archive:` of `sluice.yaml` is read, from the file and the environment.
@Suite struct ArchiveSettingsTests {
    private static func text(_ section: String) -> String {
        "environment:\n  name: check\n  class: test\narchive:\n\(section)\n"
    }

    @Test func `without the section everything has its standard, and nothing is merged or dropped`() throws {
        let archive = try ConfigurationFixture().load().archive
        #expect(archive == ArchiveSettings())
        #expect(archive.rules.ages == Dictionary(uniqueKeysWithValues: HeavyTable.allCases.map { ($0, 2) }))
        #expect(archive.rules.mergeAfter == nil && archive.rules.retention == nil && archive.databaseURL == nil)
    }

    @Test func `every key is read`() throws {
        let fixture = try ConfigurationFixture(
            Self.text(
                """
                  database_url: postgresql://sluice_archiver@/one
                  path: rows
                  age: 3
                  ages: {exchange: 4, submission: 5}
                  open_max: 0
                  lock_within: 50ms
                  duty: 100
                  days_max: 7
                  lag: 2s
                  lag_bytes: 1048576
                  slot_bytes: 2097152
                  wal_rate: 1000000
                  archive_queue: 5
                  merge_after: 12
                  retention: 84
                  export: /srv/archive
                """
            )
        )
        let archive = try fixture.load().archive
        var rules = ArchiveConfiguration()
        rules.path = .rows
        rules.ages = [.paymentOrder: 3, .paymentAttempt: 3, .submission: 5, .quarantineRecord: 3, .exchange: 4]
        (rules.openMax, rules.duty, rules.daysMax) = (0, 100, 7)
        rules.limits.lag = .seconds(2)
        rules.limits.lagBytes = 1_048_576
        rules.limits.slotBytes = 2_097_152
        rules.limits.walRate = 1_000_000
        rules.limits.archiveQueue = 5
        (rules.mergeAfter, rules.retention, rules.exportFolder) = (12, 84, "/srv/archive")
        #expect(
            archive
                == ArchiveSettings(
                    databaseURL: "postgresql://sluice_archiver@/one",
                    rules: rules,
                    lockWithin: .milliseconds(50)
                )
        )
    }

    @Test func `the environment wins over the file`() throws {
        let fixture = try ConfigurationFixture(Self.text("  age: 3\n  duty: 50"))
        let archive = try fixture.load([
            "SLUICE_ARCHIVE_AGE": "6", "SLUICE_ARCHIVE_AGES": "exchange=7,quarantine_record=8",
            "SLUICE_ARCHIVE_DATABASE_URL": "postgresql://a:b@/two", "SLUICE_ARCHIVE_PATH": "rows",
            "SLUICE_ARCHIVE_LAG": "1m", "SLUICE_ARCHIVE_RETENTION": "24", "SLUICE_ARCHIVE_EXPORT": "/srv/x",
        ]).archive
        #expect(archive.databaseURL == "postgresql://a:b@/two")
        #expect(archive.rules.ages[.paymentOrder] == 6 && archive.rules.ages[.exchange] == 7)
        #expect(archive.rules.ages[.quarantineRecord] == 8)
        #expect(archive.rules.path == .rows && archive.rules.duty == 50)
        #expect(archive.rules.limits.lag == .minutes(1))
        #expect(archive.rules.retention == 24 && archive.rules.exportFolder == "/srv/x")
    }

    @Test(arguments: [
        ("  age: 0", ":5:8: ", "range"), ("  age: 121", ":5:8: ", "range"), ("  ages: {orders: 3}", ":5:", "exchange"),
        ("  ages: {exchange: 0}", ":5:", "range"), ("  open_max: 5001", ":5:13: ", "range"),
        ("  duty: 0", ":5:9: ", "range"),
        ("  lock_within: 10ms", ":5:16: ", "range"), ("  lock_within: 11s", ":5:16: ", "range"),
        ("  duty: 101", ":5:9: ", "range"), ("  days_max: 0", ":5:13: ", "range"),
        ("  lag: 10", ":5:8: ", "unit"), ("  path: delete", ":5:9: ", "rows"), ("  retention: 11", ":5:14: ", "range"),
        ("  merge_after: 2", ":5:16: ", "later than 2"), ("  age: 24\n  retention: 24", ":6:14: ", "later than 24"),
        ("  export: /srv/x", ":5:11: ", "retention"), ("  retention: 84\n  export: srv", ":6:11: ", "absolute"),
        ("  database_url: postgresql://a:secret@/one", ":5:17: ", "password"), ("  dutty: 3", ":5:3: ", "duty"),
    ]) func `a mistake is refused with its place and a mend`(_ section: String, _ place: String, _ word: String) throws
    {
        let fixture = try ConfigurationFixture(Self.text(section))
        let error = #expect(throws: (any Error).self) { try fixture.load() }
        let report = error.map { ErrorReport($0) }
        #expect(report?.status == .configuration)
        #expect(report?.words?.contains("sluice.yaml\(place)") == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains(word) == true, "\(report?.words ?? "")")
        #expect(report?.words?.contains("secret@") == false)
    }

    @Test(arguments: [
        ("SLUICE_ARCHIVE_AGES", "exchange"), ("SLUICE_ARCHIVE_AGES", "exchange=0"),
        ("SLUICE_ARCHIVE_AGES", "exchange=3,exchange=4"), ("SLUICE_ARCHIVE_AGES", "orders=3"),
        ("SLUICE_ARCHIVE_DUTY", "most"), ("SLUICE_ARCHIVE_EXPORT", "relative"), ("SLUICE_ARCHIVE_LAGS", "1s"),
    ]) func `a variable that cannot be used is refused by its name`(_ name: String, _ value: String) throws {
        let fixture = try ConfigurationFixture()
        let error = #expect(throws: ConfigurationError.self) { try fixture.load([name: value]) }
        #expect(error?.description.contains(name) == true)
    }

    @Test func `a reference to the address is followed`() throws {
        let fixture = try ConfigurationFixture(Self.text("  database_url: env:ARCHIVER_URL"))
        #expect(try fixture.load(["ARCHIVER_URL": "postgresql://a:b@/x"]).archive.databaseURL == "postgresql://a:b@/x")
        let error = #expect(throws: ConfigurationError.self) { try fixture.load() }
        #expect(error?.description.contains("set ARCHIVER_URL") == true)
    }
}
