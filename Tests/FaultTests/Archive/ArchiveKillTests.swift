import EmbeddedPostgres
import Glibc
import PaymentCore
import Pipeline
import Testing

/// `kill -9` of the archiver, and of PostgreSQL, at every step.
///
/// The next run finishes or rolls back, and live and history are together what they were.
@Suite struct ArchiveKillTests {
    enum Victim: String, CaseIterable, Sendable {
        case archiver
        case database
    }

    /// One file a day, and a day for each point; at the ends of months two or three days leave at once.
    private static let days = 26
    private static let orders = 24

    /// What companies do, so that each table has rows, and some orders stay open.
    private static let company = Simulation(
        latency: "{first: 2ms, last: 10ms}",
        settle: "{first: 20ms, last: 60ms}",
        items: ["refuse: {E101: 60, E201: 60}", "unknown_code: 20"]
    )

    @Test(arguments: Victim.allCases)
    func `whenever one is killed there, the next run finishes`(_ victim: Victim) async throws {
        let cluster = FaultCluster()
        try await FaultScene.with(Self.company, on: cluster) { scene in
            try scene.hurry(items: 6, polls: 6)
        } _: { scene in
            let desk = ArchiveDesk(scene: scene)
            try await Self.fill(scene)
            try await ArchiveBooks.read(scene).expectRowsOfEachTable()
            // The days before the first file.
            try await desk.archive(asOf: try await desk.asOf(leaving: try await desk.today.advanced(byDays: -1)))
            var killing = Killing(scene: scene, desk: desk, victim: victim)
            for point in FaultPoint.points(of: .archiving) { try await killing.strike(at: point) }
            #expect(killing.kills == FaultPoint.points(of: .archiving).count)
            FaultScale.report("\(killing.kills) kills of the \(victim.rawValue) while it archived")
            try await Books(scene: scene).expectInvariants()
        }
        await cluster.stop()
    }

    /// Files of many days, paid, refused, sent again by the other company, set aside, or open for good.
    private static func fill(_ scene: FaultScene) async throws {
        try await scene.run(["db", "partitions", "--days", "60"])
        let today = try await ArchiveDesk(scene: scene).today
        for index in 0..<days {
            var text = BatchText(.payout, count: orders, series: index + 1)
            text.lines[5].account = BatchText.misspelt(text.lines[5].account)
            _ = try await scene.submit(
                text,
                name: "day-\(index).csv",
                ["--business-date", "\(today.advanced(byDays: Int32(index)))"]
            )
        }
        let worker = try scene.start(["worker"])
        try await scene.untilAtRest(within: .seconds(120))
        try await scene.dismiss([worker])
    }
}

/// A deployment whose archiving is killed again and again.
private struct Killing {
    private static let onceARun: Set<FaultPoint> = [.archiveLeaseTaken, .archiveDayBegun, .archivePutBack]

    let scene: FaultScene
    let desk: ArchiveDesk
    let victim: ArchiveKillTests.Victim
    private(set) var kills = 0
    /// What keeps a file of the last day live until the next run takes it along.
    private var hold: String?
    private let chance = Chance(seed: FaultScale.current.seed &+ 6)

    init(scene: FaultScene, desk: ArchiveDesk, victim: ArchiveKillTests.Victim) {
        (self.scene, self.desk, self.victim) = (scene, desk, victim)
    }

    /// Kills at a point; the next run must end well.
    mutating func strike(at point: FaultPoint) async throws {
        // What was held may leave now, and a file of the day that leaves next may not.
        if let hold { try await desk.lift(hold) }
        let day = try await max(desk.oldest, desk.today)
        let batch = try await scene.number("SELECT min(batch_id) FROM sluice.batch_file WHERE business_date = '\(day)'")
        hold = try await desk.hold(["--batch", "\(batch)"])
        let asOf = try await desk.asOf(leaving: day)
        let books = try await ArchiveBooks.read(scene)
        let run = ["run", "--as-of", "\(asOf)"]

        switch point {
        case .archiveRetired, .archiveRowPassBegun, .archiveChunkMoved:
            // Days that go by rows have all three; so have second passes the latter two.
            let rows = point == .archiveRetired ? ["SLUICE_ARCHIVE_PATH": "rows"] : [:]
            try await kill(at: point, run, rows)
            try await finish(run, rows, books, point)
        case .archivePutBack:
            // Of a day that is held nothing leaves, and so nothing differs.
            if let hold { try await desk.lift(hold) }
            hold = nil
            try await putBack(run, books)
        case .archiveReversed: try await reverse(run, books)
        default:
            try await kill(at: point, run)
            try await finish(run, [:], books, point)
        }
    }

    /// A day that is not what was counted goes back, and whoever puts it back dies.
    private mutating func putBack(_ run: [String], _ books: ArchiveBooks) async throws {
        let swapped = try desk.start(run, ["SLUICE_FAULT": "kill@\(FaultPoint.archiveSwapped.rawValue):1"])
        guard try await swapped.end(within: .minutes(2)) == 128 + SIGKILL else { throw SceneFailure(swapped.tail) }
        try await desk.forgetDeadArchiver()
        let day = try await scene.text("SELECT max(day)::text FROM sluice.archive_manifest WHERE state = 'swapped'")
        try await desk.meddle(
            """
            UPDATE history.payment_order o SET merchant_order_no = merchant_order_no || 'x'
            WHERE business_date = '\(day)'
                AND (batch_id, line_no) = (SELECT x.batch_id, x.line_no FROM history.payment_order x
                    WHERE x.business_date = '\(day)' ORDER BY 1, 2 LIMIT 1)
            """
        )
        try await kill(at: .archivePutBack, run)
        if victim == .database {
            // Its commit may be gone with the server: then the day is found wrong once more.
            let again = try desk.start(run)
            #expect([1, 3].contains(try await again.end(within: .minutes(2))), "\(again.tail)")
        }
        try await desk.run(run, expecting: 3)
        #expect(try await scene.number("SELECT count(*) FROM sluice.archive_stop") == 1)
        // It is live again, with the change that nobody had counted.
        try await desk.meddle(
            """
            UPDATE sluice.payment_order SET merchant_order_no = left(merchant_order_no, -1)
            WHERE business_date = '\(day)' AND merchant_order_no LIKE '%x'
            """
        )
        try await books.expectToHold(scene, "put back")
        try await desk.run(["resume"])
        try await finish(run, [:], books, .archivePutBack)
    }

    /// The newest archived day is wanted back, and whoever brings it dies between two of its tables.
    private mutating func reverse(_ run: [String], _ books: ArchiveBooks) async throws {
        try await desk.run(run)
        let day = try await desk.oldest.advanced(byDays: -1)
        let restore = ["restore", "--day", "\(day)", "--to-live", "--reason", "an auditor asks"]
        let status = try await kill(at: .archiveReversed, restore)
        try await books.expectToHold(scene, "half back")
        // Between two transactions a database may come and go unnoticed: then the day is live already.
        try await desk.run(restore, expecting: status == 0 ? 2 : 0)
        #expect(try await desk.oldest == day)
        #expect(try await desk.rows(.paymentOrder, day, in: "history") == 0)
        try await finish(run, [:], books, .archiveReversed)
    }

    /// Kills whoever is to be killed when the archiver passes a point, and answers how the archiver ended.
    @discardableResult
    private mutating func kill(
        at point: FaultPoint,
        _ arguments: [String],
        _ more: [String: String] = [:]
    ) async throws -> Program.Status {
        let deed = victim == .archiver ? "kill" : "stop"
        // Tables leave one after the other: not always the first one is caught.
        let passing = Self.onceARun.contains(point) ? 1 : chance.pick(1...3)
        let plan = "\(deed)@\(point.rawValue):\(passing)"
        let doomed = try desk.start(arguments, more.merging(["SLUICE_FAULT": plan]) { $1 })
        let status: Program.Status
        switch victim {
        case .archiver:
            status = try await doomed.end(within: .minutes(2))
            guard status == 128 + SIGKILL else {
                throw SceneFailure("\(point.rawValue) was not passed: \(doomed.tail)")
            }
        case .database:
            try await Condition.wait("\(point.rawValue)", within: .minutes(2), because: { doomed.tail }) {
                guard doomed.status == nil else {
                    throw SceneFailure("\(point.rawValue) was not passed: \(doomed.tail)")
                }
                return doomed.isStopped
            }
            try scene.server.kill9()
            try scene.server.restart()
            _ = try await scene.patientNumber("SELECT 1::bigint")
            doomed.send(SIGCONT)
            // It says that its database was away, unless it had all that it needed of it.
            status = try await doomed.end(within: .minutes(2))
            #expect([0, 1, 5].contains(status), "\(point.rawValue): \(doomed.tail)")
        }
        kills += 1
        try await desk.forgetDeadArchiver()
        return status
    }

    private func finish(
        _ run: [String],
        _ more: [String: String],
        _ books: ArchiveBooks,
        _ point: FaultPoint
    ) async throws {
        try await books.expectToHold(scene, "killed at \(point.rawValue)")
        try await desk.run(run, more)
        try await books.expectToHold(scene, "finished after \(point.rawValue)")
        let unfinished = try await scene.number(
            "SELECT count(*) FROM sluice.archive_manifest WHERE state NOT IN ('closed', 'reopened')"
        )
        #expect(unfinished == 0, "\(point.rawValue)")
        try await desk.expectReceiptsToHold()
    }
}
