import PaymentCore
import StrictYAML

/// How people work in review: `review:` of `sluice.yaml`, which `sluice db migrate` writes into the database.
enum ReviewSettings {
    private static let approvers = 2...9

    /// Reads the section; without it all has its standard.
    static func read(_ reader: SettingsReader) throws -> ReviewPolicy {
        var policy = ReviewPolicy()
        func time(_ name: String, _ standard: TimeSpan, _ range: ClosedRange<Duration>) throws -> TimeSpan {
            try reader.value("review.\(name)") { node throws(YAMLError) in try node.duration(in: range) }
                .map { TimeSpan($0) } ?? standard
        }
        func count(_ name: String, _ standard: Int, _ range: ClosedRange<Int>) throws -> Int {
            try reader.value("review.\(name)") { node throws(YAMLError) in try node.int(in: range) } ?? standard
        }
        policy.sessionIdle = try time("session_idle", policy.sessionIdle, .seconds(60) ... .seconds(86_400))
        policy.sessionLife = try time("session_life", policy.sessionLife, .seconds(60) ... .seconds(604_800))
        policy.failuresMax = try count("failures_max", policy.failuresMax, 1...100)
        policy.lockout = try time("lockout", policy.lockout, .seconds(1) ... .seconds(604_800))
        policy.proposalLife = try time("proposal_life", policy.proposalLife, .seconds(1) ... .seconds(2_592_000))
        policy.unmaskMax = try count("unmask_max", policy.unmaskMax, 0...10_000)
        policy.singleRelease =
            try reader.list("review.single_release") { node throws(YAMLError) in
                try MerchantFile.amounts(try node.mapping())
            } variable: { text, origin in
                try Configuration.amounts(text, origin)
            } ?? policy.singleRelease
        policy.tiers =
            try reader.list("review.tiers") { node throws(YAMLError) in
                try tiers(node)
            } variable: { text, origin in
                guard !text.contains("\n") else {
                    throw ConfigurationError("\(origin) has several lines", mend: "write the list on one line")
                }
                do throws(YAMLError) {
                    let root = try YAMLMapping.parse("tiers: \(text)", file: origin)
                    let tiers = try tiers(try root.node("tiers"))
                    try root.finish()
                    return tiers
                } catch {
                    throw ConfigurationError("\(origin): \(error.what)", mend: error.mend)
                }
            } ?? policy.tiers
        guard policy.sessionIdle <= policy.sessionLife else {
            throw reader.error(
                "review.session_idle",
                what: "longer than a session lives",
                mend: "lower it, or raise `review.session_life`"
            )
        }
        return policy
    }

    private static func tiers(_ node: YAMLNode) throws(YAMLError) -> [ReviewPolicy.Tier] {
        var tiers: [ReviewPolicy.Tier] = []
        for element in try node.elements() {
            let mapping = try element.mapping()
            let above = try MerchantFile.amounts(try mapping.mapping("above"))
            guard !above.isEmpty else {
                throw mapping.error(
                    at: "above",
                    what: "no amount is listed, so that nothing is in this tier",
                    mend: "write it as in {CNY: 10000000}, in minor units"
                )
            }
            let approvers = try mapping.int("approvers", in: approvers)
            if let last = tiers.last, last.approvers >= approvers {
                throw mapping.error(
                    at: "approvers",
                    what: "not more than in the tier before (\(last.approvers))",
                    mend: "list tiers by rising numbers of approvers"
                )
            }
            tiers.append(ReviewPolicy.Tier(above: above, approvers: approvers))
        }
        return tiers
    }
}
