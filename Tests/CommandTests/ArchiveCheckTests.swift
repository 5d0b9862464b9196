import PaymentCore
import Store
import Testing
import sluice

/// What `sluice doctor` finds about archiving.
@Suite struct ArchiveCheckTests {
    private static let today = BusinessDate("2026-07-15") ?? BusinessDate(daysSince1970: 0)

    private static func sides(_ change: (inout ArchiveCheck.Sides) -> Void = { _ in }) -> ArchiveCheck.Sides {
        var sides = ArchiveCheck.Sides(
            status: ArchiveStatus(
                today: today,
                live: today.advanced(byDays: -60)...today.advanced(byDays: 14),
                lastClosed: nil,
                openEntries: 0,
                holds: 0,
                heldDays: [],
                mayArchive: true,
                isMismatch: false,
                fileBytes: 0
            ),
            stop: nil,
            daysBehind: 0,
            unknownSignals: [],
            hasOwnRole: true,
            exportProblem: nil
        )
        change(&sides)
        return sides
    }

    private static let stop = ArchiveSwitch.Stop(
        at: Timestamp(unixMicroseconds: 0),
        by: "dba",
        reason: "backup"
    )

    @Test func `a deployment whose days leave passes, and so does one without old days`() {
        #expect(ArchiveCheck.judge(Self.sides(), environmentClass: .production).level == .ok)
        // The engine's role may not archive, and nobody said that it should.
        let fresh = Self.sides {
            ($0.hasOwnRole, $0.status.mayArchive, $0.unknownSignals) = (false, false, ["wal_rate"])
        }
        #expect(ArchiveCheck.judge(fresh, environmentClass: .production).level == .ok)
    }

    @Test func `a mismatch fails, and a person's stop warns`() {
        let mismatch = Self.sides { ($0.stop, $0.status.isMismatch) = (Self.stop, true) }
        let failed = ArchiveCheck.judge(mismatch, environmentClass: .test)
        #expect(failed.level == .failure && failed.mend?.contains("sluice archive resume") == true)
        let stopped = ArchiveCheck.judge(Self.sides { $0.stop = Self.stop }, environmentClass: .production)
        #expect(stopped.level == .warning && stopped.found.contains("backup"))
    }

    @Test(arguments: [
        (7 as Int32, EnvironmentClass.production, Finding.Level.ok), (8, .production, .warning),
        (30, .production, .warning),
        (31, .production, .failure), (31, .test, .warning),
    ]) func `days that should have left are found`(
        _ days: Int32,
        _ environmentClass: EnvironmentClass,
        _ level: Finding.Level
    ) {
        let finding = ArchiveCheck.judge(Self.sides { $0.daysBehind = days }, environmentClass: environmentClass)
        #expect(finding.level == level)
        #expect(finding.check == .archiving && finding.found.contains("\(days) days behind"))
    }

    @Test func `each thing that would keep a run from its work is named`() {
        let found = [
            Self.sides { $0.status.heldDays = [Self.today.advanced(byDays: -70)] },
            Self.sides { $0.status.mayArchive = false },
            Self.sides { $0.unknownSignals = ["replica_lag"] },
            Self.sides { $0.exportProblem = "/srv/x is no folder" },
        ].map { ArchiveCheck.judge($0, environmentClass: .production) }
        #expect(found.allSatisfy { $0.level == .warning && $0.mend != nil })
        let words = ["2026-05-06", "may not archive", "replica_lag", "/srv/x is no folder"]
        for (finding, word) in zip(found, words) { #expect(finding.found.contains(word), "\(finding.found)") }
    }
}
