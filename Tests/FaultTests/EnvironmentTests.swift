import EmbeddedPostgres
import PaymentCore
import PostgresClient
import Testing

/// A deployment's stamp binds every command, both ways (R13).
@Suite struct EnvironmentTests {
    private static let stamp = "SELECT name || ' ' || class FROM sluice.environment"
    /// Commands that would change something, beside those of the runs.
    private static let commands = [
        ["worker"], ["run", "all"], ["channel", "activate", "harbor"], ["db", "migrate"],
    ]

    @Test func `a database of class test takes nothing of class production`() async throws {
        try await FaultScene.with { scene in
            // Without channels of the other class in the way.
            try scene.empty(["merchants"])
            for file in ["harbor", "meridian"] {
                try scene.edit("channels/\(file).yaml", "class: test ", "class: production ")
            }
            for command in Self.commands {
                var production = Self.variables(for: command, scene)
                production["SLUICE_ENVIRONMENT_CLASS"] = "production"
                for channel in FaultScene.channels {
                    production["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = "https://127.0.0.1:9"
                }
                let refused = try await scene.run(command, production, expecting: 2)
                // Two people are asked for before the database is looked at.
                guard command.first != "channel" else {
                    #expect(refused.log.contains("two people"), "\(refused.log)")
                    continue
                }
                #expect(refused.log.contains("demo (production)"), "\(command): \(refused.log)")
                #expect(refused.log.contains("demo (test)"), "\(command): \(refused.log)")
            }
            // Nor does a configuration of class test speak with channels of class production.
            for command in Self.commands {
                let refused = try await scene.run(command, expecting: 2)
                #expect(refused.log.contains("harbor.yaml is of class production"), "\(command): \(refused.log)")
                #expect(refused.log.contains("R13"), "\(command): \(refused.log)")
            }
            try await Self.expectUntouched(scene, stamp: "demo test")
        }
    }

    @Test func `a database of class production takes nothing of class test`() async throws {
        let production = ["SLUICE_ENVIRONMENT_CLASS": "production"]
        try await FaultScene.with(stamped: production) { scene in
            for command in Self.commands {
                let variables = Self.variables(for: command, scene)
                let refused = try await scene.run(command, variables, expecting: 2)
                #expect(refused.log.contains("demo (production)"), "\(command): \(refused.log)")
                #expect(refused.log.contains("demo (test)"), "\(command): \(refused.log)")
            }
            // Nor does a configuration of class production speak with channels of class test.
            for command in [["worker"], ["run", "all"], ["db", "migrate"]] {
                let refused = try await scene.run(command, production, expecting: 2)
                #expect(refused.log.contains("harbor.yaml is of class test"), "\(command): \(refused.log)")
                #expect(refused.log.contains("R13"), "\(command): \(refused.log)")
            }
            let activation = try await scene.run(["channel", "activate", "harbor"], production, expecting: 2)
            #expect(activation.log.contains("two people"), "\(activation.log)")
            try await Self.expectUntouched(scene, stamp: "demo production")
        }
    }

    @Test func `another name is another deployment, whatever the class`() async throws {
        try await FaultScene.with { scene in
            for command in Self.commands {
                var variables = Self.variables(for: command, scene)
                variables["SLUICE_ENVIRONMENT_NAME"] = "elsewhere"
                let refused = try await scene.run(command, variables, expecting: 2)
                #expect(refused.log.contains("elsewhere (test)"), "\(command): \(refused.log)")
                #expect(refused.log.contains("demo (test)"), "\(command): \(refused.log)")
            }
            try await Self.expectUntouched(scene, stamp: "demo test")
        }
    }

    @Test(arguments: ["elsewhere", "", "production"])
    func `a file of another environment is refused where it is queued`(_ environment: String) async throws {
        try await FaultScene.with { scene in
            let error = await #expect(throws: PostgresError.self) {
                try await scene.owner.transaction("submit") { transaction in
                    _ = try transaction.query(
                        """
                        SELECT sluice.submit_batch_file('MER-PAYOUT', 'payout', 'payout-csv-utf8', 'f.csv',
                            'order_no,card_no,name,cnaps,amount,remark'::bytea,
                            CASE $1 WHEN '' THEN '{}' ELSE jsonb_build_object('environment', $1::text) END)
                        """,
                        [.text(environment)]
                    )
                }
            }
            #expect(error?.sqlState == "SL004")
            #expect(error?.message?.contains("demo") == true)
            let files = try await scene.number("SELECT count(*) FROM sluice.batch_file")
            #expect(files == 0)
        }
    }

    @Test func `a migration of another deployment is refused before anything is applied`() async throws {
        try await FaultScene.with { scene in
            let last = try await scene.number("SELECT max(number)::bigint FROM public.sluice_migration")
            try await scene.owner.transaction("test") {
                try $0.executeScript("UPDATE public.sluice_migration SET number = -number WHERE number = \(last)")
            }
            var variables = Self.variables(for: ["db", "migrate"], scene)
            variables["SLUICE_ENVIRONMENT_NAME"] = "elsewhere"
            let refused = try await scene.run(["db", "migrate"], variables, expecting: 2)
            #expect(refused.log.contains("demo (test)") && refused.log.contains("R13"), "\(refused.log)")
            let applied = try await scene.number("SELECT max(number)::bigint FROM public.sluice_migration")
            #expect(applied == last - 1)
        }
    }

    /// A migration is the owner's; everything else the worker's.
    private static func variables(for command: [String], _ scene: FaultScene) -> [String: String] {
        command.first == "db" ? ["SLUICE_DATABASE_URL": scene.server.uri(database: scene.database)] : [:]
    }

    private static func expectUntouched(_ scene: FaultScene, stamp: String) async throws {
        #expect(try await scene.text(Self.stamp) == stamp)
        let rows = try await scene.number(
            "SELECT (SELECT count(*) FROM sluice.channel) + (SELECT count(*) FROM sluice.worker)"
        )
        #expect(rows == 0)
    }
}
