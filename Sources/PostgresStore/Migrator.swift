import Cryptography
package import PaymentCore
package import PostgresClient
package import Store

/// Brings a database to this version's schema: numbered SQL files, each one transaction, never by a worker's start.
package struct Migrator: Sendable {
    /// One numbered step; immutable once landed.
    package struct Migration: Sendable {
        package let number: Int32
        package let name: String
        package let sql: [UInt8]
    }

    /// What stands in the way of a migration.
    package struct Defect: Error, CustomStringConvertible, Sendable {
        package let description: String
    }

    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    package static let migrations: [Migration] = [
        Migration(number: 1, name: "schemas_and_roles", sql: PackageResources._001_schemas_and_roles_sql),
        Migration(number: 2, name: "batch_files", sql: PackageResources._002_batch_files_sql),
        Migration(number: 3, name: "orders", sql: PackageResources._003_orders_sql),
        Migration(number: 4, name: "work", sql: PackageResources._004_work_sql),
        Migration(number: 5, name: "contract", sql: PackageResources._005_contract_sql),
        Migration(number: 6, name: "lanes", sql: PackageResources._006_lanes_sql),
        Migration(number: 7, name: "attempts", sql: PackageResources._007_attempts_sql),
        Migration(number: 8, name: "ceilings", sql: PackageResources._008_ceilings_sql),
        Migration(number: 9, name: "operations", sql: PackageResources._009_operations_sql),
        Migration(number: 10, name: "jobs", sql: PackageResources._010_jobs_sql),
        Migration(number: 11, name: "intake", sql: PackageResources._011_intake_sql),
        Migration(number: 12, name: "direct_load", sql: PackageResources._012_direct_load_sql),
        Migration(number: 13, name: "intake_validated", sql: PackageResources._013_intake_validated_sql),
        Migration(number: 14, name: "refusals", sql: PackageResources._014_refusals_sql),
        Migration(number: 15, name: "archiving", sql: PackageResources._015_archiving_sql),
        Migration(number: 16, name: "archive_swap", sql: PackageResources._016_archive_swap_sql),
        Migration(number: 17, name: "archive_receipts", sql: PackageResources._017_archive_receipts_sql),
        Migration(number: 18, name: "archive_days", sql: PackageResources._018_archive_days_sql),
        Migration(number: 19, name: "people", sql: PackageResources._019_people_sql),
        Migration(number: 20, name: "proposals", sql: PackageResources._020_proposals_sql),
        Migration(number: 21, name: "release", sql: PackageResources._021_release_sql),
        Migration(number: 22, name: "waiting_records", sql: PackageResources._022_waiting_records_sql),
        Migration(number: 23, name: "operators", sql: PackageResources._023_operators_sql),
    ]

    /// Applies what is missing and stamps the environment; answers the numbers applied.
    ///
    /// Throws `Defect` if a landed migration was changed, the schema is newer than this program, or the database is
    /// stamped with another environment (R13).
    package func migrate(environment: EnvironmentStamp) async throws -> [Int32] {
        // Before anything is written: nothing of this deployment may reach another one's database.
        if let stamped = try await stamped() { try Self.require(stamped, is: environment) }
        try await prepare()
        var applied: [Int32] = []
        let done = try await appliedMigrations()
        for migration in Self.migrations where done[migration.number] == nil {
            try await apply(migration)
            applied.append(migration.number)
        }
        try await stamp(environment)
        return applied
    }

    /// The migrations applied to this database, checked against those of this program; empty for a new one.
    package func appliedMigrations() async throws -> [Int32: String] {
        let rows: [(Int32, String, [UInt8])] = try await pool.transaction("applied migrations", readOnly: true) {
            transaction in
            guard
                try transaction.query("SELECT to_regclass('public.sluice_migration') IS NOT NULL").first?.bool(0)
                    == true
            else { return [] }
            return try transaction.query("SELECT number, name, sha256 FROM public.sluice_migration ORDER BY number").map
            {
                (try $0.int32(0), try $0.text(1), try $0.bytes(2))
            }
        }
        for (number, name, hash) in rows {
            guard let known = Self.migrations.first(where: { $0.number == number }) else {
                throw Defect(
                    description:
                        "the schema has migration \(number) (\(name)), which this program does not know; use a newer "
                        + "program"
                )
            }
            guard SHA256.hash(known.sql) == hash else {
                throw Defect(
                    description:
                        "migration \(number) (\(name)) differs from the one that was applied; landed migrations never "
                        + "change"
                )
            }
        }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.0, $0.1) })
    }

    private func prepare() async throws {
        try await pool.transaction("prepare migrations") { transaction in
            try transaction.executeScript(
                """
                SELECT pg_advisory_xact_lock(hashtext('sluice.migration'));
                CREATE TABLE IF NOT EXISTS public.sluice_migration (
                    number int PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT clock_timestamp());
                GRANT SELECT ON public.sluice_migration TO PUBLIC;
                """
            )
        }
    }

    private func apply(_ migration: Migration) async throws {
        try await pool.transaction("migration \(migration.number)", deadline: .seconds(120)) { transaction in
            // Two migrators at once: the second waits here, and finds it done.
            _ = try transaction.query("SELECT pg_advisory_xact_lock(hashtext('sluice.migration'))")
            let known = try transaction.query(
                "SELECT 1 FROM public.sluice_migration WHERE number = $1",
                [.int32(migration.number)]
            )
            guard known.first == nil else { return }
            try transaction.executeScript(String(decoding: migration.sql, as: UTF8.self))
            _ = try transaction.execute(
                "INSERT INTO public.sluice_migration (number, name, sha256) VALUES ($1, $2, $3)",
                [.int32(migration.number), .text(migration.name), .bytea(SHA256.hash(migration.sql))]
            )
        }
    }

    /// The stamp that the database has already; nil for a new one.
    private func stamped() async throws -> EnvironmentStamp? {
        try await pool.transaction("look at the stamp", readOnly: true) { transaction in
            let exists = try transaction.query("SELECT to_regclass('sluice.environment') IS NOT NULL").first?.bool(0)
            guard exists == true else { return nil }
            return try Self.stamp(transaction)
        }
    }

    private func stamp(_ environment: EnvironmentStamp) async throws {
        let stamped = try await pool.transaction("stamp environment") { transaction in
            _ = try transaction.execute(
                "INSERT INTO sluice.environment (name, class) VALUES ($1, $2::sluice.environment_class) ON CONFLICT "
                    + "DO NOTHING",
                [.text(environment.name), .text(environment.environmentClass.rawValue)]
            )
            return try Self.stamp(transaction)
        }
        try Self.require(stamped, is: environment)
    }

    private static func stamp(_ transaction: PostgresTransaction) throws -> EnvironmentStamp? {
        try transaction.query("SELECT name, class FROM sluice.environment").first.map {
            EnvironmentStamp(name: try $0.text(0), environmentClass: try $0.word(1))
        }
    }

    private static func require(_ stamped: EnvironmentStamp?, is environment: EnvironmentStamp) throws(Defect) {
        guard stamped != environment else { return }
        throw Defect(
            description: """
                this database belongs to environment \(stamped?.name ?? "?") \
                (\(stamped?.environmentClass.rawValue ?? "?")), the configuration says \(environment.name) \
                (\(environment.environmentClass.rawValue)) (R13); connect to the right one
                """
        )
    }
}

extension SQLStore {
    /// Registers the merchants of the configuration; one that is no longer configured stays registered, its files with
    /// it.
    package func registerMerchants(_ merchants: [MerchantRegistration]) async throws {
        try await pool.transaction("register merchants") { transaction in
            for merchant in merchants {
                _ = try transaction.execute(
                    """
                    INSERT INTO sluice.merchant (merchant_no, title, db_role, result_due_after)
                    VALUES ($1, $2, $3, $4 * interval '1 microsecond')
                    ON CONFLICT (merchant_no) DO UPDATE SET title = excluded.title, db_role = excluded.db_role,
                        result_due_after = excluded.result_due_after
                    """,
                    [
                        .text(merchant.number.value), .text(merchant.title), .optionalText(merchant.databaseRole),
                        .microseconds(merchant.resultDueAfter),
                    ]
                )
            }
        }
    }
}

/// A merchant as the database must know it: whose files it takes, from which login, due when.
package struct MerchantRegistration: Sendable {
    package let number: MerchantNumber
    package let title: String
    package let databaseRole: String?
    package let resultDueAfter: TimeSpan

    package init(number: MerchantNumber, title: String, databaseRole: String?, resultDueAfter: TimeSpan) {
        self.number = number
        self.title = title
        self.databaseRole = databaseRole
        self.resultDueAfter = resultDueAfter
    }
}
