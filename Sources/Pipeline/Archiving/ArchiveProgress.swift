package import PaymentCore

/// Where a run of archiving is.
package struct ArchiveProgress: Hashable, Sendable {
    package let table: HeavyTable
    package let day: BusinessDate
    package let step: ArchiveRules.Step
    /// Pages or rows of this step, of so many in all; zero where that is not known.
    package let done, whole: Int64
    /// What it waits for; nil while it works.
    package let waitingFor: LoadLimits.Signal?

    package init(
        table: HeavyTable,
        day: BusinessDate,
        step: ArchiveRules.Step,
        done: Int64 = 0,
        whole: Int64 = 0,
        waitingFor: LoadLimits.Signal? = nil
    ) {
        (self.table, self.day, self.step) = (table, day, step)
        (self.done, self.whole, self.waitingFor) = (done, whole, waitingFor)
    }
}
