-- Days are made with their bounds stated; months, drops, copies for people; views that name the day.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE OR REPLACE FUNCTION sluice.keep_partitions_ahead(until date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    known sluice.live_days;
    heavy sluice.heavy_table;
    part text;
    day date;
    made int := 0;
BEGIN
    IF until > current_date + 400 THEN
        RAISE EXCEPTION 'partitions are made for 400 days ahead at most, not until %', until USING ERRCODE = 'SL011';
    END IF;
    -- The first days and the carry-over partitions were made with the orders (0003).
    SELECT * INTO STRICT known FROM sluice.live_days FOR NO KEY UPDATE;
    -- Counted in days: a series of instants would lose one where a zone's clocks change at midnight.
    FOR day IN SELECT known.newest + n FROM generate_series(1, until - known.newest) AS n LOOP
        FOR heavy IN SELECT * FROM sluice.heavy_table h ORDER BY h.place LOOP
            part := sluice.day_name(heavy.table_name, day);
            -- Made aside and attached: the parent is locked against other DDL only, never against the engine's work.
            EXECUTE format('CREATE TABLE sluice.%I (LIKE sluice.%I INCLUDING ALL, CONSTRAINT day_bounds
                CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = %s)', part, heavy.table_name,
                heavy.day_column, heavy.day_column, day, heavy.day_column, day + 1, heavy.fill_factor);
            EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (%L) TO (%L)',
                heavy.table_name, part, day, day + 1);
            IF heavy.is_loaded THEN PERFORM sluice.open_partition_for_load(part); END IF;
        END LOOP;
        made := made + 1;
    END LOOP;
    IF made > 0 THEN
        UPDATE sluice.live_days SET newest = until;
    END IF;
    RETURN made;
END
$$;

-- Ends a day that went by rows: what is left of it goes to the carry-over, and the empty day is dropped. Within 100 ms.
CREATE FUNCTION sluice.retire_archive_day(of_epoch bigint, of_table text, of_day date, left_max int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
    carry text := of_table || '_carry_over';
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    is_small boolean;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    EXECUTE format('SELECT count(*) <= %s FROM (SELECT FROM sluice.%I LIMIT %s) x', left_max, part, left_max + 1)
        INTO is_small;
    IF NOT is_small OR sluice.carry_over_end(of_table) <> of_day THEN RETURN false; END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE ONLY sluice.%I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('LOCK TABLE sluice.%I, sluice.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part, carry);
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, part);
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, carry);
    EXECUTE format('INSERT INTO sluice.%I (%s) SELECT %s FROM sluice.%I', carry, columns, columns, part);
    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (MINVALUE) TO (%L)', of_table,
        carry, of_day + 1);
    EXECUTE format('DROP TABLE sluice.%I', part);
    RETURN true;
END
$$;

-- Days of one month of a table become one partition. `merge` copies them aside, read by nobody, and answers what it
-- copied, for the receipts to be compared with; `put` swaps it for the days.
CREATE FUNCTION sluice.merge_archive_month(of_epoch bigint, of_table text, first_day date, step text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    heavy sluice.heavy_table;
    month text := of_table || to_char(first_day, '_YYYYMM');
    after date := (first_day + interval '1 month')::date;
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    copied bigint := 0;
    one date;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF date_trunc('month', first_day) <> first_day OR EXISTS (SELECT FROM generate_series(0, after - first_day - 1) n
        WHERE to_regclass('history.' || sluice.day_name(of_table, first_day + n)) IS NULL) THEN
        RAISE EXCEPTION 'the month of % is not whole', first_day USING ERRCODE = 'SL036';
    END IF;
    IF step = 'copy' THEN
        EXECUTE format('DROP TABLE IF EXISTS history.%I', month);
        EXECUTE format('CREATE TABLE history.%I (LIKE history.%I INCLUDING ALL, CONSTRAINT day_bounds
            CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = 100)', month, of_table,
            heavy.day_column, heavy.day_column, first_day, heavy.day_column, after);
        EXECUTE format('INSERT INTO history.%I (%s) SELECT %s FROM history.%I WHERE %I >= %L AND %I < %L
            ORDER BY batch_id, %I', month, columns, columns, of_table, heavy.day_column, first_day, heavy.day_column,
            after, heavy.key_2);
        GET DIAGNOSTICS copied = ROW_COUNT;
        RETURN copied;
    END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE', of_table);
    FOR one IN SELECT first_day + n FROM generate_series(0, after - first_day - 1) n LOOP
        EXECUTE format('ALTER TABLE history.%I DETACH PARTITION history.%I', of_table, sluice.day_name(of_table, one));
        EXECUTE format('DROP TABLE history.%I', sluice.day_name(of_table, one));
    END LOOP;
    EXECUTE format('ALTER TABLE history.%I ATTACH PARTITION history.%I FOR VALUES FROM (%L) TO (%L)', of_table, month,
        first_day, after);
    RETURN 0;
END
$$;

-- A day, a file or one order of history, as a copy for people; the table is named and told.
CREATE FUNCTION sluice.copy_to_restored(of_table text, of_day date, of_batch bigint, of_line int, label text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    heavy sluice.heavy_table;
    target text := of_table || '_' || label;
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    copied bigint;
BEGIN
    IF label !~ '^[a-z0-9_]{1,20}$' THEN
        RAISE EXCEPTION 'a label is 1 to 20 of a-z, 0-9 and _' USING ERRCODE = 'SL005';
    END IF;
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    EXECUTE format('CREATE TABLE restored.%I (LIKE history.%I INCLUDING ALL)', target, of_table);
    EXECUTE format('INSERT INTO restored.%I (%s) SELECT %s FROM history.%I o WHERE o.%I = %L %s %s', target, columns,
        columns, of_table, heavy.day_column, of_day, coalesce('AND o.batch_id = ' || of_batch, ''),
        coalesce('AND o.line_no = ' || of_line, ''));
    GET DIAGNOSTICS copied = ROW_COUNT;
    EXECUTE format('GRANT SELECT ON restored.%I TO sluice_archiver', target);
    RETURN copied;
END
$$;

-- Drops a day of history past its retention: verified, exported where that is wanted, and free of holds.
CREATE FUNCTION sluice.drop_archived_day(of_epoch bigint, of_table text, of_day date, older_than date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    part text := sluice.day_name(of_table, of_day);
    words record;
    is_held boolean;
BEGIN
    SELECT * INTO words FROM sluice.stays(of_table, of_day);
    EXECUTE format('SELECT EXISTS (SELECT FROM history.%I o WHERE %s)', part, words.held_words) INTO is_held;
    IF is_held OR of_day >= older_than OR older_than > lease.as_of - 365 OR EXISTS (SELECT FROM sluice.archive_manifest m
        WHERE m.table_name = of_table AND m.day = of_day AND m.state NOT IN ('closed', 'reopened')) THEN
        RAISE EXCEPTION 'day % of % may not be dropped', of_day, of_table USING ERRCODE = 'SL037',
            HINT = 'it is held, too young, or not proven: sluice archive verify';
    END IF;
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('ALTER TABLE history.%I DETACH PARTITION history.%I', of_table, part);
    EXECUTE format('DROP TABLE history.%I', part);
    UPDATE sluice.archive_manifest m SET state = 'dropped', dropped_at = clock_timestamp()
        WHERE m.table_name = of_table AND m.day = of_day AND m.state = 'closed';
END
$$;
GRANT EXECUTE ON FUNCTION sluice.retire_archive_day(bigint, text, date, int),
    sluice.merge_archive_month(bigint, text, date, text),
    sluice.copy_to_restored(text, date, bigint, int, text),
    sluice.drop_archived_day(bigint, text, date, date) TO sluice_archiver;

-- The day stands in it, so that a look at one file touches one day of each table.
CREATE OR REPLACE VIEW sluice.batch_totals AS
    WITH line AS (
        SELECT o.batch_id, o.business_date, o.currency, o.amount_minor, o.state::text AS state, 'order' AS kind FROM sluice.payment_order
            o
        UNION ALL
        SELECT o.batch_id, o.business_date, o.currency, o.amount_minor, o.state::text, 'order' FROM history.payment_order o
        UNION ALL
        SELECT q.batch_id, q.business_date, CASE WHEN q.amount_minor IS NULL THEN NULL ELSE q.currency END,
            CASE WHEN q.currency IS NULL THEN NULL ELSE q.amount_minor END, q.state::text, 'quarantine'
        FROM sluice.quarantine_record q WHERE q.origin = 'intake'
        UNION ALL
        SELECT q.batch_id, q.business_date, CASE WHEN q.amount_minor IS NULL THEN NULL ELSE q.currency END,
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
        coalesce(sum(amount_minor) FILTER (WHERE kind = 'order' AND state = 'unknown'), 0) AS unknown_minor,
        business_date
    FROM line GROUP BY batch_id, currency, business_date;


CREATE OR REPLACE VIEW sluice.my_batch_totals WITH (security_barrier) AS
    SELECT t.* FROM sluice.batch_file f
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    JOIN LATERAL (SELECT x.* FROM sluice.batch_totals x WHERE x.batch_id = f.batch_id
        AND x.business_date = f.business_date) t ON true
    WHERE m.db_role = session_user;

-- One column more: how an order stands with what came after it was final, live or not.
CREATE OR REPLACE VIEW sluice.all_payment_order AS
    SELECT o.batch_id, o.line_no, o.business_date, o.state, o.cause, o.amount_minor, o.attempt_no, o.item_no, o.submission_no, o.data_key_id, o.currency, o.merchant_order_no, o.bank_code, o.channel, o.code, o.personal, o.account_hash, o.evidence_day, o.evidence_ordinal, o.decided_at, o.is_archived, r.returned_minor, c.corrected_to, coalesce(c.corrected_to, CASE
        WHEN o.state = 'succeeded' AND r.returned_minor >= o.amount_minor THEN 'returned'::sluice.order_state
        ELSE o.state END) AS standing
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

-- What keeps a day from being attached without a scan or a new index: differences of columns, checks and indexes between
-- the live table, the history and the day; none is right.
CREATE FUNCTION sluice.archive_drift(of_table text, of_day date) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH side (name, id) AS (
        SELECT 'live', ('sluice.' || of_table)::regclass UNION ALL SELECT 'history', ('history.' || of_table)::regclass
        UNION ALL SELECT 'day', to_regclass('sluice.' || sluice.day_name(of_table, of_day))
    ), shape AS (
        SELECT s.name, format('column %s %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, ' collation ' || a.attcollation::regcollation) AS words
        FROM side s JOIN pg_attribute a ON a.attrelid = s.id AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT s.name, format('check %s %s %s', c.conname, pg_get_constraintdef(c.oid), c.convalidated) FROM side s
        JOIN pg_constraint c ON c.conrelid = s.id AND c.contype = 'c' AND c.conname <> 'day_bounds'
        UNION ALL
        SELECT s.name, 'index ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX .* USING',
            'CREATE \1INDEX USING') || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
        FROM side s JOIN pg_index i ON i.indrelid = s.id
    )
    SELECT string_agg(h.name, ', ') || ' only: ' || h.words FROM shape h GROUP BY h.words
    HAVING count(DISTINCT h.name) < (SELECT count(*) FROM side s WHERE s.id IS NOT NULL)
$$;

-- Autovacuum never analyses a partitioned table.
CREATE FUNCTION sluice.analyze_archived(of_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sluice.heavy_table h WHERE h.table_name = of_table) THEN
        RAISE EXCEPTION 'no heavy table %', of_table USING ERRCODE = 'SL001';
    END IF;
    EXECUTE format('ANALYZE sluice.%I', of_table);
    EXECUTE format('ANALYZE history.%I', of_table);
END
$$;

-- States the coming end of a carry-over that is too large to be read under the lock; validated as a step of its own.
CREATE FUNCTION sluice.bound_carry_over(of_epoch bigint, of_table text, of_day date, step text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    heavy sluice.heavy_table;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF step = 'state' THEN
        EXECUTE format('ALTER TABLE sluice.%1$I DROP CONSTRAINT IF EXISTS carry_over_bounds, ADD CONSTRAINT
            carry_over_bounds CHECK (%2$I IS NOT NULL AND %2$I < %3$L) NOT VALID', of_table || '_carry_over',
            heavy.day_column, of_day + 1);
    ELSE
        EXECUTE format('ALTER TABLE sluice.%I VALIDATE CONSTRAINT carry_over_bounds', of_table || '_carry_over');
    END IF;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.archive_drift(text, date), sluice.analyze_archived(text),
    sluice.bound_carry_over(bigint, text, date, text) TO sluice_archiver;

-- Few rows that come and go: kept small.
DO $$
DECLARE
    one text;
BEGIN
    FOR one IN SELECT h.table_name FROM sluice.heavy_table h LOOP
        EXECUTE format('ALTER TABLE sluice.%I SET (autovacuum_vacuum_scale_factor = 0.0,
            autovacuum_vacuum_threshold = 1000)', one || '_carry_over');
    END LOOP;
END
$$;

RESET ROLE;
