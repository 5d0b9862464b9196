import Cryptography
import PaymentCore
import Pipeline
import Store
import Synchronization

/// A store of one batch file, which it hands to intake in small parts, and which may ask to stop at each slice.
final class IntakeDesk: BatchFileStore {
    private struct State {
        var verdict: RecordedVerdict?
        var slices: [LoadSlice] = []
        var isFinished = false
        var stop = StopSignal()
    }

    private let bytes: [UInt8]
    private let partBytes: Int
    private let stopsAtEachSlice: Bool
    private let state = Mutex(State())

    init(bytes: [UInt8], partBytes: Int, stopsAtEachSlice: Bool) {
        self.bytes = bytes
        self.partBytes = partBytes
        self.stopsAtEachSlice = stopsAtEachSlice
    }

    var verdict: RecordedVerdict? { state.withLock(\.verdict) }
    /// What was loaded, in the order in which it came.
    var slices: [LoadSlice] { state.withLock(\.slices) }

    /// Whether intake has nothing left to do for the file.
    var isDone: Bool {
        state.withLock { state in
            switch state.verdict {
            case nil: false
            case .load: state.isFinished
            case .hold, .refuse: true
            }
        }
    }

    /// The signal of the turn that is about to begin.
    func begin(_ stop: StopSignal) { state.withLock { $0.stop = stop } }

    func claimBatchFile(
        for stage: FileStage,
        worker: WorkerIdentifier,
        lease: TimeSpan
    ) async throws -> ClaimedBatchFile? {
        guard let date = BusinessDate(year: 2_026, month: 3, day: 2) else { throw SceneFailure("no such day") }
        let (isVerified, position) = state.withLock { ($0.verdict != nil, $0.slices.last?.position) }
        return ClaimedBatchFile(
            id: BatchIdentifier(1),
            merchant: EngineScene.merchant,
            direction: .payout,
            format: "payout-csv",
            fileName: "payout.csv",
            businessDate: date,
            state: isVerified ? .splitting : .pending,
            contentSHA256: SHA256.hash(bytes),
            contentBytes: Int64(bytes.count),
            partCount: (bytes.count + partBytes - 1) / partBytes,
            declaredCount: nil,
            declaredSums: [:],
            recordCount: nil,
            loadPosition: position,
            epoch: LeaseEpoch(1)
        )
    }

    func takePart(_ number: Int, of file: ClaimedBatchFile) async throws -> [UInt8] {
        Array(bytes[(number - 1) * partBytes..<min(bytes.count, number * partBytes)])
    }

    func recordVerdict(
        _ verdict: RecordedVerdict,
        of file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        duplicates: DuplicateRules
    ) async throws -> Bool {
        state.withLock { $0.verdict = verdict }
        return true
    }

    func load(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        turn: LoadTurn,
        duplicates: DuplicateRules
    ) async throws -> LoadOutcome {
        guard turn.wait(atMost: .seconds(10)) else { return .outOfTurn }
        state.withLock { state in
            state.slices.append(slice)
            if stopsAtEachSlice { state.stop.request() }
        }
        return .loaded(duplicates: 0)
    }

    func warnOfSamePayments(in file: ClaimedBatchFile, days: Int) async throws -> Int64 { 0 }

    func warnOfNoComparison(of file: ClaimedBatchFile) async throws {}

    func finishLoading(_ file: ClaimedBatchFile) async throws -> LoadOutcome {
        state.withLock { $0.isFinished = true }
        return .loaded(duplicates: 0)
    }

    func admit(_ file: ClaimedBatchFile, ceilings: AmountCeilings) async throws -> Bool { true }

    func renewBatchFile(_ file: ClaimedBatchFile, lease: TimeSpan) async throws -> Bool { true }

    func releaseBatchFile(_ file: ClaimedBatchFile, after delay: TimeSpan) async throws {}

    func freeBatchFiles(of worker: WorkerIdentifier, for stage: FileStage) async throws -> Int { 0 }

    func submitBatchFile(
        _ file: BatchFileToSubmit,
        part: @Sendable (Int) async throws -> [UInt8]
    ) async throws -> BatchIdentifier { throw SceneFailure("the desk has its file from the beginning") }

    func ordersToPlan(of file: ClaimedBatchFile, after line: LineNumber, limit: Int) async throws -> [OrderToPlan] {
        throw SceneFailure("the desk is for intake only")
    }

    func recordPlan(
        _ chunks: [PlannedChunk],
        unroutable: [LineNumber],
        of file: ClaimedBatchFile
    ) async throws -> Bool { throw SceneFailure("the desk is for intake only") }
}
