/// What is done about files and records that may have come before, as a merchant's profile says it.
package struct DuplicateRules: Sendable, Hashable {
    /// What becomes of a file that has the name of an earlier one, and other content.
    package enum SameName: String, CaseIterable, Sendable, Hashable {
        case off
        case warn
        case hold
    }

    package let sameName: SameName
    /// Whether a good record takes its number over from an open quarantined record of another file.
    package let isSuperseding: Bool
    /// How many days apart two orders may be that pay the same amount to the same account for the same purpose, to be
    /// told of; nil if nobody looks for them.
    package let samePaymentDays: Int?

    /// What a careful bank would choose.
    package init(sameName: SameName = .hold, isSuperseding: Bool = false, samePaymentDays: Int? = 1) {
        precondition((0...31).contains(samePaymentDays ?? 0), "a window lies within the live days")
        self.sameName = sameName
        self.isSuperseding = isSuperseding
        self.samePaymentDays = samePaymentDays
    }
}
