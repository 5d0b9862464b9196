/// The decisions of an archiving run that need no database: what comes next, how fast, and when to wait.
package struct ArchiveRules: Hashable, Sendable {
    /// What is done next with a pass of a table's day.
    package enum Step: String, CaseIterable, Hashable, Sendable {
        /// Forget what an earlier count noted, and begin to note changes.
        case prepare
        case count
        case swap
        /// Begin to move the rows of a counted day.
        case beginRows
        case moveRows
        /// Rows held by law go back to the live table.
        case carryHeld
        case verify
        /// A day that went by rows gives up its live partition.
        case retire
        case nothing
    }

    /// A count that stood still for longer is made anew: most of the day may have changed since.
    package static let countFreshness = TimeSpan.hours(1)
    /// So often a run tries to get a table's lock.
    package static let lockTries = 60
    /// So often a run counts a day anew, because it changed.
    package static let countTries = 3

    private static let lockPauseFirst = TimeSpan.milliseconds(100)
    private static let lockPauseMost = TimeSpan.seconds(30)
    private static let waitFirst = TimeSpan.seconds(5)
    private static let waitMost = TimeSpan.minutes(1)
    private static let chunkRows = 500...200_000
    /// What a chunk of moved rows should take.
    private static let chunkTime = TimeSpan.milliseconds(800)...TimeSpan.milliseconds(1_200)
    private static let slicePages = 16...16_384
    /// What a slice of a count or a verification should take.
    private static let sliceTime = TimeSpan.milliseconds(100)...TimeSpan.milliseconds(250)

    /// So many open rows may be moved while the table is locked.
    package let openMax: Int
    /// The percentage of the time at work while others are.
    package let duty: Int
    /// The path that the configuration asks for.
    package let path: ArchivePath

    package init(path: ArchivePath = .swap, openMax: Int = 1_000, duty: Int = 10) {
        precondition((0...5_000).contains(openMax), "a lock is held for 5000 open rows at most")
        precondition((1...100).contains(duty), "a duty is a percentage, and not none")
        self.path = path
        self.openMax = openMax
        self.duty = duty
    }

    /// The first chunk of a move; `nextChunk` adapts it.
    package static let firstChunk = 20_000

    /// The first day that a table keeps which keeps so many months.
    ///
    /// Month ends and leap days are as PostgreSQL has them.
    package static func cutoff(asOf today: BusinessDate, months: Int32) -> BusinessDate {
        precondition((1...1_200).contains(months), "a table keeps a month at least")
        let (year, month, day) = today.civil
        let (beforeYear, beforeMonth) = (year * 12 + month - 1 - Int(months)).quotientAndRemainder(dividingBy: 12)
        let lastDay = BusinessDate.daysInMonth(year: beforeYear, month: beforeMonth + 1)
        guard let cutoff = BusinessDate(year: beforeYear, month: beforeMonth + 1, day: min(day, lastDay)) else {
            preconditionFailure("a day of a month before today exists")
        }
        return cutoff
    }

    /// What comes next for a pass, whoever left it there.
    ///
    /// `isWholeDay`: it began with a count of the live day, not in the carry-over. `sinceBegun`: since it was prepared.
    package func step(
        after state: ArchiveState?,
        path begun: ArchivePath,
        isWholeDay: Bool,
        stayedOpen: Int64,
        sinceBegun: TimeSpan
    ) -> Step {
        switch state {
        case nil, .mismatch, .reopened: .prepare
        case .prepared, .counting: sinceBegun > Self.countFreshness ? .prepare : .count
        case .counted: path == .rows || begun == .rows || stayedOpen > Int64(openMax) ? .beginRows : .swap
        case .swapped: .carryHeld
        case .moving: .moveRows
        case .verifying: .verify
        case .closed: begun == .rows && isWholeDay ? .retire : .nothing
        case .dropped: .nothing
        }
    }

    /// How long to rest after so much work, so that others have the rest of the machine; none when nobody else works.
    package func rest(after work: TimeSpan, othersAtWork: Bool) -> TimeSpan {
        guard othersAtWork, work > .zero else { return .zero }
        let (product, isOver) = work.microseconds.multipliedReportingOverflow(by: Int64(100 - duty))
        return isOver ? Self.waitMost : min(Self.waitMost, TimeSpan(microseconds: product / Int64(duty)))
    }

    /// The size of the chunk after one that took so long.
    package static func nextChunk(after rows: Int, took: TimeSpan) -> Int {
        adapted(rows, took: took, within: chunkTime, bounds: chunkRows)
    }

    /// The first slice of a count or a verification, in pages; `nextSlice` adapts it.
    package static let firstSlice = 1_000

    /// The pages of the slice after one that took so long: short ones, that a stop or others wait for briefly.
    package static func nextSlice(after pages: Int, took: TimeSpan) -> Int {
        adapted(pages, took: took, within: sliceTime, bounds: slicePages)
    }

    private static func adapted(
        _ size: Int,
        took: TimeSpan,
        within wanted: ClosedRange<TimeSpan>,
        bounds: ClosedRange<Int>
    ) -> Int {
        var next = size
        if took > wanted.upperBound { next = size / 2 }
        if took < wanted.lowerBound { next = size + size / 2 }
        return min(max(next, bounds.lowerBound), bounds.upperBound)
    }

    /// The longest pause after the nth failure in a row to get a lock, from 1.
    package static func longestLockPause(afterFailure failure: Int) -> TimeSpan {
        doubled(lockPauseFirst, times: failure - 1, most: lockPauseMost)
    }

    /// A pause after the nth failure to get a lock: anything up to the longest, so that two do not meet again.
    package static func lockPause(
        afterFailure failure: Int,
        using generator: inout some RandomNumberGenerator
    ) -> TimeSpan {
        TimeSpan(
            microseconds: Int64.random(
                in: 0...longestLockPause(afterFailure: failure).microseconds,
                using: &generator
            )
        )
    }

    /// How long to wait before the load is looked at again, for the nth time in a row that it is too high, from 1.
    package static func loadPause(time: Int) -> TimeSpan { doubled(waitFirst, times: time - 1, most: waitMost) }

    private static func doubled(_ first: TimeSpan, times: Int, most: TimeSpan) -> TimeSpan {
        var span = first
        var left = times
        while left > 0, span < most {
            span = min(most, span + span)
            left -= 1
        }
        return span
    }
}
