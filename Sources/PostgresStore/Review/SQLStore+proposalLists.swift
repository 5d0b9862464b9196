package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func proposals(onlyWaiting: Bool, limit: Int) async throws -> [Proposal] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("proposals", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT \(Self.proposalColumns) FROM sluice.proposal p
                WHERE NOT $1 OR (p.state = 'waiting' AND p.expires_at > now())
                ORDER BY p.proposal_id DESC LIMIT $2
                """,
                [.bool(onlyWaiting), .int64(Int64(limit))]
            ).map(Self.proposal)
        }
    }

    package func proposal(_ number: Int64) async throws -> Proposal? {
        try await pool.transaction("proposal", readOnly: true) { transaction in
            let rows = try transaction.query(
                "SELECT \(Self.proposalColumns) FROM sluice.proposal p WHERE p.proposal_id = $1",
                [.int64(number)]
            )
            guard let row = rows.first else { return nil }
            var proposal = try Self.proposal(row)
            proposal.votes = try transaction.query(
                """
                SELECT login, is_approval, comment, voted_at FROM sluice.proposal_vote WHERE proposal_id = $1
                ORDER BY voted_at
                """,
                [.int64(number)]
            ).map {
                Proposal.Vote(
                    login: try $0.text(0),
                    isApproval: try $0.bool(1),
                    comment: try $0.text(2),
                    at: try $0.timestamp(3)
                )
            }
            return proposal
        }
    }

    private static let proposalColumns = """
        p.proposal_id, p.kind, CASE WHEN p.state = 'waiting' AND p.expires_at <= now() THEN 'expired'
            ELSE p.state::text END, p.subject, p.orders,
        ARRAY(SELECT key FROM jsonb_each_text(p.amounts) ORDER BY key),
        ARRAY(SELECT value FROM jsonb_each_text(p.amounts) ORDER BY key), p.comment, p.maker_login, p.made_at,
        p.expires_at, CASE p.state WHEN 'waiting' THEN greatest(p.approvers_needed
            - (SELECT count(*) FROM sluice.proposal_vote v WHERE v.proposal_id = p.proposal_id AND v.is_approval), 0)
            ELSE 0 END::int, p.evidence, p.evidence_id,
        ARRAY(SELECT x FROM jsonb_array_elements_text(p.payload -> 'accepted') AS e (x)),
        coalesce((p.payload ->> 'resembling')::bigint, 0), p.ended_at, p.outcome IS NOT NULL,
        ARRAY(SELECT key FROM jsonb_each_text(p.payload -> 'alike') ORDER BY key),
        ARRAY(SELECT value FROM jsonb_each_text(p.payload -> 'alike') ORDER BY key),
        \(effectColumns("p.outcome"))
        """

    private static func proposal(_ row: PostgresRow) throws -> Proposal {
        var proposal = Proposal(
            number: try row.int64(0),
            kind: try row.text(1),
            state: try row.text(2),
            subject: try row.text(3),
            orders: try row.int64(4),
            amounts: try amounts(try row.textArray(5), try row.textArray(6)),
            comment: try row.text(7),
            maker: try row.text(8),
            madeAt: try row.timestamp(9),
            expiresAt: try row.timestamp(10),
            approvalsMissing: Int(try row.int32(11))
        )
        proposal.evidence = try row.optionalText(12)
        proposal.evidenceFile = try row.optionalInt64(13)
        proposal.accepted = try row.textArray(14)
        proposal.resembling = try row.int64(15)
        proposal.endedAt = try row.optionalTimestamp(16)
        proposal.alike = Dictionary(zip(try row.textArray(18), try row.textArray(19))) { first, _ in first }
        if try row.bool(17) { proposal.effect = try effect(row, from: 20) }
        return proposal
    }

    package func records(of proposal: Int64, after key: OrderKey?, limit: Int) async throws -> [ProposedRecord] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("proposed records", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT batch_id, line_no, business_date, revision, outcome, successor_batch_id, successor_line_no
                FROM sluice.proposal_record WHERE proposal_id = $1 AND (batch_id, line_no) > ($2, $3)
                ORDER BY batch_id, line_no LIMIT $4
                """,
                [
                    .int64(proposal), .int64(key?.batch.value ?? 0), .int32(key?.line.value ?? 0),
                    .int64(Int64(limit)),
                ]
            ).map { row in
                var record = ProposedRecord(
                    key: OrderKey(
                        batch: BatchIdentifier(try row.int64(0)),
                        line: LineNumber(try row.int32(1)),
                        businessDate: try row.date(2)
                    ),
                    revision: try row.int32(3),
                    outcome: try row.optionalText(4)
                )
                record.successorBatch = try row.optionalInt64(5).map(BatchIdentifier.init)
                record.successorLine = try row.optionalInt32(6).map(LineNumber.init)
                return record
            }
        }
    }

    package func reviewItems(of target: String, limit: Int) async throws -> [OpenReviewItem] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("review items", readOnly: true) { transaction in
            var items = try transaction.query(
                """
                SELECT item_id, incident, cause, code, batch_id, opened_at, submission_no, line_no, channel
                FROM sluice.review_item WHERE closed_at IS NULL
                    AND (incident = $1 OR item_id = CASE WHEN $1 ~ '^[0-9]{1,18}$' THEN $1::bigint END)
                ORDER BY item_id LIMIT $2
                """,
                [.text(target), .int64(Int64(limit))]
            ).map { row in
                var item = OpenReviewItem(
                    number: try row.int64(0),
                    incident: try row.text(1),
                    cause: try row.text(2),
                    code: try row.text(3),
                    batch: BatchIdentifier(try row.int64(4)),
                    openedAt: try row.timestamp(5)
                )
                item.submission = try row.optionalInt32(6)
                item.line = try row.optionalInt32(7).map(LineNumber.init)
                item.channel = try row.optionalText(8)
                return item
            }
            let places = Dictionary(uniqueKeysWithValues: items.enumerated().map { ($0.element.number, $0.offset) })
            let orders = try transaction.query(
                """
                SELECT o.item_id, o.state, o.currency, count(*), sum(o.amount_minor) FROM sluice.review_orders($1) o
                GROUP BY o.item_id, o.state, o.currency
                """,
                [.bigintArray(items.map(\.number))]
            )
            for row in orders {
                guard let place = places[try row.int64(0)] else { continue }
                let tally = Tally(count: try row.int64(3), amountMinor: try row.int128(4))
                items[place].orders[try row.word(1), default: [:]][try row.text(2)] = tally
            }
            return items
        }
    }
}
