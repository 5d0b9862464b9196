package import PaymentCore
package import Store

/// Judges whether old days leave.
package enum ArchiveCheck {
    private static let behindWarned: Int32 = 7
    private static let behindMax: Int32 = 30

    /// What is known of archiving, as its own role sees it.
    package struct Sides: Sendable {
        package var status: ArchiveStatus
        package var stop: ArchiveSwitch.Stop?
        package var daysBehind: Int32
        /// Signals of load that this role may not read.
        package var unknownSignals: [String]
        /// Whether a role for archiving is configured.
        package var hasOwnRole: Bool
        /// Why days cannot be exported; nil if they can, or never are.
        package var exportProblem: String?

        package init(
            status: ArchiveStatus,
            stop: ArchiveSwitch.Stop?,
            daysBehind: Int32,
            unknownSignals: [String],
            hasOwnRole: Bool,
            exportProblem: String?
        ) {
            (self.status, self.stop, self.daysBehind) = (status, stop, daysBehind)
            (self.unknownSignals, self.hasOwnRole, self.exportProblem) = (unknownSignals, hasOwnRole, exportProblem)
        }
    }

    package static func judge(_ sides: Sides, environmentClass: EnvironmentClass) -> Finding {
        let behind = sides.daysBehind > 0 ? "\(sides.daysBehind) days behind" : "no day is due"
        if let stop = sides.stop { return judge(stop, isMismatch: sides.status.isMismatch) }
        if sides.daysBehind > behindMax, environmentClass == .production {
            return .fail(.archiving, behind, mend: mend(sides))
        }
        if sides.daysBehind > behindWarned { return .warn(.archiving, behind, mend: mend(sides)) }
        if let problem = sides.exportProblem {
            return .warn(.archiving, "days cannot be exported: \(problem)", mend: "correct `archive.export`")
        }
        if let day = sides.status.heldDays.first {
            return .warn(
                .archiving,
                "\(day) is kept live by a hold, and so are the days after it",
                mend: "sluice archive holds, and lift it when the day is needed no longer"
            )
        }
        if sides.hasOwnRole, !sides.status.mayArchive {
            return .warn(
                .archiving,
                "the role of archive.database_url may not archive",
                mend: "connect as sluice_archiver"
            )
        }
        if sides.hasOwnRole, !sides.unknownSignals.isEmpty {
            return .warn(
                .archiving,
                "unknown to the role that archives: \(sides.unknownSignals.joined(separator: ", "))",
                mend: "GRANT pg_monitor TO sluice_archiver"
            )
        }
        let last = sides.status.lastClosed.map { "the last pass was \($0.key)" } ?? "nothing was ever archived"
        return .ok(.archiving, "\(behind), \(last)")
    }

    private static func judge(_ stop: ArchiveSwitch.Stop, isMismatch: Bool) -> Finding {
        let found = "stopped by \(stop.by): \(stop.reason)"
        guard isMismatch else {
            return .warn(.archiving, found, mend: "when that is over: sluice archive resume")
        }
        return .fail(
            .archiving,
            "a day was not what its receipt tells; \(found)",
            mend: "find out who wrote into it (Docs/operations/archiving.md), acknowledge the alarm, then: sluice"
                + " archive resume"
        )
    }

    private static func mend(_ sides: Sides) -> String {
        guard sides.status.mayArchive || !sides.hasOwnRole else {
            return "connect as sluice_archiver: archive.database_url"
        }
        guard sides.status.lastClosed != nil else {
            return "let cron call `sluice run archive` (sluice crontab), with archive.database_url of sluice_archiver"
        }
        return "look at: sluice archive status, sluice archive plan"
    }
}

extension ServerLoad {
    /// What could not be read.
    var unknownSignals: [String] {
        var unknown: [String] = []
        if lagBytes == nil { unknown.append(LoadLimits.Signal.replicaLag.rawValue) }
        if slotBytes == nil { unknown.append(LoadLimits.Signal.replicationSlots.rawValue) }
        if walPosition == nil { unknown.append(LoadLimits.Signal.walRate.rawValue) }
        if archiveQueue == nil { unknown.append(LoadLimits.Signal.archiveQueue.rawValue) }
        if isArchiveFailing == nil { unknown.append(LoadLimits.Signal.archiveFailing.rawValue) }
        return unknown
    }
}
