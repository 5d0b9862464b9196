package import PaymentCore
import PostgresClient

extension SQLStore {
    package func reviewPolicy() async throws -> ReviewPolicy {
        try await pool.transaction("review policy", readOnly: true) { transaction in
            let micro = { (column: String) in "(extract(epoch FROM y.\(column)) * 1000000)::bigint" }
            let rows = try transaction.query(
                """
                SELECT \(micro("session_idle")), \(micro("session_life")), y.failures_max, \(micro("lockout")),
                    \(micro("proposal_life")), y.unmask_max,
                    ARRAY(SELECT e.key FROM jsonb_each_text(y.single_release) AS e ORDER BY e.key),
                    ARRAY(SELECT e.value::bigint FROM jsonb_each_text(y.single_release) AS e ORDER BY e.key)
                FROM sluice.review_policy y
                """
            )
            guard let row = rows.first else { throw StoreDefect("there is no policy of reviews") }
            var policy = ReviewPolicy()
            policy.sessionIdle = TimeSpan(microseconds: try row.int64(0))
            policy.sessionLife = TimeSpan(microseconds: try row.int64(1))
            policy.failuresMax = Int(try row.int32(2))
            policy.lockout = TimeSpan(microseconds: try row.int64(3))
            policy.proposalLife = TimeSpan(microseconds: try row.int64(4))
            policy.unmaskMax = Int(try row.int32(5))
            policy.singleRelease = try Self.amounts(try row.textArray(6), try row.bigintArray(7))
            policy.tiers = try transaction.query(
                """
                SELECT (t.tier ->> 'approvers')::int,
                    ARRAY(SELECT e.key FROM jsonb_each_text(t.tier -> 'above') AS e ORDER BY e.key),
                    ARRAY(SELECT e.value::bigint FROM jsonb_each_text(t.tier -> 'above') AS e ORDER BY e.key)
                FROM sluice.review_policy y, jsonb_array_elements(y.tiers) WITH ORDINALITY AS t (tier, place)
                ORDER BY t.place
                """
            ).map { row in
                ReviewPolicy.Tier(
                    above: try Self.amounts(try row.textArray(1), try row.bigintArray(2)),
                    approvers: Int(try row.int32(0))
                )
            }
            return policy
        }
    }

    private static func amounts(_ codes: [String], _ minor: [Int64]) throws -> [Currency: Int64] {
        var amounts: [Currency: Int64] = [:]
        for (code, minor) in zip(codes, minor) {
            guard let currency = Currency(code: code) else { throw StoreDefect("\(code) is no currency") }
            amounts[currency] = minor
        }
        return amounts
    }

    /// Writes the policy of the configuration, as the owner; answers whether it changed.
    package func setReviewPolicy(_ policy: ReviewPolicy) async throws -> Bool {
        let payload = JSONText.object([
            ("session_idle", .integer(policy.sessionIdle.microseconds)),
            ("session_life", .integer(policy.sessionLife.microseconds)),
            ("failures_max", .integer(Int64(policy.failuresMax))),
            ("lockout", .integer(policy.lockout.microseconds)),
            ("proposal_life", .integer(policy.proposalLife.microseconds)),
            ("unmask_max", .integer(Int64(policy.unmaskMax))),
            ("single_release", Self.json(policy.singleRelease)),
            (
                "tiers",
                .array(
                    policy.tiers.map {
                        .object([("above", Self.json($0.above)), ("approvers", .integer(Int64($0.approvers)))])
                    }
                )
            ),
        ])
        return try await pool.transaction("set review policy") { transaction in
            try transaction.query("SELECT sluice.set_review_policy($1)", [.jsonb(payload)]).first?.bool(0) == true
        }
    }

    private static func json(_ amounts: [Currency: Int64]) -> JSONValue {
        .object(amounts.sorted { $0.key < $1.key }.map { ($0.key.code, .string(String($0.value))) })
    }

    /// Makes the first administrator, as the owner and on the database's own host, once ever.
    package func bootstrapAdministrator(
        _ login: LoginName,
        _ staffNumber: StaffNumber,
        password: Password
    ) async throws {
        let proof = PasswordProof(new: password)
        try await pool.transaction("bootstrap administrator") { transaction in
            _ = try transaction.query(
                "SELECT sluice.bootstrap_administrator($1, $2, $3, $4, $5, $6, $7)",
                [.text(login.value), .text(staffNumber.value)] + proof.parameters
            )
        }
    }
}
