-- The SQL contract of merchants and DBAs: submit and cancel functions, views; and what each role may do.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- The merchant that the caller may act for. A login named in merchant.db_role acts for that merchant and no other;
-- our own workers and console for any.
CREATE FUNCTION sluice.acting_merchant(wanted_merchant_no text) RETURNS int
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    registered sluice.merchant;
BEGIN
    SELECT * INTO registered FROM sluice.merchant m WHERE m.merchant_no = wanted_merchant_no;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'merchant % is not registered', wanted_merchant_no
            USING ERRCODE = 'SL001', HINT = 'add Config/merchants/<merchant>.yaml and run: sluice db migrate';
    END IF;
    IF registered.db_role IS NOT DISTINCT FROM session_user
        OR pg_has_role(session_user, 'sluice_worker', 'MEMBER') OR pg_has_role(session_user, 'sluice_console', 'MEMBER')
            THEN
        RETURN registered.merchant_id;
    END IF;
    RAISE EXCEPTION 'role % may not act for merchant %', session_user, wanted_merchant_no
        USING ERRCODE = 'SL002', HINT = 'connect with the role that the merchant is registered with';
END
$$;

-- Begins a file. Options: environment (mandatory), business_date, declared_count, declared_sums, client_key,
-- content_sha256 (hex; mandatory at the latest when the file is sealed).
CREATE FUNCTION sluice.begin_batch_file(
    merchant_no text, direction text, format text, file_name text, options jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    merchant int := sluice.acting_merchant(merchant_no);
    stamped sluice.environment;
    days sluice.live_days;
    day date;
    unknown_key text;
    due interval;
    made bigint;
    existing sluice.batch_file;
BEGIN
    SELECT * INTO stamped FROM sluice.environment;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this database carries no environment stamp' USING ERRCODE = 'SL003', HINT =
            'run: sluice db migrate';
    END IF;
    IF options ->> 'environment' IS DISTINCT FROM stamped.name THEN
        RAISE EXCEPTION 'the file says environment %, this database is %',
            coalesce(options ->> 'environment', '(none)'), stamped.name
            USING ERRCODE = 'SL004', HINT = 'put the right environment into options, or connect to the right database';
    END IF;
    SELECT key INTO unknown_key FROM jsonb_object_keys(options) AS key WHERE key NOT IN (
        'environment', 'business_date', 'declared_count', 'declared_sums', 'client_key', 'content_sha256') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown option %', unknown_key USING ERRCODE = 'SL005',
            HINT = 'known: environment, business_date, declared_count, declared_sums, client_key, content_sha256';
    END IF;
    -- Refused here: what cannot be read must not reach a claim, where it would stop everybody's files.
    IF coalesce(jsonb_typeof(options -> 'declared_sums'), 'null') NOT IN ('null', 'object') OR EXISTS (
        SELECT FROM jsonb_each(CASE jsonb_typeof(options -> 'declared_sums') WHEN 'object'
            THEN options -> 'declared_sums' ELSE '{}' END) AS e
        WHERE e.key !~ '^[A-Z]{3}$' OR e.value::text !~ '^(0|[1-9][0-9]{0,17})$') THEN
        RAISE EXCEPTION 'declared_sums names currencies with their minor units, such as {"CNY": 123400}'
            USING ERRCODE = 'SL005', HINT = 'write whole minor units, at most 18 digits, under ISO 4217 codes';
    END IF;
    IF direction NOT IN ('withhold', 'payout') THEN
        RAISE EXCEPTION 'direction is withhold or payout, not %', direction USING ERRCODE = 'SL006';
    END IF;
    day := coalesce((options ->> 'business_date')::date, current_date);
    SELECT * INTO days FROM sluice.live_days;
    IF day < days.oldest OR day > days.newest THEN
        RAISE EXCEPTION 'business date % lies outside the live days % to %', day, days.oldest, days.newest
            USING ERRCODE = 'SL007', HINT = 'an archived day takes no files; for later days run: sluice db partitions';
    END IF;
    IF options ->> 'client_key' IS NOT NULL THEN
        -- Serialises submits under one key, so that two at once cannot both see none.
        PERFORM pg_advisory_xact_lock(hashtextextended('client_key/' || merchant || '/' || (options ->> 'client_key'),
            0));
        SELECT * INTO existing FROM sluice.batch_file f
            WHERE f.merchant_id = merchant AND f.client_key = options ->> 'client_key';
        IF FOUND THEN
            IF options ->> 'content_sha256' IS NOT NULL
                AND existing.content_sha256 IS NOT DISTINCT FROM decode(options ->> 'content_sha256', 'hex')
                AND existing.direction = direction::sluice.direction AND existing.format = begin_batch_file.format THEN
                RETURN existing.batch_id;
            END IF;
            RAISE EXCEPTION 'client key % was used for other content (batch %)',
                options ->> 'client_key', existing.batch_id
                USING ERRCODE = 'SL008', HINT = 'a new file needs a new client key';
        END IF;
    END IF;
    SELECT m.result_due_after INTO due FROM sluice.merchant m WHERE m.merchant_id = merchant;
    INSERT INTO sluice.batch_file (merchant_id, direction, format, file_name, environment, business_date, client_key,
            content_sha256, declared_count, declared_sums, result_due_at)
        VALUES (merchant, direction::sluice.direction, format, file_name, stamped.name, day, options ->> 'client_key',
            decode(options ->> 'content_sha256', 'hex'), (options ->> 'declared_count')::bigint,
            nullif(options -> 'declared_sums', 'null'), clock_timestamp() + due)
        RETURNING batch_id INTO made;
    RETURN made;
END
$$;

-- The file, locked, if the caller may still add to it.
CREATE FUNCTION sluice.receiving_batch_file(wanted_batch_id bigint) RETURNS sluice.batch_file
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    file sluice.batch_file;
BEGIN
    SELECT * INTO file FROM sluice.batch_file f WHERE f.batch_id = wanted_batch_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no batch %', wanted_batch_id USING ERRCODE = 'SL001';
    END IF;
    PERFORM sluice.acting_merchant((SELECT m.merchant_no FROM sluice.merchant m WHERE m.merchant_id =
        file.merchant_id));
    RETURN file;
END
$$;

CREATE FUNCTION sluice.append_batch_file_part(batch_id bigint, part_no int, content bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    file sluice.batch_file := sluice.receiving_batch_file(batch_id);
BEGIN
    IF file.state <> 'receiving' THEN
        RAISE EXCEPTION 'batch % is sealed', batch_id USING ERRCODE = 'SL009';
    END IF;
    IF length(content) NOT BETWEEN 1 AND 1048576 THEN
        RAISE EXCEPTION 'part % of batch % has % bytes', part_no, batch_id, length(content)
            USING ERRCODE = 'SL005', HINT = 'a part has 1 to 1048576 bytes';
    END IF;
    -- The same part again is a no-op; another content under its number is refused.
    INSERT INTO sluice.batch_file_part (batch_id, part_no, content, clear_bytes)
        VALUES (append_batch_file_part.batch_id, append_batch_file_part.part_no, append_batch_file_part.content,
            length(append_batch_file_part.content))
        ON CONFLICT ON CONSTRAINT batch_file_part_pkey DO NOTHING;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM sluice.batch_file_part p WHERE p.batch_id = append_batch_file_part.batch_id
            AND p.part_no = append_batch_file_part.part_no AND p.content = append_batch_file_part.content) THEN
        RAISE EXCEPTION 'part % of batch % was sent before with other content', part_no, batch_id
            USING ERRCODE = 'SL008';
    END IF;
END
$$;

-- Closes the file: from now on it is pending. Its hash is verified by intake, which reads every byte anyway.
CREATE FUNCTION sluice.seal_batch_file(batch_id bigint, sha256 bytea, bytes bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    file sluice.batch_file := sluice.receiving_batch_file(batch_id);
    parts int;
    last_part int;
    received bigint;
BEGIN
    IF file.state <> 'receiving' THEN
        IF file.content_sha256 = seal_batch_file.sha256 AND file.content_bytes = bytes THEN
            RETURN;
        END IF;
        RAISE EXCEPTION 'batch % is sealed with other content', batch_id USING ERRCODE = 'SL009';
    END IF;
    IF length(seal_batch_file.sha256) IS DISTINCT FROM 32
        OR (file.content_sha256 IS NOT NULL AND file.content_sha256 <> seal_batch_file.sha256) THEN
        RAISE EXCEPTION 'the hash that seals batch % is not the one it was begun with', batch_id USING ERRCODE =
            'SL008';
    END IF;
    SELECT count(*), coalesce(max(p.part_no), 0), coalesce(sum(p.clear_bytes), 0) INTO parts, last_part, received
        FROM sluice.batch_file_part p WHERE p.batch_id = seal_batch_file.batch_id;
    IF bytes IS NULL OR parts <> last_part OR received <> bytes THEN
        RAISE EXCEPTION 'batch % has % parts up to number % with % bytes; sealed with % bytes',
            batch_id, parts, last_part, received, bytes
            USING ERRCODE = 'SL005', HINT = 'append the missing part, then seal again';
    END IF;
    -- Whether the same bytes came before is looked at by intake, which encrypts the parts first (R15).
    UPDATE sluice.batch_file f SET state = 'pending', content_sha256 = seal_batch_file.sha256, content_bytes = bytes,
            part_count = parts, due_at = clock_timestamp()
        WHERE f.batch_id = seal_batch_file.batch_id;
END
$$;

-- Queues a whole file in one call, from any language.
CREATE FUNCTION sluice.submit_batch_file(
    merchant_no text, direction text, format text, file_name text, content bytea, options jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part_bytes constant int := 1048576;
    hash bytea := sha256(content);
    batch bigint;
    part int := 0;
BEGIN
    batch := sluice.begin_batch_file(merchant_no, direction, format, file_name,
        options || jsonb_build_object('content_sha256', encode(hash, 'hex')));
    IF (SELECT f.state FROM sluice.batch_file f WHERE f.batch_id = batch) <> 'receiving' THEN
        RETURN batch;
    END IF;
    WHILE part * part_bytes < length(content) LOOP
        PERFORM sluice.append_batch_file_part(batch, part + 1, substring(content FROM part * part_bytes + 1 FOR
            part_bytes));
        part := part + 1;
    END LOOP;
    PERFORM sluice.seal_batch_file(batch, hash, length(content));
    RETURN batch;
END
$$;

-- Cancels what has no intent yet; tells how many orders. Compare-and-set against a worker that is about to send.
CREATE FUNCTION sluice.cancel_order(batch_id bigint, line_no int DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    file sluice.batch_file := sluice.receiving_batch_file(batch_id);
    cancelled bigint;
BEGIN
    IF file.state = 'splitting' OR (line_no IS NOT NULL AND file.state IN ('receiving', 'pending', 'held')) THEN
        RAISE EXCEPTION 'batch % is not loaded yet (%)', batch_id, file.state
            USING ERRCODE = 'SL012', HINT = 'nothing was cancelled; call again once it is split';
    END IF;
    IF file.state IN ('receiving', 'pending', 'held') THEN
        -- Not loaded at all: the whole file is refused, and no order of it will ever exist.
        UPDATE sluice.batch_file f SET state = 'refused', verdict = jsonb_build_object('code', 'cancelled_by_merchant',
                'line', 0, 'what', 'the merchant cancelled the file before it was loaded', 'mend', 'nothing to do')
            WHERE f.batch_id = cancel_order.batch_id;
        UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = 'merchant', decision = 'cancelled'
            WHERE r.batch_id = cancel_order.batch_id AND r.closed_at IS NULL;
        -- Nobody will encrypt what intake has not passed: it goes (R15).
        DELETE FROM sluice.batch_file_part p WHERE p.batch_id = cancel_order.batch_id AND NOT p.is_encrypted;
        RETURN 0;
    END IF;
    WITH moved AS (
        UPDATE sluice.payment_order o SET state = 'cancelled', code = 'cancelled_by_merchant', decided_at =
            clock_timestamp()
            WHERE o.batch_id = cancel_order.batch_id AND o.business_date = file.business_date
                AND o.state IN ('held', 'ready') AND (cancel_order.line_no IS NULL OR o.line_no = cancel_order.line_no)
            RETURNING o.merchant_order_no, o.amount_minor, o.currency, o.line_no
    ), freed AS (
        UPDATE sluice.order_number_registry r SET state = 'void' FROM moved m
            WHERE r.merchant_id = file.merchant_id AND r.order_no = m.merchant_order_no
                AND r.batch_id = cancel_order.batch_id AND r.line_no = m.line_no
    ), told AS (
        INSERT INTO sluice.outbox (topic, batch_id, payload)
            SELECT 'orders_moved', cancel_order.batch_id, jsonb_build_object('to', 'cancelled', 'currency', m.currency,
                'count', count(*), 'amount_minor', sum(m.amount_minor)) FROM moved m GROUP BY m.currency
    )
    SELECT count(*) INTO cancelled FROM moved;
    RETURN cancelled;
END
$$;

-- Makes one version of a channel's specification the one that workers use (R16), with its slots. In class production
-- it takes two people, whose commands come with the review work; until then it is refused.
CREATE FUNCTION sluice.activate_channel(
    wanted_channel text, wanted_class text, specification bytea, submit_slots int, query_slots int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stamped sluice.environment;
BEGIN
    SELECT * INTO stamped FROM sluice.environment;
    IF stamped.class IS DISTINCT FROM wanted_class::sluice.environment_class THEN
        RAISE EXCEPTION 'channel % is of class %, this database of class %', wanted_channel, wanted_class,
            coalesce(stamped.class::text, '(none)')
            USING ERRCODE = 'SL013', HINT = 'a test database never speaks with a production channel, nor the reverse';
    END IF;
    IF stamped.class = 'production' THEN
        RAISE EXCEPTION 'in class production an activation takes two people'
            USING ERRCODE = 'SL014', HINT = 'the commands for two people come with the review work';
    END IF;
    IF submit_slots NOT BETWEEN 1 AND 1000 OR query_slots NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'a lane has 1 to 1000 slots' USING ERRCODE = 'SL005';
    END IF;
    INSERT INTO sluice.channel AS c (channel, class, specification_sha256)
        VALUES (wanted_channel, stamped.class, specification)
        ON CONFLICT (channel) DO UPDATE SET class = excluded.class, specification_sha256 =
            excluded.specification_sha256;
    INSERT INTO sluice.channel_activation (channel, specification_sha256, activated_by)
        VALUES (wanted_channel, specification, session_user);
    INSERT INTO sluice.channel_slot (channel, lane, slot_no)
        SELECT wanted_channel, 'submit'::sluice.lane, n FROM generate_series(1, submit_slots) AS n
        UNION ALL SELECT wanted_channel, 'query'::sluice.lane, n FROM generate_series(1, query_slots) AS n
        ON CONFLICT DO NOTHING;
    -- A slot whose call is under way stays until the next activation, so that the channel never sees more than it
    -- allows.
    DELETE FROM sluice.channel_slot s WHERE s.channel = wanted_channel
        AND s.slot_no > CASE s.lane WHEN 'submit' THEN submit_slots ELSE query_slots END
        AND (s.held_until IS NULL OR s.held_until <= clock_timestamp());
END
$$;
GRANT EXECUTE ON FUNCTION sluice.activate_channel(text, text, bytea, int, int) TO sluice_worker, sluice_console;

-- Closes what evidence has answered: the open reviews of a submission, once none of its orders is open. No role may
-- write a decision; this function decides nothing (R12).
CREATE FUNCTION sluice.close_settled_reviews(batch_id bigint, submission_no int, business_date date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    closed int;
BEGIN
    IF EXISTS (SELECT FROM sluice.payment_order o WHERE o.batch_id = close_settled_reviews.batch_id
        AND o.business_date = close_settled_reviews.business_date
        AND o.submission_no = close_settled_reviews.submission_no
        AND o.line_no = ANY ((SELECT s.line_nos FROM sluice.submission s
            WHERE s.batch_id = close_settled_reviews.batch_id AND s.submission_no = close_settled_reviews.submission_no
                AND s.business_date = close_settled_reviews.business_date)::int[])
        AND o.state NOT IN ('succeeded', 'failed', 'returned', 'cancelled')) THEN
        RETURN 0;
    END IF;
    UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = 'evidence', decision =
        'settled by the channel''s answer'
        WHERE r.batch_id = close_settled_reviews.batch_id AND r.submission_no = close_settled_reviews.submission_no
            AND r.closed_at IS NULL AND r.cause IN ('polls_exhausted', 'not_found');
    GET DIAGNOSTICS closed = ROW_COUNT;
    RETURN closed;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.close_settled_reviews(bigint, int, date) TO sluice_worker;

-- Live and history in one statement, live named first, with returns and corrections.
CREATE VIEW sluice.all_payment_order AS
    SELECT o.*, r.returned_minor, c.corrected_to
    FROM (
        SELECT p.*, false AS is_archived FROM sluice.payment_order p
        UNION ALL
        SELECT p.*, true AS is_archived FROM history.payment_order p
    ) o
    LEFT JOIN LATERAL (
        SELECT sum(x.amount_minor) AS returned_minor FROM sluice.payment_return x
        WHERE x.batch_id = o.batch_id AND x.line_no = o.line_no) r ON true
    LEFT JOIN LATERAL (
        SELECT x.to_state AS corrected_to FROM sluice.payment_correction x
        WHERE x.batch_id = o.batch_id AND x.line_no = o.line_no ORDER BY x.correction_id DESC LIMIT 1) c ON true;

-- R14, a row a batch and currency: file = orders + quarantined + rejected + released, and
-- orders = succeeded + failed + returned + cancelled + open. Records whose amount or currency could not be read have
-- currency null and count in amount_unreadable.
CREATE VIEW sluice.batch_totals AS
    WITH line AS (
        SELECT o.batch_id, o.currency, o.amount_minor, o.state::text AS state, 'order' AS kind FROM sluice.payment_order
            o
        UNION ALL
        SELECT o.batch_id, o.currency, o.amount_minor, o.state::text, 'order' FROM history.payment_order o
        UNION ALL
        SELECT q.batch_id, CASE WHEN q.amount_minor IS NULL THEN NULL ELSE q.currency END,
            CASE WHEN q.currency IS NULL THEN NULL ELSE q.amount_minor END, q.state::text, 'quarantine'
        FROM sluice.quarantine_record q WHERE q.origin = 'intake'
        UNION ALL
        SELECT q.batch_id, CASE WHEN q.amount_minor IS NULL THEN NULL ELSE q.currency END,
            CASE WHEN q.currency IS NULL THEN NULL ELSE q.amount_minor END, q.state::text, 'quarantine'
        FROM history.quarantine_record q WHERE q.origin = 'intake'
    )
    SELECT batch_id, currency,
        count(*) AS records, coalesce(sum(amount_minor), 0) AS records_minor,
        count(*) FILTER (WHERE kind = 'order') AS orders,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order'), 0) AS orders_minor,
        count(*) FILTER (WHERE kind = 'quarantine' AND state IN ('open', 'amended')) AS quarantined,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'quarantine' AND state IN ('open', 'amended')), 0) AS
            quarantined_minor,
        count(*) FILTER (WHERE kind = 'quarantine' AND state = 'rejected') AS rejected,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'quarantine' AND state = 'rejected'), 0) AS rejected_minor,
        count(*) FILTER (WHERE kind = 'quarantine' AND state = 'released') AS released,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'quarantine' AND state = 'released'), 0) AS released_minor,
        count(*) FILTER (WHERE kind = 'quarantine' AND currency IS NULL) AS amount_unreadable,
        count(*) FILTER (WHERE kind = 'order' AND state = 'succeeded') AS succeeded,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'succeeded'), 0) AS succeeded_minor,
        count(*) FILTER (WHERE kind = 'order' AND state = 'failed') AS failed,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'failed'), 0) AS failed_minor,
        count(*) FILTER (WHERE kind = 'order' AND state = 'returned') AS returned,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'returned'), 0) AS returned_minor,
        count(*) FILTER (WHERE kind = 'order' AND state = 'cancelled') AS cancelled,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'cancelled'), 0) AS cancelled_minor,
        count(*) FILTER (WHERE kind = 'order' AND state IN ('held', 'ready', 'submitting', 'processing', 'unknown')) AS
            open,
        coalesce(sum(amount_minor) FILTER (
            WHERE kind = 'order' AND state IN ('held', 'ready', 'submitting', 'processing', 'unknown')), 0) AS
                open_minor,
        count(*) FILTER (WHERE kind = 'order' AND state = 'unknown') AS unknown,
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'unknown'), 0) AS unknown_minor
    FROM line GROUP BY batch_id, currency;

-- For merchants: number, amount, state and reason of their own files' orders; nothing personal.
CREATE VIEW sluice.my_order_result WITH (security_barrier) AS
    SELECT o.batch_id, o.line_no, o.merchant_order_no, o.amount_minor, o.currency, o.state, o.cause, o.code,
        o.decided_at
    FROM sluice.all_payment_order o
    JOIN sluice.batch_file f ON f.batch_id = o.batch_id AND f.business_date = o.business_date
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    WHERE m.db_role = session_user;
CREATE VIEW sluice.my_batch_file WITH (security_barrier) AS
    SELECT f.batch_id, f.file_name, f.direction, f.business_date, f.state, f.verdict, f.record_count, f.received_at,
        f.finished_at
    FROM sluice.batch_file f JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    WHERE m.db_role = session_user;
CREATE VIEW sluice.my_batch_totals WITH (security_barrier) AS
    SELECT t.* FROM sluice.batch_file f
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    JOIN LATERAL (SELECT x.* FROM sluice.batch_totals x WHERE x.batch_id = f.batch_id) t ON true
    WHERE m.db_role = session_user;

-- What each role may do; a test goes through every table and verb.
GRANT EXECUTE ON FUNCTION
    sluice.begin_batch_file(text, text, text, text, jsonb), sluice.append_batch_file_part(bigint, int, bytea),
    sluice.seal_batch_file(bigint, bytea, bigint), sluice.submit_batch_file(text, text, text, text, bytea, jsonb),
    sluice.cancel_order(bigint, int) TO sluice_merchant, sluice_worker, sluice_console;
GRANT SELECT ON sluice.my_order_result, sluice.my_batch_file, sluice.my_batch_totals TO sluice_merchant;
GRANT EXECUTE ON FUNCTION sluice.keep_partitions_ahead(date) TO sluice_worker, sluice_archiver;

GRANT SELECT ON ALL TABLES IN SCHEMA sluice, history TO sluice_worker, sluice_archiver;
-- Ciphertext is of no use to readers and the console is given personal data by the engine only.
GRANT SELECT ON sluice.environment, sluice.order_transition, sluice.merchant, sluice.batch_file, sluice.payment_order,
    sluice.quarantine_record, sluice.submission, sluice.exchange, sluice.payment_attempt, sluice.payment_return,
    sluice.payment_correction, sluice.live_days, sluice.archive_manifest, sluice.result_file, sluice.worker,
        sluice.channel,
    sluice.channel_activation, sluice.channel_slot, sluice.work_chunk, sluice.review_item, sluice.alarm, sluice.outbox,
    sluice.job_run, sluice.all_payment_order, sluice.batch_totals, sluice.order_number_registry,
    sluice.channel_number_registry TO sluice_reader, sluice_console;
GRANT SELECT ON ALL TABLES IN SCHEMA history TO sluice_reader, sluice_console;

GRANT UPDATE (state, verdict, data_key_id, record_count, amount_unreadable, load_position, loaded_count, next_chunk_no,
    lease_worker, lease_until, lease_epoch, due_at, finished_at) ON sluice.batch_file TO sluice_worker;
GRANT UPDATE (content, is_encrypted) ON sluice.batch_file_part TO sluice_worker;
GRANT INSERT, UPDATE (state, batch_id, line_no) ON sluice.order_number_registry TO sluice_worker;
GRANT INSERT ON sluice.channel_number_registry, sluice.result_file, sluice.result_file_part, sluice.quarantine_record,
    sluice.payment_attempt, sluice.outbox TO sluice_worker;
-- Amount, currency, account and number of an order never change after intake.
GRANT INSERT, UPDATE (state, cause, attempt_no, item_no, submission_no, channel, code, evidence_day, evidence_ordinal,
    decided_at) ON sluice.payment_order TO sluice_worker;
-- The envelope of a submission never changes after its intent.
GRANT INSERT, UPDATE (phase, sends, sends_unsent, next_ordinal, in_flight_kind, in_flight_epoch, in_flight_until, polls,
    not_founds, last_not_found_at, first_sent_at, last_send_ended_at, ever_taken, settled_at)
    ON sluice.submission TO sluice_worker;
GRANT INSERT, UPDATE (outcome, reason, header_code, http_status, is_late, volatile_elements, response, data_key_id,
    latency_us, ended_at) ON sluice.exchange TO sluice_worker;
GRANT INSERT, UPDATE, DELETE ON sluice.work_chunk TO sluice_worker;
GRANT UPDATE (chunk_id, epoch, held_until) ON sluice.channel_slot TO sluice_worker;
GRANT UPDATE (slow_until) ON sluice.channel TO sluice_worker;
GRANT INSERT, UPDATE (heartbeat_at, stopped_at) ON sluice.worker TO sluice_worker;
GRANT INSERT, UPDATE (occurrences, last_at, delivered_at) ON sluice.alarm TO sluice_worker;
GRANT INSERT ON sluice.review_item TO sluice_worker;
GRANT INSERT, UPDATE ON sluice.job_run TO sluice_worker;

RESET ROLE;
