package import PaymentCore
package import Store

/// Heads of the audit chain, kept outside of the database: who changes the chain there cannot change them too.
package protocol AuditHeads: Sendable {
    /// All that were written, the oldest first; a line that cannot be read is there, too.
    func written() throws -> [WrittenAuditHead]
    /// When the last one was written; nil if none was.
    func lastWritten() throws -> WrittenAuditHead?
    /// Adds one, durably; answers false if one of this day was added meanwhile by somebody else.
    ///
    /// `force`: adds it all the same.
    func append(_ head: AuditHead, at instant: Timestamp, force: Bool) throws -> Bool
}

/// A head as it was written, in its place.
package struct WrittenAuditHead: Sendable, Hashable {
    /// Its place in the file, from 1.
    package let line: Int
    /// Nil for a line that is no head.
    package let head: AuditHead?
    package let day: BusinessDate?

    package init(line: Int, head: AuditHead?, day: BusinessDate?) {
        (self.line, self.head, self.day) = (line, head, day)
    }
}
