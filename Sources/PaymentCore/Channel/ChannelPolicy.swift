/// What to do when a channel says "no such submission" (R5), per direction.
package struct NotFoundPolicy: Hashable, Sendable {
    package enum Conclusion: String, CaseIterable, Sendable, Hashable {
        /// The same envelope again, only inside the documented protection window.
        case resend
        /// A person decides.
        case review
    }

    /// Not-found answers within this time of the end of the last send are not counted.
    package let grace: TimeSpan
    /// How many counted answers in a row are needed.
    package let asks: Int32
    /// Answers closer together than this count as one.
    package let spacing: TimeSpan
    package let conclusion: Conclusion

    package init(grace: TimeSpan, asks: Int32, spacing: TimeSpan, conclusion: Conclusion) {
        precondition(asks >= 2, "one absence is never enough: two answers in a row at least")
        precondition(grace >= .zero && spacing >= .zero, "neither grace nor spacing runs backwards")
        self.grace = grace
        self.asks = asks
        self.spacing = spacing
        self.conclusion = conclusion
    }
}

/// How long a channel documents that it recognises a repeated number.
package struct DuplicateCheck: Hashable, Sendable {
    package let window: TimeSpan
    /// Kept free before the end of the window: the longest life of a request plus clock differences.
    package let margin: TimeSpan
    /// How long before its end people are warned of submissions that are still unknown.
    package let warning: TimeSpan

    package init(window: TimeSpan, margin: TimeSpan, warning: TimeSpan = .hours(2)) {
        precondition(window > margin && margin > .zero, "the margin lies inside the protection window")
        precondition(warning > .zero, "a warning comes before the end")
        self.window = window
        self.margin = margin
        self.warning = warning
    }
}

/// The deadlines of one call to a channel; a specification without them does not load (pitfall A5).
package struct ChannelDeadlines: Hashable, Sendable {
    package let connect: TimeSpan
    package let total: TimeSpan
    package let stall: TimeSpan
    /// How long after its record a send may begin (R10).
    package let sendBy: TimeSpan

    package init(connect: TimeSpan, total: TimeSpan, stall: TimeSpan, sendBy: TimeSpan) {
        precondition(connect > .zero && stall > .zero && sendBy > .zero && total >= connect && total >= stall)
        self.connect = connect
        self.total = total
        self.stall = stall
        self.sendBy = sendBy
    }

    /// The longest that one send can be under way after its record: then its slot is free and its submission may be
    /// asked for (R6, R10).
    package var sendLife: TimeSpan { sendBy + total }

    /// A lease outlives the call it covers (R10).
    package var lease: TimeSpan { sendLife + .seconds(5) }
}

/// All that the submission machine needs to know of a channel, for one direction.
package struct ChannelPolicy: Hashable, Sendable {
    package let deadlines: ChannelDeadlines
    package let poll: PollCurve
    package let unsent: BackOff
    /// After so many sends that are all proven unsent the lane gives the submission up, and its orders are planned
    /// anew; nil: it keeps trying.
    package let unsentSendsMax: Int32?
    package let notFound: NotFoundPolicy
    /// Nil where the channel documents none: then nothing that may have arrived is ever sent again.
    package let duplicateCheck: DuplicateCheck?
    /// How often one submission may be sent in all, proven unsent sends not counted.
    package let sendsMax: Int32

    package init(
        deadlines: ChannelDeadlines,
        poll: PollCurve,
        unsent: BackOff,
        unsentSendsMax: Int32? = nil,
        notFound: NotFoundPolicy,
        duplicateCheck: DuplicateCheck?,
        sendsMax: Int32 = 3
    ) {
        precondition(sendsMax >= 1)
        precondition(unsentSendsMax ?? 1 >= 1, "a submission is tried once at least")
        precondition(
            notFound.conclusion == .review || duplicateCheck != nil,
            "a resend needs a documented duplicate check (R5)"
        )
        self.deadlines = deadlines
        self.poll = poll
        self.unsent = unsent
        self.unsentSendsMax = unsentSendsMax
        self.notFound = notFound
        self.duplicateCheck = duplicateCheck
        self.sendsMax = sendsMax
    }
}
