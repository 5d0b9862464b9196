import PaymentCore
import Testing
import sluice

/// How `review:` and `audit:` of `sluice.yaml` are read, from the file and the environment.
@Suite struct ReviewSettingsTests {
    private static func text(_ section: String) -> String {
        "environment:\n  name: check\n  class: test\nreview:\n\(section)\n"
    }

    @Test func `without the section one person releases nothing alone, and one other approves`() throws {
        let configuration = try ConfigurationFixture().load()
        #expect(configuration.review == ReviewPolicy())
        #expect(configuration.review.singleRelease.isEmpty && configuration.review.tiers.isEmpty)
        #expect(configuration.auditHeads == nil && configuration.auditHeadFile == nil)
    }

    @Test func `every key is read`() throws {
        let fixture = try ConfigurationFixture(
            Self.text(
                """
                  session_idle: 10m
                  session_life: 8h
                  failures_max: 3
                  lockout: 1h
                  proposal_life: 2h
                  unmask_max: 0
                  single_release: {CNY: 100000, USD: 5}
                  tiers:
                    - {above: {CNY: 5000000}, approvers: 2}
                    - {above: {CNY: 50000000, USD: 7}, approvers: 3}
                audit:
                  heads: /srv/heads
                """
            )
        )
        var policy = ReviewPolicy()
        policy.sessionIdle = .minutes(10)
        policy.sessionLife = .hours(8)
        policy.failuresMax = 3
        policy.lockout = .hours(1)
        policy.proposalLife = .hours(2)
        policy.unmaskMax = 0
        let usd = try #require(Currency(code: "USD"))
        policy.singleRelease = [.cny: 100_000, usd: 5]
        policy.tiers = [
            ReviewPolicy.Tier(above: [.cny: 5_000_000], approvers: 2),
            ReviewPolicy.Tier(above: [.cny: 50_000_000, usd: 7], approvers: 3),
        ]
        #expect(try fixture.load().review == policy)
        #expect(try fixture.load().auditHeads == "/srv/heads")
    }

    @Test func `the environment wins over the file`() throws {
        let fixture = try ConfigurationFixture(
            Self.text("  lockout: 1h\n  single_release: {CNY: 1}\n  tiers: [{above: {CNY: 1}, approvers: 9}]")
        )
        let configuration = try fixture.load([
            "SLUICE_REVIEW_SESSION_IDLE": "5m", "SLUICE_REVIEW_SESSION_LIFE": "1h",
            "SLUICE_REVIEW_FAILURES_MAX": "9", "SLUICE_REVIEW_PROPOSAL_LIFE": "30m",
            "SLUICE_REVIEW_UNMASK_MAX": "3", "SLUICE_REVIEW_SINGLE_RELEASE": "CNY=700",
            "SLUICE_REVIEW_TIERS": "[{above: {CNY: 8}, approvers: 2}]", "SLUICE_AUDIT_HEADS": "/srv/two",
            "SLUICE_SESSION_FILE": "/tmp/session",
        ])
        let review = configuration.review
        #expect(review.sessionIdle == .minutes(5) && review.sessionLife == .hours(1))
        #expect(review.failuresMax == 9 && review.proposalLife == .minutes(30) && review.unmaskMax == 3)
        #expect(review.lockout == .hours(1) && review.singleRelease == [.cny: 700])
        #expect(review.tiers == [ReviewPolicy.Tier(above: [.cny: 8], approvers: 2)])
        #expect(configuration.auditHeadFile?.path == "/srv/two")
    }

    @Test(arguments: [
        ("  session_idle: 10s", ":5:17: ", "range"), ("  session_idle: 13h", ":5:17: ", "session_life"),
        ("  failures_max: 0", ":5:17: ", "range"), ("  lockout: 15", ":5:12: ", "unit"),
        ("  single_release: {RMB: 5}", ":5:25: ", "RMB"), ("  single_release: {CNY: 0}", ":5:25: ", "range"),
        ("  tiers: [{above: {}, approvers: 2}]", ":5:12: ", "no amount"),
        ("  tiers: [{above: {CNY: 1}, approvers: 1}]", ":5:40: ", "range"),
        (
            "  tiers: [{above: {CNY: 1}, approvers: 3}, {above: {CNY: 2}, approvers: 3}]", ":5:73: ", "rising"
        ),
        ("  tiers: [{above: {CNY: 1}, approvers: 2, note: x}]", ":5:43: ", "note"), ("  idle: 5m", ":5:3: ", "idle"),
        ("  lockout: 1h\naudit:\n  heads: heads", ":7:10: ", "absolute"),
    ]) func `a mistake is refused with its place and a mend`(
        _ section: String,
        _ place: String,
        _ word: String
    ) throws {
        let fixture = try ConfigurationFixture(Self.text(section))
        let error = #expect(throws: (any Error).self) { try fixture.load() }
        let words = error.map { ErrorReport($0) }
        #expect(words?.status == .configuration)
        #expect(words?.words?.contains("sluice.yaml\(place)") == true, "\(words?.words ?? "")")
        #expect(words?.words?.contains(word) == true, "\(words?.words ?? "")")
    }

    @Test(arguments: [
        ("SLUICE_REVIEW_TIERS", "{}"), ("SLUICE_REVIEW_TIERS", "[\n]"), ("SLUICE_REVIEW_SINGLE_RELEASE", "5"),
        ("SLUICE_REVIEW_LOCKOUT", "soon"), ("SLUICE_REVIEW_IDLE", "5m"), ("SLUICE_AUDIT_HEADS", "heads"),
    ]) func `a variable that cannot be used is refused by its name`(_ name: String, _ value: String) throws {
        let fixture = try ConfigurationFixture()
        let error = #expect(throws: ConfigurationError.self) { try fixture.load([name: value]) }
        #expect(error?.description.contains(name) == true)
    }

    @Test func `doctor names what the database has otherwise`() {
        var stored = ReviewPolicy()
        #expect(ReviewCheck.policy(stored: stored, configured: ReviewPolicy()).level == .ok)
        stored.unmaskMax = 1
        stored.tiers = [ReviewPolicy.Tier(above: [.cny: 1], approvers: 2)]
        let finding = ReviewCheck.policy(stored: stored, configured: ReviewPolicy())
        #expect(finding.level == .warning && finding.found.contains("unmask_max, tiers"))
        #expect(finding.mend?.contains("sluice db migrate") == true)
    }
}
