import BatchFiles
import Cryptography
package import Logging
package import PaymentCore
package import Store

/// Reads queued files twice: pass 1 verifies and writes nothing but its verdict, pass 2 loads what cannot be refused
/// any more, slice by slice (architecture §2).
package struct IntakeStage: Sendable {
    /// Read at a time: some hundreds of records.
    static let pieceBytes = 65_536
    /// The code of a file whose layout nobody knows.
    static let unknownFormat = "unknown_format"

    let store: any AlarmStore & BatchFileStore & SupplementStore
    let configuration: EngineConfiguration
    let clock: any EngineClock

    package init(
        store: any AlarmStore & BatchFileStore & SupplementStore,
        configuration: EngineConfiguration,
        clock: any EngineClock
    ) {
        self.store = store
        self.configuration = configuration
        self.clock = clock
    }

    /// Takes one file a step further, if one waits; answers whether it did.
    ///
    /// Asked to stop in a long file, it gives the lease back between two parts or slices: a file that is being loaded
    /// goes on from there, one that is being verified begins again.
    package func runOnce(worker: WorkerIdentifier, stop: StopSignal, logger: Logger) async throws -> Bool {
        guard
            let file = try await store.claimBatchFile(
                for: .intake,
                worker: worker,
                lease: configuration.limits.fileLease
            )
        else { return false }
        var logger = logger
        logger[metadataKey: "batch"] = "\(file.id)"
        do {
            return try await work(file, stop: stop, logger: logger)
        } catch is AskedToStop {
            try await store.releaseBatchFile(file, after: .zero)
            return false
        } catch {
            // It comes up again soon, not when its long lease ends; a lease that is lost by now is not touched.
            try? await store.releaseBatchFile(file, after: .seconds(5))
            throw error
        }
    }

    private func work(_ file: ClaimedBatchFile, stop: StopSignal, logger: Logger) async throws -> Bool {
        guard let profile = configuration.merchants[file.merchant] else {
            logger.error(
                "file waits: its merchant has no profile; add one to Config/merchants",
                metadata: ["merchant": "\(file.merchant)"]
            )
            try await encryptParts(of: file)
            try await store.releaseBatchFile(file, after: .seconds(30))
            return false
        }
        guard let format = configuration.formats[file.format] else {
            // Of a supplement nothing can be refused: its lines are those of a file that was taken.
            guard file.state == .pending, file.supplement == nil else {
                try await stopLoading(
                    file,
                    code: "layout_missing",
                    message: "batch \(file.id) is verified, and its layout \(file.format) is no longer configured. "
                        + "Nothing of it is sent. Put the layout back, and the file goes on",
                    logger: logger
                )
                return false
            }
            try await encryptParts(of: file)
            let known = configuration.formats.keys.sorted().joined(separator: ", ")
            let note = VerdictNote(
                code: Self.unknownFormat,
                line: 0,
                what: "there is no layout \(file.format)",
                mend: "submit the file again with a format that exists: \(known)"
            )
            return try await record(.refuse(note), judgedBy: nil, of: file, profile: profile, logger: logger)
        }
        let judgement = judgement(of: file, format: format, profile: profile)
        // Only this worker knows it, and only while it has the file.
        var passed: PassedRecords?
        if file.state == .pending {
            let verdict: RecordedVerdict
            if let supplement = file.supplement {
                verdict = try await verify(supplement, of: file, format: format, profile: profile, stop: stop)
            } else {
                (verdict, passed) = try await verify(file, format: format, profile: profile, stop: stop)
            }
            let recorded = try await record(verdict, judgedBy: judgement, of: file, profile: profile, logger: logger)
            FaultPlan.pass(.verdictRecorded)
            guard recorded, case .load = verdict else { return recorded }
        } else {
            guard try await isJudgedAlike(file, by: judgement, logger: logger) else { return false }
            if file.loadPosition == nil {
                guard try await store.admit(file, ceilings: ceilings(for: profile)) else {
                    throw LeaseLost(batch: file.id)
                }
            }
        }
        if let supplement = file.supplement {
            return try await load(supplement, of: file, format: format, profile: profile, stop: stop, logger: logger)
        }
        return try await load(file, format: format, profile: profile, passed: passed, stop: stop, logger: logger)
    }

    /// Dates in a supplement are those that its original was sent with.
    func context(of file: ClaimedBatchFile) -> RecordContext {
        configuration.recordContext(
            merchant: file.merchant,
            direction: file.direction,
            businessDate: file.supplement?.businessDate ?? file.businessDate
        )
    }

    func leaseKeeping(of file: ClaimedBatchFile) -> LeaseKeeping {
        LeaseKeeping(of: file, lease: configuration.limits.fileLease, store: store, clock: clock)
    }

    private func ceilings(for profile: MerchantProfile) -> AmountCeilings {
        AmountCeilings(
            file: profile.ceilings.file,
            merchantDay: profile.ceilings.day,
            deploymentDay: configuration.dayCeilings
        )
    }

    /// No part stays in the clear because nobody can read the file (R15).
    private func encryptParts(of file: ClaimedBatchFile) async throws {
        try await readParts(of: file) { _, _ in }
    }

    /// Calls `body` with the number and the bytes of each part, in their order, while the next is fetched.
    ///
    /// A file without bytes has no part, but a reader must be told that it ends: `body` is called with nothing, once.
    func readParts(
        of file: ClaimedBatchFile,
        _ body: (_ number: Int, _ part: [UInt8]) async throws -> Void
    ) async throws {
        guard file.partCount > 0 else { return try await body(1, []) }
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask { [store] in try await store.takePart(1, of: file) }
            for number in 1...file.partCount {
                guard let part = try await group.next() else { return }
                if number < file.partCount {
                    group.addTask { [store] in try await store.takePart(number + 1, of: file) }
                }
                try await body(number, part)
            }
        }
    }

    // MARK: Pass 1

    private func verify(
        _ file: ClaimedBatchFile,
        format: DeclaredFormat,
        profile: MerchantProfile,
        stop: StopSignal
    ) async throws -> (RecordedVerdict, PassedRecords?) {
        var hasher = SHA256Hasher()
        var verification = FileVerification(
            format: format,
            rules: profile.rules,
            tolerance: profile.tolerance,
            context: context(of: file),
            direction: file.direction,
            tellsWarnings: false
        )
        var keeping = leaseKeeping(of: file)
        try await readParts(of: file) { number, part in
            if stop.isRequested { throw AskedToStop() }
            try await keeping.renewIfDue()
            hasher.update(part)
            // Read on to the end also when it is refused: the hash is verified, and no part stays in the clear.
            try verification.read(part[...], isLast: number >= file.partCount)
        }
        return (verdict(of: file, after: verification, hash: hasher.finalize()), verification.passed)
    }

    private func verdict(
        of file: ClaimedBatchFile,
        after verification: borrowing FileVerification,
        hash: [UInt8]
    ) -> RecordedVerdict {
        guard hash == file.contentSHA256 else {
            return .refuse(
                VerdictNote(
                    code: "content_hash_mismatch",
                    line: 0,
                    what: "the bytes received are not those that the file was sealed with",
                    mend: "send the file again; if it happens twice, look at what changes it on its way"
                )
            )
        }
        if verification.refusal == nil,
            let unknown = file.declaredSums.keys.sorted().first(where: { Currency(code: $0) == nil })
        {
            return .refuse(
                VerdictNote(
                    code: "declared_currency_unknown",
                    line: 0,
                    what: "a sum is declared in \(unknown), which is no currency of orders",
                    mend: "declare sums under ISO 4217 codes"
                )
            )
        }
        let totals = verification.totals
        switch verification.verdict(submitted: submittedTotals(of: file)) {
        case .load:
            return .load(
                recordCount: totals.records,
                amountUnreadable: totals.totals.amountUnreadable,
                accepted: totals.accepted
            )
        case .refuse(let defect): return .refuse(VerdictNote(defect))
        case .hold(let hold):
            let note = VerdictNote(code: hold.code.rawValue, line: 0, what: hold.what, mend: hold.mend)
            return .hold(
                note,
                recordCount: totals.records,
                amountUnreadable: totals.totals.amountUnreadable,
                accepted: totals.accepted
            )
        }
    }

    /// What was declared with the submission.
    private func submittedTotals(of file: ClaimedBatchFile) -> DeclaredTotals? {
        let sums = file.declaredSums.compactMap { code, sum in Currency(code: code).map { ($0, Int128(sum)) } }
        return DeclaredTotals(submittedCount: file.declaredCount, sums: Dictionary(uniqueKeysWithValues: sums))
    }

    private func record(
        _ verdict: RecordedVerdict,
        judgedBy: [UInt8]?,
        of file: ClaimedBatchFile,
        profile: MerchantProfile,
        logger: Logger
    ) async throws -> Bool {
        let recorded = try await store.recordVerdict(
            verdict,
            judgedBy: judgedBy,
            of: file,
            ceilings: ceilings(for: profile),
            duplicates: profile.duplicates
        )
        switch verdict {
        case .load(let records, _, _):
            logger.info("file verified", metadata: ["records": "\(records)", "recorded": "\(recorded)"])
        case .hold(let note, _, _, _):
            logger.warning("file held for a person", metadata: ["code": "\(note.code)", "recorded": "\(recorded)"])
        case .refuse(let note):
            logger.warning(
                "file refused",
                metadata: ["code": "\(note.code)", "line": "\(note.line)", "recorded": "\(recorded)"]
            )
        }
        return recorded
    }
}

/// Thrown between two parts or slices when the worker is asked to stop.
struct AskedToStop: Error {}

/// Another worker took the file over: this one stops, and has written nothing since.
package struct LeaseLost: Error, CustomStringConvertible, Sendable {
    package let batch: BatchIdentifier

    package var description: String { "batch \(batch): the lease is another worker's now; it goes on there" }
}
