import PaymentCore
import Store

extension Invariant {
    /// One statement that gives a key for each breach; live tables stand before history, as locks are taken in that
    /// order.
    var breaches: String {
        switch self {
        case .totalsAddUp: Self.totals
        case .linesBelongToLoadedFiles: Self.strayLines
        case .lineStandsOnce:
            """
            SELECT o.batch_id || '-' || o.line_no FROM \(Self.orders) o JOIN \(Self.quarantined) q
                ON q.batch_id = o.batch_id AND q.line_no = o.line_no AND q.origin = 'intake'
            """
        case .ordersOwnTheirNumbers: Self.ordersWithoutNumber
        case .quarantineReservesNumbers:
            """
            SELECT q.batch_id || '-' || q.line_no FROM \(Self.quarantined) q JOIN sluice.batch_file f USING (batch_id)
            LEFT JOIN sluice.order_number_registry r
                ON r.merchant_id = f.merchant_id AND r.order_no = q.merchant_order_no
            WHERE q.merchant_order_no IS NOT NULL AND q.state IN ('open', 'amended') AND r.order_no IS NULL
            """
        case .numbersHaveOwners: Self.numbersWithoutOwner
        case .releasedRecordsHaveSuccessors: Self.lostReleases
        case .submissionsOwnTheirNumbers:
            """
            SELECT s.batch_id || '/' || s.submission_no FROM \(Self.submissions) s
            LEFT JOIN sluice.channel_number_registry c
                ON c.channel = s.channel AND c.scope = s.number_scope AND c.number = s.number
            WHERE c.number IS NULL OR c.batch_id <> s.batch_id OR c.submission_no <> s.submission_no
            """
        case .channelNumbersHaveSubmissions:
            """
            SELECT c.channel || '/' || c.batch_id || '/' || c.submission_no FROM sluice.channel_number_registry c
            LEFT JOIN \(Self.submissions) s ON s.batch_id = c.batch_id AND s.submission_no = c.submission_no
            LEFT JOIN sluice.batch_file f ON f.batch_id = c.batch_id
            WHERE (s.batch_id IS NULL OR s.channel <> c.channel OR s.number <> c.number OR s.number_scope <> c.scope)
                AND NOT \(Self.isDropped(.submission, "f.business_date"))
            """
        case .openOrdersHaveNextAction: Self.forgottenOrders
        case .chunksHaveWork: Self.idleChunks
        case .linesStandInOneChunk:
            """
            SELECT w.batch_id || '-' || n FROM sluice.work_chunk w CROSS JOIN LATERAL unnest(w.line_nos) n
            WHERE w.kind = 'submit' GROUP BY w.batch_id, n HAVING count(*) > 1
            """
        case .callsAreRecorded: Self.uncountedCalls
        case .finalOrdersHaveEvidence: Self.unprovenOrders
        case .submissionsMatchOrders: Self.strangeSubmissions
        case .ordersMatchSubmissions:
            """
            SELECT o.batch_id || '-' || o.line_no FROM \(Self.orders) o
            LEFT JOIN \(Self.submissions) s ON s.batch_id = o.batch_id AND s.submission_no = o.submission_no
            WHERE o.state NOT IN ('held', 'ready', 'cancelled')
                AND (s.batch_id IS NULL OR s.line_nos[o.item_no] IS DISTINCT FROM o.line_no)
                AND NOT \(Self.isDropped(.submission, "o.business_date"))
            """
        case .slotsComeFree: Self.stuckSlots
        case .resultFilesAreWhole:
            """
            SELECT r.batch_id || ' version ' || r.version FROM sluice.result_file r
            JOIN sluice.batch_file f USING (batch_id)
            WHERE r.line_count IS DISTINCT FROM CASE f.state WHEN 'refused' THEN 0 ELSE f.record_count END
                OR (f.state = 'finished' OR f.refusal_answered_at IS NOT NULL) <> EXISTS (
                    SELECT FROM sluice.result_file x WHERE x.batch_id = r.batch_id AND x.is_final)
            """
        case .ceilingsCountOrders: Self.uncountedOrders
        case .contentIsEncrypted:
            """
            SELECT p.batch_id || ' part ' || p.part_no FROM sluice.batch_file_part p
            JOIN sluice.batch_file f USING (batch_id)
            WHERE NOT p.is_encrypted AND f.state IN ('held', 'refused', 'split', 'working', 'finished')
            """
        case .partitionsAreAhead: Self.gapsInDays
        case .noOpenOrderIsArchived: Self.archivedOpenOrders
        case .rowsStandOnce: Self.rowsInTwoPlaces
        case .receiptsAddUp: Self.receiptsThatDiffer
        }
    }

    // MARK: Live and history

    private static let orders = both(
        "payment_order",
        "batch_id, line_no, business_date, merchant_order_no, state, cause, amount_minor, currency, channel, "
            + "submission_no,"
            + " item_no, code, evidence_day, evidence_ordinal, decision_id"
    )
    private static let quarantined = both(
        "quarantine_record",
        "batch_id, line_no, business_date, merchant_order_no, state, origin, successor_batch_id, successor_line_no"
    )
    private static let submissions = both(
        "submission",
        "batch_id, submission_no, business_date, channel, number, number_scope, line_nos, amount_minor, currency,"
            + " sends, sends_unsent, next_ordinal"
    )
    private static let exchanges = both(
        "exchange",
        "batch_id, submission_no, ordinal, exchange_day, business_date, kind, outcome, is_late"
    )
    private static let attempts = both(
        "payment_attempt",
        "batch_id, line_no, submission_no, evidence_day, evidence_ordinal, code, decision_id"
    )

    private static func both(_ table: String, _ columns: String) -> String {
        "(SELECT \(columns) FROM sluice.\(table) UNION ALL SELECT \(columns) FROM history.\(table))"
    }

    /// Whether the day of a table was dropped, by its retention: what is looked for there is not missing.
    private static func isDropped(_ table: HeavyTable, _ day: String) -> String {
        "EXISTS (SELECT FROM sluice.dropped_day d WHERE d.table_name = '\(table)' AND d.day = \(day))"
    }

    // MARK: Files and lines (R14)

    private static let totals = """
        SELECT f.batch_id FROM sluice.batch_file f
        LEFT JOIN (
            SELECT t.batch_id, sum(t.records) AS records, sum(t.amount_unreadable) AS amount_unreadable,
                bool_and(t.records = t.orders + t.quarantined + t.rejected + t.released
                    AND t.records_minor = t.orders_minor + t.quarantined_minor + t.rejected_minor + t.released_minor
                    AND t.orders = t.succeeded + t.failed + t.returned + t.cancelled + t.open
                    AND t.orders_minor = t.succeeded_minor + t.failed_minor + t.returned_minor + t.cancelled_minor
                        + t.open_minor) AS adds_up
            FROM sluice.batch_totals t GROUP BY t.batch_id
        ) t USING (batch_id)
        WHERE f.state IN ('splitting', 'split', 'working', 'finished') AND (
            coalesce(t.records, 0) IS DISTINCT FROM
                CASE f.state WHEN 'splitting' THEN f.loaded_count ELSE f.record_count END
            OR NOT coalesce(t.adds_up, true)
            OR (f.state <> 'splitting' AND coalesce(t.amount_unreadable, 0) <> f.amount_unreadable))
            AND NOT \(isDropped(.paymentOrder, "f.business_date"))
            AND NOT \(isDropped(.quarantineRecord, "f.business_date"))
        """

    private static let strayLines = """
        SELECT l.batch_id || ' of ' || l.business_date
        FROM (SELECT batch_id, business_date FROM \(orders) o
            UNION SELECT batch_id, business_date FROM \(quarantined) q) l
        LEFT JOIN sluice.batch_file f USING (batch_id)
        WHERE f.batch_id IS NULL OR f.business_date <> l.business_date
            OR f.state IN ('receiving', 'pending', 'held', 'refused')
        """

    /// What may move by itself counts against the ceilings of the files that come after it.
    private static let uncountedOrders = """
        SELECT o.batch_id || ' ' || o.currency FROM (
            SELECT batch_id, currency, sum(amount_minor) AS moving FROM \(orders) x
            WHERE state <> 'cancelled' AND NOT (state = 'held' AND code LIKE 'ceiling\\_%')
            GROUP BY batch_id, currency) o
        JOIN sluice.batch_file_sum s ON s.batch_id = o.batch_id AND s.currency = o.currency
        WHERE s.counted_minor IS NULL OR s.counted_minor < o.moving
        """

    // MARK: Registries

    /// A cancelled order's number is void, and may be somebody else's by now.
    ///
    /// That of an order set aside for its data is its quarantined record's, and moves on with that.
    private static let ordersWithoutNumber = """
        SELECT o.batch_id || '-' || o.line_no FROM \(orders) o JOIN sluice.batch_file f USING (batch_id)
        LEFT JOIN sluice.order_number_registry r ON r.merchant_id = f.merchant_id AND r.order_no = o.merchant_order_no
        WHERE r.order_no IS NULL OR CASE
            WHEN r.batch_id = o.batch_id AND r.line_no = o.line_no THEN CASE
                WHEN o.state = 'cancelled' THEN r.state <> 'void'
                -- Of one that was paid after all it is the order's again.
                WHEN o.state = 'failed' AND o.cause = 'data' THEN r.state = 'order' AND NOT EXISTS (
                    SELECT FROM sluice.payment_correction c WHERE c.batch_id = o.batch_id AND c.line_no = o.line_no)
                ELSE r.state <> 'order' END
            ELSE NOT (o.state = 'cancelled' OR (o.state = 'failed' AND o.cause = 'data')) END
        """

    /// The number of a line of a supplement that is not loaded yet is that of the record it comes from.
    private static let numbersWithoutOwner = """
        SELECT r.batch_id || '-' || r.line_no FROM sluice.order_number_registry r
        LEFT JOIN sluice.batch_file f USING (batch_id)
        LEFT JOIN sluice.supplement_record s ON s.batch_id = r.batch_id AND s.line_no = r.line_no
            AND (f.state = 'pending' OR (f.state = 'splitting'
                AND s.line_no > coalesce((f.load_position ->> 'record_ordinal')::bigint, 0)))
        LEFT JOIN \(orders) o ON o.batch_id = r.batch_id AND o.line_no = r.line_no
        LEFT JOIN \(quarantined) q ON q.batch_id = r.batch_id AND q.line_no = r.line_no
        WHERE r.state <> 'void' AND (f.merchant_id IS DISTINCT FROM r.merchant_id OR CASE r.state
            WHEN 'order' THEN o.merchant_order_no IS DISTINCT FROM r.order_no OR o.state = 'cancelled'
            ELSE s.line_no IS NULL AND (q.merchant_order_no IS DISTINCT FROM r.order_no
                OR q.state NOT IN ('open', 'amended')) END)
            AND NOT \(isDropped(.paymentOrder, "f.business_date"))
            AND NOT \(isDropped(.quarantineRecord, "f.business_date"))
        """

    // MARK: Supplements

    /// A released record is one line of one supplement of the file that it was sent in.
    ///
    /// Once that line is loaded, it is there, as an order or as a record. A number that is in nobody's hands is caught
    /// elsewhere.
    private static let lostReleases = """
        SELECT q.batch_id || '-' || q.line_no FROM \(quarantined) q JOIN sluice.batch_file f USING (batch_id)
        LEFT JOIN sluice.supplement_record s ON s.from_batch_id = q.batch_id AND s.from_line_no = q.line_no
        LEFT JOIN sluice.batch_file t ON t.batch_id = s.batch_id
        WHERE (q.state = 'released' AND (s.batch_id IS DISTINCT FROM q.successor_batch_id
                OR s.line_no IS DISTINCT FROM q.successor_line_no
                OR t.parent_batch_id IS DISTINCT FROM coalesce(f.parent_batch_id, f.batch_id)))
            OR (q.state <> 'released' AND s.batch_id IS NOT NULL)
        UNION ALL
        SELECT s.batch_id || '-' || s.line_no FROM sluice.supplement_record s JOIN sluice.batch_file t USING (batch_id)
        WHERE (t.state IN ('split', 'working', 'finished') OR (t.state = 'splitting'
                AND s.line_no <= coalesce((t.load_position ->> 'record_ordinal')::bigint, 0)))
            AND NOT EXISTS (SELECT FROM \(orders) o WHERE o.batch_id = s.batch_id AND o.line_no = s.line_no
                AND o.business_date = t.business_date)
            AND NOT EXISTS (SELECT FROM \(quarantined) n WHERE n.batch_id = s.batch_id AND n.line_no = s.line_no
                AND n.business_date = t.business_date)
            AND NOT \(isDropped(.paymentOrder, "t.business_date"))
            AND NOT \(isDropped(.quarantineRecord, "t.business_date"))
        UNION ALL
        SELECT t.batch_id::text FROM sluice.batch_file t
        WHERE t.parent_batch_id IS NOT NULL AND (SELECT count(*) FROM sluice.supplement_record s
            WHERE s.batch_id = t.batch_id) IS DISTINCT FROM coalesce(t.record_count, t.declared_count)
        """

    // MARK: Work

    /// An open order of a planned file has a live chunk or an open review item: always one of them.
    private static let forgottenOrders = """
        SELECT o.batch_id || '-' || o.line_no FROM sluice.payment_order o JOIN sluice.batch_file f USING (batch_id)
        WHERE o.state IN ('held', 'ready', 'submitting', 'processing', 'unknown')
            AND f.state IN ('working', 'finished')
            AND NOT EXISTS (SELECT FROM (SELECT w.batch_id, unnest(w.line_nos) AS line_no FROM sluice.work_chunk w
                WHERE w.kind = 'submit') w
                WHERE o.state = 'ready' AND w.batch_id = o.batch_id AND w.line_no = o.line_no)
            AND NOT EXISTS (SELECT FROM sluice.order_to_plan w
                WHERE o.state = 'ready' AND w.batch_id = o.batch_id AND w.line_no = o.line_no)
            AND NOT EXISTS (SELECT FROM sluice.work_chunk w
                WHERE o.state <> 'ready' AND w.batch_id = o.batch_id AND w.submission_no = o.submission_no)
            AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.closed_at IS NULL
                AND r.batch_id = o.batch_id AND r.line_no = o.line_no)
            AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.closed_at IS NULL AND r.line_no IS NULL
                AND o.state <> 'ready' AND r.batch_id = o.batch_id AND r.submission_no = o.submission_no)
            AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.closed_at IS NULL AND r.line_no IS NULL
                AND o.state = 'held' AND r.cause = 'ceiling' AND r.batch_id = o.batch_id)
        """

    private static let idleChunks = """
        SELECT w.batch_id || ' chunk ' || w.chunk_no FROM sluice.work_chunk w
        LEFT JOIN sluice.batch_file f USING (batch_id)
        LEFT JOIN sluice.submission s ON s.batch_id = w.batch_id AND s.submission_no = w.submission_no
            AND s.business_date = w.business_date
        WHERE f.state IS DISTINCT FROM 'working'
            OR (w.kind <> 'submit' AND (s.batch_id IS NULL OR s.phase IN ('settled', 'refused')))
        """

    /// A slot past its time is free whatever stands in it; what must not be is a time that never comes, or one chunk in
    /// two slots.
    private static let stuckSlots = """
        SELECT s.channel || ' ' || s.lane || ' ' || s.slot_no FROM sluice.channel_slot s
        WHERE s.held_until > now() + interval '1 hour' OR (s.held_until > now() AND EXISTS (
            SELECT FROM sluice.channel_slot x WHERE x.chunk_id = s.chunk_id AND x.epoch = s.epoch
                AND (x.channel, x.lane, x.slot_no) <> (s.channel, s.lane, s.slot_no)))
        """

    // MARK: Evidence

    /// The late answer to a call of an archived day stands beside that call, under its number.
    ///
    /// Calls are filed by the day on which they were made: of a submission whose calls may be dropped nothing is
    /// counted.
    private static let uncountedCalls = """
        SELECT coalesce(s.batch_id, e.batch_id) || '/' || coalesce(s.submission_no, e.submission_no)
        FROM \(submissions) s
        FULL JOIN (SELECT batch_id, submission_no, min(business_date) AS business_date,
            count(DISTINCT ordinal) AS calls, max(ordinal) AS last,
            count(DISTINCT ordinal) FILTER (WHERE kind = 'send') AS sends,
            count(*) FILTER (WHERE kind = 'send' AND outcome = 'not_sent' AND NOT is_late) AS unsent
            FROM \(exchanges) x GROUP BY batch_id, submission_no) e
            ON e.batch_id = s.batch_id AND e.submission_no = s.submission_no
        WHERE (s.batch_id IS NULL OR e.batch_id IS NULL OR e.sends <> s.sends OR e.unsent <> s.sends_unsent
            OR e.calls <> s.next_ordinal - 1 OR e.last <> s.next_ordinal - 1)
            AND NOT \(isDropped(.submission, "coalesce(s.business_date, e.business_date)"))
            AND NOT EXISTS (SELECT FROM sluice.dropped_day d WHERE d.table_name = '\(HeavyTable.exchange)'
                AND d.day >= s.business_date - 1)
        """

    /// An attempt that was given up is proven by a send of which no byte left, one that people ended by their decision,
    /// all else by an answer.
    private static let unprovenOrders = """
        SELECT o.batch_id || '-' || o.line_no
        FROM (SELECT batch_id, line_no, submission_no, evidence_day, evidence_ordinal, decision_id,
                state::text AS state, 'answered' AS outcome FROM \(orders) x
                WHERE state IN ('succeeded', 'failed', 'returned')
            UNION ALL SELECT batch_id, line_no, submission_no, evidence_day, evidence_ordinal, decision_id, 'resend',
                CASE WHEN code IN (\(SQLStore.unsentCodes)) THEN 'not_sent' ELSE 'answered' END FROM \(attempts) a) o
        LEFT JOIN \(exchanges) e ON e.batch_id = o.batch_id AND e.submission_no = o.submission_no
            AND e.ordinal = o.evidence_ordinal AND e.exchange_day = o.evidence_day
        LEFT JOIN sluice.review_decision d ON d.decision_id = o.decision_id AND d.evidence IS NOT NULL
            AND d.decision = CASE o.state WHEN 'returned' THEN 'succeeded' ELSE o.state END
        WHERE CASE WHEN o.decision_id IS NOT NULL THEN d.decision_id IS NULL
            ELSE e.batch_id IS NULL OR e.is_late OR e.outcome::text IS DISTINCT FROM o.outcome END
            AND NOT \(isDropped(.exchange, "o.evidence_day"))
        """

    /// Item i of a submission is the order in line_nos[i], live or as an ended attempt, and the amounts add up.
    private static let strangeSubmissions = """
        SELECT s.batch_id || '/' || s.submission_no FROM \(submissions) s
        CROSS JOIN LATERAL unnest(s.line_nos) WITH ORDINALITY i (line_no, item_no)
        LEFT JOIN \(orders) o ON o.batch_id = s.batch_id AND o.line_no = i.line_no
        LEFT JOIN \(attempts) a ON a.batch_id = s.batch_id AND a.line_no = i.line_no
            AND a.submission_no = s.submission_no
        WHERE NOT \(isDropped(.paymentOrder, "s.business_date"))
            AND NOT \(isDropped(.paymentAttempt, "s.business_date"))
        GROUP BY s.batch_id, s.submission_no, s.amount_minor
        HAVING sum(o.amount_minor) IS DISTINCT FROM s.amount_minor OR bool_or(o.currency IS DISTINCT FROM s.currency
            OR (a.batch_id IS NULL AND (o.submission_no IS DISTINCT FROM s.submission_no
                OR o.item_no IS DISTINCT FROM i.item_no OR o.channel IS DISTINCT FROM s.channel)))
        """
}
