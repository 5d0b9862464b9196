-- Archiving: days of the heavy tables leave for `history` whole, with a receipt; what is still needed stays live.
SET LOCAL lock_timeout = '2s';

-- Where people look at what was brought back. Made here: the owner of the tables may make no schema.
CREATE SCHEMA restored AUTHORIZATION sluice_owner;
REVOKE ALL ON SCHEMA restored FROM PUBLIC;
GRANT USAGE ON SCHEMA restored TO sluice_archiver, sluice_reader, sluice_console;
DO $$
BEGIN
    -- Lag, running vacuums and old transactions of others; where it may not be granted, a DBA does so.
    GRANT pg_monitor TO sluice_archiver;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'sluice_archiver cannot see the load of others: GRANT pg_monitor TO sluice_archiver';
END
$$;
ALTER ROLE sluice_archiver SET idle_in_transaction_session_timeout = '10s';
SET LOCAL ROLE sluice_owner;

-- The heavy tables, in the order in which a day of them leaves. The first two or three columns of the key stand here,
-- the day is the last one; key columns after batch_id are int.
CREATE TABLE sluice.heavy_table (
    table_name text PRIMARY KEY,
    place smallint NOT NULL UNIQUE,
    day_column text NOT NULL,
    key_2 text NOT NULL,
    key_3 text,
    state_words text NOT NULL,
    currency_words text NOT NULL,
    amount_words text NOT NULL,
    fill_factor smallint NOT NULL,
    is_loaded boolean NOT NULL
);
INSERT INTO sluice.heavy_table VALUES
    ('payment_order', 1, 'business_date', 'line_no', NULL, 'o.state::text', 'o.currency', 'o.amount_minor', 75, true),
    ('payment_attempt', 2, 'business_date', 'line_no', 'attempt_no', 'o.cause::text', '''-''', '0', 100, false),
    ('submission', 3, 'business_date', 'submission_no', NULL, 'o.phase::text', 'o.currency', 'o.amount_minor', 70,
        false),
    ('quarantine_record', 4, 'business_date', 'line_no', NULL, 'o.state::text', 'coalesce(o.currency, ''-'')',
        'CASE WHEN o.currency IS NULL THEN 0 ELSE coalesce(o.amount_minor, 0) END', 100, true),
    ('exchange', 5, 'exchange_day', 'submission_no', 'ordinal', 'coalesce(o.outcome::text, ''-'')', '''-''', '0', 85,
        false);

CREATE TYPE sluice.archive_path AS ENUM ('swap', 'rows');
CREATE TYPE sluice.archive_state AS ENUM
    ('prepared', 'counting', 'counted', 'swapped', 'moving', 'verifying', 'closed', 'mismatch', 'reopened', 'dropped');

-- One archiver at a time. Every step takes this row FOR SHARE and names its epoch: whoever takes the lease waits for
-- the step under way, and the old epoch has no further one.
CREATE TABLE sluice.archive_lease (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    worker_id text,
    epoch bigint NOT NULL DEFAULT 0,
    lease_until timestamptz,
    -- What counts as today; another day than the server's in class test only (R13).
    as_of date,
    -- Grows with each hold: a count that began before it is done again.
    hold_version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO sluice.archive_lease DEFAULT VALUES;
-- The stop switch: a row apart, so that it can be set and seen while a step is under way.
CREATE TABLE sluice.archive_stop (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_by text NOT NULL DEFAULT session_user,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000)
);

-- What stays live whatever its age: a merchant's orders, a file's, one order, or a whole day that was brought back.
CREATE TABLE sluice.legal_hold (
    hold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id int REFERENCES sluice.merchant,
    batch_id bigint REFERENCES sluice.batch_file,
    line_no int,
    day date,
    reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
    placed_by text NOT NULL DEFAULT session_user,
    placed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lifted_at timestamptz,
    lifted_by text,
    lift_reason text,
    CHECK (num_nonnulls(merchant_id, batch_id, day) = 1 AND (line_no IS NULL OR batch_id IS NOT NULL)),
    CHECK (num_nulls(lifted_at, lifted_by, lift_reason) IN (0, 3))
);
CREATE UNIQUE INDEX legal_hold_standing ON sluice.legal_hold (coalesce(merchant_id, 0), coalesce(batch_id, 0),
    coalesce(line_no, 0), coalesce(day, 'epoch')) WHERE lifted_at IS NULL;

-- Nothing was ever written to the one that came with the orders.
DROP TABLE sluice.archive_manifest;
CREATE TABLE sluice.archive_manifest (
    table_name text NOT NULL REFERENCES sluice.heavy_table,
    day date NOT NULL,
    pass int NOT NULL CHECK (pass >= 1),
    path sluice.archive_path NOT NULL,
    state sluice.archive_state NOT NULL,
    -- What this entry brought into history: {"CNY/succeeded": {"rows": 2, "amount_minor": "300", "hash": "-17"}}.
    totals jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(totals) = 'object'),
    row_count bigint NOT NULL DEFAULT 0,
    -- The SHA-256 of the totals as text: for people to compare, and for exports.
    content_hash bytea,
    -- By which columns rows are hashed, in this order: a column that comes later changes no receipt.
    hashed_columns text[] NOT NULL,
    stayed_open bigint NOT NULL DEFAULT 0,
    stayed_held bigint NOT NULL DEFAULT 0,
    -- How far a count, a move or a verification has come.
    blocks bigint NOT NULL DEFAULT 0,
    next_block bigint NOT NULL DEFAULT 0,
    found jsonb NOT NULL DEFAULT '{}',
    hold_version bigint NOT NULL DEFAULT 0,
    as_of date NOT NULL,
    epoch bigint NOT NULL,
    worker_id text NOT NULL,
    db_role text NOT NULL DEFAULT session_user,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    counted_at timestamptz,
    swapped_at timestamptz,
    closed_at timestamptz,
    verified_at timestamptz,
    -- How long others were kept out by the swap, and how often it did not get the lock.
    locked_us bigint,
    lock_failures int NOT NULL DEFAULT 0,
    export jsonb,
    exported_at timestamptz,
    dropped_at timestamptz,
    note text,
    PRIMARY KEY (table_name, day, pass)
) WITH (fillfactor = 50);
CREATE INDEX archive_manifest_open ON sluice.archive_manifest (day, table_name)
    WHERE state NOT IN ('closed', 'reopened', 'dropped');

-- Days of a month that were copied into one partition, and whether it took their place.
CREATE TABLE sluice.archive_month (
    table_name text NOT NULL REFERENCES sluice.heavy_table,
    first_day date NOT NULL CHECK (extract(day FROM first_day) = 1),
    row_count bigint NOT NULL,
    copied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    put_at timestamptz,
    PRIMARY KEY (table_name, first_day)
);

-- Keys of rows that the entry under way leaves live.
CREATE TABLE sluice.archive_stay (
    table_name text NOT NULL,
    day date NOT NULL,
    batch_id bigint NOT NULL,
    key_2 int NOT NULL,
    key_3 int NOT NULL DEFAULT 0,
    is_open boolean NOT NULL,
    PRIMARY KEY (table_name, day, batch_id, key_2, key_3)
);
-- What changed in a day after its entry was begun: looked at under the lock.
CREATE TABLE sluice.archive_touch (
    touch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL,
    day date NOT NULL,
    batch_id bigint NOT NULL,
    key_2 int NOT NULL,
    key_3 int NOT NULL,
    -- The totals of the row as it was; null for one that came new.
    was jsonb
);
CREATE INDEX archive_touch_day ON sluice.archive_touch (table_name, day);

CREATE FUNCTION sluice.archive_guard(of_epoch bigint) RETURNS sluice.archive_lease
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lease sluice.archive_lease;
    stop sluice.archive_stop;
BEGIN
    -- A lease that ran out and that nobody took is still its holder's: taking it waits for this lock.
    SELECT * INTO lease FROM sluice.archive_lease FOR SHARE;
    IF (lease.epoch = of_epoch AND lease.worker_id IS NOT NULL) IS NOT TRUE THEN
        RAISE EXCEPTION 'the lease of archiving is not of epoch % any more', of_epoch USING ERRCODE = 'SL030';
    END IF;
    SELECT * INTO stop FROM sluice.archive_stop;
    IF FOUND THEN
        RAISE EXCEPTION 'archiving is stopped: %', stop.reason USING ERRCODE = 'SL031',
            HINT = 'when that is mended: sluice archive resume';
    END IF;
    RETURN lease;
END
$$;

-- Takes the lease, where nobody living has it; null where somebody has. Without a day of its own, today is today.
CREATE FUNCTION sluice.take_archive_lease(worker text, lease_us bigint, wanted_as_of date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    taken bigint;
    today constant date := coalesce(wanted_as_of, current_date);
BEGIN
    IF today <> current_date
        AND (SELECT e.class FROM sluice.environment e) IS DISTINCT FROM 'test' THEN
        RAISE EXCEPTION 'another day than today is for class test only (R13)' USING ERRCODE = 'SL013';
    END IF;
    UPDATE sluice.archive_lease l SET worker_id = worker, epoch = l.epoch + 1, as_of = today,
            lease_until = clock_timestamp() + lease_us * interval '1 microsecond'
        WHERE l.worker_id IS NULL OR l.lease_until <= clock_timestamp() OR l.worker_id = worker
        RETURNING l.epoch INTO taken;
    RETURN taken;
END
$$;

-- Does not wait long for a step under way: nobody can take the lease meanwhile.
CREATE FUNCTION sluice.renew_archive_lease(of_epoch bigint, lease_us bigint) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
    WITH renewed AS (UPDATE sluice.archive_lease l SET
            lease_until = clock_timestamp() + lease_us * interval '1 microsecond'
        WHERE l.epoch = of_epoch AND l.worker_id IS NOT NULL RETURNING 1)
    SELECT EXISTS (SELECT FROM renewed)
$$;

-- Waits until no step of archiving is under way: each holds the lease until it has ended. For whoever does not know
-- whether a commit was made, and is about to read what stands.
CREATE FUNCTION sluice.await_archive_step() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM sluice.archive_lease FOR NO KEY UPDATE;
END
$$;

CREATE FUNCTION sluice.release_archive_lease(of_epoch bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE sluice.archive_lease l SET worker_id = NULL, lease_until = NULL WHERE l.epoch = of_epoch
$$;

-- The stop switch: no step begins any more. The first reason stays; answers whether it was this one.
CREATE FUNCTION sluice.stop_archiving(why text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH stopped AS (INSERT INTO sluice.archive_stop (reason) VALUES (why) ON CONFLICT DO NOTHING RETURNING 1)
    SELECT EXISTS (SELECT FROM stopped)
$$;
-- Lets archiving go on; answers whether it was stopped.
CREATE FUNCTION sluice.resume_archiving() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH resumed AS (DELETE FROM sluice.archive_stop RETURNING 1) SELECT EXISTS (SELECT FROM resumed)
$$;

-- Places a hold; a row that is in history already stays there, and is kept from being dropped. A hold that stands is
-- answered again.
CREATE FUNCTION sluice.place_hold(of_merchant int, of_batch bigint, of_line int, of_day date, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    placed bigint;
BEGIN
    -- Waits for the step under way; a count that did not know of it is done again.
    UPDATE sluice.archive_lease l SET hold_version = l.hold_version + 1;
    INSERT INTO sluice.legal_hold (merchant_id, batch_id, line_no, day, reason)
        VALUES (of_merchant, of_batch, of_line, of_day, why) ON CONFLICT DO NOTHING RETURNING hold_id INTO placed;
    IF placed IS NULL THEN
        SELECT h.hold_id INTO STRICT placed FROM sluice.legal_hold h WHERE h.lifted_at IS NULL
            AND (h.merchant_id, h.batch_id, h.line_no, h.day)
                IS NOT DISTINCT FROM (of_merchant, of_batch, of_line, of_day);
    END IF;
    RETURN placed;
END
$$;
CREATE FUNCTION sluice.lift_hold(of_hold bigint, why text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH lifted AS (UPDATE sluice.legal_hold h SET lifted_at = clock_timestamp(), lifted_by = session_user,
            lift_reason = why WHERE h.hold_id = of_hold AND h.lifted_at IS NULL RETURNING 1)
    SELECT EXISTS (SELECT FROM lifted)
$$;

-- By which day rows may leave that are kept for so many months: month ends and leap days as PostgreSQL counts them.
CREATE FUNCTION sluice.archive_cutoff(as_of date, months int) RETURNS date LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT (as_of - make_interval(months => months))::date $$;

-- 退票: the store's own operation. The order follows while it is live; a row of history is never changed, and readers
-- join both. Answers what became of it: recorded, known, or where it does not fit an order.
CREATE FUNCTION sluice.record_return(of_channel text, reference text, of_batch bigint, of_line int, minor bigint,
    in_currency text, with_code text, at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    day date := (SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = of_batch);
    target record;
    is_live boolean;
    known sluice.payment_return;
    returned numeric;
BEGIN
    -- Returns of one order one after the other, wherever it is.
    PERFORM pg_advisory_xact_lock(hashtextextended(format('payment_return/%s-%s', of_batch, of_line), 0));
    -- Live first, and locked. What leaves meanwhile is found by the second look, what comes back by the third.
    FOR look IN 1..2 LOOP
        SELECT o.state, o.amount_minor, o.currency INTO target FROM sluice.payment_order o
            WHERE o.batch_id = of_batch AND o.business_date = day AND o.line_no = of_line FOR NO KEY UPDATE;
        is_live := FOUND;
        EXIT WHEN is_live;
        SELECT o.state, o.amount_minor, o.currency INTO target FROM history.payment_order o
            WHERE o.batch_id = of_batch AND o.business_date = day AND o.line_no = of_line;
        EXIT WHEN FOUND;
    END LOOP;
    IF target IS NULL THEN RETURN 'no_order'; END IF;
    SELECT * INTO known FROM sluice.payment_return r WHERE r.channel = of_channel AND r.return_reference = reference;
    IF FOUND THEN
        RETURN CASE WHEN (known.batch_id, known.line_no, known.amount_minor, known.currency)
            = (of_batch, of_line, minor, in_currency) THEN 'known' ELSE 'does_not_fit' END;
    END IF;
    SELECT coalesce(sum(r.amount_minor), 0) + minor INTO returned FROM sluice.payment_return r
        WHERE r.batch_id = of_batch AND r.line_no = of_line;
    -- More than was paid never comes back of it: a person looks.
    IF target.currency <> in_currency OR target.state NOT IN ('succeeded', 'returned') OR minor <= 0
        OR returned > target.amount_minor THEN
        RETURN 'does_not_fit';
    END IF;
    INSERT INTO sluice.payment_return (channel, return_reference, batch_id, line_no, business_date, amount_minor,
            currency, code, returned_at)
        VALUES (of_channel, reference, of_batch, of_line, day, minor, in_currency, with_code, at)
        ON CONFLICT (channel, return_reference) DO NOTHING;
    -- The same reference for another order, at the same moment.
    IF NOT FOUND THEN RETURN 'does_not_fit'; END IF;
    IF is_live AND target.state = 'succeeded' AND returned = target.amount_minor THEN
        -- Its code stays that of its evidence; why it came back stands in the return.
        UPDATE sluice.payment_order o SET state = 'returned'
            WHERE o.batch_id = of_batch AND o.business_date = day AND o.line_no = of_line AND o.state = 'succeeded';
    END IF;
    INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('order_returned', of_batch, jsonb_build_object(
        'line', of_line, 'channel', of_channel, 'amount_minor', minor, 'currency', in_currency));
    RETURN 'recorded';
END
$$;
GRANT EXECUTE ON FUNCTION sluice.record_return(text, text, bigint, int, bigint, text, text, timestamptz)
    TO sluice_worker, sluice_console;

GRANT SELECT ON sluice.heavy_table, sluice.archive_lease, sluice.archive_stop, sluice.legal_hold,
    sluice.archive_manifest, sluice.archive_month, sluice.archive_stay, sluice.archive_touch
    TO sluice_archiver, sluice_worker, sluice_reader, sluice_console;
GRANT INSERT, UPDATE (occurrences, last_at, message) ON sluice.alarm TO sluice_archiver;
GRANT EXECUTE ON FUNCTION sluice.archive_cutoff(date, int)
    TO sluice_archiver, sluice_worker, sluice_reader, sluice_console;
GRANT EXECUTE ON FUNCTION sluice.take_archive_lease(text, bigint, date), sluice.renew_archive_lease(bigint, bigint),
    sluice.release_archive_lease(bigint), sluice.await_archive_step(), sluice.stop_archiving(text),
    sluice.resume_archiving(), sluice.place_hold(int, bigint, int, date, text), sluice.lift_hold(bigint, text)
    TO sluice_archiver;
GRANT EXECUTE ON FUNCTION sluice.stop_archiving(text), sluice.place_hold(int, bigint, int, date, text)
    TO sluice_console;

RESET ROLE;
