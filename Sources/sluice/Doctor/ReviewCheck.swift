package import PaymentCore

/// Judges whether people work by the policy that is configured: the database's copy binds.
package enum ReviewCheck {
    package static func policy(stored: ReviewPolicy, configured: ReviewPolicy) -> Finding {
        let words: [(name: String, isSame: Bool)] = [
            ("session_idle", stored.sessionIdle == configured.sessionIdle),
            ("session_life", stored.sessionLife == configured.sessionLife),
            ("failures_max", stored.failuresMax == configured.failuresMax),
            ("lockout", stored.lockout == configured.lockout),
            ("proposal_life", stored.proposalLife == configured.proposalLife),
            ("unmask_max", stored.unmaskMax == configured.unmaskMax),
            ("single_release", stored.singleRelease == configured.singleRelease),
            ("tiers", stored.tiers == configured.tiers),
        ]
        let differing = words.filter { !$0.isSame }.map(\.name)
        guard !differing.isEmpty else { return .ok(.review, "the database has the policy of the configuration") }
        return .warn(
            .review,
            "the database says otherwise than the configuration: \(differing.joined(separator: ", "))",
            mend: "run as the owner: sluice db migrate"
        )
    }
}
