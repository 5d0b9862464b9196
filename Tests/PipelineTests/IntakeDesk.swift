import Cryptography
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Synchronization

/// A store of one batch file, which it hands to intake in small parts, and which may ask to stop at each slice.
///
/// With records it is a supplement: a file without bytes.
final class IntakeDesk: AlarmStore, BatchFileStore, SupplementStore {
    private struct State {
        var verdict: RecordedVerdict?
        var judgedBy: [UInt8]?
        var timesJudged = 0
        var alarms: [RaisedAlarm] = []
        var renewals = 0
        var renewalsBeforeSlices: [Int] = []
        var isUncompared = false
        var slices: [LoadSlice] = []
        var isFinished = false
        var stop = StopSignal()
    }

    private let bytes: [UInt8]
    private let records: [SupplementRecord]
    private let accepted: [String]
    private let partBytes: Int
    private let stopsAtEachSlice: Bool
    /// Passes while a part is fetched.
    private let partSpan: TimeSpan
    private let end: LoadEnd
    /// Whether its orders can be compared with those of others.
    private let isComparable: Bool
    /// Whether the first verdict holds the file, and a person lets it in at once.
    private let isHeldAtFirst: Bool
    let clock = SceneClock()
    private let state = Mutex(State())

    /// `end`: what becomes of the file when all of it is in.
    init(
        bytes: [UInt8],
        partBytes: Int,
        stopsAtEachSlice: Bool,
        partSpan: TimeSpan = .zero,
        end: LoadEnd = .split,
        isComparable: Bool = true,
        isHeldAtFirst: Bool = false,
        records: [SupplementRecord] = [],
        accepted: [String] = []
    ) {
        self.records = records
        self.accepted = accepted
        self.isComparable = isComparable
        self.isHeldAtFirst = isHeldAtFirst
        self.partSpan = partSpan
        self.end = end
        self.bytes = bytes
        self.partBytes = partBytes
        self.stopsAtEachSlice = stopsAtEachSlice
    }

    var verdict: RecordedVerdict? { state.withLock(\.verdict) }
    /// How often pass 1 came to a verdict.
    var timesJudged: Int { state.withLock(\.timesJudged) }
    var alarms: [RaisedAlarm] { state.withLock(\.alarms) }
    var renewals: Int { state.withLock(\.renewals) }
    /// How often the lease had been renewed when each slice came.
    var renewalsBeforeSlices: [Int] { state.withLock(\.renewalsBeforeSlices) }
    /// Whether it was said that the orders were compared with no others.
    var isUncompared: Bool { state.withLock(\.isUncompared) }
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
        let (judgedBy, position) = state.withLock { ($0.judgedBy, $0.slices.last?.position) }
        return ClaimedBatchFile(
            id: BatchIdentifier(1),
            merchant: EngineScene.merchant,
            direction: .payout,
            format: "payout-csv",
            fileName: "payout.csv",
            businessDate: date,
            state: judgedBy != nil ? .splitting : .pending,
            contentSHA256: SHA256.hash(bytes),
            contentBytes: Int64(bytes.count),
            partCount: (bytes.count + partBytes - 1) / partBytes,
            declaredCount: nil,
            declaredSums: [:],
            recordCount: nil,
            judgedBy: judgedBy,
            loadPosition: position,
            epoch: LeaseEpoch(1),
            supplement: records.isEmpty
                ? nil : SupplementOrigin(original: BatchIdentifier(1), businessDate: date, accepted: accepted)
        )
    }

    func supplementRecords(
        of file: ClaimedBatchFile,
        after line: LineNumber,
        limit: Int
    ) async throws -> [SupplementRecord] { Array(records.drop { $0.line <= line }.prefix(limit)) }

    func settleSupplement(_ file: ClaimedBatchFile) async throws -> SupplementLook? {
        throw SceneFailure("the desk is for intake only")
    }

    func takePart(_ number: Int, of file: ClaimedBatchFile) async throws -> [UInt8] {
        clock.manual.advance(by: partSpan)
        return Array(bytes[(number - 1) * partBytes..<min(bytes.count, number * partBytes)])
    }

    func recordVerdict(
        _ verdict: RecordedVerdict,
        judgedBy: [UInt8]?,
        of file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        duplicates: DuplicateRules
    ) async throws -> Bool {
        state.withLock { state in
            state.verdict = verdict
            state.judgedBy = judgedBy
            state.timesJudged += 1
            return !(isHeldAtFirst && state.timesJudged == 1)
        }
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
            state.renewalsBeforeSlices.append(state.renewals)
            if stopsAtEachSlice { state.stop.request() }
        }
        return .loaded(duplicates: 0)
    }

    func warnOfSamePayments(in file: ClaimedBatchFile, days: Int) async throws -> Int64 {
        guard isComparable else { throw SceneFailure("nobody can compare them") }
        return 0
    }

    func warnOfNoComparison(of file: ClaimedBatchFile) async throws { state.withLock { $0.isUncompared = true } }

    func judgeAnew(_ file: ClaimedBatchFile) async throws -> Bool {
        state.withLock { $0.judgedBy = nil }
        return true
    }

    func finishLoading(_ file: ClaimedBatchFile) async throws -> LoadEnd {
        state.withLock { $0.isFinished = end == .split }
        return end
    }

    func raise(_ alarms: [RaisedAlarm]) async throws { state.withLock { $0.alarms += alarms } }

    func admit(_ file: ClaimedBatchFile, ceilings: AmountCeilings) async throws -> Bool { true }

    func renewBatchFile(_ file: ClaimedBatchFile, lease: TimeSpan) async throws -> Bool {
        state.withLock { $0.renewals += 1 }
        return true
    }

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
