package import PaymentCore

/// What the engine asks of a database about jobs and their runs.
///
/// A run is keyed by its job and the start of its window; every write of a run carries its epoch and is refused when
/// another start has taken the run over.
package protocol RunStore: Sendable {
    /// Since when the job is known with these windows, on the database's clock; from then on a window can be missed.
    ///
    /// The first start tells it, and one with other windows begins anew; otherwise nothing is written.
    ///
    /// `schedule`: the windows as one line of text.
    func knownSince(job: String, schedule: String) async throws -> Timestamp

    /// Those of these windows that no run was ever begun for, in the given order.
    func windowsWithoutRun(job: String, starts: [Timestamp]) async throws -> [Timestamp]

    /// Books windows as skipped and raises the alarm once for each, in one transaction; answers which it booked.
    ///
    /// A window that has a run by now is left alone, so that of several starts one books it.
    func skipWindows(job: String, starts: [Timestamp], alarm: RaisedAlarm) async throws -> [Timestamp]

    /// Ends, as failed, runs of earlier windows whose worker died and that nobody will take over any more; answers
    /// their starts.
    func closeDeadRuns(job: String, before: Timestamp, silentFor: TimeSpan) async throws -> [Timestamp]

    /// Begins, takes over or refuses the run of a job in a window.
    ///
    /// A start that is refused writes nothing.
    func beginRun(_ start: RunStart) async throws -> RunClaim

    /// Opens a new pass of a run that is done, because work came since; `alive` if another start was faster.
    func reopenRun(_ start: RunStart, pass: Int32) async throws -> RunClaim

    /// Goes on holding the run; false if it is not this epoch's any more, and its holder must stop.
    func renewRun(job: String, windowStart: Timestamp, epoch: LeaseEpoch, lease: TimeSpan) async throws -> Bool

    /// Ends the run, adding to its summary what this pass did; false, and nothing is written, if it was taken over.
    func endRun(
        job: String,
        windowStart: Timestamp,
        epoch: LeaseEpoch,
        succeeded: Bool,
        summary: [String: Int64]
    ) async throws -> Bool
}

/// Who wants to begin which run.
package struct RunStart: Sendable, Hashable {
    package let job: String
    package let windowStart: Timestamp
    package let worker: WorkerIdentifier
    package let lease: TimeSpan
    /// A worker silent for longer is dead, and its run is taken over before its lease ends.
    package let silence: TimeSpan

    package init(
        job: String,
        windowStart: Timestamp,
        worker: WorkerIdentifier,
        lease: TimeSpan,
        silence: TimeSpan
    ) {
        self.job = job
        self.windowStart = windowStart
        self.worker = worker
        self.lease = lease
        self.silence = silence
    }
}

/// What a start of a job finds.
package enum RunClaim: Sendable, Hashable {
    case begun(epoch: LeaseEpoch, pass: Int32)
    /// A dead or failed run was taken over: the same run.
    case takenOver(epoch: LeaseEpoch, pass: Int32)
    /// Another process works in this window.
    case alive
    /// Done, or skipped.
    case done(pass: Int32)
}
