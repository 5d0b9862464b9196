-- Duplicates: which of two records of one number lives, files that came before under a name, payments that came before;
-- and what ties pass 2 to pass 1.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- Files of one name are looked for at each verdict.
CREATE INDEX batch_file_name ON sluice.batch_file (merchant_id, file_name);

-- Why a quarantined record was closed without becoming an order, and which line has its number now. The tables are not
-- read through here, where they are locked against everybody: the checks hold for new rows, and for the old ones from
-- the next migration on.
ALTER TABLE sluice.quarantine_record
    ADD COLUMN closed_code text,
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN successor_batch_id bigint,
    ADD COLUMN successor_line_no int,
    ADD COLUMN decision_id bigint,
    ADD CONSTRAINT quarantine_record_closed_code CHECK (closed_code ~ '^[a-z_]{1,40}$') NOT VALID,
    ADD CONSTRAINT quarantine_record_closed CHECK (num_nulls(closed_code, closed_at) IN (0, 2)
        AND (closed_code IS NULL OR state = 'rejected') AND num_nulls(successor_batch_id, successor_line_no) IN (0, 2))
        NOT VALID;
ALTER TABLE history.quarantine_record
    ADD COLUMN closed_code text,
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN successor_batch_id bigint,
    ADD COLUMN successor_line_no int,
    ADD COLUMN decision_id bigint,
    ADD CONSTRAINT quarantine_record_closed_code CHECK (closed_code ~ '^[a-z_]{1,40}$') NOT VALID,
    ADD CONSTRAINT quarantine_record_closed CHECK (num_nulls(closed_code, closed_at) IN (0, 2)
        AND (closed_code IS NULL OR state = 'rejected') AND num_nulls(successor_batch_id, successor_line_no) IN (0, 2))
        NOT VALID;

-- The beginning of a keyed hash of account, amount, currency and purpose: equal for what may be one payment twice. Null
-- where the merchant has it not looked for. No index: files are compared whole, once, when they are loaded.
ALTER TABLE sluice.payment_order ADD COLUMN payment_key bigint;
ALTER TABLE history.payment_order ADD COLUMN payment_key bigint;

-- Orders for which another order of the same merchant, near in time, pays the same amount to the same account for the
-- same purpose. A warning: it holds nothing.
CREATE TABLE sluice.same_payment (
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    other_batch_id bigint NOT NULL,
    other_line_no int NOT NULL,
    PRIMARY KEY (batch_id, line_no)
);
GRANT SELECT ON sluice.same_payment TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;
GRANT INSERT ON sluice.same_payment TO sluice_worker;

-- What pass 1 judged the file by: the SHA-256 of its layout and of all that its records were checked against. Null for
-- files that were verified before this was kept.
ALTER TABLE sluice.batch_file ADD COLUMN judged_by bytea CHECK (length(judged_by) = 32);
-- What pass 2 has taken for orders, numbers that were taken included: {"CNY": {"orders": 2, "amount_minor": 300}}. When
-- the file is in, it is what pass 1 accepted.
ALTER TABLE sluice.batch_file ADD COLUMN loaded_sums jsonb NOT NULL DEFAULT '{}'
    CHECK (jsonb_typeof(loaded_sums) = 'object');
GRANT UPDATE (judged_by, loaded_sums) ON sluice.batch_file TO sluice_worker;

-- A verified file of which nothing is loaded is verified anew, because it would be judged by something else now. What
-- it counted against ceilings goes, and what was held above one. False when the lease is somebody else's or a slice is
-- in.
CREATE FUNCTION sluice.judge_anew(of_batch bigint, of_epoch bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The verdict stays where a person has let the file in: whoever judges it anew has him asked again.
    UPDATE sluice.batch_file f SET state = 'pending', record_count = NULL, amount_unreadable = 0,
            judged_by = NULL, held_by = NULL, lease_worker = NULL, lease_until = NULL, due_at = now()
        WHERE f.batch_id = of_batch AND f.lease_epoch = of_epoch AND f.state = 'splitting' AND f.load_position IS NULL;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM sluice.batch_file_sum s WHERE s.batch_id = of_batch;
    UPDATE sluice.review_item r SET closed_at = clock_timestamp(), closed_by = session_user, decision = 'judged_anew'
        WHERE r.batch_id = of_batch AND r.cause IN ('ceiling', 'file_held') AND r.closed_at IS NULL;
    INSERT INTO sluice.outbox (topic, batch_id, payload)
        VALUES ('file_verdict', of_batch, jsonb_build_object('state', 'pending'));
    RETURN true;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.judge_anew(bigint, bigint) TO sluice_worker;

-- Drops the parts of a version that a worker has staged and not lived to finish: those behind the newest version, of a
-- file whose lease is the caller's. Takes the file's lock; tells how many, nothing when the lease is somebody else's.
CREATE FUNCTION sluice.drop_staged_result(of_batch bigint, of_epoch bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped bigint;
BEGIN
    PERFORM 1 FROM sluice.batch_file f WHERE f.batch_id = of_batch AND f.lease_epoch = of_epoch
        AND f.state = 'working' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    DELETE FROM sluice.result_file_part p WHERE p.batch_id = of_batch
        AND p.version > coalesce((SELECT max(r.version) FROM sluice.result_file r WHERE r.batch_id = of_batch), 0);
    GET DIAGNOSTICS dropped = ROW_COUNT;
    RETURN dropped;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.drop_staged_result(bigint, bigint) TO sluice_worker;

-- Warnings about a file: somebody looks; what should not be sent is cancelled order by order.
INSERT INTO sluice.review_option (cause, decision) VALUES ('same_file_name', 'noted'), ('same_payment', 'noted');

-- A good record of a newer file takes its number from an open quarantined record of the same direction, which is
-- closed. By compare-and-set in the transaction that loads the new record, under the lock of its file; tells how many
-- were closed. The merchant of the closed record is told by the next version of its result file.
-- Only from a record that intake set aside: of an order that failed money may have moved all the same, and late
-- evidence of it must not find the number paid a second time.
CREATE FUNCTION sluice.supersede_quarantined(
    new_batch bigint, order_nos text[], new_lines int[], old_batches bigint[], old_lines int[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    file sluice.batch_file;
    day date;
    closed bigint := 0;
    of_day bigint;
BEGIN
    SELECT f.* INTO file FROM sluice.batch_file f WHERE f.batch_id = new_batch AND f.state = 'splitting'
        FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'batch % is not being loaded', new_batch USING ERRCODE = 'SL009';
    END IF;
    -- A day at a time, so that each statement touches the partition of that day only.
    FOR day IN SELECT DISTINCT f.business_date FROM sluice.batch_file f
        WHERE f.batch_id = ANY (old_batches) AND f.batch_id < new_batch AND f.direction = file.direction
        ORDER BY f.business_date
    LOOP
        WITH taken AS (
            UPDATE sluice.order_number_registry r SET state = 'order', batch_id = new_batch, line_no = n.new_line
                FROM unnest(order_nos, new_lines, old_batches, old_lines) AS n (order_no, new_line, old_batch, old_line)
                JOIN sluice.batch_file f ON f.batch_id = n.old_batch AND f.merchant_id = file.merchant_id
                    AND f.business_date = day AND f.batch_id < new_batch AND f.direction = file.direction
                WHERE r.merchant_id = file.merchant_id AND r.order_no = n.order_no COLLATE "C"
                    AND r.state = 'quarantine' AND r.batch_id = n.old_batch AND r.line_no = n.old_line
                    AND EXISTS (SELECT FROM sluice.quarantine_record q WHERE q.batch_id = n.old_batch
                        AND q.line_no = n.old_line AND q.business_date = day AND q.state = 'open'
                        AND q.origin = 'intake')
                RETURNING n.old_batch, n.old_line, n.new_line
        ), rejected AS (
            UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'superseded',
                    closed_at = clock_timestamp(), successor_batch_id = new_batch, successor_line_no = t.new_line
                FROM taken t WHERE q.batch_id = t.old_batch AND q.line_no = t.old_line AND q.business_date = day
                    AND q.state = 'open' AND q.origin = 'intake'
                RETURNING q.batch_id
        ), told AS (
            INSERT INTO sluice.outbox (topic, batch_id, payload)
                SELECT 'records_superseded', j.batch_id, jsonb_build_object('by_batch', new_batch, 'count', count(*))
                FROM rejected j GROUP BY j.batch_id
        )
        SELECT count(*) INTO of_day FROM rejected;
        closed := closed + of_day;
    END LOOP;
    -- A file that somebody holds at this moment is left to him: locked here it would be locked out of turn.
    UPDATE sluice.batch_file f SET due_at = now() FROM (
        SELECT x.batch_id FROM sluice.batch_file x WHERE x.batch_id = ANY (old_batches) AND x.state = 'working'
            AND x.lease_worker IS NULL AND x.due_at > now() FOR NO KEY UPDATE SKIP LOCKED) free
        WHERE f.batch_id = free.batch_id;
    RETURN closed;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.supersede_quarantined(bigint, text[], int[], bigint[], int[]) TO sluice_worker;

-- Of two open quarantined records of one number a person chooses which one lives: it has the number from now on, the
-- other one is closed. Each is named with its amount, null where that was not readable (pitfall A2). In class
-- production it takes two people, whose commands come with the review work (R12).
CREATE FUNCTION sluice.choose_quarantined(
    living_batch bigint, living_line int, living_amount bigint,
    closed_batch bigint, closed_line int, closed_amount bigint, given_note text, by_person text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    living_file sluice.batch_file;
    closed_file sluice.batch_file;
    living sluice.quarantine_record;
    other sluice.quarantine_record;
    owner sluice.order_number_registry;
    decision_no bigint;
BEGIN
    IF (SELECT e.class FROM sluice.environment e) IS DISTINCT FROM 'test' THEN
        RAISE EXCEPTION 'in class production a decision takes two people'
            USING ERRCODE = 'SL014', HINT = 'the commands for two people come with the review work';
    END IF;
    IF coalesce(btrim(given_note), '') = '' OR coalesce(btrim(by_person), '') = '' THEN
        RAISE EXCEPTION 'a decision names its person and its reason' USING ERRCODE = 'SL005', HINT = 'add --note';
    END IF;
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
    SELECT q.* INTO living FROM sluice.quarantine_record q WHERE q.batch_id = living_batch
        AND q.line_no = living_line AND q.business_date = living_file.business_date FOR NO KEY UPDATE;
    SELECT q.* INTO other FROM sluice.quarantine_record q WHERE q.batch_id = closed_batch
        AND q.line_no = closed_line AND q.business_date = closed_file.business_date FOR NO KEY UPDATE;
    IF living.state <> 'open' OR other.state <> 'open' THEN
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

    INSERT INTO sluice.review_decision (incident, cause, decision, note, orders, amounts, person)
        VALUES ('number/' || closed_batch || '-' || closed_line, 'duplicate_number',
            'lives: ' || living_batch || '-' || living_line, given_note, 0,
            CASE WHEN other.amount_minor IS NULL OR other.currency IS NULL THEN '{}'
                ELSE jsonb_build_object(other.currency, other.amount_minor) END, by_person)
        RETURNING decision_id INTO decision_no;
    UPDATE sluice.order_number_registry r SET batch_id = living_batch, line_no = living_line
        WHERE r.merchant_id = living_file.merchant_id AND r.order_no = living.merchant_order_no;
    UPDATE sluice.quarantine_record q SET state = 'rejected', closed_code = 'other_chosen',
            closed_at = clock_timestamp(), successor_batch_id = living_batch, successor_line_no = living_line,
            decision_id = decision_no
        WHERE q.batch_id = closed_batch AND q.line_no = closed_line AND q.business_date = closed_file.business_date;
    INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('record_closed', closed_batch,
        jsonb_build_object('line', closed_line, 'decision_id', decision_no, 'by_batch', living_batch));
    -- The merchant is told at once.
    UPDATE sluice.batch_file f SET due_at = now() WHERE f.batch_id = closed_batch AND f.state = 'working'
        AND f.lease_worker IS NULL AND f.due_at > now();
    RETURN decision_no;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.choose_quarantined(bigint, int, bigint, bigint, int, bigint, text, text)
    TO sluice_worker, sluice_console;

RESET ROLE;
