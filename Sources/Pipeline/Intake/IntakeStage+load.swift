import BatchFiles
import Logging
import PaymentCore
import Store

extension IntakeStage {
    /// Slices on their way into the database at once: one is written while the next is made ready.
    private static let slicesUnderWayMax = 2

    /// Pass 2: loads what pass 1 let pass, slice by slice, from the saved position on.
    ///
    /// `passed`: what pass 1 found to be orders just now, if this worker made it: they are not judged again. Answers
    /// whether the file is split.
    func load(
        _ file: ClaimedBatchFile,
        format: DeclaredFormat,
        profile: MerchantProfile,
        passed: PassedRecords?,
        stop: StopSignal,
        logger: Logger
    ) async throws -> Bool {
        let start = file.loadPosition.map(ReadPosition.init) ?? .start
        var checker = RecordChecker(
            form: format.form,
            rules: profile.rules,
            context: context(of: file),
            tellsWarnings: false
        )
        // Where a record is judged by those before it, they are read again, and not loaded again.
        var reader = BatchFileReader(
            format: format.format,
            wrapping: format.wrapping,
            startingAt: checker.setsRepeatsAside ? .start : start
        )
        // Nor is one left out of those by which others are judged.
        let passed = checker.setsRepeatsAside ? nil : passed
        var filling = LoadSlice(position: LoadPosition(start))
        var full: [LoadSlice] = []
        var partStart: Int64 = 0
        var keeping = leaseKeeping(of: file)
        let sliceRecords = configuration.limits.sliceRecords
        let duplicates = try await withThrowingTaskGroup(of: SlicesUnderWay.Answer.self) { group in
            var underWay = SlicesUnderWay(of: file, duplicates: profile.duplicates, store: store)
            try await readParts(of: file) { number, part in
                if stop.isRequested { return }
                defer { partStart += Int64(part.count) }
                // What lies before the reader's first byte is in already.
                let skipped = max(0, reader.byteOffset - partStart)
                guard skipped < part.count || number >= file.partCount else { return }
                var rest = part[min(Int(skipped), part.count)...]
                repeat {
                    try await keeping.renewIfDue()
                    // In pieces, so that no more than a few slices and a piece wait in memory.
                    let piece = rest.prefix(Self.pieceBytes)
                    rest = rest.dropFirst(piece.count)
                    let isLast = number >= file.partCount && rest.isEmpty
                    try reader.read(piece, isLast: isLast) { record in
                        let isKnown = passed?.contains(record.ordinal) == true
                        if isKnown { checker.take(record) }
                        let isOrder = isKnown || checker.judge(record)
                        guard record.ordinal.value > start.recordOrdinal else { return }
                        filling.append(record, judgedBy: &checker, isOrder: isOrder)
                        filling.position = LoadPosition(record.next)
                        guard filling.isFull(records: sliceRecords) else { return }
                        full.append(filling)
                        filling = LoadSlice(after: filling)
                    }
                    if isLast, filling.count > 0 { full.append(filling) }
                    for slice in full {
                        try await underWay.waitForRoom(max: Self.slicesUnderWayMax, in: &group)
                        if stop.isRequested { return }
                        underWay.add(slice, to: &group)
                    }
                    full.removeAll(keepingCapacity: true)
                } while !rest.isEmpty
            }
            try await underWay.waitForRoom(max: 1, in: &group)
            if stop.isRequested { throw AskedToStop() }
            return underWay.duplicatesFound
        }
        return try await finishLoading(file, profile: profile, duplicates: duplicates, logger: logger)
    }

    /// Ends pass 2; answers whether the file is split.
    func finishLoading(
        _ file: ClaimedBatchFile,
        profile: MerchantProfile,
        duplicates: Int,
        logger: Logger
    ) async throws -> Bool {
        try await warnOfSamePayments(in: file, profile: profile, logger: logger)
        switch try await store.finishLoading(file) {
        case .split: break
        case .stale: throw LeaseLost(batch: file.id)
        case .unlikeVerdict(let what):
            try await stopLoading(
                file,
                code: "unlike_verdict",
                message:
                    "batch \(file.id) is loaded, and it is not what was verified: \(what). Nothing of it is planned "
                    + "or sent, and it stays so. Find out which program or configuration loaded it before anything "
                    + "else is done about it",
                logger: logger
            )
            return false
        }
        FaultPlan.pass(.fileLoaded)
        logger.info("file loaded", metadata: ["duplicates": "\(duplicates)"])
        return true
    }
}

extension IntakeStage {
    private func warnOfSamePayments(
        in file: ClaimedBatchFile,
        profile: MerchantProfile,
        logger: Logger
    ) async throws {
        guard let days = profile.duplicates.samePaymentDays else { return }
        do {
            let found = try await store.warnOfSamePayments(in: file, days: days)
            guard found > 0 else { return }
            logger.warning("orders pay what others near in time pay", metadata: ["orders": "\(found)"])
        } catch {
            // A warning never keeps a file from its way, and that there is none is a warning too.
            logger.error("same payments were not looked for", metadata: ["error": "\(error)"])
            try await store.warnOfNoComparison(of: file)
        }
    }
}
