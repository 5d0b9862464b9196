import ChannelKit
import Foundation
import PaymentCore
import Pipeline
package import PostgresClient
import PostgresStore
import Store
import Transfer

/// Looks at a deployment, check by check; it changes nothing and sends no channel anything.
package struct Doctor: Sendable {
    private let configuration: Configuration
    private let catalogue: Catalogue
    private let pool: PostgresPool
    private let store: SQLStore

    /// `pool`: on the configured database; it need not be the right one, nor have a schema.
    package init(configuration: Configuration, catalogue: Catalogue, pool: PostgresPool) throws {
        (self.configuration, self.catalogue, self.pool) = (configuration, catalogue, pool)
        store = SQLStore(pool: pool, keys: try .closed())
    }

    /// All findings, in the order in which they should be mended: where the database cannot be asked, what rests on it
    /// is left out.
    package func examine() async -> [Finding] {
        var findings: [Finding] = []
        let environmentClass = configuration.environment.environmentClass
        do {
            let before = Timestamp.systemNow()
            let health = try await store.serverHealth()
            let after = Timestamp.systemNow()
            findings += ServerCheck.judge(health) + RoleCheck.judge(health)
            findings += DurabilityCheck.judge(health, environmentClass: environmentClass)
            findings.append(ClockCheck.judge(server: health.now, before: before, after: after))
            findings += await schema(today: BusinessDate(at: health.now))
        } catch {
            findings.append(
                .fail(
                    .server,
                    ErrorReport(error).words ?? "cannot be asked",
                    mend: "check SLUICE_DATABASE_URL, and that the server runs"
                )
            )
        }
        if !findings.contains(where: { $0.check == .keys }) { findings.append(keys(needed: [])) }
        findings.append(AlarmCheck.sinks(count: configuration.alarms.sinks.count, problem: sinksProblem))
        return findings
    }

    // MARK: The schema, and what it holds

    private func schema(today: BusinessDate) async -> [Finding] {
        var findings: [Finding] = []
        do {
            let applied = try await Migrator(pool: pool).appliedMigrations()
            let missing = Migrator.migrations.filter { applied[$0.number] == nil }
            findings.append(
                SchemaCheck.migrations(known: Migrator.migrations.count, missing: missing.map(\.name))
            )
            guard missing.isEmpty else { return findings }
            let stamped = try await store.environment()
            findings.append(
                SchemaCheck.environment(stamped: stamped, configured: configuration.environment)
            )
            // A database of another deployment is none of our business beyond that.
            guard stamped == configuration.environment else { return findings }
            findings += try await deployment(today: today)
        } catch {
            findings.append(
                .fail(
                    .migrations,
                    ErrorReport(error).words ?? "cannot be read",
                    mend: "connect as sluice_worker to a database that `sluice db migrate` has brought up to date"
                )
            )
        }
        return findings
    }

    private func deployment(today: BusinessDate) async throws -> [Finding] {
        let health = try await store.deploymentHealth(
            budget: configuration.database.connectionBudget,
            silence: configuration.limits.silence,
            pollingStage: Engine.Stage.poll.rawValue
        )
        let breaches = try await store.check(.partitionsAreAhead)
        var findings = [
            CapacityCheck.budget(
                health.connections,
                perProcess: configuration.database.connections,
                isConfigured: configuration.database.budget != nil
            ),
            CapacityCheck.sequences(health),
            SchemaCheck.partitions(live: try await store.liveDays(), today: today, breaches: breaches.examples),
            PollingCheck.judge(health.polling, environmentClass: configuration.environment.environmentClass),
            keys(needed: health.dataKeys),
            AlarmCheck.waiting(health.alarms, sinks: configuration.alarms.sinks.count),
            ReviewCheck.policy(stored: try await store.reviewPolicy(), configured: configuration.review),
        ]
        findings.append(await archiving())
        findings += await channels(try await store.channels(), try await store.lanes(of: nil))
        return findings
    }

    /// As the role that archives sees it, where it has an address of its own.
    private func archiving() async -> Finding {
        let hasOwnRole = configuration.archive.databaseURL != nil
        do {
            let archivePool = hasOwnRole ? try Deployment.archivePool(configuration) : pool
            let finding: Finding
            do {
                finding = try await archiving(SQLStore(pool: archivePool, keys: .closed()), hasOwnRole: hasOwnRole)
            } catch {
                if hasOwnRole { await archivePool.close() }
                throw error
            }
            if hasOwnRole { await archivePool.close() }
            return finding
        } catch {
            return .fail(
                .archiving,
                ErrorReport(error).words ?? "cannot be asked",
                mend: "check archive.database_url"
            )
        }
    }

    private func archiving(_ store: SQLStore, hasOwnRole: Bool) async throws -> Finding {
        let stamped = try await store.environment()
        guard stamped == configuration.environment else {
            return .fail(
                .archiving,
                "archive.database_url is another deployment's database (R13)",
                mend: "name the same database in both addresses"
            )
        }
        let status = try await store.archiveStatus()
        let ends = try await store.carryOverEnds()
        return ArchiveCheck.judge(
            ArchiveCheck.Sides(
                status: status,
                stop: try await store.archiveSwitch().stop,
                daysBehind: ArchiveStatusReport.daysBehind(
                    configuration.archive.rules,
                    ends: ends,
                    today: status.today
                ),
                unknownSignals: try await store.serverLoad(for: nil).unknownSignals,
                hasOwnRole: hasOwnRole,
                exportProblem: configuration.exportFolder?.problem
            ),
            environmentClass: configuration.environment.environmentClass
        )
    }

    private func keys(needed: [Int32]) -> Finding {
        var problem: String?
        if configuration.keys != nil {
            do { _ = try configuration.keyRing() } catch { problem = ErrorReport(error).words }
        }
        return KeyCheck.judge(
            configured: configuration.keys.map { Set($0.data.keys) },
            problem: problem,
            needed: needed
        )
    }

    private var sinksProblem: String? {
        do {
            _ = try AlarmSinks.make(configuration, clock: SystemClock())
        } catch {
            return error.description
        }
        for case .command(let words, _) in configuration.alarms.sinks {
            guard let program = words.first, !FileManager.default.isExecutableFile(atPath: program) else { continue }
            return "\(program) is no program that this user may run"
        }
        return nil
    }

    // MARK: Channels

    private func channels(_ rows: [ChannelRow], _ lanes: [LaneStatus]) async -> [Finding] {
        let names = Set(catalogue.channels.keys).union(rows.map(\.channel)).sorted()
        // Beside one another: each waits for as long as its own connect deadline.
        return await withTaskGroup(of: (ChannelName, [Finding]).self) { group in
            for name in names {
                let row = rows.first { $0.channel == name }
                let isRunning = lanes.contains { $0.channel == name && $0.pause == nil }
                group.addTask { (name, await channel(name, row, isRunning: isRunning)) }
            }
            var found: [ChannelName: [Finding]] = [:]
            for await (name, findings) in group { found[name] = findings }
            return names.flatMap { found[$0] ?? [] }
        }
    }

    private func channel(_ name: ChannelName, _ row: ChannelRow?, isRunning: Bool) async -> [Finding] {
        let specification = catalogue.channels[name]
        let deadlines = specification.map(\.deadlines)
        var findings = [
            ChannelCheck.specification(
                ChannelCheck.Sides(
                    name: name,
                    configured: specification?.sha256,
                    active: row?.specificationSHA256,
                    isRunning: isRunning,
                    deadlines: deadlines.map {
                        "deadlines: connect \($0.connect.words), stall \($0.stall.words), total \($0.total.words)"
                    } ?? ""
                )
            )
        ]
        guard let specification else { return findings }
        let endpoint: ResolvedEndpoint
        do {
            endpoint = try specification.resolve(environment: configuration.variables)
        } catch {
            findings.append(ChannelCheck.secret(name, problem: error.description, isActive: row != nil))
            return findings
        }
        findings.append(ChannelCheck.secret(name, problem: nil, isActive: row != nil))
        guard row != nil else { return findings }
        let outcome = await PeerProbe.connect(
            url: endpoint.baseURL.text,
            trust: specification.endpoint.certificates.map { .file($0) } ?? .systemStore,
            plainHTTP: specification.environmentClass == .test ? .loopbackOnly : .refused,
            within: .microseconds(specification.deadlines.connect.microseconds)
        )
        let (problem, expiry): (String?, Int64?) =
            switch outcome {
            case .failed(let failure): ("\(failure.peer): \(failure.reason)", nil)
            case .connected(let expiry): (nil, expiry)
            }
        return findings
            + ChannelCheck.reach(
                name,
                problem: problem,
                certificateExpiresAt: expiry,
                isRunning: isRunning,
                now: Timestamp.systemNow()
            )
    }
}
