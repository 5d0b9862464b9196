import BatchFiles
package import Logging
package import PaymentCore
package import Store

/// Tells the merchant: writes the next version of a file's result when nothing is left to do by itself, or when the
/// merchant's deadline has come, whatever is still open (architecture §3, *Result file*).
package struct SettlementStage: Sendable {
    /// What was done for one file.
    enum Step: Sendable {
        case written
        /// A refused file gets no result file, nor does a supplement.
        case answered
        /// Another turn may find something to do for it.
        case nothing
    }

    let store: any BatchFileStore & ResultFileStore & SupplementStore
    let configuration: EngineConfiguration

    package init(
        store: any BatchFileStore & ResultFileStore & SupplementStore,
        configuration: EngineConfiguration
    ) {
        self.store = store
        self.configuration = configuration
    }

    /// Writes one file's result, if one is due; answers whether a version was written.
    package func runOnce(worker: WorkerIdentifier, logger: Logger) async throws -> Bool {
        // Files that get none keep nobody waiting: the next one is looked for at once.
        while true {
            let claimed = try await store.claimBatchFile(
                for: .settlement,
                worker: worker,
                lease: configuration.limits.fileLease
            )
            guard let file = claimed else { return false }
            do {
                switch try await step(file, logger: logger) {
                case .written: return true
                case .nothing: return false
                case .answered: continue
                }
            } catch {
                // It comes up again soon, not when its long lease ends; a lease that is lost by now is not touched.
                try? await store.releaseBatchFile(file, after: .seconds(5))
                throw error
            }
        }
    }

    private func step(_ file: ClaimedBatchFile, logger: Logger) async throws -> Step {
        if file.supplement != nil { return try await settle(file, logger: logger) }
        return file.state == .refused
            ? try await answer(file, logger: logger) : try await work(file, logger: logger)
    }

    /// Looks whether a supplement is finished; what became of its lines is told by the result of its original.
    private func settle(_ supplement: ClaimedBatchFile, logger: Logger) async throws -> Step {
        if supplement.state == .refused {
            try await store.leaveUnanswered(supplement)
            return .answered
        }
        guard let look = try await store.settleSupplement(supplement) else { return .answered }
        if look.isFinished {
            logger.info("supplement finished", metadata: ["batch": "\(supplement.id)"])
        } else {
            try await store.releaseBatchFile(supplement, after: .minutes(1))
        }
        return .answered
    }

    /// The format of a file's result; nil where its layout is not known.
    func resultFormat(of file: ClaimedBatchFile) -> ResultFormat? {
        let kind = configuration.merchants[file.merchant]?.results ?? .same
        return configuration.formats[file.format].map { ResultFormat(answering: $0, as: kind) }
    }

    /// Leaves a file to a later turn, when somebody may have put its layout back.
    func waitForLayout(of file: ClaimedBatchFile, logger: Logger) async throws -> Step {
        logger.error(
            "no result file: the layout of this batch is no longer configured; put it back into Config/layouts",
            metadata: ["batch": "\(file.id)", "format": "\(file.format)"]
        )
        try await store.releaseBatchFile(file, after: .minutes(5))
        return .nothing
    }

    private func work(_ file: ClaimedBatchFile, logger: Logger) async throws -> Step {
        guard let resultFormat = resultFormat(of: file) else {
            return try await waitForLayout(of: file, logger: logger)
        }
        let fileName = file.fileName + resultFormat.nameSuffix
        let written = try await store.writeResultFile(of: file, fileName: fileName) { material, emit in
            var production = ResultProduction(from: material)
            switch resultFormat {
            case .delimited(let layout, let splitsRecords):
                return try production.run(check: DelimitedResultCheck(layout: layout), emit: emit) { _ in
                    DelimitedResultWriter(layout: layout, splitsRecords: splitsRecords)
                }
            case .statusReport(let layout, let wrapping):
                return try production.runStatusReport(layout: layout, wrapping: wrapping, emit: emit)
            case .returns(let layout, let wrapping):
                return try production.runReturns(layout: layout, wrapping: wrapping, emit: emit)
            }
        }
        if written != nil { FaultPlan.pass(.resultWritten) }
        if written?.isFinal != true {
            // It comes up again when a person has decided something, or another version is due.
            try await store.releaseBatchFile(file, after: .minutes(1))
        }
        if let written {
            logger.info(
                "result file written",
                metadata: [
                    "batch": "\(file.id)", "version": "\(written.version)", "final": "\(written.isFinal)",
                    "lines": "\(written.lineCount)",
                ]
            )
        }
        return written == nil ? .nothing : .written
    }
}
