/// How people work in review: sessions, lockout, proposals, tiers; the section `review` of the configuration.
///
/// The database's copy binds, which `sluice db migrate` writes.
package struct ReviewPolicy: Sendable, Hashable {
    /// Above which amounts a release or a decision needs how many approvals.
    package struct Tier: Sendable, Hashable {
        /// Minor units by currency; an amount above one of them is in this tier.
        package let above: [Currency: Int64]
        package let approvers: Int

        package init(above: [Currency: Int64], approvers: Int) {
            (self.above, self.approvers) = (above, approvers)
        }
    }

    /// A session in which nothing is done for so long ends.
    package var sessionIdle = TimeSpan.minutes(30)
    /// No session lives longer.
    package var sessionLife = TimeSpan.hours(12)
    /// Wrong passwords one after the other until a login is locked.
    package var failuresMax = 5
    /// For how long it is locked.
    package var lockout = TimeSpan.minutes(15)
    /// After so long a proposal that nobody approved is void.
    package var proposalLife = TimeSpan.hours(24)
    /// Records that one person may unmask in an hour.
    package var unmaskMax = 30
    /// Up to how many minor units one person may release at once what is as the merchant sent it; empty: nothing (R12).
    package var singleRelease: [Currency: Int64] = [:]
    /// By rising numbers of approvers.
    package var tiers: [Tier] = []

    package init() {}
}
