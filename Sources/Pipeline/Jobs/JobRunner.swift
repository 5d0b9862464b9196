import Logging
package import PaymentCore
import Store
import Synchronization

/// One start of a job: what cron calls.
///
/// Safe to start at any time, any number of times: the run of a window is one row, whoever starts it.
package struct JobRunner: Sendable {
    /// How a start ended; the command turns it into an exit code.
    package enum Outcome: Sendable, Hashable {
        /// All that was due is done.
        case done
        /// Nothing was to be done: this window's run is over, and nothing has come since.
        case alreadyDone
        case outsideWindow
        /// Another run holds the window.
        case held
        /// Another start took the run over from this one, which stopped.
        case lost
        /// Stopped at the deadline, or by a signal, with due work left.
        case workLeft
        /// Archiving is stopped, by a person or after a mismatch.
        case stopped
        /// Archiving found what it must not go on with, or failed again and again.
        case failed
    }

    /// What a start did.
    package struct Report: Sendable, Hashable {
        package internal(set) var outcome: Outcome
        /// The window that is open now; nil outside of one.
        package internal(set) var window: JobWindow.Opening?
        /// Starts of missed windows that were booked as skipped now.
        package internal(set) var skipped: [Timestamp] = []
        /// Starts of missed windows whose runs were made up for now.
        package internal(set) var caughtUp: [Timestamp] = []
        /// What was done, by name; empty if no run was begun.
        package internal(set) var counts: [String: Int64] = [:]
        /// In words for people: why archiving is not done, or what it left out.
        package internal(set) var reasons: [String] = []
    }

    /// How long before a calendar's end somebody is told.
    private static let calendarDaysAhead: Int32 = 30

    private let job: JobDefinition
    private let makeEngine: @Sendable () -> Engine
    /// For what is not work: the store, the clock, the log.
    private let engine: Engine
    private let current = CurrentExecution()

    /// `makeEngine`: a fresh engine with an identity of its own, one for each run.
    package init(job: JobDefinition, makeEngine: @escaping @Sendable () -> Engine) {
        self.job = job
        self.makeEngine = makeEngine
        engine = makeEngine()
    }

    /// Runs the job in the window that is open now, after those that are to be caught up.
    ///
    /// Throws `WorkingCalendar.UncoveredDay`, after an alarm, if nobody has said whether today is a working day.
    package func run(host: String, processIdentifier: Int32, stop: StopSignal) async throws -> Report {
        let now = engine.clock.now()
        let process = (host: host, identifier: processIdentifier)
        let known = try await engine.store.knownSince(job: job.name, schedule: job.schedule.text)
        let missed = try await engine.store.windowsWithoutRun(
            job: job.name,
            starts: job.schedule.openings(since: known, overBy: now).map(\.start)
        )
        var report = Report(outcome: .outsideWindow, window: try await opening(at: now))
        if !job.catchesUp { report.skipped = try await skip(missed) }
        guard let window = report.window else { return report }
        try await closeDeadRuns(before: window.start)
        for start in (job.catchesUp ? missed : []) + [window.start] {
            guard !stop.isRequested else {
                report.outcome = .workLeft
                break
            }
            // New sends are made while a window is open, whichever window the run makes up for.
            let execution = RunExecution(
                job: job,
                engine: makeEngine(),
                windowStart: start,
                sendingEndsAt: window.end
            )
            current.set(execution)
            report.outcome = try await execution.run(reopens: start == window.start, process: process, stop: stop)
            report.counts.merge(execution.counts) { $0 + $1 }
            report.reasons += execution.reasons
            guard report.outcome == .done || report.outcome == .alreadyDone else { break }
            if start != window.start, report.outcome == .done { report.caughtUp.append(start) }
        }
        if report.outcome == .done { try await warnOfEndingCalendars(now) }
        return report
    }

    /// Ends the run that this start holds, if any, after its work was broken off.
    ///
    /// To be called from a task that is not cancelled.
    package func abandon() async { await current.value?.abandon() }

    private func opening(at now: Timestamp) async throws -> JobWindow.Opening? {
        do {
            return try job.schedule.opening(at: now)
        } catch {
            try await engine.store.raise([
                RaisedAlarm(
                    kind: .windowMissed,
                    code: "calendar/\(error.calendar)",
                    message: "job \(job.name) does not run: \(error)"
                )
            ])
            throw error
        }
    }

    private func skip(_ missed: [Timestamp]) async throws -> [Timestamp] {
        guard let first = missed.first else { return [] }
        let alarm = RaisedAlarm(
            kind: .windowMissed,
            code: job.name,
            message: """
                job \(job.name) had a window without a run, the first one in question at \(Self.words(first)); what \
                was due then is done in the next window. Find out why nothing started it, and start it by hand while a \
                window is open
                """
        )
        let skipped = try await engine.store.skipWindows(job: job.name, starts: missed, alarm: alarm)
        if !skipped.isEmpty {
            engine.logger.warning(
                "windows passed without a run and are skipped",
                metadata: ["job": "\(job.name)", "starts": "\(skipped.map(Self.words))"]
            )
        }
        return skipped
    }

    /// A calendar that ends soon is somebody's work before it keeps a job from running.
    private func warnOfEndingCalendars(_ now: Timestamp) async throws {
        let soon = BusinessDate(at: now).advanced(byDays: Self.calendarDaysAhead)
        let ending = job.schedule.calendars.filter { $0.lastDay <= soon }
        try await engine.store.raise(
            ending.map { calendar in
                RaisedAlarm(
                    kind: .windowMissed,
                    code: "calendar/\(calendar.name)",
                    message: "calendar \(calendar.name) ends on \(calendar.lastDay): job \(job.name) will not run after"
                        + " that; list the holidays and make-up working days of the next year in its file"
                )
            }
        )
    }

    private func closeDeadRuns(before start: Timestamp) async throws {
        let closed = try await engine.store.closeDeadRuns(
            job: job.name,
            before: start,
            silentFor: engine.configuration.limits.silence
        )
        if !closed.isEmpty {
            engine.logger.warning(
                "runs of earlier windows had died and are closed; this run does what they left",
                metadata: ["job": "\(job.name)", "starts": "\(closed.map(Self.words))"]
            )
        }
    }

    /// An instant in UTC, to the minute: windows begin at whole ones.
    private static func words(_ instant: Timestamp) -> String {
        let seconds = instant.unixMicroseconds / 1_000_000
        let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60)
        return "\(BusinessDate(at: instant)) \(hour < 10 ? "0" : "")\(hour):\(minute < 10 ? "0" : "")\(minute) UTC"
    }
}

/// The execution that a start is in the midst of.
private final class CurrentExecution: Sendable {
    private let execution = Mutex<RunExecution?>(nil)

    var value: RunExecution? { execution.withLock { $0 } }

    func set(_ current: RunExecution) { execution.withLock { $0 = current } }
}
