import BatchFiles
import Cryptography
import Logging
import PaymentCore
import Store

/// Both passes over a file are made by the same rules, or the second is not made.
extension IntakeStage {
    /// The SHA-256 of all that a file's records are judged by.
    func judgement(of file: ClaimedBatchFile, format: DeclaredFormat, profile: MerchantProfile) -> [UInt8] {
        let rules = profile.rules.accepting(file.supplement?.acceptedCodes ?? [])
        return SHA256.hash(JudgementBasis(format: format, rules: rules, context: context(of: file)).bytes)
    }

    /// Whether pass 2 may go on, because it judges by what pass 1 judged by.
    ///
    /// Else the file is verified anew if nothing of it is loaded, and waits for the old configuration if something is.
    func isJudgedAlike(_ file: ClaimedBatchFile, by judgement: [UInt8], logger: Logger) async throws -> Bool {
        // Of a file that is loaded in part, and that was verified before this was kept, nobody knows.
        if file.judgedBy == judgement || (file.judgedBy == nil && file.loadPosition != nil) { return true }
        guard file.loadPosition == nil else {
            try await stopLoading(
                file,
                code: "configuration_changed",
                message: "part of batch \(file.id) is loaded, and the rest would be judged by another configuration "
                    + "than the one it was verified by. Nothing of it is sent. Put back what records of merchant "
                    + "\(file.merchant) are judged by (layout \(file.format), records of the merchant, calendar, text "
                    + "and limits of its channels), and the file goes on; change it again when it is split",
                logger: logger
            )
            return false
        }
        logger.warning("file is verified anew: what it was judged by has changed")
        guard try await store.judgeAnew(file) else { throw LeaseLost(batch: file.id) }
        return false
    }

    /// Leaves a file as it is and calls somebody.
    func stopLoading(_ file: ClaimedBatchFile, code: String, message: String, logger: Logger) async throws {
        logger.error("load stopped", metadata: ["code": "\(code)", "what": "\(message)"])
        try await store.raise([RaisedAlarm(kind: .loadStopped, batch: file.id, code: code, message: message)])
        try await store.releaseBatchFile(file, after: .minutes(1))
    }
}
