package import PaymentCore

/// What becomes of history itself: months of one partition each, exports, and the end of it.
package protocol ArchiveRetentionStore: Sendable {
    /// Months before a day that are whole, closed and still one partition a day.
    func monthsToMerge(_ table: HeavyTable, before day: BusinessDate) async throws -> [BusinessDate]
    /// Copies the days of a month into one partition aside; answers how many rows.
    func copyMonth(_ table: HeavyTable, _ first: BusinessDate, _ lease: ArchiveLease) async throws -> Int64
    /// What a slice of a copied month holds.
    func verifyMonthSlice(
        _ table: HeavyTable,
        _ first: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice
    /// A copied month takes the place of its days; false if it is not what the receipts tell by now; locks history.
    func putMonth(
        _ table: HeavyTable,
        _ first: BusinessDate,
        found: ArchiveTotals,
        _ lease: ArchiveLease
    ) async throws -> Bool

    /// What of a table may be dropped that is older than a day, and that nobody holds.
    func daysToDrop(_ table: HeavyTable, olderThan day: BusinessDate) async throws -> [ExpiredDays]
    /// Whether a day is exported with all of its passes.
    func isExported(_ table: HeavyTable, _ day: BusinessDate) async throws -> Bool
    /// Hands on a day of history as PostgreSQL's COPY writes text, piece by piece; answers the columns in their order.
    ///
    /// Ciphertext stays ciphertext (R15).
    func exportDay(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ body: @Sendable (_ piece: [UInt8]) throws -> Void
    ) async throws -> [String]
    /// Notes where the export of a day lies, and what it is.
    func noteExport(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ export: ArchiveExport,
        _ lease: ArchiveLease
    ) async throws
    /// Takes a day out of history, or a merged month by its first day; locks history.
    ///
    /// Answers how many days went, nil if they may not.
    func dropDays(
        _ table: HeavyTable,
        _ first: BusinessDate,
        olderThan day: BusinessDate,
        isExported: Bool,
        _ lease: ArchiveLease
    ) async throws -> Int?
    /// Drops partitions that were taken out of history, some a call; false once there are none.
    func dropSetAside(_ table: HeavyTable, _ lease: ArchiveLease) async throws -> Bool
}

/// Days that are dropped together: one, or those of a merged month.
package struct ExpiredDays: Hashable, Sendable {
    /// By which they are dropped.
    package let first: BusinessDate
    package let days: [BusinessDate]

    package init(first: BusinessDate, days: [BusinessDate]) { (self.first, self.days) = (first, days) }
}

/// What was exported of a day, and how it is known again.
package struct ArchiveExport: Hashable, Sendable {
    package let file: String
    package let bytes: Int64
    package let sha256: [UInt8]
    package let rows: Int64
    /// Of the text before it was packed.
    package let contentBytes: Int64
    package let contentSHA256: [UInt8]
    package let columns: [String]

    package init(
        file: String,
        bytes: Int64,
        sha256: [UInt8],
        rows: Int64,
        contentBytes: Int64,
        contentSHA256: [UInt8],
        columns: [String]
    ) {
        (self.file, self.bytes, self.sha256, self.rows) = (file, bytes, sha256, rows)
        (self.contentBytes, self.contentSHA256, self.columns) = (contentBytes, contentSHA256, columns)
    }
}
