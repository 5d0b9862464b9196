/// Why the work of a run ended before all that was due was done.
package enum ArchiveEnding: Error, Hashable, Sendable {
    /// Its time is over.
    case late
    /// A day cannot be done now; the next run takes it up.
    case left(String)
    /// A day was not what had been counted.
    case mismatch(String)
    /// Nothing leaves before somebody has mended this.
    case refused(String)
}
