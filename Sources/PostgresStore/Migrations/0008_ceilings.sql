-- Ceilings, held orders, and the decisions that people take.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- What pass 1 accepted of a file, a row a currency.
CREATE TABLE sluice.batch_file_sum (
    batch_id bigint NOT NULL REFERENCES sluice.batch_file,
    currency text NOT NULL,
    orders bigint NOT NULL CHECK (orders >= 0),
    amount_minor numeric NOT NULL CHECK (amount_minor >= 0),
    -- Of it what counts against ceilings: nothing of orders that are held for a ceiling, nor of cancelled ones. Null
    -- until the file was held against the ceilings.
    counted_minor numeric CHECK (counted_minor BETWEEN 0 AND amount_minor),
    PRIMARY KEY (batch_id, currency)
) WITH (fillfactor = 70);
CREATE INDEX batch_file_day ON sluice.batch_file (business_date, merchant_id);
-- The ceiling above which the file was found: its orders are loaded as `held`, with this code.
ALTER TABLE sluice.batch_file ADD COLUMN held_by text CHECK (held_by LIKE 'ceiling\_%');

-- What may be decided about each cause; the same table as in PaymentCore. `noted` is allowed for any cause that is
-- about no order any more.
CREATE TABLE sluice.review_option (
    cause text NOT NULL,
    decision text NOT NULL,
    PRIMARY KEY (cause, decision)
);
INSERT INTO sluice.review_option (cause, decision) VALUES
    ('file_held', 'load'), ('file_held', 'refuse'),
    ('ceiling', 'approve'), ('ceiling', 'cancel'), ('account_at_risk', 'approve'), ('account_at_risk', 'cancel'),
    ('polls_exhausted', 'ask-again'), ('polls_exhausted', 'succeeded'), ('polls_exhausted', 'failed'),
    ('not_found', 'ask-again'), ('not_found', 'succeeded'), ('not_found', 'failed'),
    ('answer_mismatch', 'ask-again'), ('answer_mismatch', 'succeeded'), ('answer_mismatch', 'failed'),
    ('answer_mismatch', 'noted'),
    ('duplicate_other_content', 'succeeded'), ('duplicate_other_content', 'failed'),
    ('duplicate_other_content', 'noted'), ('contradiction', 'noted'), ('contradiction', 'plan-again'),
    ('contradiction', 'succeeded'), ('contradiction', 'failed'),
    ('unfit_for_channel', 'cancel'), ('unfit_for_channel', 'plan-again');

-- Every decision there ever was: who, when, what, about how much, and why.
CREATE TABLE sluice.review_decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident text NOT NULL,
    cause text NOT NULL,
    decision text NOT NULL,
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 2000),
    -- What a final state rests on where it is no exchange of ours, such as the channel's written confirmation (R8).
    evidence text CHECK (length(evidence) BETWEEN 1 AND 2000),
    CHECK (decision NOT IN ('succeeded', 'failed') OR evidence IS NOT NULL),
    orders bigint NOT NULL,
    -- {"CNY": 123400}: minor units a currency.
    amounts jsonb NOT NULL CHECK (jsonb_typeof(amounts) = 'object'),
    person text NOT NULL CHECK (length(person) BETWEEN 1 AND 200),
    db_role text NOT NULL DEFAULT session_user,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE sluice.review_item ADD COLUMN decision_id bigint REFERENCES sluice.review_decision;

-- Evidence is an exchange, or a decision that names its own (R8).
ALTER TABLE sluice.payment_order ADD COLUMN decision_id bigint;
ALTER TABLE history.payment_order ADD COLUMN decision_id bigint;
ALTER TABLE sluice.payment_order DROP CONSTRAINT payment_order_evidence;
ALTER TABLE history.payment_order DROP CONSTRAINT payment_order_evidence;
ALTER TABLE sluice.payment_order ADD CONSTRAINT payment_order_evidence CHECK (
    state NOT IN ('succeeded', 'failed', 'returned') OR decision_id IS NOT NULL
        OR (evidence_day IS NOT NULL AND evidence_ordinal IS NOT NULL));
ALTER TABLE history.payment_order ADD CONSTRAINT payment_order_evidence CHECK (
    state NOT IN ('succeeded', 'failed', 'returned') OR decision_id IS NOT NULL
        OR (evidence_day IS NOT NULL AND evidence_ordinal IS NOT NULL));

-- The orders that open review items are about, as they stand: what a decision would act on.
CREATE FUNCTION sluice.review_orders(item_ids bigint[]) RETURNS TABLE (
    item_id bigint, batch_id bigint, business_date date, line_no int, submission_no int, state sluice.order_state,
    currency text, amount_minor bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- One order.
    SELECT r.item_id, r.batch_id, r.business_date, o.line_no, o.submission_no, o.state, o.currency, o.amount_minor
    FROM sluice.review_item r CROSS JOIN LATERAL (
        SELECT p.line_no, p.submission_no, p.state, p.currency, p.amount_minor FROM sluice.payment_order p
        WHERE p.batch_id = r.batch_id AND p.business_date = r.business_date AND p.line_no = r.line_no OFFSET 0) o
    WHERE r.item_id = ANY (item_ids) AND r.closed_at IS NULL AND r.line_no IS NOT NULL AND CASE r.cause
        WHEN 'contradiction' THEN true
        WHEN 'account_at_risk' THEN o.state = 'held'
        WHEN 'unfit_for_channel' THEN o.state = 'ready'
        ELSE o.state IN ('submitting', 'processing', 'unknown')
            AND (r.submission_no IS NULL OR o.submission_no = r.submission_no) END
    UNION ALL
    -- The open orders of a submission.
    SELECT r.item_id, r.batch_id, r.business_date, o.line_no, o.submission_no, o.state, o.currency, o.amount_minor
    FROM sluice.review_item r CROSS JOIN LATERAL (
        SELECT p.line_no, p.submission_no, p.state, p.currency, p.amount_minor
        FROM sluice.submission s JOIN sluice.payment_order p ON p.batch_id = r.batch_id
            AND p.business_date = r.business_date AND p.line_no = ANY (s.line_nos) AND p.submission_no = s.submission_no
        WHERE s.batch_id = r.batch_id AND s.submission_no = r.submission_no AND s.business_date = r.business_date
            AND p.state IN ('submitting', 'processing', 'unknown') OFFSET 0) o
    WHERE r.item_id = ANY (item_ids) AND r.closed_at IS NULL AND r.line_no IS NULL AND r.submission_no IS NOT NULL
    UNION ALL
    -- The orders of a file that a ceiling holds.
    SELECT r.item_id, r.batch_id, r.business_date, o.line_no, o.submission_no, o.state, o.currency, o.amount_minor
    FROM sluice.review_item r CROSS JOIN LATERAL (
        SELECT p.line_no, p.submission_no, p.state, p.currency, p.amount_minor FROM sluice.payment_order p
        WHERE p.batch_id = r.batch_id AND p.business_date = r.business_date AND p.state = 'held'
            AND p.code LIKE 'ceiling\_%' OFFSET 0) o
    WHERE r.item_id = ANY (item_ids) AND r.closed_at IS NULL AND r.line_no IS NULL AND r.submission_no IS NULL
        AND r.cause = 'ceiling'
$$;
GRANT EXECUTE ON FUNCTION sluice.review_orders(bigint[]) TO sluice_worker, sluice_console, sluice_reader;

-- Cancels orders without an intent, of a file whose row the caller has locked: their numbers become void, they wait for
-- no planning, count against no ceiling, and nobody need decide about them any more. `only_lines`: null for all.
CREATE FUNCTION sluice.void_orders(file sluice.batch_file, only_lines int[], reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    cancelled bigint;
    is_counted boolean := NOT EXISTS (SELECT FROM sluice.review_item r
        WHERE r.batch_id = file.batch_id AND r.cause = 'ceiling' AND r.closed_at IS NULL);
BEGIN
    WITH moved AS (
        UPDATE sluice.payment_order o SET state = 'cancelled', code = reason, decided_at = clock_timestamp()
            WHERE o.batch_id = file.batch_id AND o.business_date = file.business_date
                AND o.state IN ('held', 'ready') AND (only_lines IS NULL OR o.line_no = ANY (only_lines))
                -- An earlier attempt of it may have been paid: its number stays taken until a person has decided.
                AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id
                    AND r.line_no = o.line_no AND r.cause = 'contradiction' AND r.closed_at IS NULL)
            RETURNING o.merchant_order_no, o.amount_minor, o.currency, o.line_no
    ), freed AS (
        UPDATE sluice.order_number_registry r SET state = 'void' FROM moved m
            WHERE r.merchant_id = file.merchant_id AND r.order_no = m.merchant_order_no
                AND r.batch_id = file.batch_id AND r.line_no = m.line_no
    ), unplanned AS (
        DELETE FROM sluice.order_to_plan w USING moved m WHERE w.batch_id = file.batch_id AND w.line_no = m.line_no
    ), uncounted AS (
        UPDATE sluice.batch_file_sum s SET counted_minor = s.counted_minor - m.amount_minor
            FROM (SELECT currency, sum(amount_minor) AS amount_minor FROM moved GROUP BY currency) m
            WHERE is_counted AND s.batch_id = file.batch_id AND s.currency = m.currency
    ), answered AS (
        UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = session_user, decision = reason
            FROM moved m WHERE r.batch_id = file.batch_id AND r.line_no = m.line_no AND r.closed_at IS NULL
                AND r.cause IN ('account_at_risk', 'unfit_for_channel')
    ), told AS (
        INSERT INTO sluice.outbox (topic, batch_id, payload)
            SELECT 'orders_moved', file.batch_id, jsonb_build_object('to', 'cancelled', 'currency', m.currency,
                'count', count(*), 'amount_minor', sum(m.amount_minor)) FROM moved m GROUP BY m.currency
    )
    SELECT count(*) INTO cancelled FROM moved;
    -- The merchant is told at once.
    UPDATE sluice.batch_file f SET due_at = now() WHERE f.batch_id = file.batch_id AND f.state = 'working'
        AND f.lease_worker IS NULL AND cancelled > 0;
    -- The last order that a ceiling held is gone.
    UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = session_user, decision = reason
        WHERE r.batch_id = file.batch_id AND r.cause = 'ceiling' AND r.closed_at IS NULL AND cancelled > 0
            AND NOT EXISTS (SELECT FROM sluice.payment_order o WHERE o.batch_id = file.batch_id
                AND o.business_date = file.business_date AND o.state = 'held' AND o.code LIKE 'ceiling\_%');
    RETURN cancelled;
END
$$;

-- Cancels what has no intent yet; tells how many orders. Compare-and-set against a worker that is about to send.
CREATE OR REPLACE FUNCTION sluice.cancel_order(batch_id bigint, line_no int DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    file sluice.batch_file := sluice.receiving_batch_file(batch_id);
    reason text := CASE WHEN EXISTS (SELECT FROM sluice.merchant m WHERE m.merchant_id = file.merchant_id
        AND m.db_role = session_user) THEN 'cancelled_by_merchant' ELSE 'cancelled_by_person' END;
BEGIN
    IF file.state = 'splitting' OR (line_no IS NOT NULL AND file.state IN ('receiving', 'pending', 'held')) THEN
        RAISE EXCEPTION 'batch % is not loaded yet (%)', batch_id, file.state
            USING ERRCODE = 'SL012', HINT = 'nothing was cancelled; call again once it is split';
    END IF;
    IF file.state IN ('receiving', 'pending', 'held') THEN
        -- Not loaded at all: the whole file is refused, and no order of it will ever exist.
        UPDATE sluice.batch_file f SET state = 'refused', verdict = jsonb_build_object('code', reason, 'line', 0,
                'what', 'the file was cancelled before it was loaded', 'mend', 'nothing to do')
            WHERE f.batch_id = cancel_order.batch_id;
        UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = session_user, decision = reason
            WHERE r.batch_id = cancel_order.batch_id AND r.closed_at IS NULL;
        -- Nobody will encrypt what intake has not passed: it goes (R15).
        DELETE FROM sluice.batch_file_part p WHERE p.batch_id = cancel_order.batch_id AND NOT p.is_encrypted;
        RETURN 0;
    END IF;
    RETURN sluice.void_orders(file, CASE WHEN line_no IS NOT NULL THEN ARRAY[line_no] END, reason);
END
$$;

-- Held orders go on: `ready`, and waiting for planning. What another cause holds too stays held for that.
CREATE FUNCTION sluice.release_orders(file sluice.batch_file, of_cause text, items bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    only_lines int[] := (SELECT array_agg(r.line_no) FROM sluice.review_item r
        WHERE r.item_id = ANY (items) AND r.batch_id = file.batch_id AND r.line_no IS NOT NULL);
BEGIN
    IF of_cause = 'ceiling' THEN
        -- From now on a person has let them pass: they count for the files that come later.
        UPDATE sluice.batch_file_sum s SET counted_minor = s.counted_minor + c.amount_minor
            FROM (SELECT o.currency, sum(o.amount_minor) AS amount_minor FROM sluice.review_orders(items) o
                WHERE o.batch_id = file.batch_id GROUP BY o.currency) c
            WHERE s.batch_id = file.batch_id AND s.currency = c.currency;
    END IF;
    WITH moved AS (
        UPDATE sluice.payment_order o SET state = 'ready', code = 'approved'
            WHERE o.batch_id = file.batch_id AND o.business_date = file.business_date AND o.state = 'held'
                AND (only_lines IS NULL OR o.line_no = ANY (only_lines))
                AND (coalesce(o.code, '') LIKE 'ceiling\_%') = (of_cause = 'ceiling')
                AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = file.batch_id
                    AND r.line_no = o.line_no AND r.cause = 'account_at_risk' AND r.closed_at IS NULL
                    AND r.item_id <> ALL (items))
            RETURNING o.line_no, o.currency, o.amount_minor
    ), waiting AS (
        INSERT INTO sluice.order_to_plan (batch_id, business_date, line_no)
            SELECT file.batch_id, file.business_date, m.line_no FROM moved m ON CONFLICT DO NOTHING
    )
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        SELECT 'orders_moved', file.batch_id, jsonb_build_object('from', 'held', 'to', 'ready', 'currency', m.currency,
            'count', count(*), 'amount_minor', sum(m.amount_minor)) FROM moved m GROUP BY m.currency;
    IF of_cause = 'ceiling' THEN
        UPDATE sluice.payment_order o SET code = 'account_at_risk' WHERE o.batch_id = file.batch_id
            AND o.business_date = file.business_date AND o.state = 'held' AND o.code LIKE 'ceiling\_%';
    END IF;
END
$$;

-- The polls of submissions begin anew, where nobody is asking at this moment.
CREATE FUNCTION sluice.ask_again(items bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF EXISTS (SELECT FROM sluice.review_item r JOIN sluice.review_item d ON d.batch_id = r.batch_id
        AND d.submission_no = r.submission_no AND d.cause = 'duplicate_other_content'
        WHERE r.item_id = ANY (items)) THEN
        RAISE EXCEPTION 'the channel has other content under a number of these submissions' USING ERRCODE = 'SL009',
            HINT = 'asking would tell of that content; decide single orders, with the channel''s confirmation';
    END IF;
    WITH asked AS (
        SELECT DISTINCT o.batch_id, o.business_date, o.submission_no FROM sluice.review_orders(items) o
    ), begun AS (
        UPDATE sluice.submission s SET polls = 0 FROM asked a
            WHERE s.batch_id = a.batch_id AND s.business_date = a.business_date AND s.submission_no = a.submission_no
                AND s.phase NOT IN ('settled', 'refused') AND NOT EXISTS (SELECT FROM sluice.work_chunk w
                    WHERE w.batch_id = a.batch_id AND w.submission_no = a.submission_no AND w.lease_worker IS NOT NULL)
            RETURNING s.batch_id, s.business_date, s.submission_no, s.direction, s.channel
    ), hurried AS (
        UPDATE sluice.work_chunk w SET due_at = least(w.due_at, now()) FROM begun b
            WHERE w.batch_id = b.batch_id AND w.submission_no = b.submission_no AND w.kind = 'query'
            RETURNING w.batch_id, w.submission_no
    )
    INSERT INTO sluice.work_chunk
            (batch_id, business_date, chunk_no, direction, channel, lane, kind, submission_no, due_at)
        SELECT b.batch_id, b.business_date, b.submission_no / 1000, b.direction, b.channel, 'query', 'query',
            b.submission_no, now()
        FROM begun b WHERE (b.batch_id, b.submission_no) NOT IN (SELECT h.batch_id, h.submission_no FROM hurried h)
        ON CONFLICT DO NOTHING;
END
$$;

-- Single open orders become final by a decision; a submission without an open order is settled. A worker that has the
-- chunk of one of them finds itself stale: what it hears is late evidence.
CREATE FUNCTION sluice.settle_by_decision(
    made_decision bigint, to_state text, of_cause text, batches bigint[], lines int[], amounts bigint[], states text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    touched record;
    moved_count bigint;
BEGIN
    IF EXISTS (SELECT FROM unnest(states) AS n (state) WHERE n.state NOT IN ('submitting', 'processing', 'unknown'))
    THEN
        RAISE EXCEPTION 'only an order whose attempt is open is decided; a final state needs a correction'
            USING ERRCODE = 'SL009', HINT = 'nothing was decided';
    END IF;
    -- What is being sent at this moment says something soon, and must not be sent for nothing.
    IF EXISTS (SELECT FROM unnest(batches, lines) AS n (batch_id, line_no)
        JOIN sluice.batch_file f ON f.batch_id = n.batch_id
        JOIN sluice.payment_order o ON o.batch_id = n.batch_id AND o.business_date = f.business_date
            AND o.line_no = n.line_no
        JOIN sluice.submission s ON s.batch_id = o.batch_id AND s.business_date = o.business_date
            AND s.submission_no = o.submission_no
        WHERE s.in_flight_kind = 'send' AND s.in_flight_until > now()) THEN
        RAISE EXCEPTION 'a send of these orders is under way' USING ERRCODE = 'SL009',
            HINT = 'nothing was decided; its outcome is known within minutes, decide then';
    END IF;
    WITH moved AS (
        UPDATE sluice.payment_order o SET state = to_state::sluice.order_state,
                cause = of_cause::sluice.failure_cause, code = 'decided_by_person', evidence_day = NULL,
                evidence_ordinal = NULL, decision_id = made_decision, decided_at = clock_timestamp()
            FROM unnest(batches, lines, amounts, states) AS n (batch_id, line_no, amount_minor, state)
                JOIN sluice.batch_file f ON f.batch_id = n.batch_id
            WHERE o.batch_id = n.batch_id AND o.business_date = f.business_date AND o.line_no = n.line_no
                AND o.amount_minor = n.amount_minor AND o.state = n.state::sluice.order_state
            RETURNING o.batch_id, o.channel, n.state AS from_state, o.currency, o.amount_minor
    ), told AS (
        INSERT INTO sluice.outbox (topic, batch_id, payload)
            SELECT 'orders_moved', m.batch_id, jsonb_build_object('channel', m.channel, 'from', m.from_state, 'to',
                to_state, 'cause', of_cause, 'currency', m.currency, 'count', count(*), 'amount_minor',
                sum(m.amount_minor), 'decision_id', made_decision)
            FROM moved m GROUP BY m.batch_id, m.channel, m.from_state, m.currency
    )
    SELECT count(*) INTO moved_count FROM moved;
    IF moved_count <> cardinality(lines) THEN
        RAISE EXCEPTION 'an order moved at the same moment; nothing was decided' USING ERRCODE = 'SL009',
            HINT = 'look at the orders again, then decide';
    END IF;
    FOR touched IN
        SELECT DISTINCT o.batch_id, o.business_date, o.submission_no
        FROM unnest(batches, lines) AS n (batch_id, line_no) JOIN sluice.batch_file f ON f.batch_id = n.batch_id
        JOIN sluice.payment_order o ON o.batch_id = n.batch_id AND o.business_date = f.business_date
            AND o.line_no = n.line_no
    LOOP
        IF EXISTS (SELECT FROM sluice.payment_order o WHERE o.batch_id = touched.batch_id
            AND o.business_date = touched.business_date AND o.submission_no = touched.submission_no
            AND o.line_no = ANY ((SELECT s.line_nos FROM sluice.submission s WHERE s.batch_id = touched.batch_id
                AND s.submission_no = touched.submission_no AND s.business_date = touched.business_date)::int[])
            AND o.state IN ('submitting', 'processing', 'unknown')) THEN
            UPDATE sluice.work_chunk w SET epoch = w.epoch + 1, lease_worker = NULL, lease_until = NULL,
                    due_at = CASE WHEN w.lease_worker IS NULL THEN w.due_at ELSE now() END
                WHERE w.batch_id = touched.batch_id AND w.submission_no = touched.submission_no;
        ELSE
            UPDATE sluice.submission s SET phase = 'settled', in_flight_kind = NULL, in_flight_epoch = NULL,
                    in_flight_until = NULL, settled_at = now()
                WHERE s.batch_id = touched.batch_id AND s.business_date = touched.business_date
                    AND s.submission_no = touched.submission_no AND s.phase NOT IN ('settled', 'refused');
            -- A call may still be under way: its slot comes free by its own time (R10).
            DELETE FROM sluice.work_chunk w
                WHERE w.batch_id = touched.batch_id AND w.submission_no = touched.submission_no;
        END IF;
    END LOOP;
END
$$;

-- One decision of a person about an incident or a single review item, whole or not at all. It names what it is about:
-- so many orders with these sums, or single orders with amount and state (pitfall A2); a mismatch is refused.
-- In class production money decisions take two people, whose commands come with the review work (R12).
CREATE FUNCTION sluice.decide_review(
    wanted text, wanted_decision text, given_note text, by_person text,
    named_orders bigint, named_currencies text[], named_amounts numeric[],
    order_batches bigint[], order_lines int[], order_amounts bigint[], order_states text[],
    given_evidence text, failed_cause text)
RETURNS TABLE (closed bigint, still_open bigint, made_decision bigint, of_orders bigint, of_currency text,
    of_amount numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    items bigint[];
    of_incident text;
    of_cause text;
    is_single constant boolean := coalesce(cardinality(order_lines), 0) > 0;
    file sluice.batch_file;
    wrong record;
    covered bigint;
    sums jsonb;
    named jsonb := coalesce((SELECT jsonb_object_agg(n.currency, n.amount)
        FROM unnest(named_currencies, named_amounts) AS n (currency, amount)), '{}');
    decision_no bigint;
    others bigint[];
    closed_count bigint;
BEGIN
    IF (SELECT e.class FROM sluice.environment e) IS DISTINCT FROM 'test' THEN
        RAISE EXCEPTION 'in class production a decision takes two people'
            USING ERRCODE = 'SL014', HINT = 'the commands for two people come with the review work';
    END IF;
    IF coalesce(btrim(given_note), '') = '' OR coalesce(btrim(by_person), '') = '' THEN
        RAISE EXCEPTION 'a decision names its person and its reason' USING ERRCODE = 'SL005', HINT = 'add --note';
    END IF;
    IF wanted ~ '^[0-9]{1,18}$' THEN
        SELECT array_agg(r.item_id) INTO items FROM sluice.review_item r
            WHERE r.item_id = wanted::bigint AND r.closed_at IS NULL;
    ELSE
        SELECT array_agg(r.item_id ORDER BY r.item_id) INTO items FROM sluice.review_item r
            WHERE r.incident = wanted AND r.closed_at IS NULL;
    END IF;
    IF items IS NULL THEN
        RAISE EXCEPTION 'no open review item or incident %', wanted
            USING ERRCODE = 'SL009', HINT = 'it may have been decided or answered meanwhile; run: sluice review list';
    END IF;
    SELECT min(r.incident), min(r.cause) INTO of_incident, of_cause FROM sluice.review_item r
        WHERE r.item_id = ANY (items);
    -- Locked in the order of everybody else: files, chunks, orders, review items.
    IF of_cause IN ('file_held', 'ceiling', 'account_at_risk', 'unfit_for_channel', 'contradiction') THEN
        PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id IN (SELECT r.batch_id FROM sluice.review_item r
            WHERE r.item_id = ANY (items)) ORDER BY f.batch_id FOR NO KEY UPDATE;
    END IF;
    PERFORM 1 FROM sluice.review_item r JOIN sluice.work_chunk w
        ON w.batch_id = r.batch_id AND w.submission_no = r.submission_no
        WHERE r.item_id = ANY (items) ORDER BY w.chunk_id FOR NO KEY UPDATE OF w;
    PERFORM 1 FROM sluice.review_item r WHERE r.item_id = ANY (items) ORDER BY r.item_id FOR NO KEY UPDATE;
    IF EXISTS (SELECT FROM sluice.review_item r WHERE r.item_id = ANY (items) AND r.closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'somebody or an answer was faster: a review item of % is closed', of_incident
            USING ERRCODE = 'SL009', HINT = 'nothing was decided; run: sluice review list';
    END IF;

    -- What it is about.
    IF of_cause = 'file_held' THEN
        SELECT coalesce(sum(c.orders), 0), coalesce(jsonb_object_agg(c.currency, c.amount), '{}') INTO covered, sums
        FROM (SELECT s.currency, sum(s.orders) AS orders, sum(s.amount_minor) AS amount FROM sluice.batch_file_sum s
            WHERE s.batch_id IN (SELECT r.batch_id FROM sluice.review_item r WHERE r.item_id = ANY (items))
            GROUP BY s.currency) c;
    ELSE
        SELECT coalesce(sum(c.orders), 0), coalesce(jsonb_object_agg(c.currency, c.amount), '{}') INTO covered, sums
        FROM (SELECT o.currency, count(*) AS orders, sum(o.amount_minor) AS amount
            FROM (SELECT DISTINCT x.batch_id, x.line_no, x.currency, x.amount_minor
                FROM sluice.review_orders(items) x) o GROUP BY o.currency) c;
    END IF;
    IF NOT EXISTS (SELECT FROM sluice.review_option p WHERE p.cause = of_cause AND p.decision = wanted_decision)
        AND NOT (wanted_decision = 'noted' AND covered = 0 AND of_cause <> 'file_held') THEN
        RAISE EXCEPTION 'the decision % does not fit the cause %', wanted_decision, of_cause
            USING ERRCODE = 'SL005', HINT = 'possible: ' || (SELECT string_agg(p.decision, ', ' ORDER BY p.decision)
                FROM sluice.review_option p WHERE p.cause = of_cause);
    END IF;
    IF (wanted_decision IN ('succeeded', 'failed')) <> is_single THEN
        RAISE EXCEPTION 'succeeded and failed are said of single orders, and nothing else is'
            USING ERRCODE = 'SL005', HINT = 'name each with --order, --amount and --state';
    END IF;
    IF is_single THEN
        IF coalesce(btrim(given_evidence), '') = '' THEN
            RAISE EXCEPTION 'a final state names its evidence (R8)' USING ERRCODE = 'SL005',
                HINT = 'add --evidence, such as the channel''s written confirmation';
        END IF;
        IF (wanted_decision = 'failed') IS DISTINCT FROM
            (coalesce(failed_cause, '') IN ('customer', 'channel', 'system', 'limit')) THEN
            RAISE EXCEPTION 'a failure, and only that, names its cause (R9)' USING ERRCODE = 'SL005',
                HINT = 'add --cause customer, channel, system or limit';
        END IF;
        SELECT n.batch_id, n.line_no, n.amount_minor AS said_amount, n.state AS said_state, c.state, c.amount_minor,
                c.currency INTO wrong
            FROM unnest(order_batches, order_lines, order_amounts, order_states)
                AS n (batch_id, line_no, amount_minor, state)
            LEFT JOIN sluice.review_orders(items) c ON c.batch_id = n.batch_id AND c.line_no = n.line_no
            WHERE c.line_no IS NULL OR c.amount_minor <> n.amount_minor OR c.state::text <> n.state
            ORDER BY n.batch_id, n.line_no LIMIT 1;
        IF FOUND THEN
            IF wrong.state IS NULL THEN
                RAISE EXCEPTION 'order %-% is no open order of %', wrong.batch_id, wrong.line_no, wanted
                    USING ERRCODE = 'SL016', HINT = 'nothing was decided; look at: sluice order show';
            END IF;
            RAISE EXCEPTION 'order %-% is % with % minor units of %, not % with %', wrong.batch_id, wrong.line_no,
                wrong.state, wrong.amount_minor, wrong.currency, wrong.said_state, wrong.said_amount
                USING ERRCODE = 'SL016', HINT = 'nothing was decided; is it the order that you mean?';
        END IF;
        IF (SELECT count(DISTINCT (n.batch_id, n.line_no)) FROM unnest(order_batches, order_lines)
            AS n (batch_id, line_no)) <> cardinality(order_lines) THEN
            RAISE EXCEPTION 'an order is named twice' USING ERRCODE = 'SL005';
        END IF;
        SELECT sum(c.orders), jsonb_object_agg(c.currency, c.amount) INTO covered, sums
        FROM (SELECT o.currency, count(*) AS orders, sum(o.amount_minor) AS amount
            FROM (SELECT DISTINCT x.batch_id, x.line_no, x.currency, x.amount_minor
                FROM sluice.review_orders(items) x JOIN unnest(order_batches, order_lines) AS n (batch_id, line_no)
                    ON n.batch_id = x.batch_id AND n.line_no = x.line_no) o GROUP BY o.currency) c;
    ELSIF named_orders IS NULL THEN
        IF wanted_decision <> 'noted' THEN
            RAISE EXCEPTION 'a decision names what it is about: % orders with % would be', covered, sums
                USING ERRCODE = 'SL016', HINT = 'nothing was decided; add --orders and --amount';
        END IF;
    ELSIF named_orders <> covered OR NOT (named = sums OR (named ? '*' AND (SELECT count(*) = 1 AND
        bool_and(s.value = named -> '*') FROM jsonb_each(sums) s) AND (SELECT count(*) FROM jsonb_object_keys(named))
            = 1)) THEN
        RAISE EXCEPTION 'it is about % orders with %, not % with %', covered, sums, named_orders, named
            USING ERRCODE = 'SL016', HINT = 'nothing was decided; look again: sluice review list';
    END IF;
    IF covered = 0 AND wanted_decision NOT IN ('noted', 'load', 'refuse') THEN
        RAISE EXCEPTION 'no order of % waits for a decision any more', wanted
            USING ERRCODE = 'SL009', HINT = 'close it with the decision noted';
    END IF;
    IF of_cause = 'contradiction' AND (
        (wanted_decision = 'noted' AND EXISTS (SELECT FROM sluice.review_orders(items) o
            WHERE o.state IN ('held', 'ready')))
        OR (wanted_decision = 'plan-again' AND EXISTS (SELECT FROM sluice.review_orders(items) o
            WHERE o.state <> 'ready'))) THEN
        RAISE EXCEPTION 'a contradicted order of % waits to be sent, or one that does not is among them', wanted
            USING ERRCODE = 'SL009', HINT = 'an order that is ready is sent by plan-again and by nothing else; decide '
                || 'its item alone, and only with proof that its earlier attempt was not paid';
    END IF;
    IF wanted_decision = 'noted' AND EXISTS (
        SELECT FROM sluice.review_orders(items) o
        WHERE o.state IN ('ready', 'submitting', 'processing', 'unknown')
            AND NOT EXISTS (SELECT FROM sluice.work_chunk w WHERE w.batch_id = o.batch_id
                AND (w.submission_no = o.submission_no OR o.line_no = ANY (w.line_nos)))
            AND NOT EXISTS (SELECT FROM sluice.order_to_plan p WHERE p.batch_id = o.batch_id AND p.line_no = o.line_no)
            AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.closed_at IS NULL
                AND r.item_id <> ALL (items) AND (r.line_no = o.line_no
                    OR (r.line_no IS NULL AND r.submission_no = o.submission_no)))) THEN
        RAISE EXCEPTION 'open orders of % would be forgotten: nothing else asks for them', wanted
            USING ERRCODE = 'SL009', HINT = 'decide them first: ' || coalesce((SELECT string_agg(p.decision, ', '
                ORDER BY p.decision) FROM sluice.review_option p WHERE p.cause = of_cause AND p.decision <> 'noted'),
                'sluice review list');
    END IF;

    INSERT INTO sluice.review_decision (incident, cause, decision, note, evidence, orders, amounts, person)
        VALUES (of_incident, of_cause, wanted_decision, given_note, given_evidence, covered, sums, by_person)
        RETURNING review_decision.decision_id INTO decision_no;
    FOR file IN SELECT f.* FROM sluice.batch_file f WHERE f.batch_id IN (SELECT r.batch_id FROM sluice.review_item r
        WHERE r.item_id = ANY (items)) ORDER BY f.batch_id
    LOOP
        IF wanted_decision IN ('approve', 'plan-again') AND file.state <> 'working' THEN
            RAISE EXCEPTION 'batch % is still being loaded or planned (%)', file.batch_id, file.state
                USING ERRCODE = 'SL012', HINT = 'nothing was decided; decide again once it is working';
        ELSIF wanted_decision = 'cancel' AND file.state = 'splitting' THEN
            RAISE EXCEPTION 'batch % is not loaded yet (%)', file.batch_id, file.state
                USING ERRCODE = 'SL012', HINT = 'nothing was decided; decide again once it is working';
        END IF;
        CASE wanted_decision
            WHEN 'load', 'refuse' THEN
                UPDATE sluice.batch_file f SET due_at = now(), lease_worker = NULL, lease_until = NULL,
                        state = CASE wanted_decision WHEN 'load' THEN 'splitting' ELSE 'refused' END::
                            sluice.batch_file_state,
                        verdict = CASE wanted_decision WHEN 'load' THEN f.verdict ELSE jsonb_build_object(
                            'code', 'refused_by_person', 'line', 0, 'what', 'decision ' || decision_no
                                || ' refused the file, which was held for ' || coalesce(f.verdict ->> 'code', 'review'),
                            'mend', 'nothing to do') END
                    WHERE f.batch_id = file.batch_id AND f.state = 'held';
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'batch % is % and held no longer', file.batch_id, file.state
                        USING ERRCODE = 'SL009';
                END IF;
                INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('file_verdict', file.batch_id,
                    jsonb_build_object('state', CASE wanted_decision WHEN 'load' THEN 'splitting' ELSE 'refused' END));
            WHEN 'approve' THEN
                PERFORM sluice.release_orders(file, of_cause, items);
            WHEN 'cancel' THEN
                -- No line is not all lines.
                PERFORM sluice.void_orders(file, (SELECT coalesce(array_agg(o.line_no), '{}')
                    FROM sluice.review_orders(items) o WHERE o.batch_id = file.batch_id), 'cancelled_by_decision');
            WHEN 'plan-again' THEN
                INSERT INTO sluice.order_to_plan (batch_id, business_date, line_no)
                    SELECT DISTINCT o.batch_id, o.business_date, o.line_no FROM sluice.review_orders(items) o
                    WHERE o.batch_id = file.batch_id ON CONFLICT DO NOTHING;
            ELSE NULL;
        END CASE;
    END LOOP;
    IF wanted_decision = 'ask-again' THEN
        PERFORM sluice.ask_again(items);
    ELSIF is_single THEN
        PERFORM sluice.settle_by_decision(decision_no, wanted_decision, failed_cause, order_batches, order_lines,
            order_amounts, order_states);
    END IF;

    -- An item stays open while one of its orders waits; another cause's is answered with the last of its orders.
    IF is_single THEN
        SELECT coalesce(array_agg(x.item_id), '{}') INTO others FROM sluice.review_item x
            WHERE x.closed_at IS NULL AND x.item_id <> ALL (items)
                AND x.cause IN ('polls_exhausted', 'not_found', 'answer_mismatch', 'duplicate_other_content')
                AND (x.batch_id, x.submission_no) IN (SELECT r.batch_id, r.submission_no FROM sluice.review_item r
                    WHERE r.item_id = ANY (items));
        UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = by_person,
                decision = 'settled by decision ' || decision_no, decision_id = decision_no
            WHERE r.item_id = ANY (others)
                AND r.item_id NOT IN (SELECT o.item_id FROM sluice.review_orders(others) o);
    END IF;
    UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = by_person, decision = wanted_decision,
            decision_id = decision_no
        WHERE r.item_id = ANY (items) AND (NOT is_single
            OR r.item_id NOT IN (SELECT o.item_id FROM sluice.review_orders(items) o));
    GET DIAGNOSTICS closed_count = ROW_COUNT;
    -- A person has looked into the contradiction: new orders to the account are held no longer (R8).
    DELETE FROM sluice.account_at_risk a USING sluice.review_item r WHERE r.item_id = ANY (items)
        AND r.cause = 'contradiction' AND a.batch_id = r.batch_id AND a.line_no = r.line_no
        AND NOT EXISTS (SELECT FROM sluice.review_item x WHERE x.batch_id = r.batch_id AND x.line_no = r.line_no
            AND x.cause = 'contradiction' AND x.closed_at IS NULL);
    -- The merchant is told at once. A file that somebody holds at this moment is left to him: locked here it would be
    -- locked out of turn.
    UPDATE sluice.batch_file f SET due_at = now() FROM (
        SELECT x.batch_id FROM sluice.batch_file x WHERE x.state = 'working' AND x.lease_worker IS NULL
            AND x.due_at > now() AND x.batch_id IN (SELECT r.batch_id FROM sluice.review_item r
                WHERE r.item_id = ANY (items)) FOR NO KEY UPDATE SKIP LOCKED) free
        WHERE f.batch_id = free.batch_id;
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        SELECT DISTINCT ON (r.batch_id) 'review_decided', r.batch_id, jsonb_build_object('decision_id', decision_no,
            'cause', of_cause, 'decision', wanted_decision)
        FROM sluice.review_item r WHERE r.item_id = ANY (items);
    RETURN QUERY SELECT closed_count, cardinality(items) - closed_count, decision_no, covered, s.key, s.value::numeric
        FROM (SELECT 1) AS always LEFT JOIN jsonb_each_text(sums) s ON true;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.decide_review(text, text, text, text, bigint, text[], numeric[], bigint[], int[],
    bigint[], text[], text, text) TO sluice_worker, sluice_console;

-- Who may read what; decisions are written by the function alone (R12).
GRANT SELECT ON sluice.batch_file_sum, sluice.review_option, sluice.review_decision
    TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;
GRANT INSERT, UPDATE (counted_minor) ON sluice.batch_file_sum TO sluice_worker;
GRANT UPDATE (held_by) ON sluice.batch_file TO sluice_worker;
REVOKE INSERT ON sluice.review_item FROM sluice_worker;
GRANT INSERT (incident, cause, code, owner_role, batch_id, business_date, submission_no, line_no, channel)
    ON sluice.review_item TO sluice_worker;

RESET ROLE;
