import ArgumentParser
import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// `sluice db`: the schema and its partitions.
struct DatabaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "db",
        abstract: "Bring the schema up to date, and look at it.",
        subcommands: [Migrate.self, Status.self, Partitions.self]
    )

    /// Applies what is missing, as a role that may create roles.
    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Apply missing migrations, stamp the environment, register merchants, write the review policy."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        func run() async throws {
            let migrated = try await Deployment.migrate(try options.load())
            let applied = migrated.applied
            try report.show(
                [
                    "applied": .array(applied.map { .integer($0) }), "merchants": .integer(migrated.merchants),
                    "review_policy_changed": .bool(migrated.hasNewReviewPolicy),
                ],
                words: (applied.isEmpty
                    ? "The schema is up to date" : "Applied \(applied.map { "\($0)" }.joined(separator: ", "))")
                    + "; \(migrated.merchants) merchants are registered"
                    + (migrated.hasNewReviewPolicy ? ", and there is a new review policy." : ".")
            )
        }
    }

    /// What is applied, and to whom the database belongs.
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show migrations, environment and live days.")

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        func run() async throws {
            let pool = try Deployment.pool(try options.load())
            do {
                try await show(Migrator(pool: pool), SQLStore(pool: pool, keys: .closed()))
            } catch {
                await pool.close()
                throw error
            }
            await pool.close()
        }

        private func show(_ migrator: Migrator, _ store: SQLStore) async throws {
            let applied = try await migrator.appliedMigrations()
            let isComplete = Migrator.migrations.allSatisfy { applied[$0.number] != nil }
            let stamp = isComplete ? try await store.environment() : nil
            let days = isComplete ? try await store.liveDays() : nil
            var table = Table("#number", "migration", "state")
            for migration in Migrator.migrations {
                table.add(
                    "\(migration.number)",
                    migration.name,
                    applied[migration.number] == nil ? "missing" : "applied"
                )
            }
            let environment = stamp.map { "\($0.name) (\($0.environmentClass.rawValue))" } ?? "not stamped"
            let live = days.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"
            try report.show(
                [
                    "migrations": .array(
                        Migrator.migrations.map {
                            [
                                "number": .integer($0.number), "name": .string($0.name),
                                "applied": .bool(applied[$0.number] != nil),
                            ]
                        }
                    ),
                    "complete": .bool(isComplete),
                    "environment": stamp.map {
                        ["name": .string($0.name), "class": .string($0.environmentClass.rawValue)]
                    } ?? .null,
                    "live_days": days.map {
                        ["oldest": .string("\($0.lowerBound)"), "newest": .string("\($0.upperBound)")]
                    } ?? .null,
                ],
                words: "\(table.text())\n\nEnvironment: \(environment)\nLive days:   \(live)"
            )
            if !isComplete {
                throw CommandFailure(
                    "migrations are missing",
                    mend: "run: sluice db migrate",
                    status: .configuration
                )
            }
        }
    }

    /// Makes partitions ahead; workers do it by themselves.
    struct Partitions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the partitions of the days ahead, as workers do at their start."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Option(help: "How many days ahead, at most 400.")
        var days: Int32 = 14

        func validate() throws {
            guard (1...400).contains(days) else { throw ValidationError("--days is 1 to 400") }
        }

        func run() async throws {
            try await Deployment.with(try options.load()) { deployment in
                let made = try await deployment.store.keepPartitionsAhead(days: days)
                let live = try await deployment.store.liveDays()
                let words = live.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "none"
                try report.show(
                    [
                        "days_made": .integer(made), "oldest": .string(live.map { "\($0.lowerBound)" }),
                        "newest": .string(live.map { "\($0.upperBound)" }),
                    ],
                    words: "Made \(made) days; live are \(words)."
                )
            }
        }
    }
}
