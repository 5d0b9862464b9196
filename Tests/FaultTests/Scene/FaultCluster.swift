import Cryptography
import EmbeddedPostgres
import Foundation
import PaymentCore
import PostgresClient

/// A database server for scenes: one for all of this process, or one for a scene that kills its own.
actor FaultCluster {
    static let shared = FaultCluster()
    /// More scenes at once would only make each other wait, and conditions be missed.
    static let scenes = Gate(permits: 4)
    /// Roles are of the whole server: two databases cannot be given them at once.
    static let migrations = Gate(permits: 1)

    private var server: EmbeddedCluster?
    private var databases = 0

    /// The server, started when first asked for.
    func running() throws -> EmbeddedCluster {
        if let server { return server }
        let started = try EmbeddedCluster.start(
            EmbeddedCluster.Options(settings: ["max_connections": "200", "max_wal_size": "4GB"])
        )
        server = started
        return started
    }

    /// Ends the server; a scene that has one of its own does so.
    func stop() {
        server?.stop()
        server = nil
    }

    /// A database of its own, without a schema.
    func makeDatabase() async throws -> String {
        let server = try running()
        databases += 1
        let name = "sluice_\(databases)"
        let administrator = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(), applicationName: "test"),
            connectionsMax: 1
        )
        do {
            try await administrator.withoutTransaction(
                "create",
                deadline: .seconds(60),
                "CREATE DATABASE \(name) TEMPLATE template0"
            )
        } catch {
            await administrator.close()
            throw error
        }
        await administrator.close()
        return name
    }
}

/// Lets only so many through at once.
actor Gate {
    private var permits: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(permits: Int) { self.permits = permits }

    func enter() async {
        if permits > 0 { permits -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
    }

    func leave() {
        if waiting.isEmpty { permits += 1 } else { waiting.removeFirst().resume() }
    }
}
