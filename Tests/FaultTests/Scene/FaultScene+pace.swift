import Foundation
import Glibc
import PaymentCore
import Pipeline

extension FaultScene {
    /// A dead worker is missed as soon as the limits allow.
    static let impatient = ["SLUICE_LIMITS_HEARTBEAT": "250ms", "SLUICE_LIMITS_SILENCE": "1s"]

    /// Makes both channels' deadlines and curves so short that a lost call is made up for within two seconds.
    ///
    /// `items`: orders a submission, so that a small file makes many calls.
    func hurry(items: Int = 10, polls: Int = 15) throws {
        for channel in Self.channels {
            let file = "channels/\(channel).yaml"
            try edit(file, "connect: 1s", "connect: 500ms")
            try edit(file, "total: 3s", "total: 800ms")
            try edit(file, "stall: 2s", "stall: 600ms")
            try edit(file, "send_by: 3s", "send_by: 800ms")
            try edit(file, "grace: 2s, ask: 3, spacing: 500ms", "grace: 300ms, ask: 3, spacing: 100ms")
            try edit(file, "first: 500ms", "first: 100ms")
            try edit(file, "count_max: 12", "count_max: \(polls)")
            try edit(file, "cap: 2s", "cap: 400ms")
            try edit(file, "items_per_submission: \(channel == "harbor" ? 500 : 400)", "items_per_submission: \(items)")
        }
    }

    /// Ends the open transactions of all workers, and counts them: what a stopped process holds locked is freed, as the
    /// server's own time-outs would do a little later.
    static let endTransactions = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
            AND usename = 'sluice_worker' AND xact_start IS NOT NULL
        """

    /// Lets time pass, for a fault to strike at a moment that nobody chose.
    func pass(_ milliseconds: Int) async throws {
        try await SystemClock().sleep(for: .milliseconds(Int64(milliseconds)))
    }

    /// A question to the database that is asked again while the server is down or starting.
    func patientNumber(_ sql: String, within limit: TimeSpan = .seconds(60)) async throws -> Int64 {
        var answer: Int64 = 0
        try await Condition.wait("an answer of the database", within: limit, every: .milliseconds(50)) {
            guard let number = try? await number(sql) else { return false }
            answer = number
            return true
        }
        return answer
    }

    /// As `untilAtRest`, while the server may still be starting.
    func untilAtRestAgain(within limit: TimeSpan = .seconds(120)) async throws {
        _ = try await patientNumber("SELECT 1::bigint")
        try await untilAtRest(within: limit)
    }

    /// Ends workers as an operator would, and expects each to end well.
    func dismiss(_ workers: [Program]) async throws {
        for worker in workers {
            // Before that a signal ends it as it would any program.
            try await Condition.wait("a worker's start", within: .seconds(30), because: { worker.tail }) {
                worker.status != nil || worker.log.contains("worker started")
            }
            worker.send(SIGTERM)
        }
        for worker in workers {
            let status = try await worker.end(within: .seconds(40))
            guard status == 0 else { throw SceneFailure("asked to stop: \(worker.tail)") }
        }
    }
}
