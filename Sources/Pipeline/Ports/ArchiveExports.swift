package import PaymentCore
package import Store

/// Somewhere that days of history are exported to, before they are dropped.
package protocol ArchiveExports: Sendable {
    /// Begins the file of a table's day; nothing stands under its name before it is whole.
    func begin(_ table: HeavyTable, _ day: BusinessDate) throws -> any ArchiveExportFile
}

/// One day on its way out.
package protocol ArchiveExportFile: Sendable {
    /// Takes the next lines of the day.
    func append(_ piece: [UInt8]) throws
    /// Ends the file, reads it back, and puts it under its name, with what describes it beside it.
    ///
    /// Throws if what is read back is not what was written.
    func finish(columns: [String], totals: ArchiveTotals) async throws -> ArchiveExport
    /// Takes away what there is of it.
    func abandon()
}
