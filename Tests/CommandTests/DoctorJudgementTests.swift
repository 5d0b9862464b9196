import PaymentCore
import Store
import Testing
import sluice

/// Judgements by table: what is healthy passes, and each thing that is wrong is found by its own check.
@Suite struct DoctorJudgementTests {
    private static let now = Timestamp(unixMicroseconds: 1_780_275_600_000_000)

    private static let server = ServerHealth(
        versionNumber: 150_004,
        version: "15.4",
        isStandby: false,
        now: now,
        role: ServerHealth.Role(name: "sluice_worker", isSuperuser: false, isOwner: false),
        roles: [
            ServerHealth.KnownRole(name: "sluice_archiver", settings: ["lock_timeout": "1s"]),
            ServerHealth.KnownRole(
                name: "sluice_console",
                settings: [
                    "statement_timeout": "15s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s",
                ]
            ),
            ServerHealth.KnownRole(name: "sluice_merchant", settings: [:]),
            ServerHealth.KnownRole(name: "sluice_owner", settings: [:]),
            ServerHealth.KnownRole(name: "sluice_reader", settings: ["statement_timeout": "60s"]),
            ServerHealth.KnownRole(
                name: "sluice_worker",
                settings: [
                    "statement_timeout": "60s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s",
                ]
            ),
        ],
        settings: [
            "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "synchronous_standby_names": "",
            "autovacuum": "on", "track_counts": "on", "max_connections": "100",
        ],
        frozenAge: 5_000,
        snapshotAge: 12,
        longestTransaction: .zero,
        preparedTransactions: 0,
        oldestPrepared: .zero
    )

    private static func findings(
        _ health: ServerHealth,
        _ environmentClass: EnvironmentClass = .test
    ) -> [Finding] {
        ServerCheck.judge(health) + RoleCheck.judge(health)
            + DurabilityCheck.judge(health, environmentClass: environmentClass)
    }

    @Test func `a healthy server passes every check`() {
        let findings = Self.findings(Self.server)
        #expect(
            findings.map(\.check) == [
                .server, .autovacuum, .snapshots, .prepared, .role, .roles, .durability, .standby,
            ]
        )
        #expect(findings.allSatisfy { $0.level == .ok && $0.mend == nil }, "\(findings)")
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let check: Finding.Check
        let level: Finding.Level
        let testDescription: String
        let spoil: @Sendable (inout ServerHealth) -> Void

        init(
            _ check: Finding.Check,
            _ level: Finding.Level,
            _ words: String,
            _ spoil: @escaping @Sendable (inout ServerHealth) -> Void
        ) {
            (self.check, self.level, self.testDescription, self.spoil) = (check, level, words, spoil)
        }
    }

    static let faults: [Fault] = [
        Fault(.server, .failure, "too old") { $0.versionNumber = 149_999 },
        Fault(.server, .failure, "a standby") { $0.isStandby = true },
        Fault(.autovacuum, .failure, "no autovacuum") { $0.settings["autovacuum"] = "off" },
        Fault(.autovacuum, .failure, "no counts") { $0.settings["track_counts"] = "off" },
        Fault(.autovacuum, .failure, "near the end of transaction numbers") { $0.frozenAge = 1_500_000_001 },
        Fault(.autovacuum, .warning, "half-way there") { $0.frozenAge = 1_000_000_001 },
        Fault(.snapshots, .warning, "an old snapshot") { $0.snapshotAge = 5_000_001 },
        Fault(.snapshots, .warning, "a long transaction") { $0.longestTransaction = .minutes(61) },
        Fault(.prepared, .warning, "a prepared transaction") {
            ($0.preparedTransactions, $0.oldestPrepared) = (1, .minutes(11))
        },
        Fault(.role, .failure, "a superuser") { $0.role.isSuperuser = true },
        Fault(.role, .failure, "the owner") { $0.role.isOwner = true },
        Fault(.role, .warning, "another role") { $0.role.name = "sluice_console" },
        Fault(.roles, .failure, "a role is missing") { $0.roles.removeLast() },
        Fault(.roles, .failure, "a time-out is missing") { $0.roles[5].settings["lock_timeout"] = nil },
        Fault(.roles, .failure, "a time-out is off") { $0.roles[5].settings["statement_timeout"] = "0" },
        Fault(.roles, .failure, "a time-out is nothing long") { $0.roles[4].settings["statement_timeout"] = "0ms" },
        Fault(.durability, .failure, "no fsync") { $0.settings["fsync"] = "off" },
        Fault(.durability, .failure, "torn pages") { $0.settings["full_page_writes"] = "off" },
        Fault(.durability, .failure, "asynchronous") { $0.settings["synchronous_commit"] = "off" },
        Fault(.durability, .failure, "unknown") { $0.settings["synchronous_commit"] = nil },
        Fault(.durability, .warning, "a standby that lags") {
            $0.settings["synchronous_commit"] = "local"
            $0.settings["synchronous_standby_names"] = "b"
        },
    ]

    @Test(arguments: faults)
    func `what is wrong with a server is found, with its mend, and nothing else is`(_ fault: Fault) {
        var health = Self.server
        fault.spoil(&health)
        let bad = Self.findings(health).filter { $0.level != .ok }
        #expect(bad.map(\.check) == [fault.check], "\(bad)")
        #expect(bad.map(\.level) == [fault.level], "\(bad)")
        #expect(bad.allSatisfy { $0.mend?.isEmpty == false })
    }

    @Test func `a standby is missed in class production only, and local commits pass without one`() {
        let production = Self.findings(Self.server, .production).filter { $0.level != .ok }
        #expect(production.map(\.check) == [.standby] && production.map(\.level) == [.warning])
        var health = Self.server
        health.settings["synchronous_standby_names"] = "b"
        #expect(Self.findings(health, .production).allSatisfy { $0.level == .ok })
        var local = Self.server
        local.settings["synchronous_commit"] = "local"
        #expect(Self.findings(local).allSatisfy { $0.level == .ok })
    }

    @Test func `the schema must be whole and this deployment's`() {
        let (ours, other) = (
            EnvironmentStamp(name: "demo", environmentClass: .test),
            EnvironmentStamp(name: "demo", environmentClass: .production)
        )
        #expect(SchemaCheck.migrations(known: 10, missing: []).level == .ok)
        let missing = SchemaCheck.migrations(known: 10, missing: ["jobs"])
        #expect(missing.level == .failure && missing.found.contains("jobs"))
        #expect(missing.mend?.contains("sluice db migrate") == true)
        #expect(SchemaCheck.environment(stamped: ours, configured: ours).level == .ok)
        for stamped in [nil, other, EnvironmentStamp(name: "elsewhere", environmentClass: .test)] {
            let finding = SchemaCheck.environment(stamped: stamped, configured: ours)
            #expect(finding.level == .failure && finding.check == .environment)
        }
    }

    @Test(arguments: [(14, [], Finding.Level.ok), (7, [], .ok), (6, [], .failure), (14, ["exchange"], .failure)])
    func `partitions stand a week ahead without a gap`(_ ahead: Int, _ gaps: [String], _ level: Finding.Level) {
        let today = BusinessDate(at: Self.now)
        let newest = BusinessDate(daysSince1970: today.daysSince1970 + Int32(ahead))
        let finding = SchemaCheck.partitions(live: today...newest, today: today, breaches: gaps)
        #expect(finding.level == level)
        #expect(gaps.allSatisfy(finding.found.contains))
        #expect(SchemaCheck.partitions(live: nil, today: today, breaches: []).level == .failure)
    }

    @Test(
        arguments: [
            (nil, 50, 10, Finding.Level.warning), (87, 0, 10, .ok), (87, 77, 10, .ok), (87, 78, 10, .warning),
            (87, 87, 10, .warning), (87, 88, 10, .failure), (8, 0, 10, .failure),
        ] as [(Int32?, Int32, Int, Finding.Level)]
    )
    func `the budget must hold what is there, and should hold one process more`(
        _ budget: Int32?,
        _ taken: Int32,
        _ perProcess: Int,
        _ level: Finding.Level
    ) {
        let use = ConnectionUse(budget: budget, taken: taken, processes: 3)
        #expect(CapacityCheck.budget(use, perProcess: perProcess, isConfigured: true).level == level)
    }

    private static func deployment(
        _ sequences: [DeploymentHealth.SequenceUse],
        chunks: Int32 = 3
    ) -> DeploymentHealth {
        DeploymentHealth(
            sequences: sequences,
            chunksMax: chunks,
            dataKeys: [],
            connections: ConnectionUse(budget: nil, taken: 0, processes: 0),
            polling: DeploymentHealth.Polling(processes: 0, lastSeenAgo: nil, openWork: 0),
            alarms: DeploymentHealth.Alarms(open: 0, undelivered: 0, oldestUndelivered: .zero)
        )
    }

    @Test(
        arguments: [
            ("alarm_alarm_id_seq", Int64.max / 10 * 7, Int64.max, 3, Finding.Level.ok),
            ("alarm_alarm_id_seq", Int64.max / 10 * 8 + 100, Int64.max, 3, .failure),
            ("merchant_merchant_id_seq", 1_717_986_917, 2_147_483_647, 3, .failure),
            ("merchant_merchant_id_seq", 1_717_986_000, 2_147_483_647, 3, .ok),
            // A channel number has room for fifteen digits of it.
            ("batch_file_batch_id_seq", 799_999_999_999_000, Int64.max, 3, .ok),
            ("batch_file_batch_id_seq", 800_000_000_000_000, Int64.max, 3, .failure),
            ("alarm_alarm_id_seq", 5, Int64.max, 1_717_000, .ok),
            ("alarm_alarm_id_seq", 5, Int64.max, 1_718_000, .failure),
        ] as [(String, Int64, Int64, Int32, Finding.Level)]
    )
    func `numbers are missed before they run out`(
        _ name: String,
        _ last: Int64,
        _ end: Int64,
        _ chunks: Int32,
        _ level: Finding.Level
    ) {
        let use = DeploymentHealth.SequenceUse(name: name, last: last, end: end)
        #expect(CapacityCheck.sequences(Self.deployment([use], chunks: chunks)).level == level)
    }

    @Test(
        arguments: [
            (0, 0, Finding.Level.ok), (1_900, 0, .ok), (2_100, 0, .warning), (-2_100, 0, .warning),
            (29_000, 0, .warning), (31_000, 0, .failure), (-31_000, 0, .failure), (3_000, 4_000, .ok),
        ] as [(Int64, Int64, Finding.Level)]
    )
    func `clocks that differ are found, and a slow answer is not blamed on them`(
        _ offset: Int64,
        _ took: Int64,
        _ level: Finding.Level
    ) {
        let finding = ClockCheck.judge(
            server: Self.now.advanced(by: .milliseconds(offset)),
            before: Self.now,
            after: Self.now.advanced(by: .milliseconds(took))
        )
        #expect(finding.level == level, "\(finding.found)")
    }

    @Test(
        arguments: [
            (1, nil, 5, EnvironmentClass.production, Finding.Level.ok),
            (0, .minutes(59), 5, .production, .ok),
            (0, .minutes(61), 5, .test, .failure),
            (0, nil, 5, .test, .failure),
            (0, nil, 0, .test, .ok),
            (0, .hours(30), 0, .test, .ok),
            (0, nil, 0, .production, .failure),
        ] as [(Int64, TimeSpan?, Int64, EnvironmentClass, Finding.Level)]
    )
    func `somebody must ask for results where money is under way`(
        _ processes: Int64,
        _ ago: TimeSpan?,
        _ open: Int64,
        _ environmentClass: EnvironmentClass,
        _ level: Finding.Level
    ) {
        let polling = DeploymentHealth.Polling(processes: processes, lastSeenAgo: ago, openWork: open)
        #expect(PollingCheck.judge(polling, environmentClass: environmentClass).level == level)
    }

    @Test(
        arguments: [
            ([1, 2], nil, [1], Finding.Level.ok), ([2], nil, [1, 2], .failure), (nil, nil, [], .failure),
            ([1], "`keys.data 1` needs the environment variable K", [], .failure), ([1], nil, [], .ok),
        ] as [([Int32]?, String?, [Int32], Finding.Level)]
    )
    func `keys that rows need must be there`(
        _ configured: [Int32]?,
        _ problem: String?,
        _ needed: [Int32],
        _ level: Finding.Level
    ) {
        let finding = KeyCheck.judge(configured: configured.map { Set($0) }, problem: problem, needed: needed)
        #expect(finding.level == level)
    }

    @Test(
        arguments: [
            (1, 1, true, Finding.Level.ok), (1, 1, false, .ok), (1, 2, true, .failure), (1, 2, false, .warning),
            (nil, 1, true, .failure), (nil, 1, false, .ok), (1, nil, false, .warning),
        ] as [(UInt8?, UInt8?, Bool, Finding.Level)]
    )
    func `a channel's file must be the active one where work goes on`(
        _ configured: UInt8?,
        _ active: UInt8?,
        _ isRunning: Bool,
        _ level: Finding.Level
    ) {
        let sides = ChannelCheck.Sides(
            name: ChannelName("harbor"),
            configured: configured.map { [$0] },
            active: active.map { [$0] },
            isRunning: isRunning,
            deadlines: ""
        )
        let finding = ChannelCheck.specification(sides)
        #expect(finding.level == level && finding.subject == "harbor")
    }

    @Test(arguments: [(true, Finding.Level.failure), (false, .warning)])
    func `secret and reach fail where orders wait for them`(_ isActive: Bool, _ level: Finding.Level) {
        let name = ChannelName("harbor")
        #expect(ChannelCheck.secret(name, problem: "unset", isActive: isActive).level == level)
        #expect(ChannelCheck.secret(name, problem: nil, isActive: isActive).level == .ok)
        let findings = ChannelCheck.reach(
            name,
            problem: "a:1: refused",
            certificateExpiresAt: nil,
            isRunning: isActive,
            now: Self.now
        )
        #expect(findings.map(\.level) == [level] && findings.map(\.check) == [.reach])
    }

    @Test(
        arguments: [(15, Finding.Level.ok), (13, .warning), (2, .warning), (1, .failure), (-1, .failure)]
            as [(Int64, Finding.Level)]
    )
    func `certificates are missed before they end`(_ days: Int64, _ level: Finding.Level) {
        let expiry = Self.now.unixMicroseconds / 1_000_000 + days * 86_400 + 60
        let findings = ChannelCheck.reach(
            ChannelName("harbor"),
            problem: nil,
            certificateExpiresAt: expiry,
            isRunning: true,
            now: Self.now
        )
        #expect(findings.map(\.check) == [.reach, .certificate])
        #expect(findings.map(\.level) == [.ok, level])
        let plain = ChannelCheck.reach(
            ChannelName("harbor"),
            problem: nil,
            certificateExpiresAt: nil,
            isRunning: true,
            now: Self.now
        )
        #expect(plain.map(\.check) == [.reach])
    }

    @Test func `alarms must reach somebody`() {
        #expect(AlarmCheck.sinks(count: 0, problem: nil).level == .warning)
        #expect(AlarmCheck.sinks(count: 1, problem: nil).level == .ok)
        #expect(AlarmCheck.sinks(count: 1, problem: "CHAT_URL is unset").level == .failure)
        func waiting(_ open: Int64, _ undelivered: Int64, _ span: TimeSpan, sinks: Int) -> Finding.Level {
            let alarms = DeploymentHealth.Alarms(open: open, undelivered: undelivered, oldestUndelivered: span)
            return AlarmCheck.waiting(alarms, sinks: sinks).level
        }
        #expect(waiting(0, 0, .zero, sinks: 1) == .ok)
        #expect(waiting(2, 0, .zero, sinks: 1) == .warning)
        #expect(waiting(2, 1, .minutes(5), sinks: 1) == .warning)
        #expect(waiting(2, 1, .minutes(16), sinks: 1) == .failure)
        #expect(waiting(2, 1, .minutes(16), sinks: 0) == .warning)
    }
}
