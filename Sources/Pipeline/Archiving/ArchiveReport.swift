package import PaymentCore
package import Store

/// What a run of archiving did, and why it did not do more.
package struct ArchiveReport: Hashable, Sendable {
    /// How it ended, in a stable word.
    package enum Outcome: String, CaseIterable, Hashable, Sendable {
        /// All that was due has left, or as much as a run may take.
        case done
        /// Another archiver has the lease, or took it.
        case held
        /// A person, a signal or an earlier mismatch stopped it.
        case stopped
        /// Its time is over, or the load did not let it go on, with due days left.
        case workLeft = "work_left"
        /// A day was not what had been counted; everything is stopped.
        case mismatch
        /// A partition is missing, or tables differ in shape: nothing leaves before that is mended.
        case refused
    }

    /// What counted as today; nil if no lease was had.
    package var asOf: BusinessDate?
    package var outcome = Outcome.done
    /// Passes that this run closed or touched, by day and place.
    package var entries: [ArchiveEntry] = []
    /// How long it waited for others, by what for.
    package var waited: [LoadLimits.Signal: TimeSpan] = [:]
    package var lockFailures: Int = 0
    /// The longest that others were kept out by a swap; nil if there was none.
    package var longestLock: TimeSpan?
    package var staysOpen: Int64 = 0
    package var staysHeld: Int64 = 0
    /// The oldest day that is still live in some table; nil if it is not known.
    package var oldest: BusinessDate?
    /// How many days of partitions were made ahead.
    package var partitionsMade: Int = 0
    /// In words for people: why it is not done, or what was left out.
    package var reasons: [String] = []

    package init() {}

    /// Rows that left in passes that this run closed.
    package var rows: Int64 { entries.reduce(0) { $0 + ($1.state == .closed ? $1.rows : 0) } }
}
