import Glibc
import Synchronization

/// A place between two steps of the engine at which a test may kill or stop the process; the raw value is its name.
///
/// Each lies where something is committed, or is about to be, so that a kill at every one of them visits every state
/// that a dead process can leave behind.
package enum FaultPoint: String, CaseIterable, Sendable, Hashable {
    /// A file's verdict is committed, none of its records is loaded.
    case verdictRecorded = "verdict_recorded"
    /// A slice of records is on its way into the database: nothing, some or all of it is written, beside another one.
    case sliceUnderWay = "slice_under_way"
    /// A slice of records is committed, the file is not yet loaded.
    case sliceLoaded = "slice_loaded"
    /// All records of a file are in, and nobody has planned them.
    case fileLoaded = "file_loaded"
    case planRecorded = "plan_recorded"
    /// Work is leased, and nothing is done with it.
    case chunkClaimed = "chunk_claimed"
    /// A submission is composed, its intent is not committed.
    case beforeIntent = "before_intent"
    /// An intent with its send is committed; the last look at the clock is ahead, and no byte has left.
    case intentCommitted = "intent_committed"
    /// The record of a query or of a resend is committed; no byte has left.
    case callCommitted = "call_committed"
    /// The last look at the clock is over, and the first byte leaves next.
    case beforeFirstByte = "before_first_byte"
    /// A call has ended, and what was heard is only in memory.
    case callEnded = "call_ended"
    /// What was heard is committed.
    case outcomeRecorded = "outcome_recorded"
    case resultWritten = "result_written"
    /// A run holds its window, and has done nothing.
    case runBegun = "run_begun"
    /// A run has ended, and nobody was told.
    case runEnded = "run_ended"

    /// The lease of archiving is had, and nothing is done under it.
    case archiveLeaseTaken = "archive_lease_taken"
    /// A day takes no files any more, and nothing of it is prepared.
    case archiveDayBegun = "archive_day_begun"
    /// Changes of a table's day are noted from now on.
    case archivePrepared = "archive_prepared"
    case archiveValidated = "archive_validated"
    case archiveSliceCounted = "archive_slice_counted"
    case archiveCounted = "archive_counted"
    case archiveBeforeSwap = "archive_before_swap"
    /// Within the transaction of a swap: everything is done, and nothing is committed.
    case archiveSwapSent = "archive_swap_sent"
    /// A day is in history, and nobody has read it there.
    case archiveSwapped = "archive_swapped"
    /// Held rows of it, if any, are back in the live table, or some of them.
    case archiveHeldCarried = "archive_held_carried"
    case archiveSliceVerified = "archive_slice_verified"
    /// A day was read, and its entry is not closed.
    case archiveVerified = "archive_verified"
    case archiveClosed = "archive_closed"
    case archiveChunkMoved = "archive_chunk_moved"
    /// A pass over rows is begun, and none is moved.
    case archiveRowPassBegun = "archive_row_pass_begun"
    /// The live partition of a day that went by rows is gone.
    case archiveRetired = "archive_retired"
    /// After a mismatch a day is back, and archiving is stopped.
    case archivePutBack = "archive_put_back"
    /// One table of a day that people want back is live again, others may not be.
    case archiveReversed = "archive_reversed"
    // MARK: Reviewing, in the order of a release
    /// What an approval does is done, and its COMMIT is not sent.
    case reviewApprovalSent = "review_approval_sent"
    /// It is committed, and nobody has told the person.
    case reviewApprovalCommitted = "review_approval_committed"
}

extension FaultPoint {
    /// What of the product passes a point.
    package enum Part: Sendable {
        /// Workers and runs that make payments.
        case payments
        case archiving
        /// Commands of people.
        case reviewing
    }

    package var part: Part {
        if rawValue.hasPrefix("archive_") { return .archiving }
        return rawValue.hasPrefix("review_") ? .reviewing : .payments
    }

    /// The points that one part passes, in the order in which it does.
    package static func points(of part: Part) -> [FaultPoint] { allCases.filter { $0.part == part } }
}

/// A fault that a process does to itself at the n-th passing of a point: for tests, in class `test` only (R13).
package final class FaultPlan: Sendable {
    /// What the process does to itself.
    package enum Deed: String, Sendable {
        case kill
        case stop

        var signal: Int32 { self == .kill ? SIGKILL : SIGSTOP }
    }

    /// The plan of the tasks below, if there is one.
    @TaskLocal package static var current: FaultPlan?

    private let deed: Deed
    private let point: FaultPoint
    private let occurrence: Int
    private let passings = Mutex(0)

    /// `occurrence`: from 1.
    package init(_ deed: Deed, at point: FaultPoint, occurrence: Int) {
        precondition(occurrence >= 1, "passings are counted from 1")
        self.deed = deed
        self.point = point
        self.occurrence = occurrence
    }

    /// Reads `DEED@POINT:OCCURRENCE`, as in `kill@intent_committed:3`; nil for anything else.
    package convenience init?(_ text: String) {
        let sides = text.split(separator: "@", omittingEmptySubsequences: false)
        guard sides.count == 2, let deed = Deed(rawValue: String(sides[0])) else { return nil }
        let parts = sides[1].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let point = FaultPoint(rawValue: String(parts[0])), let occurrence = Int(parts[1]),
            (1...1_000_000).contains(occurrence)
        else { return nil }
        self.init(deed, at: point, occurrence: occurrence)
    }

    /// Passes a point under the plan of this task, if it has one.
    package static func pass(_ point: FaultPoint) {
        current?.pass(point)
    }

    /// What passes a point when called, for code that knows nothing of plans.
    package func passing(_ point: FaultPoint) -> @Sendable () -> Void {
        { self.pass(point) }
    }

    /// Passes a point: nothing, or the end or the sleep of the whole process.
    ///
    /// The count is kept while the signal is sent, so that no other thread passes meanwhile.
    package func pass(_ point: FaultPoint) {
        guard point == self.point else { return }
        passings.withLock { passings in
            passings += 1
            // To this thread: a signal to the process would let this thread run on until another one has taken it.
            if passings == occurrence { raise(deed.signal) }
        }
    }
}
