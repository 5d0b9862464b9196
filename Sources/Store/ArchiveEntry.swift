package import PaymentCore

/// One pass of a table's day: the key of its receipt.
package struct EntryKey: Hashable, Sendable, CustomStringConvertible {
    package let table: HeavyTable
    package let day: BusinessDate
    package let pass: Int32

    package init(table: HeavyTable, day: BusinessDate, pass: Int32) {
        (self.table, self.day, self.pass) = (table, day, pass)
    }

    package var description: String { "\(table) \(day) pass \(pass)" }
}

/// Count, sum and hash of rows, for each currency and state: what a receipt tells.
///
/// Sums are additive: two of them of disjoint rows make one.
package struct ArchiveTotals: Hashable, Sendable {
    package struct Sum: Hashable, Sendable {
        package var rows: Int64
        package var amountMinor: Int128
        /// The sum of the rows' hashes, so that their order does not matter and doubles do not cancel.
        package var hash: Int128

        package init(rows: Int64, amountMinor: Int128, hash: Int128) {
            (self.rows, self.amountMinor, self.hash) = (rows, amountMinor, hash)
        }
    }

    /// By currency and state, as in `CNY/succeeded`.
    package private(set) var sums: [String: Sum]

    package init(_ sums: [String: Sum] = [:]) { self.sums = sums }

    package var rows: Int64 { sums.values.reduce(0) { $0 + $1.rows } }

    package mutating func add(_ other: ArchiveTotals) {
        for (group, sum) in other.sums {
            guard let known = sums[group] else {
                sums[group] = sum
                continue
            }
            sums[group] = Sum(
                rows: known.rows + sum.rows,
                amountMinor: known.amountMinor + sum.amountMinor,
                hash: known.hash + sum.hash
            )
        }
    }
}

/// A receipt, or the beginning of one.
package struct ArchiveEntry: Hashable, Sendable {
    package let key: EntryKey
    package let path: ArchivePath
    package let state: ArchiveState
    package let rows: Int64
    package let stayedOpen: Int64
    package let stayedHeld: Int64
    /// Whether the live day was counted as a whole, not rows of the carry-over.
    package let isWholeDay: Bool
    package let blocks: Int64
    package let nextBlock: Int64
    package let startedAt: Timestamp
    package let closedAt: Timestamp?
    package let lockedFor: TimeSpan?
    package let lockFailures: Int32
    package let note: String?

    package init(
        key: EntryKey,
        path: ArchivePath,
        state: ArchiveState,
        rows: Int64 = 0,
        stayedOpen: Int64 = 0,
        stayedHeld: Int64 = 0,
        isWholeDay: Bool = true,
        blocks: Int64 = 0,
        nextBlock: Int64 = 0,
        startedAt: Timestamp,
        closedAt: Timestamp? = nil,
        lockedFor: TimeSpan? = nil,
        lockFailures: Int32 = 0,
        note: String? = nil
    ) {
        (self.key, self.path, self.state, self.rows) = (key, path, state, rows)
        (self.stayedOpen, self.stayedHeld, self.isWholeDay) = (stayedOpen, stayedHeld, isWholeDay)
        (self.blocks, self.nextBlock, self.startedAt, self.closedAt) = (blocks, nextBlock, startedAt, closedAt)
        (self.lockedFor, self.lockFailures, self.note) = (lockedFor, lockFailures, note)
    }
}

/// The right to archive, until another takes it.
package struct ArchiveLease: Hashable, Sendable {
    package let epoch: LeaseEpoch
    /// What counts as today.
    package let asOf: BusinessDate

    package init(epoch: LeaseEpoch, asOf: BusinessDate) { (self.epoch, self.asOf) = (epoch, asOf) }
}

/// Who archives, and whether archiving is stopped.
package struct ArchiveSwitch: Hashable, Sendable {
    package struct Stop: Hashable, Sendable {
        package let at: Timestamp
        package let by: String
        package let reason: String

        package init(at: Timestamp, by: String, reason: String) { (self.at, self.by, self.reason) = (at, by, reason) }
    }

    package let epoch: LeaseEpoch
    package let holder: WorkerIdentifier?
    package let leaseUntil: Timestamp?
    package let asOf: BusinessDate?
    package let stop: Stop?

    package init(
        epoch: LeaseEpoch,
        holder: WorkerIdentifier?,
        leaseUntil: Timestamp?,
        asOf: BusinessDate?,
        stop: Stop?
    ) {
        (self.epoch, self.holder, self.leaseUntil) = (epoch, holder, leaseUntil)
        (self.asOf, self.stop) = (asOf, stop)
    }
}

/// Why a day does not leave now.
package enum DayRefusal: String, CaseIterable, Hashable, Sendable {
    case notTheOldest = "not_the_oldest"
    /// A person keeps it live.
    case held
    case beingLoaded = "being_loaded"
    /// There is no later day to go on with.
    case noDayAhead = "no_day_ahead"
}

/// What became of a day that was to change its table, or to begin to go by rows.
package enum SwapOutcome: String, CaseIterable, Hashable, Sendable {
    case swapped
    case moving
    /// Too many open rows for the time of a lock: it goes by rows.
    case tooManyOpen = "too_many_open"
    /// A hold was placed since the count.
    case held
    /// The tables' columns changed since the count.
    case reshaped
    /// A row changed since the count.
    case touched
    /// A person is asked of a final order since the count.
    case reviewed
    /// The day's bounds are not validated: the database would read it under the lock.
    case unvalidated
    /// The carry-over is large, and its bounds are not stated.
    case unbounded

    /// Whether a new count is the way on.
    package var isToBeCountedAgain: Bool {
        switch self {
        case .held, .reshaped, .touched, .reviewed: true
        case .swapped, .moving, .tooManyOpen, .unvalidated, .unbounded: false
        }
    }
}

/// What leaves on a day, and what stays.
package struct ArchivePlanDay: Hashable, Sendable {
    package struct Stay: Hashable, Sendable {
        /// The state of the rows, `review_item`, or `legal_hold`.
        package let why: String
        package let isOpen: Bool
        package let rows: Int64

        package init(why: String, isOpen: Bool, rows: Int64) {
            (self.why, self.isOpen, self.rows) = (why, isOpen, rows)
        }
    }

    package struct Table: Hashable, Sendable {
        package let table: HeavyTable
        /// As the planner's statistics have it.
        package let rows: Int64
        package let bytes: Int64
        package let stays: [Stay]

        package init(table: HeavyTable, rows: Int64, bytes: Int64, stays: [Stay]) {
            (self.table, self.rows, self.bytes, self.stays) = (table, rows, bytes, stays)
        }
    }

    package let day: BusinessDate
    package let tables: [Table]

    package init(day: BusinessDate, tables: [Table]) { (self.day, self.tables) = (day, tables) }
}

/// What stays live, whatever its age, because a person said so.
package struct LegalHold: Hashable, Sendable {
    package enum Scope: Hashable, Sendable {
        case merchant(MerchantNumber)
        case batch(BatchIdentifier)
        case order(BatchIdentifier, LineNumber)
        case day(BusinessDate)
    }

    package let identifier: Int64
    package let scope: Scope
    package let reason: String
    package let placedBy: String
    package let placedAt: Timestamp

    package init(identifier: Int64, scope: Scope, reason: String, placedBy: String, placedAt: Timestamp) {
        (self.identifier, self.scope, self.reason) = (identifier, scope, reason)
        (self.placedBy, self.placedAt) = (placedBy, placedAt)
    }
}

/// Where rows that are moved one by one come from.
package enum RowSource: Hashable, Sendable {
    case carryOver
    case liveDay
}

/// The key at which a chunk of moved rows ended.
package struct RowKey: Hashable, Sendable {
    package let batch: BatchIdentifier
    /// The second column of the table's key.
    package let number: Int32

    package init(batch: BatchIdentifier, number: Int32) { (self.batch, self.number) = (batch, number) }
}

/// What a chunk moved, and where the next one begins; no key: it was the last one.
package struct MovedRows: Hashable, Sendable {
    package let rows: Int64
    package let last: RowKey?

    package init(rows: Int64, last: RowKey?) { (self.rows, self.last) = (rows, last) }
}

/// What a slice of a day in history holds, and the page after it; no page: it was the last slice.
package struct VerifiedSlice: Hashable, Sendable {
    package let totals: ArchiveTotals
    package let nextBlock: Int64?

    package init(totals: ArchiveTotals, nextBlock: Int64?) { (self.totals, self.nextBlock) = (totals, nextBlock) }
}
