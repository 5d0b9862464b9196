package import PaymentCore

/// Days of orders that have ended long ago, put in by SQL: what archiving finds after two months.
///
/// Triggers are off, as nothing is loaded here.
package struct ArchiveSeed: Sendable {
    private static let ordersOfSubmission = 500
    private static let calls = 3
    private static let ordersOfAttempt = 50
    private static let ordersOfRecord = 1_000

    private let day: BusinessDate
    private let orders: Int
    private let batch: Int64

    /// `batch`: the number of the day's one file.
    package init(day: BusinessDate, orders: Int, batch: Int64) {
        (self.day, self.orders, self.batch) = (day, orders, batch)
    }

    private static let withoutTriggers = "SET LOCAL session_replication_role = replica;"

    /// Orders alone, into a partition of their own or the one of all older days.
    func ordersAlone(into partition: String) -> String {
        """
        \(Self.withoutTriggers)
        \(file)
        \(orders(into: partition))
        """
    }

    /// Orders with what a channel leaves of them: a submission for each 500, three calls a submission, an ended attempt
    /// for each 50 orders and a rejected record for each 1,000.
    package var everything: String {
        """
        \(Self.withoutTriggers)
        \(file)
        \(orders(into: "payment_order_\(day.compact)"))
        INSERT INTO sluice.submission_\(day.compact) (batch_id, submission_no, business_date, channel, direction,
            number, number_scope, trade_date, attempt_no, phase, line_nos, amount_minor, currency, envelope,
            envelope_sha256, data_key_id, specification_sha256, sends, sends_unsent, next_ordinal, polls, not_founds,
            ever_taken, first_sent_at, last_send_ended_at, settled_at)
        SELECT \(batch), s, '\(day)', 'harbor', 'payout', 'B\(batch)S' || s, '*', '\(day)', 1, 'settled',
            ARRAY(SELECT generate_series(\(Self.ordersOfSubmission) * (s - 1) + 1,
                least(\(orders), \(Self.ordersOfSubmission) * s))),
            \(Self.ordersOfSubmission) * 10000::bigint, 'CNY',
            (SELECT string_agg(decode(md5(s || '/' || n), 'hex'), '') FROM generate_series(1, 250) n),
            sha256(s::text::bytea), 1, sha256('specification'), 1, 0, \(Self.calls + 1), \(Self.calls - 1), 0, true,
            '\(day)'::timestamptz + interval '2 hours', '\(day)'::timestamptz + interval '2 hours',
            '\(day)'::timestamptz + interval '3 hours'
        FROM generate_series(1, \((orders + Self.ordersOfSubmission - 1) / Self.ordersOfSubmission)) AS s;
        INSERT INTO sluice.exchange_\(day.compact) (batch_id, submission_no, ordinal, exchange_day, business_date,
            channel, kind, epoch, worker_id, send_by, outcome, header_code, http_status, response, data_key_id,
            latency_us, ended_at)
        SELECT s.batch_id, s.submission_no, n, '\(day)', '\(day)', 'harbor',
            (CASE n WHEN 1 THEN 'send' ELSE 'query' END)::sluice.call_kind, n, repeat('b', 32), s.first_sent_at,
            'answered', '0000', 200,
            (SELECT string_agg(decode(md5(s.submission_no || '/' || n || '/' || m), 'hex'), '')
                FROM generate_series(1, 100) m),
            1, 40000, s.settled_at
        FROM sluice.submission_\(day.compact) s, generate_series(1, \(Self.calls)) AS n;
        INSERT INTO sluice.payment_attempt_\(day.compact) (batch_id, line_no, business_date, attempt_no, channel,
            submission_no, cause, code, evidence_day, evidence_ordinal)
        SELECT \(batch), n, '\(day)', 1, 'meridian', 1, 'channel', 'E103', '\(day)', 1
        FROM generate_series(\(Self.ordersOfAttempt), \(orders), \(Self.ordersOfAttempt)) AS n;
        INSERT INTO sluice.quarantine_record_\(day.compact) (batch_id, line_no, business_date, state, origin,
            merchant_order_no, amount_minor, currency, reasons, charset, byte_from, byte_to, physical_line, raw,
            data_key_id, closed_code, closed_at)
        SELECT \(batch), \(orders) + n, '\(day)', 'rejected', 'intake', 'R' || n, 100 + n, 'CNY',
            '[{"code": "account_check_digit", "field": "account"}]', 'UTF-8', n * 80, n * 80 + 79, n,
            decode(repeat(md5('r' || n), 3), 'hex'), 1, 'superseded', '\(day)'::timestamptz + interval '3 hours'
        FROM generate_series(1, \(orders / Self.ordersOfRecord)) AS n;
        """
    }

    private var file: String {
        """
        INSERT INTO sluice.batch_file (batch_id, merchant_id, direction, format, file_name, environment, business_date,
            content_sha256, content_bytes, part_count, state, record_count, loaded_count, result_due_at)
        OVERRIDING SYSTEM VALUE
        SELECT \(batch), min(merchant_id), 'payout', 'benchmark', 'benchmark', 'benchmark', '\(day)',
            sha256('\(batch)'), 0, 0, 'finished', \(orders), \(orders), now()
        FROM sluice.merchant;
        """
    }

    /// One in ten failed, and each of its own content, as encrypted fields are.
    private func orders(into partition: String) -> String {
        """
        INSERT INTO sluice.\(partition) (batch_id, line_no, business_date, state, cause, amount_minor, attempt_no,
            item_no, submission_no, data_key_id, currency, merchant_order_no, bank_code, channel, code, personal,
            account_hash, evidence_day, evidence_ordinal, decided_at)
        SELECT \(batch), n, '\(day)', (CASE n % 10 WHEN 0 THEN 'failed' ELSE 'succeeded' END)::sluice.order_state,
            CASE n % 10 WHEN 0 THEN 'customer'::sluice.failure_cause END, 10000 + n, 1,
            (n - 1) % \(Self.ordersOfSubmission) + 1, (n - 1) / \(Self.ordersOfSubmission) + 1, 1, 'CNY',
            'B\(batch)N' || n, '102100099996', 'harbor', CASE n % 10 WHEN 0 THEN 'E101' ELSE '0000' END,
            h.md5 || h.md5 || h.md5 || h.md5 || h.md5 || h.md5, h.md5, '\(day)', 2,
            '\(day)'::timestamptz + interval '3 hours'
        FROM generate_series(1, \(orders)) AS n
        CROSS JOIN LATERAL (SELECT decode(md5('\(batch)/' || n), 'hex') AS md5) AS h;
        """
    }
}
