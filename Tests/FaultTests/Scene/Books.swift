import ChannelSimulator
import PaymentCore
import PostgresClient
import Testing

/// Our orders beside what the companies really paid.
struct Books: Sendable {
    private struct Row: Sendable {
        let line: Int32
        let state: String
        let hasNextAction: Bool
    }

    let scene: FaultScene

    /// Every rule that binds whatever happened: paid at most once and rightly, `succeeded` means paid, `failed` means
    /// not paid, nothing is forgotten, totals hold.
    func expectToHold(
        _ files: [(batch: Int64, text: BatchText)],
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let truth = try TruthFile.read(path: scene.truthPath)
        var payments: [String: [Truth.Payment]] = [:]
        for channel in truth.channels.values {
            for (reference, payment) in channel.payments { payments[reference, default: []].append(payment) }
            #expect(channel.overlaps.isEmpty, "a query and a send of one submission at once", sourceLocation: location)
        }
        var wrong: [String] = []
        var known: Set<String> = []
        for (batch, text) in files {
            let rows = try await orders(of: batch)
            #expect(
                rows.map(\.line) == (1...Int32(text.lines.count)).map(\.self),
                "batch \(batch) has not each line once",
                sourceLocation: location
            )
            for row in rows {
                let reference = "\(batch)-\(row.line)"
                known.insert(reference)
                let paid = payments[reference] ?? []
                let times = paid.reduce(0) { $0 + $1.count }
                let meant = text.lines[Int(row.line) - 1]
                if times > 1 { wrong.append("\(reference) paid \(times) times") }
                for payment in paid
                where payment.amount != meant.amountMinor
                    || payment.accountSHA256 != Truth.accountSHA256(meant.account)
                    || payment.direction.rawValue != text.direction.rawValue
                {
                    wrong.append("\(reference) paid wrongly")
                }
                switch row.state {
                case "succeeded": if times == 0 { wrong.append("\(reference) succeeded, not paid") }
                case "failed", "cancelled": if times > 0 { wrong.append("\(reference) \(row.state), but paid") }
                default: if !row.hasNextAction { wrong.append("\(reference) \(row.state) and forgotten") }
                }
            }
        }
        wrong += payments.keys.filter { !known.contains($0) }.map { "\($0) paid, but no order of ours" }
        #expect(wrong.isEmpty, "\(wrong.prefix(20))\n\(scene.tails)", sourceLocation: location)
        try await expectInvariants(location)
    }

    /// Every invariant that SQL can check.
    func expectInvariants(_ location: SourceLocation = #_sourceLocation) async throws {
        let verify = try scene.start(["verify"])
        #expect(try await verify.end() == 0, "\(verify.tail)", sourceLocation: location)
    }

    private func orders(of batch: Int64) async throws -> [Row] {
        try await scene.owner.transaction("orders") { transaction in
            try transaction.query(
                """
                SELECT o.line_no, o.state::text, EXISTS (SELECT FROM sluice.work_chunk w WHERE w.batch_id = o.batch_id
                        AND (o.line_no = ANY (w.line_nos) OR w.submission_no = o.submission_no))
                    OR EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.closed_at IS NULL
                        AND (r.line_no = o.line_no OR (r.line_no IS NULL AND r.submission_no = o.submission_no)))
                FROM sluice.payment_order o WHERE o.batch_id = $1 ORDER BY o.line_no
                """,
                [.int64(batch)]
            ).map { Row(line: try $0.int32(0), state: try $0.text(1), hasNextAction: try $0.bool(2)) }
        }
    }
}
