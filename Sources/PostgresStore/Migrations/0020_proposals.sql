-- Two people: what one asks for is a proposal, and another one approves it. The functions below resolve who calls them
-- from the secret of a session, never from a name that is told (R12).
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE TYPE sluice.proposal_kind AS ENUM ('release', 'reject', 'choose', 'decide', 'correct', 'activate', 'user');
CREATE TYPE sluice.proposal_state AS ENUM ('waiting', 'approved', 'declined', 'withdrawn');

-- What a decision rests on where it is no exchange of ours: the channel's confirmation as it came, sealed like all that
-- may name persons. Kept before the proposal that names it.
CREATE TABLE sluice.evidence_file (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256 bytea NOT NULL UNIQUE CHECK (length(sha256) = 32),
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
    bytes bigint NOT NULL CHECK (bytes BETWEEN 1 AND 16777216),
    content bytea NOT NULL,
    -- Of the key that seals it: the salt of its subkey, as a batch has one.
    data_key_id int NOT NULL,
    data_salt bytea NOT NULL,
    person_id bigint NOT NULL REFERENCES sluice.person,
    kept_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE sluice.evidence_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- What somebody asks for. It expires: what was right yesterday is looked at again.
CREATE TABLE sluice.proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind sluice.proposal_kind NOT NULL,
    state sluice.proposal_state NOT NULL DEFAULT 'waiting',
    -- What it is about, for people.
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 400),
    -- What is done on approval; nothing personal.
    payload jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
    orders bigint NOT NULL DEFAULT 0,
    -- {"CNY": 123400}: minor units a currency.
    amounts jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(amounts) = 'object'),
    comment text NOT NULL CHECK (length(comment) BETWEEN 1 AND 2000),
    evidence text CHECK (length(evidence) BETWEEN 1 AND 2000),
    evidence_id bigint REFERENCES sluice.evidence_file,
    maker_person bigint NOT NULL REFERENCES sluice.person,
    maker_login text NOT NULL,
    maker_session bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    -- People beside the maker; nought where one person may.
    approvers_needed smallint NOT NULL CHECK (approvers_needed BETWEEN 0 AND 5),
    ended_at timestamptz,
    -- What it did; nothing personal.
    outcome jsonb,
    CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX proposal_waiting ON sluice.proposal (expires_at) WHERE state = 'waiting';

-- Each person has one voice, whatever they log in with.
CREATE TABLE sluice.proposal_vote (
    proposal_id bigint NOT NULL REFERENCES sluice.proposal,
    person_id bigint NOT NULL REFERENCES sluice.person,
    login text NOT NULL,
    session_id bigint NOT NULL,
    is_approval boolean NOT NULL,
    comment text NOT NULL CHECK (length(comment) BETWEEN 1 AND 2000),
    voted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (proposal_id, person_id)
);

-- The records that a release or rejection is about, as they were when it was asked for.
CREATE TABLE sluice.proposal_record (
    proposal_id bigint NOT NULL REFERENCES sluice.proposal,
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    business_date date NOT NULL,
    revision int NOT NULL,
    -- What became of it; null while nobody has approved.
    outcome text CHECK (outcome ~ '^[a-z_]{1,40}$'),
    successor_batch_id bigint,
    successor_line_no int,
    PRIMARY KEY (proposal_id, batch_id, line_no)
);
CREATE INDEX proposal_record_key ON sluice.proposal_record (batch_id, line_no);

GRANT SELECT ON sluice.proposal, sluice.proposal_vote, sluice.proposal_record
    TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;
-- What is in it is handed out by a function that writes down to whom.
GRANT SELECT (evidence_id, sha256, file_name, bytes, person_id, kept_at) ON sluice.evidence_file
    TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;

-- A decision knows its proposal, and the file that it rests on.
ALTER TABLE sluice.review_decision
    ADD COLUMN proposal_id bigint REFERENCES sluice.proposal,
    ADD COLUMN evidence_id bigint REFERENCES sluice.evidence_file;
-- An attempt that people have ended knows the decision, which has its own evidence.
ALTER TABLE sluice.payment_attempt ADD COLUMN decision_id bigint;
ALTER TABLE history.payment_attempt ADD COLUMN decision_id bigint;
-- When something new is to be told of a finished file: it gets one version more, and stays finished. Taken away by the
-- worker that has looked.
ALTER TABLE sluice.batch_file ADD COLUMN news_at timestamptz;
GRANT UPDATE (news_at) ON sluice.batch_file TO sluice_worker;
ALTER TABLE sluice.payment_correction
    ADD COLUMN proposal_id bigint REFERENCES sluice.proposal,
    ADD COLUMN evidence_id bigint REFERENCES sluice.evidence_file,
    ADD COLUMN amount_minor bigint;

-- An attempt that people have looked into and found to have failed for good is made anew.
INSERT INTO sluice.review_option (cause, decision) VALUES ('polls_exhausted', 'resend'), ('not_found', 'resend');
-- Asking the channel again moves nothing, and a warning that was seen neither; all else is a money decision (R12).
ALTER TABLE sluice.review_option ADD COLUMN takes_two boolean NOT NULL DEFAULT true;
UPDATE sluice.review_option SET takes_two = false WHERE decision = 'ask-again'
    OR (cause, decision) IN (('same_file_name', 'noted'), ('same_payment', 'noted'));

-- One person deciding by a name that is told is over.
REVOKE ALL ON FUNCTION sluice.decide_review(text, text, text, text, bigint, text[], numeric[], bigint[], int[],
    bigint[], text[], text, text) FROM sluice_worker, sluice_console;
DROP FUNCTION sluice.decide_review(text, text, text, text, bigint, text[], numeric[], bigint[], int[], bigint[], text[],
    text, text);
DROP FUNCTION sluice.choose_quarantined(bigint, int, bigint, bigint, int, bigint, text, text);

-- Single open orders become final by a decision, or wait for their next attempt (`resend`); a submission without an
-- open order is settled. A worker that has the chunk of one of them finds itself stale: what it hears is late evidence.
CREATE OR REPLACE FUNCTION sluice.settle_by_decision(
    made_decision bigint, to_state text, of_cause text, batches bigint[], lines int[], amounts bigint[], states text[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    touched record;
    moved_count bigint;
    -- Looked up before the orders move: an order that waits for its next attempt names no submission any more.
    touched_keys jsonb := (SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(o.batch_id, o.business_date,
            o.submission_no)), '[]')
        FROM unnest(batches, lines) AS n (batch_id, line_no) JOIN sluice.batch_file f ON f.batch_id = n.batch_id
        JOIN sluice.payment_order o ON o.batch_id = n.batch_id AND o.business_date = f.business_date
            AND o.line_no = n.line_no);
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
    IF to_state = 'resend' THEN
        -- The attempt is filed as ended, on the last call that was made of it; planning makes the next one.
        IF EXISTS (SELECT FROM jsonb_array_elements(touched_keys) AS k (v) JOIN sluice.submission s
            ON s.batch_id = (k.v ->> 0)::bigint AND s.business_date = (k.v ->> 1)::date
                AND s.submission_no = (k.v ->> 2)::int WHERE s.ever_taken) THEN
            RAISE EXCEPTION 'the channel said that it has a submission of these orders' USING ERRCODE = 'SL009',
                HINT = 'nothing was decided; what it has once taken is closed by its confirmation, never sent again';
        END IF;
        INSERT INTO sluice.payment_attempt (batch_id, line_no, business_date, attempt_no, channel, submission_no, cause,
                code, evidence_day, evidence_ordinal, decision_id)
            SELECT o.batch_id, o.line_no, o.business_date, o.attempt_no, o.channel, o.submission_no, 'channel',
                'resend_decided', x.exchange_day, x.ordinal, made_decision
            FROM unnest(batches, lines, amounts, states) AS n (batch_id, line_no, amount_minor, state)
            JOIN sluice.batch_file f ON f.batch_id = n.batch_id
            JOIN sluice.payment_order o ON o.batch_id = n.batch_id AND o.business_date = f.business_date
                AND o.line_no = n.line_no AND o.amount_minor = n.amount_minor
                AND o.state = n.state::sluice.order_state
            JOIN sluice.submission s ON s.batch_id = o.batch_id AND s.business_date = o.business_date
                AND s.submission_no = o.submission_no
            -- No call is before the intent: its day keeps the look from the partitions before it.
            CROSS JOIN LATERAL (SELECT c.exchange_day, c.ordinal FROM (
                SELECT e.exchange_day, e.ordinal FROM sluice.exchange e
                    WHERE e.batch_id = o.batch_id AND e.submission_no = o.submission_no
                        AND e.exchange_day >= (s.intended_at AT TIME ZONE 'UTC')::date
                UNION ALL SELECT e.exchange_day, e.ordinal FROM history.exchange e
                    WHERE e.batch_id = o.batch_id AND e.submission_no = o.submission_no) c
                ORDER BY c.ordinal DESC LIMIT 1) x;
        INSERT INTO sluice.order_to_plan (batch_id, business_date, line_no)
            SELECT n.batch_id, f.business_date, n.line_no FROM unnest(batches, lines) AS n (batch_id, line_no)
            JOIN sluice.batch_file f ON f.batch_id = n.batch_id ON CONFLICT DO NOTHING;
    END IF;
    WITH moved AS (
        UPDATE sluice.payment_order o SET
                state = CASE to_state WHEN 'resend' THEN 'ready' ELSE to_state END::sluice.order_state,
                cause = of_cause::sluice.failure_cause,
                code = CASE to_state WHEN 'resend' THEN 'resend_decided' ELSE 'decided_by_person' END,
                channel = CASE WHEN to_state <> 'resend' THEN o.channel END,
                submission_no = CASE WHEN to_state <> 'resend' THEN o.submission_no END,
                item_no = CASE WHEN to_state <> 'resend' THEN o.item_no END,
                evidence_day = NULL, evidence_ordinal = NULL, decision_id = made_decision,
                decided_at = CASE WHEN to_state <> 'resend' THEN clock_timestamp() END
            FROM unnest(batches, lines, amounts, states) AS n (batch_id, line_no, amount_minor, state)
                JOIN sluice.batch_file f ON f.batch_id = n.batch_id
            WHERE o.batch_id = n.batch_id AND o.business_date = f.business_date AND o.line_no = n.line_no
                AND o.amount_minor = n.amount_minor AND o.state = n.state::sluice.order_state
            RETURNING o.batch_id, n.state AS from_state, o.currency, o.amount_minor
    ), told AS (
        INSERT INTO sluice.outbox (topic, batch_id, payload)
            SELECT 'orders_moved', m.batch_id, jsonb_build_object('from', m.from_state, 'to',
                CASE to_state WHEN 'resend' THEN 'ready' ELSE to_state END, 'cause', of_cause, 'currency', m.currency,
                'count', count(*), 'amount_minor', sum(m.amount_minor), 'decision_id', made_decision)
            FROM moved m GROUP BY m.batch_id, m.from_state, m.currency
    )
    SELECT count(*) INTO moved_count FROM moved;
    IF moved_count <> cardinality(lines) THEN
        RAISE EXCEPTION 'an order moved at the same moment; nothing was decided' USING ERRCODE = 'SL009',
            HINT = 'look at the orders again, then decide';
    END IF;
    FOR touched IN
        SELECT (k.v ->> 0)::bigint AS batch_id, (k.v ->> 1)::date AS business_date, (k.v ->> 2)::int AS submission_no
        FROM jsonb_array_elements(touched_keys) AS k (v) ORDER BY 1, 3
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

-- One decision about an incident or a single review item, whole or not at all. It names what it is about: so many
-- orders with these sums, or single orders with amount and state (pitfall A2); a mismatch is refused. For functions
-- that have asked who may.
CREATE FUNCTION sluice.take_decision(
    wanted text, wanted_decision text, given_note text, by_person text, of_proposal bigint,
    named_orders bigint, named jsonb, named_state text,
    order_batches bigint[], order_lines int[], order_amounts bigint[], order_states text[],
    given_evidence text, given_evidence_id bigint, failed_cause text, asked_about text)
RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    items bigint[];
    of_incident text;
    of_cause text;
    is_of_orders constant boolean := wanted_decision IN ('succeeded', 'failed', 'resend');
    is_single boolean := coalesce(cardinality(order_lines), 0) > 0;
    is_whole constant boolean := is_of_orders AND NOT is_single AND named_state IS NOT NULL;
    file sluice.batch_file;
    wrong record;
    covered bigint;
    sums jsonb;
    decision_no bigint;
    others bigint[];
    closed_count bigint;
    about text;
BEGIN
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
    IF EXISTS (SELECT FROM sluice.review_item r WHERE r.item_id = ANY (items) AND r.cause <> of_cause) THEN
        RAISE EXCEPTION 'the items of % have more than one cause', of_incident USING ERRCODE = 'SL005',
            HINT = 'nothing was decided; decide them one by one, by the numbers that sluice review show tells';
    END IF;
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
    IF is_whole THEN
        -- One outage is one decision: all of its orders, in one state, of which the sums are named below.
        SELECT array_agg(o.batch_id ORDER BY o.batch_id, o.line_no),
                array_agg(o.line_no ORDER BY o.batch_id, o.line_no),
                array_agg(o.amount_minor ORDER BY o.batch_id, o.line_no), array_agg(named_state)
            INTO order_batches, order_lines, order_amounts, order_states
            FROM (SELECT DISTINCT x.batch_id, x.line_no, x.amount_minor FROM sluice.review_orders(items) x) o;
        is_single := coalesce(cardinality(order_lines), 0) > 0;
    END IF;
    IF is_of_orders <> is_single THEN
        RAISE EXCEPTION '% is said of orders: of single ones, or of all in one state', wanted_decision
            USING ERRCODE = 'SL005',
            HINT = 'name each with --order, --amount and --state, or all with --orders, --amount and --state';
    END IF;
    IF is_single THEN
        IF coalesce(btrim(given_evidence), '') = '' THEN
            RAISE EXCEPTION 'a final state names its evidence (R8)' USING ERRCODE = 'SL005',
                HINT = 'add --evidence, such as the channel''s written confirmation, or --evidence-file';
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
    END IF;
    -- Count and sums may stay the same while one order is answered and another one comes, or is tried once more: a
    -- decision that was asked for before is about these very items, orders and attempts, or it is none.
    IF is_single AND NOT is_whole THEN
        SELECT string_agg(format('%s/%s/%s/%s/%s', o.batch_id, o.line_no, o.submission_no, o.state, o.amount_minor),
                ',' ORDER BY o.batch_id, o.line_no) INTO about
            FROM (SELECT DISTINCT x.batch_id, x.line_no, x.submission_no, x.state, x.amount_minor
                FROM sluice.review_orders(items) x JOIN unnest(order_batches, order_lines) AS n (batch_id, line_no)
                    ON n.batch_id = x.batch_id AND n.line_no = x.line_no) o;
    ELSE
        SELECT string_agg(format('%s/%s/%s/%s/%s/%s', i.id, o.batch_id, o.line_no, o.submission_no, o.state,
                o.amount_minor), ',' ORDER BY i.id, o.batch_id, o.line_no) INTO about
            FROM unnest(items) AS i (id) LEFT JOIN sluice.review_orders(items) o ON o.item_id = i.id;
    END IF;
    about := encode(sha256(convert_to(coalesce(about, ''), 'UTF8')), 'hex');
    IF about <> asked_about THEN
        RAISE EXCEPTION 'what % is about has changed since it was asked for: other items, orders or attempts', wanted
            USING ERRCODE = 'SL016', HINT = 'nothing was decided; look again (sluice review list) and ask for it anew';
    END IF;
    IF is_single AND NOT is_whole THEN
        NULL;
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

    INSERT INTO sluice.review_decision (incident, cause, decision, note, evidence, evidence_id, orders, amounts, person,
            proposal_id)
        VALUES (of_incident, of_cause, wanted_decision, given_note, given_evidence, given_evidence_id, covered, sums,
            by_person, of_proposal)
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
    PERFORM sluice.tell_soon(ARRAY(SELECT DISTINCT r.batch_id FROM sluice.review_item r
        WHERE r.item_id = ANY (items)));
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        SELECT DISTINCT ON (r.batch_id) 'review_decided', r.batch_id, jsonb_build_object('decision_id', decision_no,
            'cause', of_cause, 'decision', wanted_decision)
        FROM sluice.review_item r WHERE r.item_id = ANY (items);
    RETURN jsonb_build_object('decision_id', decision_no, 'incident', of_incident, 'cause', of_cause,
        'closed', closed_count, 'still_open', cardinality(items) - closed_count, 'orders', covered, 'amounts', sums,
        'about', about);
END
$$;

-- Of two quarantined records of one number one lives: it has the number from now on, the other one is closed. Each is
-- named with its amount, null where that was not readable (pitfall A2). For functions that have asked who may.
CREATE FUNCTION sluice.take_choice(
    living_batch bigint, living_line int, living_amount bigint,
    closed_batch bigint, closed_line int, closed_amount bigint, given_note text, by_person text, of_proposal bigint)
    RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    living_file sluice.batch_file;
    closed_file sluice.batch_file;
    living sluice.quarantine_record;
    other sluice.quarantine_record;
    owner sluice.order_number_registry;
    decision_no bigint;
BEGIN
    -- Locked in the order of everybody else: files, numbers, records.
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id IN (living_batch, closed_batch)
        ORDER BY f.batch_id FOR NO KEY UPDATE;
    SELECT f.* INTO living_file FROM sluice.batch_file f WHERE f.batch_id = living_batch;
    SELECT f.* INTO closed_file FROM sluice.batch_file f WHERE f.batch_id = closed_batch;
    SELECT q.* INTO living FROM sluice.quarantine_record q WHERE q.batch_id = living_batch
        AND q.line_no = living_line AND q.business_date = living_file.business_date;
    SELECT q.* INTO other FROM sluice.quarantine_record q WHERE q.batch_id = closed_batch
        AND q.line_no = closed_line AND q.business_date = closed_file.business_date;
    IF living.batch_id IS NULL OR other.batch_id IS NULL THEN
        RAISE EXCEPTION 'there is no quarantined record %-%',
            CASE WHEN living.batch_id IS NULL THEN living_batch ELSE closed_batch END,
            CASE WHEN living.batch_id IS NULL THEN living_line ELSE closed_line END
            USING ERRCODE = 'SL001', HINT = 'look at: sluice quarantine list';
    END IF;
    IF (living_batch, living_line) = (closed_batch, closed_line) OR living.merchant_order_no IS NULL
        OR living.merchant_order_no IS DISTINCT FROM other.merchant_order_no
        OR living_file.merchant_id <> closed_file.merchant_id THEN
        RAISE EXCEPTION 'records %-% and %-% do not have one number of one merchant', living_batch, living_line,
            closed_batch, closed_line
            USING ERRCODE = 'SL016', HINT = 'nothing was decided; are these the records that you mean?';
    END IF;
    IF living.amount_minor IS DISTINCT FROM living_amount OR other.amount_minor IS DISTINCT FROM closed_amount THEN
        RAISE EXCEPTION 'the amounts are % for %-% and % for %-%, not % and %',
            coalesce(living.amount_minor::text, 'not readable'), living_batch, living_line,
            coalesce(other.amount_minor::text, 'not readable'), closed_batch, closed_line,
            coalesce(living_amount::text, 'not readable'), coalesce(closed_amount::text, 'not readable')
            USING ERRCODE = 'SL016', HINT = 'nothing was decided; look again: sluice quarantine show';
    END IF;
    SELECT r.* INTO owner FROM sluice.order_number_registry r WHERE r.merchant_id = living_file.merchant_id
        AND r.order_no = living.merchant_order_no FOR NO KEY UPDATE;
    IF owner.state IS DISTINCT FROM 'quarantine' OR (owner.batch_id, owner.line_no)
        NOT IN ((living_batch, living_line), (closed_batch, closed_line)) THEN
        RAISE EXCEPTION 'the number is that of line % of batch % (%)', owner.line_no, owner.batch_id, owner.state
            USING ERRCODE = 'SL009', HINT = 'nothing was decided; choose between that record and another one';
    END IF;
    -- Looked at once more under the lock of the number, which whoever closes a record takes first.
    PERFORM FROM sluice.quarantine_record q
        WHERE (q.batch_id, q.line_no, q.business_date) IN ((living_batch, living_line, living_file.business_date),
            (closed_batch, closed_line, closed_file.business_date))
        ORDER BY q.batch_id, q.line_no FOR NO KEY UPDATE;
    SELECT q.* INTO living FROM sluice.quarantine_record q WHERE q.batch_id = living_batch
        AND q.line_no = living_line AND q.business_date = living_file.business_date FOR NO KEY UPDATE;
    SELECT q.* INTO other FROM sluice.quarantine_record q WHERE q.batch_id = closed_batch
        AND q.line_no = closed_line AND q.business_date = closed_file.business_date FOR NO KEY UPDATE;
    IF living.state NOT IN ('open', 'amended') OR other.state NOT IN ('open', 'amended') THEN
        RAISE EXCEPTION 'record %-% is %, %-% is %: one of them was decided already', living_batch, living_line,
            living.state, closed_batch, closed_line, other.state
            USING ERRCODE = 'SL009', HINT = 'nothing was decided; look again: sluice quarantine show';
    END IF;
    -- One of them was an order, and may have been paid: neither lives or dies before a person has looked into that.
    IF EXISTS (SELECT FROM sluice.review_item r WHERE r.cause = 'contradiction' AND r.closed_at IS NULL
        AND ((r.batch_id = living_batch AND r.line_no = living_line)
            OR (r.batch_id = closed_batch AND r.line_no = closed_line))) THEN
        RAISE EXCEPTION 'an answer contradicts that the order of %-% or %-% failed: it may have been paid',
            living_batch, living_line, closed_batch, closed_line
            USING ERRCODE = 'SL009', HINT = 'nothing was decided; decide the contradiction first: sluice review list';
    END IF;

    INSERT INTO sluice.review_decision (incident, cause, decision, note, orders, amounts, person, proposal_id)
        VALUES ('number/' || closed_batch || '-' || closed_line, 'duplicate_number',
            'lives: ' || living_batch || '-' || living_line, given_note, 0,
            CASE WHEN other.amount_minor IS NULL OR other.currency IS NULL THEN '{}'
                ELSE jsonb_build_object(other.currency, other.amount_minor) END, by_person, of_proposal)
        RETURNING decision_id INTO decision_no;
    UPDATE sluice.order_number_registry r SET batch_id = living_batch, line_no = living_line
        WHERE r.merchant_id = living_file.merchant_id AND r.order_no = living.merchant_order_no;
    UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'other_chosen',
            closed_at = clock_timestamp(), successor_batch_id = living_batch, successor_line_no = living_line,
            decision_id = decision_no
        WHERE q.batch_id = closed_batch AND q.line_no = closed_line AND q.business_date = closed_file.business_date;
    INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('record_closed', closed_batch,
        jsonb_build_object('line', closed_line, 'decision_id', decision_no, 'by_batch', living_batch));
    PERFORM sluice.tell_soon(ARRAY[closed_batch]);
    RETURN jsonb_build_object('decision_id', decision_no, 'living_record', living_batch || '-' || living_line,
        'closed_record', closed_batch || '-' || closed_line);
END
$$;

-- How many people beside the maker a proposal of these sums takes: one, or what the tiers of the policy say.
CREATE FUNCTION sluice.approvers_needed(sums jsonb) RETURNS smallint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(1, max((t.tier ->> 'approvers')::int))::smallint
    FROM sluice.review_policy p CROSS JOIN jsonb_array_elements(p.tiers) AS t (tier)
    WHERE EXISTS (SELECT FROM jsonb_each_text(t.tier -> 'above') a JOIN jsonb_each_text(sums) s ON s.key = a.key
        WHERE s.value::numeric > a.value::numeric)
$$;

-- Whether who named so many orders with these sums meant them; one sum under '*' where there is one currency.
CREATE FUNCTION sluice.is_named(named_orders bigint, named jsonb, orders bigint, sums jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT named_orders IS NOT DISTINCT FROM orders AND (named = sums OR (named ? '*'
        AND (SELECT count(*) FROM jsonb_object_keys(named)) = 1
        AND (SELECT count(*) = 1 AND bool_and(s.value = named -> '*') FROM jsonb_each(sums) s)))
$$;

CREATE FUNCTION sluice.named_sums(currencies text[], amounts numeric[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(n.currency, n.amount), '{}')
    FROM unnest(currencies, amounts) AS n (currency, amount)
$$;

-- Writes down what somebody asks for. For functions that have asked who may; they tell the audit at their end.
CREATE FUNCTION sluice.put_proposal(
    who sluice.actor, of_kind sluice.proposal_kind, of_subject text, of_payload jsonb, of_orders bigint, sums jsonb,
    given_comment text, given_evidence text, given_evidence_id bigint, needed smallint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bigint;
BEGIN
    IF coalesce(length(btrim(given_comment)), 0) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'a proposal has a comment of 1 to 2000 characters' USING ERRCODE = 'SL005',
            HINT = 'say why: add --comment';
    END IF;
    IF length(given_evidence) > 2000 THEN
        RAISE EXCEPTION 'evidence is told in 2000 characters at most' USING ERRCODE = 'SL005',
            HINT = 'give the rest as a file: --evidence-file';
    END IF;
    INSERT INTO sluice.proposal (kind, subject, payload, orders, amounts, comment, evidence, evidence_id, maker_person,
            maker_login, maker_session, expires_at, approvers_needed)
        SELECT of_kind, left(of_subject, 400), of_payload, of_orders, sums, btrim(given_comment), given_evidence,
            given_evidence_id, who.person_id, who.login, who.session_id, clock_timestamp() + p.proposal_life, needed
        FROM sluice.review_policy p RETURNING proposal_id INTO made;
    RETURN made;
END
$$;

-- Keeps a file that a decision is to rest on; the same bytes again are the same file.
CREATE FUNCTION sluice.keep_evidence(
    secret bytea, name text, hash bytea, byte_count bigint, sealed bytea, key_id int, key_salt bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'propose');
    kept bigint;
BEGIN
    INSERT INTO sluice.evidence_file (sha256, file_name, bytes, content, data_key_id, data_salt, person_id)
        VALUES (hash, name, byte_count, sealed, key_id, key_salt, who.person_id)
        ON CONFLICT (sha256) DO NOTHING RETURNING evidence_id INTO kept;
    IF NOT FOUND THEN
        RETURN (SELECT e.evidence_id FROM sluice.evidence_file e WHERE e.sha256 = hash);
    END IF;
    PERFORM sluice.audit(who, 'keep_evidence', 'evidence file ' || kept,
        jsonb_build_object('sha256', encode(hash, 'hex'), 'bytes', byte_count));
    RETURN kept;
END
$$;

-- A kept file, to be read by a person: with a reason, written down. Nothing if there is none.
CREATE FUNCTION sluice.open_evidence(secret bytea, wanted bigint, given_reason text) RETURNS SETOF sluice.evidence_file
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'unmask');
BEGIN
    IF coalesce(length(btrim(given_reason)), 0) NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'reading evidence has a reason of 1 to 400 characters' USING ERRCODE = 'SL005',
            HINT = 'add --reason';
    END IF;
    RETURN QUERY SELECT e.* FROM sluice.evidence_file e WHERE e.evidence_id = wanted;
    IF FOUND THEN
        PERFORM sluice.count_unmasking(who);
        PERFORM sluice.audit(who, 'open_evidence', 'evidence file ' || wanted,
            jsonb_build_object('reason', btrim(given_reason)));
    END IF;
END
$$;

-- Carries out a decision as it was asked for.
CREATE FUNCTION sluice.decide_as_asked(
    asked jsonb, note text, given_evidence text, given_evidence_id bigint, by_person text, of_proposal bigint)
    RETURNS jsonb
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT sluice.take_decision(asked ->> 'target', asked ->> 'decision', note, by_person, of_proposal,
        (asked ->> 'orders')::bigint, coalesce(asked -> 'amounts', '{}'), asked ->> 'state',
        ARRAY(SELECT (o.v ->> 0)::bigint FROM jsonb_array_elements(asked -> 'single') WITH ORDINALITY AS o (v, n)
            ORDER BY o.n),
        ARRAY(SELECT (o.v ->> 1)::int FROM jsonb_array_elements(asked -> 'single') WITH ORDINALITY AS o (v, n)
            ORDER BY o.n),
        ARRAY(SELECT (o.v ->> 2)::bigint FROM jsonb_array_elements(asked -> 'single') WITH ORDINALITY AS o (v, n)
            ORDER BY o.n),
        ARRAY(SELECT o.v ->> 3 FROM jsonb_array_elements(asked -> 'single') WITH ORDINALITY AS o (v, n)
            ORDER BY o.n),
        given_evidence, given_evidence_id, asked ->> 'cause', asked ->> 'about')
$$;

-- What a decision would do: it is taken, and taken back. So whoever asks for it learns at once why it would be refused.
-- The code is one of its own: one that ends in three zeros would catch every error of ours.
CREATE FUNCTION sluice.foresee_decision(asked jsonb, note text, given_evidence text, given_evidence_id bigint)
    RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    seen jsonb;
BEGIN
    seen := sluice.decide_as_asked(asked, coalesce(nullif(btrim(note), ''), '-'), given_evidence, given_evidence_id,
        '-', NULL);
    RAISE EXCEPTION 'foreseen' USING ERRCODE = 'SL099';
EXCEPTION WHEN SQLSTATE 'SL099' THEN
    RETURN seen - 'decision_id';
END
$$;

-- Asks for a decision about an incident or a review item: for so many orders with these sums; for `succeeded`, `failed`
-- and `resend` also of single orders, or of all of them in one state. Where one person may decide, it is done at once.
-- `is_dry`: nothing is done, and the outcome tells what would be.
CREATE FUNCTION sluice.propose_decision(
    secret bytea, target text, wanted_decision text, given_comment text, given_evidence text, given_evidence_id bigint,
    failed_cause text, named_orders bigint, named_currencies text[], named_amounts numeric[], named_state text,
    order_batches bigint[], order_lines int[], order_amounts bigint[], order_states text[], is_dry boolean)
    RETURNS TABLE (proposal_id bigint, state text, approvals_missing int, outcome jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    who sluice.actor := sluice.authorise(secret, 'propose');
    proof text := coalesce(nullif(btrim(given_evidence), ''), (SELECT 'evidence file ' || e.evidence_id || ', SHA-256 '
        || encode(e.sha256, 'hex') FROM sluice.evidence_file e WHERE e.evidence_id = given_evidence_id));
    asked jsonb := jsonb_strip_nulls(jsonb_build_object('target', target, 'decision', wanted_decision,
        'orders', named_orders, 'amounts', sluice.named_sums(named_currencies, named_amounts), 'state', named_state,
        'cause', failed_cause, 'single', (SELECT jsonb_agg(jsonb_build_array(n.b, n.l, n.a, n.s))
            FROM unnest(order_batches, order_lines, order_amounts, order_states) AS n (b, l, a, s))));
    seen jsonb;
    needed smallint;
    made bigint;
BEGIN
    IF given_evidence_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM sluice.evidence_file e WHERE e.evidence_id = given_evidence_id) THEN
        RAISE EXCEPTION 'there is no evidence file %', given_evidence_id USING ERRCODE = 'SL001',
            HINT = 'name the file with --evidence-file';
    END IF;
    seen := sluice.foresee_decision(asked, given_comment, proof, given_evidence_id);
    asked := asked || jsonb_build_object('about', seen -> 'about');
    -- What is about no order any more is noted by one person.
    needed := CASE WHEN coalesce((SELECT o.takes_two FROM sluice.review_option o WHERE o.cause = seen ->> 'cause'
        AND o.decision = wanted_decision), false) THEN sluice.approvers_needed(seen -> 'amounts') ELSE 0 END;
    IF is_dry THEN
        RETURN QUERY SELECT NULL::bigint, 'foreseen', needed::int, seen;
        RETURN;
    END IF;
    made := sluice.put_proposal(who, 'decide', format('%s: %s', seen ->> 'incident', wanted_decision), asked,
        (seen ->> 'orders')::bigint, seen -> 'amounts', given_comment, proof, given_evidence_id, needed);
    IF needed = 0 THEN
        seen := sluice.decide_as_asked(asked, btrim(given_comment), proof, given_evidence_id, who.login, made);
        UPDATE sluice.proposal p SET state = 'approved', ended_at = clock_timestamp(), outcome = seen
            WHERE p.proposal_id = made;
    END IF;
    PERFORM sluice.audit(who, CASE needed WHEN 0 THEN 'decide' ELSE 'propose_decide' END, 'proposal ' || made,
        jsonb_build_object('incident', seen -> 'incident', 'decision', wanted_decision, 'orders', seen -> 'orders',
            'amounts', seen -> 'amounts', 'evidence_id', given_evidence_id));
    RETURN QUERY SELECT made, CASE needed WHEN 0 THEN 'approved' ELSE 'waiting' END, needed::int, seen;
END
$$;

-- Asks for a choice between two quarantined records of one number.
CREATE FUNCTION sluice.propose_choice(
    secret bytea, living_batch bigint, living_line int, living_amount bigint, closed_batch bigint, closed_line int,
    closed_amount bigint, given_comment text, is_dry boolean)
    RETURNS TABLE (proposal_id bigint, state text, approvals_missing int, outcome jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    who sluice.actor := sluice.authorise(secret, 'propose');
    asked jsonb := jsonb_build_object('living', jsonb_build_array(living_batch, living_line, living_amount),
        'closed', jsonb_build_array(closed_batch, closed_line, closed_amount));
    seen jsonb;
    made bigint;
BEGIN
    BEGIN
        seen := sluice.take_choice(living_batch, living_line, living_amount, closed_batch, closed_line, closed_amount,
            '-', '-', NULL);
        RAISE EXCEPTION 'foreseen' USING ERRCODE = 'SL099';
    EXCEPTION WHEN SQLSTATE 'SL099' THEN
        seen := seen - 'decision_id';
    END;
    IF is_dry THEN
        RETURN QUERY SELECT NULL::bigint, 'foreseen', 1, seen;
        RETURN;
    END IF;
    made := sluice.put_proposal(who, 'choose', format('record %s-%s lives, %s-%s is closed', living_batch, living_line,
        closed_batch, closed_line), asked, 0, '{}', given_comment, NULL, NULL, 1::smallint);
    PERFORM sluice.audit(who, 'propose_choose', 'proposal ' || made, asked);
    RETURN QUERY SELECT made, 'waiting', 1, seen;
END
$$;

-- The order as it stands, live or in history, if it is what somebody named; else nothing is done.
CREATE FUNCTION sluice.named_final_order(of_batch bigint, of_line int, named_amount bigint, named_state text,
    OUT business_date date, OUT currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    found_order record;
BEGIN
    SELECT f.business_date INTO business_date FROM sluice.batch_file f WHERE f.batch_id = of_batch;
    SELECT o.standing::text AS state, o.amount_minor, o.currency INTO found_order FROM sluice.all_payment_order o
        WHERE o.batch_id = of_batch AND o.business_date = named_final_order.business_date AND o.line_no = of_line;
    IF found_order.state IS NULL THEN
        RAISE EXCEPTION 'there is no order %-%', of_batch, of_line USING ERRCODE = 'SL001',
            HINT = 'look at: sluice order show';
    END IF;
    IF found_order.state <> named_state OR found_order.amount_minor <> named_amount THEN
        RAISE EXCEPTION 'order %-% is % with % minor units of %, not % with %', of_batch, of_line, found_order.state,
            found_order.amount_minor, found_order.currency, named_state, named_amount
            USING ERRCODE = 'SL016', HINT = 'nothing was decided; is it the order that you mean?';
    END IF;
    IF found_order.state NOT IN ('succeeded', 'failed', 'returned') THEN
        RAISE EXCEPTION 'order %-% is %: only a final state is corrected', of_batch, of_line, found_order.state
            USING ERRCODE = 'SL009', HINT = 'nothing was decided; an open order is decided: sluice review list';
    END IF;
    currency := found_order.currency;
END
$$;

-- Asks for the correction of a final state that is proven wrong; it names the order's amount and state (pitfall A2).
CREATE FUNCTION sluice.propose_correction(
    secret bytea, of_batch bigint, of_line int, named_amount bigint, named_state text, wanted_state text,
    given_evidence text, given_evidence_id bigint, given_comment text, is_dry boolean)
    RETURNS TABLE (proposal_id bigint, state text, approvals_missing int, outcome jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    who sluice.actor := sluice.authorise(secret, 'propose');
    proof text := coalesce(nullif(btrim(given_evidence), ''), (SELECT 'evidence file ' || e.evidence_id || ', SHA-256 '
        || encode(e.sha256, 'hex') FROM sluice.evidence_file e WHERE e.evidence_id = given_evidence_id));
    known record;
    sums jsonb;
    needed smallint;
    made bigint;
BEGIN
    IF wanted_state NOT IN ('succeeded', 'failed') OR wanted_state = named_state THEN
        RAISE EXCEPTION 'a correction is to succeeded or failed, and to another state than the order has'
            USING ERRCODE = 'SL005', HINT = 'money that came back is a return, with its own evidence';
    END IF;
    IF proof IS NULL THEN
        RAISE EXCEPTION 'a final state names its evidence (R8)' USING ERRCODE = 'SL005',
            HINT = 'add --evidence, such as the channel''s written confirmation, or --evidence-file';
    END IF;
    known := sluice.named_final_order(of_batch, of_line, named_amount, named_state);
    sums := jsonb_build_object(known.currency, named_amount);
    needed := sluice.approvers_needed(sums);
    IF is_dry THEN
        RETURN QUERY SELECT NULL::bigint, 'foreseen', needed::int, jsonb_build_object('orders', 1, 'amounts', sums);
        RETURN;
    END IF;
    made := sluice.put_proposal(who, 'correct', format('order %s-%s: %s becomes %s', of_batch, of_line, named_state,
        wanted_state), jsonb_build_object('batch', of_batch, 'line', of_line, 'amount', named_amount,
        'from', named_state, 'to', wanted_state), 1, sums, given_comment, proof, given_evidence_id, needed);
    PERFORM sluice.audit(who, 'propose_correct', 'proposal ' || made, jsonb_build_object('order', of_batch || '-'
        || of_line, 'from', named_state, 'to', wanted_state, 'amounts', sums));
    RETURN QUERY SELECT made, 'waiting', needed::int, jsonb_build_object('orders', 1, 'amounts', sums);
END
$$;

-- Beside the order, never over it: the views and the next version of the result file tell it.
CREATE FUNCTION sluice.put_correction(asked sluice.proposal, checkers text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    of_batch constant bigint := (asked.payload ->> 'batch')::bigint;
    of_line constant int := (asked.payload ->> 'line')::int;
    wanted_state constant text := asked.payload ->> 'to';
    known record;
    made bigint;
    was_released boolean;
    file sluice.batch_file;
    later record;
    stopped bigint := 0;
BEGIN
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id = of_batch FOR NO KEY UPDATE;
    known := sluice.named_final_order(of_batch, of_line, (asked.payload ->> 'amount')::bigint,
        asked.payload ->> 'from');
    INSERT INTO sluice.payment_correction (batch_id, line_no, business_date, from_state, to_state, evidence, maker,
            checker, proposal_id, evidence_id, amount_minor)
        VALUES (of_batch, of_line, known.business_date, (asked.payload ->> 'from')::sluice.order_state,
            wanted_state::sluice.order_state, asked.evidence, asked.maker_login, checkers, asked.proposal_id,
            asked.evidence_id, (asked.payload ->> 'amount')::bigint)
        RETURNING correction_id INTO made;
    -- What was paid after all is not paid once more: its record waits for nobody, and what it was released as does not
    -- leave.
    was_released := EXISTS (SELECT FROM sluice.quarantine_record q WHERE q.batch_id = of_batch AND q.line_no = of_line
        AND q.business_date = known.business_date AND q.state = 'released');
    IF wanted_state = 'succeeded' THEN
        FOR later IN
            WITH RECURSIVE later (batch_id, line_no) AS (
                SELECT s.batch_id, s.line_no FROM sluice.supplement_record s
                    WHERE s.from_batch_id = of_batch AND s.from_line_no = of_line
                UNION ALL SELECT s.batch_id, s.line_no FROM later x JOIN sluice.supplement_record s
                    ON s.from_batch_id = x.batch_id AND s.from_line_no = x.line_no)
            SELECT x.batch_id, x.line_no FROM later x ORDER BY x.batch_id
        LOOP
            SELECT * INTO STRICT file FROM sluice.batch_file f WHERE f.batch_id = later.batch_id FOR NO KEY UPDATE;
            UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = checkers,
                    decision = 'order_corrected'
                WHERE r.batch_id = later.batch_id AND r.line_no = later.line_no AND r.cause = 'contradiction'
                    AND r.closed_at IS NULL;
            stopped := stopped + sluice.void_orders(file, ARRAY[later.line_no], 'order_corrected');
            UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'order_corrected',
                    closed_at = clock_timestamp()
                WHERE q.batch_id = later.batch_id AND q.line_no = later.line_no
                    AND q.business_date = file.business_date AND q.state IN ('open', 'amended');
        END LOOP;
        UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'order_corrected',
                closed_at = clock_timestamp()
            WHERE q.batch_id = of_batch AND q.line_no = of_line AND q.business_date = known.business_date
                AND q.origin = 'failed_order' AND q.state IN ('open', 'amended');
        -- Its number is its own again, also if what was released under it was stopped here: it is never used twice.
        UPDATE sluice.order_number_registry r SET state = 'order', batch_id = of_batch, line_no = of_line
            FROM sluice.batch_file f, sluice.all_payment_order o
            WHERE f.batch_id = of_batch AND o.batch_id = of_batch AND o.business_date = known.business_date
                AND o.line_no = of_line AND r.merchant_id = f.merchant_id AND r.order_no = o.merchant_order_no
                AND (r.state = 'void' OR (r.batch_id = of_batch AND r.line_no = of_line AND r.state = 'quarantine'));
    END IF;
    INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('order_corrected', of_batch, jsonb_build_object(
        'line', of_line, 'from', asked.payload -> 'from', 'to', wanted_state, 'correction_id', made));
    PERFORM sluice.tell_soon(ARRAY[of_batch]);
    RETURN jsonb_build_object('correction_id', made, 'orders', 1, 'amounts', asked.amounts,
        'was_released', was_released, 'stopped', stopped);
END
$$;

-- The merchants of these files are told at once: of a supplement by the result of its original, of a finished file by
-- one version more. A file that somebody holds at this moment is left to him: locked here it would be locked out of
-- turn.
CREATE FUNCTION sluice.tell_soon(batches bigint[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- What is news must not be missed: of a finished file it is noted whoever holds it.
    UPDATE sluice.batch_file f SET news_at = clock_timestamp(), due_at = least(f.due_at, now()) FROM (
        SELECT x.batch_id FROM sluice.batch_file x WHERE x.state = 'finished' AND x.parent_batch_id IS NULL
            AND x.batch_id IN (SELECT coalesce(t.parent_batch_id, t.batch_id) FROM sluice.batch_file t
                WHERE t.batch_id = ANY (batches)) ORDER BY x.batch_id FOR NO KEY UPDATE) told
        WHERE f.batch_id = told.batch_id;
    UPDATE sluice.batch_file f SET due_at = now() FROM (
        SELECT x.batch_id FROM sluice.batch_file x WHERE x.state = 'working' AND x.lease_worker IS NULL
            AND x.due_at > now() AND x.batch_id IN (SELECT unnest(ARRAY[t.batch_id, t.parent_batch_id])
                FROM sluice.batch_file t WHERE t.batch_id = ANY (batches)) FOR NO KEY UPDATE SKIP LOCKED) free
        WHERE f.batch_id = free.batch_id;
$$;

-- One version of a channel's specification becomes the one that workers use (R16), with its slots, pace and breaker.
CREATE FUNCTION sluice.put_activation(asked jsonb, by_people text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted_channel constant text := asked ->> 'channel';
    specification constant bytea := decode(asked ->> 'specification', 'hex');
    submit_slots constant int := (asked ->> 'submit_slots')::int;
    query_slots constant int := (asked ->> 'query_slots')::int;
    failures_max constant int := (asked ->> 'failures_max')::int;
    open_us constant bigint := (asked ->> 'open_us')::bigint;
    open_max_us constant bigint := (asked ->> 'open_max_us')::bigint;
    stamped sluice.environment;
BEGIN
    SELECT * INTO stamped FROM sluice.environment;
    IF stamped.class IS DISTINCT FROM (asked ->> 'class')::sluice.environment_class THEN
        RAISE EXCEPTION 'channel % is of class %, this database of class %', wanted_channel, asked ->> 'class',
            coalesce(stamped.class::text, '(none)')
            USING ERRCODE = 'SL013', HINT = 'a test database never speaks with a production channel, nor the reverse';
    END IF;
    IF coalesce(submit_slots, 0) NOT BETWEEN 1 AND 1000 OR coalesce(query_slots, 0) NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'a lane has 1 to 1000 slots' USING ERRCODE = 'SL005';
    END IF;
    INSERT INTO sluice.channel AS c (channel, class, specification_sha256)
        VALUES (wanted_channel, stamped.class, specification)
        ON CONFLICT (channel) DO UPDATE SET class = excluded.class, specification_sha256 =
            excluded.specification_sha256;
    INSERT INTO sluice.channel_activation (channel, specification_sha256, activated_by)
        VALUES (wanted_channel, specification, by_people);
    -- A pause and a breaker's state outlive the activation. A cursor of a slower pace must not hold up a faster one.
    INSERT INTO sluice.channel_lane AS l (channel, lane, call_interval_us, breaker_failures, breaker_open_us,
            breaker_open_max_us)
        VALUES (wanted_channel, 'submit', (asked ->> 'submit_interval_us')::bigint, failures_max, open_us, open_max_us),
            (wanted_channel, 'query', (asked ->> 'query_interval_us')::bigint, failures_max, open_us, open_max_us)
        ON CONFLICT (channel, lane) DO UPDATE SET call_interval_us = excluded.call_interval_us,
            breaker_failures = excluded.breaker_failures, breaker_open_us = excluded.breaker_open_us,
            breaker_open_max_us = excluded.breaker_open_max_us,
            slow_interval_us = CASE WHEN l.slow_interval_us > excluded.call_interval_us THEN l.slow_interval_us END,
            next_call_at = least(l.next_call_at, clock_timestamp()
                + greatest(l.slow_interval_us, excluded.call_interval_us) * interval '1 microsecond');
    INSERT INTO sluice.channel_slot (channel, lane, slot_no)
        SELECT wanted_channel, 'submit'::sluice.lane, n FROM generate_series(1, submit_slots) AS n
        UNION ALL SELECT wanted_channel, 'query'::sluice.lane, n FROM generate_series(1, query_slots) AS n
        ON CONFLICT DO NOTHING;
    -- A slot whose call is under way stays until the next activation, so that the channel never sees more than it
    -- allows.
    DELETE FROM sluice.channel_slot s WHERE s.channel = wanted_channel
        AND s.slot_no > CASE s.lane WHEN 'submit' THEN submit_slots ELSE query_slots END
        AND (s.held_until IS NULL OR s.held_until <= clock_timestamp());
    RETURN jsonb_build_object('channel', wanted_channel);
END
$$;

-- In class test one command activates; in class production it takes two people (R16).
CREATE OR REPLACE FUNCTION sluice.activate_channel(
    wanted_channel text, wanted_class text, specification bytea, submit_slots int, query_slots int,
    submit_interval_us bigint, query_interval_us bigint, failures_max int, open_us bigint, open_max_us bigint)
    RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT e.class FROM sluice.environment e) = 'production' AND wanted_class = 'production' THEN
        RAISE EXCEPTION 'in class production an activation takes two people'
            USING ERRCODE = 'SL014',
            HINT = 'log in and run it again: it becomes a proposal, which another person approves';
    END IF;
    PERFORM sluice.put_activation(jsonb_build_object('channel', wanted_channel, 'class', wanted_class,
        'specification', encode(specification, 'hex'), 'submit_slots', submit_slots, 'query_slots', query_slots,
        'submit_interval_us', submit_interval_us, 'query_interval_us', query_interval_us, 'failures_max', failures_max,
        'open_us', open_us, 'open_max_us', open_max_us), session_user);
END
$$;

-- Asks for an activation.
CREATE FUNCTION sluice.propose_activation(
    secret bytea, wanted_channel text, wanted_class text, specification bytea, submit_slots int, query_slots int,
    submit_interval_us bigint, query_interval_us bigint, failures_max int, open_us bigint, open_max_us bigint,
    given_comment text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'operate');
    asked jsonb := jsonb_build_object('channel', wanted_channel, 'class', wanted_class,
        'specification', encode(specification, 'hex'), 'submit_slots', submit_slots, 'query_slots', query_slots,
        'submit_interval_us', submit_interval_us, 'query_interval_us', query_interval_us, 'failures_max', failures_max,
        'open_us', open_us, 'open_max_us', open_max_us);
    made bigint;
BEGIN
    BEGIN
        PERFORM sluice.put_activation(asked, '-');
        RAISE EXCEPTION 'foreseen' USING ERRCODE = 'SL099';
    EXCEPTION WHEN SQLSTATE 'SL099' THEN NULL;
    END;
    made := sluice.put_proposal(who, 'activate', format('channel %s: specification %s', wanted_channel,
        left(encode(specification, 'hex'), 12)), asked, 0, '{}', given_comment, NULL, NULL, 1::smallint);
    PERFORM sluice.audit(who, 'propose_activate', 'proposal ' || made, jsonb_build_object('channel', wanted_channel,
        'specification', encode(specification, 'hex')));
    RETURN made;
END
$$;

-- The proposal, locked, if it can still be approved or declined, by somebody who has not touched it (R12).
CREATE FUNCTION sluice.votable_proposal(wanted_proposal bigint, who sluice.actor) RETURNS sluice.proposal
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked sluice.proposal;
    touched bigint;
BEGIN
    SELECT * INTO asked FROM sluice.proposal p WHERE p.proposal_id = wanted_proposal FOR NO KEY UPDATE;
    IF asked.state <> 'waiting' THEN
        RAISE EXCEPTION 'proposal % is % already, since %', wanted_proposal, asked.state,
            to_char(asked.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
            USING ERRCODE = 'SL020', HINT = 'nothing was done; run: sluice review list';
    END IF;
    IF asked.maker_person = who.person_id THEN
        RAISE EXCEPTION 'proposal % was made by the same person (login %)', wanted_proposal, asked.maker_login
            USING ERRCODE = 'SL019',
            HINT = 'nothing was done; whoever asks for it does not decide it: another person does';
    END IF;
    IF asked.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'proposal % expired at %', wanted_proposal,
            to_char(asked.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
            USING ERRCODE = 'SL020', HINT = 'nothing was done; have it proposed anew, and looked at anew';
    END IF;
    IF EXISTS (SELECT FROM sluice.proposal_vote v WHERE v.proposal_id = wanted_proposal
        AND v.person_id = who.person_id) THEN
        RAISE EXCEPTION 'the same person has approved proposal % already', wanted_proposal
            USING ERRCODE = 'SL019', HINT = 'nothing was done; it takes a further person';
    END IF;
    -- A record of a supplement says what the record before it was amended to.
    WITH RECURSIVE line (batch_id, line_no) AS (
        SELECT r.batch_id, r.line_no FROM sluice.proposal_record r WHERE r.proposal_id = wanted_proposal
        UNION ALL SELECT s.from_batch_id, s.from_line_no FROM line x JOIN sluice.supplement_record s
            ON s.batch_id = x.batch_id AND s.line_no = x.line_no)
    SELECT count(DISTINCT (a.batch_id, a.line_no)) INTO touched FROM sluice.quarantine_amendment a
        WHERE a.person_id = who.person_id AND ((a.batch_id, a.line_no) IN (SELECT x.batch_id, x.line_no FROM line x)
            OR (asked.kind = 'choose' AND (a.batch_id, a.line_no) IN (
                ((asked.payload -> 'living' ->> 0)::bigint, (asked.payload -> 'living' ->> 1)::int),
                ((asked.payload -> 'closed' ->> 0)::bigint, (asked.payload -> 'closed' ->> 1)::int))));
    IF touched > 0 THEN
        RAISE EXCEPTION 'the same person has amended % of the records of proposal %', touched, wanted_proposal
            USING ERRCODE = 'SL019', HINT = 'nothing was done; nobody approves what they touched: another person does';
    END IF;
    IF NOT EXISTS (SELECT FROM sluice.login l JOIN sluice.person n USING (person_id) WHERE l.login = asked.maker_login
        AND l.disabled_at IS NULL AND n.disabled_at IS NULL) THEN
        RAISE EXCEPTION 'the login % that made proposal % is disabled', asked.maker_login, wanted_proposal
            USING ERRCODE = 'SL020', HINT = 'nothing was done; have it proposed anew by somebody else';
    END IF;
    RETURN asked;
END
$$;

-- Carries out what enough people have approved.
CREATE FUNCTION sluice.carry_out(asked sluice.proposal, checkers text, who sluice.actor) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE asked.kind
        WHEN 'decide' THEN
            RETURN sluice.decide_as_asked(asked.payload, asked.comment, asked.evidence, asked.evidence_id,
                asked.maker_login || ', ' || checkers, asked.proposal_id);
        WHEN 'choose' THEN
            RETURN sluice.take_choice((asked.payload -> 'living' ->> 0)::bigint,
                (asked.payload -> 'living' ->> 1)::int, (asked.payload -> 'living' ->> 2)::bigint,
                (asked.payload -> 'closed' ->> 0)::bigint, (asked.payload -> 'closed' ->> 1)::int,
                (asked.payload -> 'closed' ->> 2)::bigint, asked.comment, asked.maker_login || ', ' || checkers,
                asked.proposal_id);
        WHEN 'correct' THEN RETURN sluice.put_correction(asked, checkers);
        WHEN 'activate' THEN RETURN sluice.put_activation(asked.payload, asked.maker_login || ', ' || checkers);
        WHEN 'release' THEN RETURN sluice.release_records(asked);
        WHEN 'reject' THEN RETURN sluice.reject_records(asked);
        WHEN 'user' THEN
            PERFORM sluice.apply_user_change(asked.payload, who);
            -- Whoever asked for it has seen the one-time password: the login's own person is to hear of it.
            IF asked.payload ->> 'op' IN ('add', 'reset') THEN
                PERFORM sluice.raise_people_alarm('people_changed', asked.payload ->> 'op',
                    format('%s, asked for by %s, approved by %s', asked.subject, asked.maker_login, checkers));
            END IF;
            RETURN '{}';
    END CASE;
END
$$;

-- Who approves says what they approve: so many orders with these sums, where it is about orders (pitfall A2). With the
-- last voice that it takes it is carried out, in this transaction or not at all.
CREATE FUNCTION sluice.approve_proposal(
    secret bytea, wanted_proposal bigint, named_orders bigint, named_currencies text[], named_amounts numeric[],
    given_comment text) RETURNS TABLE (state text, approvals_missing int, outcome jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    of_kind sluice.proposal_kind := (SELECT p.kind FROM sluice.proposal p WHERE p.proposal_id = wanted_proposal);
    who sluice.actor := sluice.authorise(secret, CASE WHEN of_kind IS NULL THEN 'look' WHEN of_kind = 'user'
        THEN 'administer' ELSE 'approve' END);
    asked sluice.proposal;
    checkers text;
    missing int;
    done jsonb;
BEGIN
    IF of_kind IS NULL THEN
        RAISE EXCEPTION 'there is no proposal %', wanted_proposal USING ERRCODE = 'SL001',
            HINT = 'look at: sluice review list';
    END IF;
    asked := sluice.votable_proposal(wanted_proposal, who);
    IF length(btrim(given_comment)) > 2000 THEN
        RAISE EXCEPTION 'a comment has 2000 characters at most' USING ERRCODE = 'SL005', HINT = 'shorten --comment';
    END IF;
    IF asked.kind IN ('release', 'reject', 'decide', 'correct') AND NOT sluice.is_named(named_orders,
        sluice.named_sums(named_currencies, named_amounts), asked.orders, asked.amounts) THEN
        RAISE EXCEPTION 'proposal % is about % with %, not % with %', wanted_proposal, asked.orders, asked.amounts,
            coalesce(named_orders::text, 'nothing named'), sluice.named_sums(named_currencies, named_amounts)
            USING ERRCODE = 'SL016',
            HINT = 'nothing was done; look at it (sluice review show), then name --orders and --amount';
    END IF;
    INSERT INTO sluice.proposal_vote (proposal_id, person_id, login, session_id, is_approval, comment)
        VALUES (wanted_proposal, who.person_id, who.login, who.session_id, true,
            coalesce(nullif(btrim(given_comment), ''), 'approved'));
    SELECT greatest(asked.approvers_needed, sluice.approvers_needed(asked.amounts), 1) - count(*),
            string_agg(v.login, ', ' ORDER BY v.voted_at) INTO missing, checkers
        FROM sluice.proposal_vote v WHERE v.proposal_id = wanted_proposal AND v.is_approval
            -- A voice counts while its login may still approve.
            AND EXISTS (SELECT FROM sluice.login l JOIN sluice.person n USING (person_id)
                JOIN sluice.role_action a ON a.role = l.role AND a.action = CASE WHEN asked.kind = 'user'
                    THEN 'administer' ELSE 'approve' END
                WHERE l.login = v.login AND l.disabled_at IS NULL AND n.disabled_at IS NULL);
    IF missing > 0 THEN
        PERFORM sluice.audit(who, 'approve', 'proposal ' || wanted_proposal, jsonb_build_object('kind', asked.kind,
            'orders', asked.orders, 'amounts', asked.amounts, 'missing', missing));
        RETURN QUERY SELECT 'waiting', missing, NULL::jsonb;
        RETURN;
    END IF;
    done := sluice.carry_out(asked, checkers, who);
    UPDATE sluice.proposal p SET state = 'approved', ended_at = clock_timestamp(), outcome = done
        WHERE p.proposal_id = wanted_proposal;
    PERFORM sluice.audit(who, 'approve', 'proposal ' || wanted_proposal, jsonb_build_object('kind', asked.kind,
        'orders', asked.orders, 'amounts', asked.amounts, 'outcome', done));
    RETURN QUERY SELECT 'approved', 0, done;
END
$$;

-- Says no to a proposal; it is over.
CREATE FUNCTION sluice.decline_proposal(secret bytea, wanted_proposal bigint, given_comment text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_kind sluice.proposal_kind := (SELECT p.kind FROM sluice.proposal p WHERE p.proposal_id = wanted_proposal);
    who sluice.actor := sluice.authorise(secret, CASE WHEN of_kind IS NULL THEN 'look' WHEN of_kind = 'user'
        THEN 'administer' ELSE 'approve' END);
BEGIN
    IF of_kind IS NULL THEN
        RAISE EXCEPTION 'there is no proposal %', wanted_proposal USING ERRCODE = 'SL001',
            HINT = 'look at: sluice review list';
    END IF;
    PERFORM sluice.votable_proposal(wanted_proposal, who);
    IF coalesce(length(btrim(given_comment)), 0) NOT BETWEEN 1 AND 2000 THEN
        RAISE EXCEPTION 'who declines says why, in 1 to 2000 characters' USING ERRCODE = 'SL005',
            HINT = 'add --comment';
    END IF;
    INSERT INTO sluice.proposal_vote (proposal_id, person_id, login, session_id, is_approval, comment)
        VALUES (wanted_proposal, who.person_id, who.login, who.session_id, false, btrim(given_comment));
    UPDATE sluice.proposal p SET state = 'declined', ended_at = clock_timestamp()
        WHERE p.proposal_id = wanted_proposal;
    PERFORM sluice.audit(who, 'decline', 'proposal ' || wanted_proposal, jsonb_build_object('kind', of_kind));
END
$$;

-- Takes back what the same person has asked for.
CREATE FUNCTION sluice.withdraw_proposal(secret bytea, wanted_proposal bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who sluice.actor := sluice.authorise(secret, 'look');
    asked sluice.proposal;
BEGIN
    SELECT * INTO asked FROM sluice.proposal p WHERE p.proposal_id = wanted_proposal FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no proposal %', wanted_proposal USING ERRCODE = 'SL001',
            HINT = 'look at: sluice review list';
    END IF;
    IF asked.maker_person <> who.person_id THEN
        RAISE EXCEPTION 'proposal % is not of the same person', wanted_proposal USING ERRCODE = 'SL019',
            HINT = 'nothing was done; an approver declines what another person has asked for: sluice review decline';
    END IF;
    IF asked.state <> 'waiting' THEN
        RAISE EXCEPTION 'proposal % is % already', wanted_proposal, asked.state USING ERRCODE = 'SL020',
            HINT = 'nothing was done';
    END IF;
    UPDATE sluice.proposal p SET state = 'withdrawn', ended_at = clock_timestamp()
        WHERE p.proposal_id = wanted_proposal;
    PERFORM sluice.audit(who, 'withdraw', 'proposal ' || wanted_proposal, jsonb_build_object('kind', asked.kind));
END
$$;

-- The doors; all else above is for these functions alone.
GRANT EXECUTE ON FUNCTION sluice.keep_evidence(bytea, text, bytea, bigint, bytea, int, bytea),
    sluice.open_evidence(bytea, bigint, text),
    sluice.propose_decision(bytea, text, text, text, text, bigint, text, bigint, text[], numeric[], text, bigint[],
        int[], bigint[], text[], boolean),
    sluice.propose_choice(bytea, bigint, int, bigint, bigint, int, bigint, text, boolean),
    sluice.propose_correction(bytea, bigint, int, bigint, text, text, text, bigint, text, boolean),
    sluice.propose_activation(bytea, text, text, bytea, int, int, bigint, bigint, int, bigint, bigint, text),
    sluice.approve_proposal(bytea, bigint, bigint, text[], numeric[], text),
    sluice.decline_proposal(bytea, bigint, text), sluice.withdraw_proposal(bytea, bigint)
    TO sluice_worker, sluice_console;

RESET ROLE;
