import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ProposalStore {
    /// What a function that makes or carries out a proposal answers, and its effect taken apart.
    private static let madeColumns = """
        p.state, p.approvals_missing, \(effectColumns("p.outcome"))
        """

    /// The columns of an effect, of a `jsonb` that a function has answered.
    static func effectColumns(_ outcome: String) -> String {
        """
        (\(outcome) ->> 'decision_id')::bigint, coalesce((\(outcome) ->> 'closed')::bigint, 0),
        coalesce((\(outcome) ->> 'still_open')::bigint, 0), coalesce((\(outcome) ->> 'orders')::bigint, 0),
        coalesce((\(outcome) ->> 'refused')::bigint, 0),
        ARRAY(SELECT key FROM jsonb_each_text(\(outcome) -> 'amounts') ORDER BY key),
        ARRAY(SELECT value FROM jsonb_each_text(\(outcome) -> 'amounts') ORDER BY key),
        ARRAY(SELECT x::bigint FROM jsonb_array_elements_text(\(outcome) -> 'supplements') AS e (x) ORDER BY 1)
        """
    }

    package func propose(
        _ decision: RequestedDecision,
        by maker: SessionSecret,
        isDry: Bool
    ) async throws -> MadeProposal {
        let named = Self.named(decision.about)
        return try await make(
            "propose decision",
            "sluice.propose_decision($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text[]::numeric[], $11, $12, $13, $14, "
                + "$15, $16)",
            [
                .bytea(maker.bytes), .text(decision.target), .text(decision.decision.rawValue), .text(decision.note),
                .optionalText(decision.evidence), .optionalInt64(decision.evidenceFile),
                .optionalText(decision.cause?.rawValue),
            ] + named + [
                .optionalText(decision.state?.rawValue), .bigintArray(decision.orders.map(\.batch.value)),
                .intArray(decision.orders.map(\.line.value)), .bigintArray(decision.orders.map(\.amountMinor)),
                .textArray(decision.orders.map(\.state.rawValue)), .bool(isDry),
            ]
        )
    }

    package func propose(
        _ choice: RequestedChoice,
        by maker: SessionSecret,
        isDry: Bool
    ) async throws -> MadeProposal {
        // The amount that a person reads as refused is named in words by the function itself.
        try await make(
            "propose choice",
            "sluice.propose_choice($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                .bytea(maker.bytes), .int64(choice.living.batch.value), .int32(choice.living.line.value),
                .optionalInt64(choice.living.amountMinor), .int64(choice.closed.batch.value),
                .int32(choice.closed.line.value), .optionalInt64(choice.closed.amountMinor), .text(choice.note),
                .bool(isDry),
            ]
        )
    }

    package func propose(
        _ correction: RequestedCorrection,
        by maker: SessionSecret,
        isDry: Bool
    ) async throws -> MadeProposal {
        try await make(
            "propose correction",
            "sluice.propose_correction($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                .bytea(maker.bytes), .int64(correction.order.batch.value), .int32(correction.order.line.value),
                .int64(correction.order.amountMinor), .text(correction.order.state.rawValue),
                .text(correction.to.rawValue), .optionalText(correction.evidence),
                .optionalInt64(correction.evidenceFile), .text(correction.note), .bool(isDry),
            ]
        )
    }

    package func propose(
        _ activation: ChannelActivation,
        comment: String,
        by maker: SessionSecret
    ) async throws -> MadeProposal {
        try await pool.transaction("propose activation") { transaction in
            let rows = try transaction.query(
                "SELECT sluice.propose_activation($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                [.bytea(maker.bytes)] + Self.parameters(of: activation) + [.text(comment)]
            )
            guard let row = rows.first else { throw StoreDefect("a proposal has no answer") }
            return MadeProposal(
                number: try row.int64(0),
                isDone: false,
                approvalsMissing: 1,
                effect: ProposalEffect()
            )
        }
    }

    package func approve(
        _ proposal: Int64,
        about: NamedOrders?,
        comment: String,
        by checker: SessionSecret,
        isDry: Bool
    ) async throws -> MadeProposal {
        let made = try await carryOut("approve proposal", isDry: isDry) { transaction in
            let rows = try transaction.query(
                """
                SELECT \(Self.madeColumns)
                FROM sluice.approve_proposal($1, $2, $3, $4, $5::text[]::numeric[], $6) p
                """,
                [.bytea(checker.bytes), .int64(proposal)] + Self.named(about) + [.text(comment)]
            )
            guard let row = rows.first else { throw StoreDefect("an approval has no answer") }
            if !isDry { beforeApprovalCommit?() }
            return try Self.made(row, number: isDry ? nil : proposal)
        }
        if !isDry { afterApprovalCommit?() }
        return made
    }

    package func decline(
        _ proposal: Int64,
        comment: String,
        by checker: SessionSecret,
        isDry: Bool
    ) async throws {
        try await carryOut("decline proposal", isDry: isDry) { transaction in
            _ = try transaction.query(
                "SELECT sluice.decline_proposal($1, $2, $3)",
                [.bytea(checker.bytes), .int64(proposal), .text(comment)]
            )
        }
    }

    package func withdraw(_ proposal: Int64, by maker: SessionSecret, isDry: Bool) async throws {
        try await carryOut("withdraw proposal", isDry: isDry) { transaction in
            _ = try transaction.query(
                "SELECT sluice.withdraw_proposal($1, $2)",
                [.bytea(maker.bytes), .int64(proposal)]
            )
        }
    }

    /// The count, the currencies and the amounts that somebody names.
    private static func named(_ about: NamedOrders?) -> [PostgresValue] {
        let named = about?.amounts.sorted { $0.key < $1.key } ?? []
        return [
            .optionalInt64(about?.count), .textArray(named.map(\.key)), .textArray(named.map { String($0.value) }),
        ]
    }

    private func make(_ name: String, _ call: String, _ parameters: [PostgresValue]) async throws -> MadeProposal {
        try await pool.transaction(name, deadline: Self.actDeadline) { transaction in
            let rows = try transaction.query(
                "SELECT \(Self.madeColumns), p.proposal_id FROM \(call) p",
                parameters
            )
            guard let row = rows.first else { throw StoreDefect("a proposal has no answer") }
            return try Self.made(row, number: try row.optionalInt64(10))
        }
    }

    private static func made(_ row: PostgresRow, number: Int64?) throws -> MadeProposal {
        MadeProposal(
            number: number,
            isDone: try row.text(0) == "approved",
            approvalsMissing: Int(try row.int32(1)),
            effect: try effect(row, from: 2)
        )
    }

    /// Reads what `effectColumns` selects.
    static func effect(_ row: PostgresRow, from first: Int) throws -> ProposalEffect {
        var effect = ProposalEffect()
        effect.decision = try row.optionalInt64(first)
        effect.itemsClosed = try row.int64(first + 1)
        effect.itemsOpen = try row.int64(first + 2)
        effect.orders = try row.int64(first + 3)
        effect.refused = try row.int64(first + 4)
        effect.amounts = try amounts(try row.textArray(first + 5), try row.textArray(first + 6))
        effect.supplements = try row.bigintArray(first + 7).map(BatchIdentifier.init)
        return effect
    }

    /// Sums by currency.
    static func amounts(_ currencies: [String], _ texts: [String]) throws -> [String: Int128] {
        var amounts: [String: Int128] = [:]
        for (currency, text) in zip(currencies, texts) {
            guard let amount = Int128(text) else { throw StoreDefect("a proposal's sum is no whole number") }
            amounts[currency] = amount
        }
        return amounts
    }
}

// MARK: Evidence

extension SQLStore {
    package func keepEvidence(
        named name: String,
        _ content: [UInt8],
        by person: SessionSecret
    ) async throws -> Int64 {
        let salt = SecureRandom.bytes(32)
        let hash = SHA256.hash(content)
        var cipher = try EvidenceCipher(keyIdentifier: keys.currentIdentifier, salt: salt, keys: keys)
        let sealed = cipher.seal(content, sha256: hash)
        return try await pool.transaction("keep evidence", deadline: Self.actDeadline) { transaction in
            let rows = try transaction.query(
                "SELECT sluice.keep_evidence($1, $2, $3, $4, $5, $6, $7)",
                [
                    .bytea(person.bytes), .text(name), .bytea(hash), .int64(Int64(content.count)), .bytea(sealed),
                    .int32(keys.currentIdentifier), .bytea(salt),
                ]
            )
            guard let row = rows.first else { throw StoreDefect("kept evidence has no answer") }
            return try row.int64(0)
        }
    }

    package func openEvidence(
        _ number: Int64,
        reason: String,
        by person: SessionSecret
    ) async throws -> KeptEvidence? {
        try await pool.transaction("open evidence") { transaction in
            try transaction.query(
                """
                SELECT file_name, content, data_key_id, data_salt, sha256 FROM sluice.open_evidence($1, $2, $3)
                """,
                [.bytea(person.bytes), .int64(number), .text(reason)]
            ).first.map { row in
                var cipher = try EvidenceCipher(
                    keyIdentifier: try row.int32(2),
                    salt: try row.bytes(3),
                    keys: keys
                )
                let content = try cipher.open(try row.bytes(1), sha256: try row.bytes(4))
                return KeptEvidence(fileName: try row.text(0), content: content)
            }
        }
    }

    package func evidenceFiles(limit: Int) async throws -> [EvidenceFile] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("evidence files", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT e.evidence_id, e.file_name, e.bytes, e.kept_at, count(p.proposal_id),
                    coalesce(sum(p.orders), 0)::bigint
                FROM sluice.evidence_file e LEFT JOIN sluice.proposal p USING (evidence_id)
                GROUP BY e.evidence_id ORDER BY e.evidence_id DESC LIMIT $1
                """,
                [.int64(Int64(limit))]
            ).map { row in
                EvidenceFile(
                    number: try row.int64(0),
                    fileName: try row.text(1),
                    bytes: try row.int64(2),
                    keptAt: try row.timestamp(3),
                    proposals: try row.int64(4),
                    orders: try row.int64(5)
                )
            }
        }
    }
}
