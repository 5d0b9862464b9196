import BatchFiles
import Logging
import PaymentCore
import Store

/// A refused file is answered where its format has an answer for that: pain.002 has, with the group rejected.
extension SettlementStage {
    /// Writes the report of a refused file, or settles that there is none.
    func answer(_ file: ClaimedBatchFile, logger: Logger) async throws -> Step {
        guard let refusal = try await store.refusal(of: file) else { return .nothing }
        // Nobody knows of a layout that there is none of; of one that is gone, somebody may put it back.
        if configuration.formats[file.format] == nil, refusal.note.code != IntakeStage.unknownFormat {
            return try await waitForLayout(of: file, logger: logger)
        }
        guard refusal.isKept, case .statusReport(let layout, let wrapping) = resultFormat(of: file) else {
            try await store.leaveUnanswered(file)
            logger.info("refused file has no result file", metadata: ["batch": "\(file.id)"])
            return .answered
        }
        let reason = RefusalReason(refusal)
        let fileName = file.fileName + ResultFormat.statusReport(layout, wrapping: wrapping).nameSuffix
        let written = try await store.writeResultFile(of: file, fileName: fileName) { material, emit in
            var production = ResultProduction(from: material)
            return try production.runRefusal(reason, layout: layout, wrapping: wrapping, emit: emit)
        }
        guard let written else { return .nothing }
        FaultPlan.pass(.resultWritten)
        logger.info(
            "refusal reported",
            metadata: ["batch": "\(file.id)", "code": "\(reason.code)", "reason": "\(reason.externalCode)"]
        )
        precondition(written.isFinal, "a report without lines is not final")
        return .written
    }
}

extension RefusalReason {
    init(_ refusal: FileRefusal) {
        self.init(
            code: refusal.note.code,
            line: refusal.note.line,
            byteOffset: refusal.note.byteOffset,
            what: refusal.note.what,
            mend: refusal.note.mend,
            heldFor: refusal.heldFor
        )
    }
}
