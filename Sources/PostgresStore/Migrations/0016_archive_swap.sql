-- The swap of a day, step by step. Each function is one transaction of the archiver; those that lock are given 100 ms
-- by the client.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE FUNCTION sluice.day_name(of_table text, of_day date) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$ SELECT of_table || to_char(of_day, '_YYYYMMDD') $$;

-- The first day behind the carry-over partition.
CREATE FUNCTION sluice.carry_over_end(of_table text) RETURNS date LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO' AS $$
    SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([0-9-]+)')::date
    FROM pg_class c WHERE c.oid = to_regclass('sluice.' || of_table || '_carry_over')
$$;

-- Where a day of history stands: in a partition of its own, or in that of its month.
CREATE FUNCTION sluice.history_part(of_table text, of_day date) RETURNS regclass LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(to_regclass('history.' || sluice.day_name(of_table, of_day)),
        to_regclass('history.' || of_table || to_char(of_day, '_YYYYMM')))
$$;

-- Columns by name: two tables of one shape may have them in two orders.
CREATE FUNCTION sluice.columns_of(of_table text) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(a.attname::text ORDER BY a.attname COLLATE "C") FROM pg_attribute a
    WHERE a.attrelid = ('history.' || of_table)::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;
CREATE FUNCTION sluice.listed(columns text[], alias text) RETURNS text LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(alias || quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY AS u (c, n)
$$;

-- A row's hash over these columns; words of our own types as text, so that it is the same in a restored database.
CREATE FUNCTION sluice.row_hash(of_table text, columns text[]) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'hash_record_extended(ROW(' || string_agg('o.' || quote_ident(u.c) || CASE t.typtype WHEN 'e' THEN '::text'
        ELSE '' END, ', ' ORDER BY u.n) || '), 0)'
    FROM unnest(columns) WITH ORDINALITY AS u (c, n)
    JOIN pg_attribute a ON a.attrelid = ('history.' || of_table)::regclass AND a.attname = u.c
    JOIN pg_type t ON t.oid = a.atttypid
$$;

CREATE FUNCTION sluice.add_totals(a jsonb, b jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(x.key, x.v), '{}') FROM (
        SELECT e.key, jsonb_build_object('rows', sum((e.value ->> 'rows')::bigint),
            'amount_minor', sum((e.value ->> 'amount_minor')::numeric)::text,
            'hash', sum((e.value ->> 'hash')::numeric)::text) AS v
        FROM (SELECT * FROM jsonb_each(a) UNION ALL SELECT * FROM jsonb_each(b)) e GROUP BY e.key) x
$$;
CREATE FUNCTION sluice.total_rows(totals jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum((e.value ->> 'rows')::bigint), 0)::bigint FROM jsonb_each(totals) e
$$;

-- One row's totals, or those of many: an expression over alias `o`, grouped by its words.
CREATE FUNCTION sluice.totals_of(of_table text, columns text[], source text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT format('SELECT coalesce(jsonb_object_agg(g.k, jsonb_build_object(''rows'', g.n, ''amount_minor'', g.a::text,
            ''hash'', g.h::text)), ''{}'')
        FROM (SELECT %s || ''/'' || %s AS k, count(*) AS n, sum((%s)::numeric) AS a, sum(%s) AS h
            FROM %s GROUP BY 1) g',
        t.currency_words, t.state_words, t.amount_words, sluice.row_hash(of_table, columns), source)
    FROM sluice.heavy_table t WHERE t.table_name = of_table
$$;

-- No role may delete rows of these tables; the archiver's own functions do, and are not to be noted.
CREATE FUNCTION sluice.note_touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key_2 int;
    key_3 int := 0;
    was jsonb;
BEGIN
    -- Arguments: table, day, second and third column of the key.
    EXECUTE format('SELECT ($1).%I', TG_ARGV[2]) INTO key_2 USING NEW;
    IF TG_NARGS > 3 THEN EXECUTE format('SELECT ($1).%I', TG_ARGV[3]) INTO key_3 USING NEW; END IF;
    IF TG_OP <> 'INSERT' THEN
        EXECUTE sluice.totals_of(TG_ARGV[0], sluice.columns_of(TG_ARGV[0]), '(SELECT ($1).*) o') INTO was USING OLD;
    END IF;
    INSERT INTO sluice.archive_touch (table_name, day, batch_id, key_2, key_3, was)
        VALUES (TG_ARGV[0], TG_ARGV[1]::date, NEW.batch_id, key_2, key_3, was);
    RETURN NULL;
END
$$;

-- What stays: the open in the lock of the swap, the held ones after it. Open is what a worker, a sweeper or a person
-- may still move, with what that needs; as `sluice.review_orders` says what review items are about.
CREATE FUNCTION sluice.stays(of_table text, of_day date) RETURNS TABLE (open_words text, held_words text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH w (open_order, reviewed_line, batch_held, line_held) AS (VALUES (
        format('SELECT c.batch_id, c.line_no FROM sluice.payment_order c WHERE c.business_date = %L
            AND c.state NOT IN (''succeeded'', ''failed'', ''returned'', ''cancelled'')', of_day),
        'SELECT r.batch_id, r.line_no FROM sluice.review_item r WHERE r.closed_at IS NULL AND r.line_no IS NOT NULL',
        'SELECT f.batch_id FROM sluice.legal_hold h JOIN sluice.batch_file f ON f.merchant_id = h.merchant_id
            WHERE h.lifted_at IS NULL UNION ALL SELECT h.batch_id FROM sluice.legal_hold h
            WHERE h.lifted_at IS NULL AND h.batch_id IS NOT NULL AND h.line_no IS NULL',
        'SELECT h.batch_id, h.line_no FROM sluice.legal_hold h WHERE h.lifted_at IS NULL AND h.line_no IS NOT NULL'))
    SELECT CASE of_table
        WHEN 'payment_order' THEN format('(o.state NOT IN (''succeeded'', ''failed'', ''returned'', ''cancelled'')
            OR (o.batch_id, o.line_no) IN (%s))', reviewed_line)
        WHEN 'payment_attempt' THEN format('(o.batch_id, o.line_no) IN (%s)', open_order)
        WHEN 'submission' THEN format('(o.phase NOT IN (''settled'', ''refused'')
            OR (o.batch_id, o.submission_no) IN (SELECT k.batch_id, k.submission_no FROM sluice.work_chunk k
                WHERE k.submission_no IS NOT NULL)
            OR (o.batch_id, o.submission_no) IN (SELECT r.batch_id, r.submission_no FROM sluice.review_item r
                WHERE r.closed_at IS NULL AND r.submission_no IS NOT NULL)
            OR (o.batch_id, o.submission_no) IN (SELECT c.batch_id, c.submission_no FROM sluice.payment_order c
                WHERE c.business_date = %L AND c.submission_no IS NOT NULL
                    AND c.state NOT IN (''succeeded'', ''failed'', ''returned'', ''cancelled'')))', of_day)
        WHEN 'quarantine_record' THEN format('(o.state IN (''open'', ''amended'')
            OR (o.batch_id, o.line_no) IN (%s))', reviewed_line)
        -- Of a submission at work a call without an outcome may still end.
        WHEN 'exchange' THEN '(o.outcome IS NULL AND (o.batch_id, o.submission_no) IN (SELECT k.batch_id,
            k.submission_no FROM sluice.work_chunk k WHERE k.submission_no IS NOT NULL))' END,
        format('(o.batch_id IN (%s) OR %s)', batch_held, CASE
            WHEN of_table IN ('payment_order', 'payment_attempt', 'quarantine_record')
                THEN format('(o.batch_id, o.line_no) IN (%s)', line_held)
            WHEN of_table = 'submission' THEN 'EXISTS (SELECT FROM sluice.legal_hold h WHERE h.lifted_at IS NULL
                AND h.batch_id = o.batch_id AND h.line_no = ANY (o.line_nos))'
            ELSE '(o.batch_id, o.submission_no) IN (SELECT s.batch_id, s.submission_no FROM sluice.legal_hold h
                JOIN sluice.batch_file f ON f.batch_id = h.batch_id CROSS JOIN LATERAL (
                    SELECT l.batch_id, l.submission_no FROM sluice.submission l WHERE l.batch_id = f.batch_id
                        AND l.business_date = f.business_date AND h.line_no = ANY (l.line_nos)
                    UNION ALL SELECT l.batch_id, l.submission_no FROM history.submission l WHERE l.batch_id = f.batch_id
                        AND l.business_date = f.business_date AND h.line_no = ANY (l.line_nos)) s
                WHERE h.lifted_at IS NULL AND h.line_no IS NOT NULL)' END)
    FROM w
$$;

-- Begins a day: no file of it is taken from now on, and it is ready to leave. Answers why not, or null.
CREATE FUNCTION sluice.begin_archive_day(of_epoch bigint, of_day date, cutoff date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    known sluice.live_days;
    missing text;
BEGIN
    IF (cutoff <= lease.as_of - 28 AND of_day < cutoff) IS NOT TRUE THEN
        RAISE EXCEPTION 'day % is too young: nothing after % leaves', of_day, lease.as_of - 28 USING ERRCODE = 'SL032';
    END IF;
    SELECT * INTO STRICT known FROM sluice.live_days FOR NO KEY UPDATE;
    IF of_day NOT IN (known.oldest, known.oldest - 1) THEN RETURN 'not_the_oldest'; END IF;
    SELECT string_agg(h.table_name, ', ') INTO missing FROM sluice.heavy_table h
        WHERE sluice.carry_over_end(h.table_name) IS NULL OR (sluice.carry_over_end(h.table_name) <= of_day
            AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = ('sluice.' || h.table_name)::regclass
                AND i.inhrelid = to_regclass('sluice.' || sluice.day_name(h.table_name, of_day))));
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'day % of % has no partition', of_day, missing USING ERRCODE = 'SL035',
            HINT = 'nothing leaves before it is found: compare pg_inherits with sluice.live_days';
    END IF;
    IF EXISTS (SELECT FROM sluice.legal_hold h WHERE h.day = of_day AND h.lifted_at IS NULL) THEN RETURN 'held'; END IF;
    IF EXISTS (SELECT FROM sluice.batch_file f WHERE f.business_date = of_day AND f.state IN ('splitting', 'split'))
        THEN RETURN 'being_loaded'; END IF;
    IF known.newest <= of_day THEN RETURN 'no_day_ahead'; END IF;
    UPDATE sluice.live_days SET oldest = of_day + 1 WHERE oldest = of_day;
    RETURN NULL;
END
$$;

-- Forgets what an unfinished count of a day noted, so many keys a time: under the lock of the next step there may be
-- none left to delete. Answers how many there were; 0 is the end.
CREATE FUNCTION sluice.forget_archive_count(of_epoch bigint, of_table text, of_day date, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stays bigint;
    touches bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    IF EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.state IN ('swapped', 'moving', 'verifying')) THEN
        RAISE EXCEPTION 'day % of % is past its count', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    -- What was counted with these keys counts no longer.
    UPDATE sluice.archive_manifest m SET state = 'prepared', totals = '{}', row_count = 0, next_block = 0,
            counted_at = NULL
        WHERE m.table_name = of_table AND m.day = of_day AND m.state IN ('counting', 'counted');
    DELETE FROM sluice.archive_stay s WHERE s.ctid = ANY (ARRAY(SELECT x.ctid FROM sluice.archive_stay x
        WHERE x.table_name = of_table AND x.day = of_day LIMIT most));
    GET DIAGNOSTICS stays = ROW_COUNT;
    DELETE FROM sluice.archive_touch t WHERE t.ctid = ANY (ARRAY(SELECT x.ctid FROM sluice.archive_touch x
        WHERE x.table_name = of_table AND x.day = of_day LIMIT most));
    GET DIAGNOSTICS touches = ROW_COUNT;
    RETURN stays + touches;
END
$$;

-- Step 1, within 100 ms: no autovacuum, changes are noted, bounds are stated; the entry is begun, or begun anew.
CREATE FUNCTION sluice.prepare_archive(of_epoch bigint, of_table text, of_day date, of_pass int,
    by_path sluice.archive_path) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    heavy sluice.heavy_table;
    part text := sluice.day_name(of_table, of_day);
    pages bigint;
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    EXECUTE format('LOCK TABLE sluice.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('ALTER TABLE sluice.%I SET (autovacuum_enabled = false)', part);
    EXECUTE format('CREATE OR REPLACE TRIGGER archive_touch AFTER INSERT OR UPDATE ON sluice.%I FOR EACH ROW
        EXECUTE FUNCTION sluice.note_touch(%L, %L, %L %s)', part, of_table, of_day, heavy.key_2,
        coalesce(', ' || quote_literal(heavy.key_3), ''));
    IF NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || part)::regclass
        AND c.conname = 'day_bounds') THEN
        EXECUTE format('ALTER TABLE sluice.%I ADD CONSTRAINT day_bounds CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)
            NOT VALID', part, heavy.day_column, heavy.day_column, of_day, heavy.day_column, of_day + 1);
    END IF;
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    pages := pg_relation_size(('sluice.' || part)::regclass) / current_setting('block_size')::int;
    INSERT INTO sluice.archive_manifest AS m (table_name, day, pass, path, state, hashed_columns, blocks, hold_version,
            as_of, epoch, worker_id)
        VALUES (of_table, of_day, of_pass, by_path, 'prepared', sluice.columns_of(of_table), pages,
            lease.hold_version, lease.as_of, of_epoch, lease.worker_id)
        ON CONFLICT (table_name, day, pass) DO UPDATE SET state = 'prepared', path = excluded.path, totals = '{}',
            found = '{}', row_count = 0, content_hash = NULL, stayed_open = 0, stayed_held = 0, counted_at = NULL,
            swapped_at = NULL, closed_at = NULL, verified_at = NULL, locked_us = NULL,
            hashed_columns = excluded.hashed_columns, blocks = excluded.blocks,
            next_block = 0, hold_version = excluded.hold_version, as_of = excluded.as_of, epoch = excluded.epoch,
            worker_id = excluded.worker_id, started_at = clock_timestamp(), note = NULL
        WHERE m.state IN ('prepared', 'counting', 'counted', 'mismatch');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'pass % of % of % is past its count', of_pass, of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    RETURN pages;
END
$$;

-- Reads the day under a lock that lets everybody work; nothing where the day was made with its bounds.
CREATE FUNCTION sluice.validate_archive_day(of_epoch bigint, of_table text, of_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    EXECUTE format('ALTER TABLE sluice.%I VALIDATE CONSTRAINT day_bounds', sluice.day_name(of_table, of_day));
END
$$;

-- Step 2, a slice of pages a time: who stays, and what the others are. What changes meanwhile is noted.
CREATE FUNCTION sluice.count_archive_slice(of_epoch bigint, of_table text, of_day date, of_pass int, pages int)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    SET max_parallel_workers_per_gather = 0 SET synchronous_commit = off AS $$
DECLARE
    heavy sluice.heavy_table;
    entry sluice.archive_manifest;
    words record;
    slice jsonb;
    is_last boolean;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    SELECT * INTO STRICT entry FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.pass = of_pass AND m.state IN ('prepared', 'counting') FOR NO KEY UPDATE;
    SELECT * INTO words FROM sluice.stays(of_table, of_day);
    -- The last slice goes to the end, wherever that is by now.
    is_last := entry.next_block + pages >= entry.blocks;
    EXECUTE format($q$
        WITH r AS MATERIALIZED (
            SELECT o.batch_id, o.%1$I AS key_2, %2$s AS key_3, c.is_open, c.is_held, %3$s || '/' || %4$s AS k,
                (%5$s)::numeric AS a, CASE WHEN NOT (c.is_open OR c.is_held) THEN %6$s END AS h
            -- A row that stays and was moved by a change behind this slice is met again: it stays.
            FROM sluice.%7$I o CROSS JOIN LATERAL (SELECT %8$s AS is_open, %9$s
                OR (o.batch_id, o.%1$I, %2$s) IN (SELECT t.batch_id, t.key_2, t.key_3 FROM sluice.archive_touch t
                    JOIN sluice.archive_stay s USING (table_name, day, batch_id, key_2, key_3)
                    WHERE t.table_name = %12$L AND t.day = %13$L) AS is_held OFFSET 0) c
            WHERE o.ctid >= '(%10$s,0)' %11$s
        ), stays AS (
            INSERT INTO sluice.archive_stay (table_name, day, batch_id, key_2, key_3, is_open)
            SELECT %12$L, %13$L, r.batch_id, r.key_2, r.key_3, r.is_open FROM r WHERE r.is_open OR r.is_held
            ON CONFLICT DO NOTHING
        )
        SELECT coalesce(jsonb_object_agg(g.k, jsonb_build_object('rows', g.n, 'amount_minor', g.a::text,
            'hash', g.h::text)), '{}')
        FROM (SELECT r.k, count(*) AS n, sum(r.a) AS a, sum(r.h) AS h FROM r WHERE NOT (r.is_open OR r.is_held)
            GROUP BY r.k) g$q$,
        heavy.key_2, coalesce('o.' || quote_ident(heavy.key_3), '0'), heavy.currency_words, heavy.state_words,
        heavy.amount_words, sluice.row_hash(of_table, entry.hashed_columns), sluice.day_name(of_table, of_day),
        words.open_words, words.held_words, entry.next_block,
        CASE WHEN is_last THEN '' ELSE format('AND o.ctid < ''(%s,0)''', entry.next_block + pages) END,
        of_table, of_day) INTO slice;
    UPDATE sluice.archive_manifest m SET totals = sluice.add_totals(m.totals, slice), next_block = m.next_block + pages,
            state = CASE WHEN is_last THEN 'counted' ELSE 'counting' END::sluice.archive_state,
            counted_at = CASE WHEN is_last THEN clock_timestamp() END
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    IF is_last THEN
        UPDATE sluice.archive_manifest m SET row_count = sluice.total_rows(m.totals),
                content_hash = sha256(convert_to(m.totals::text, 'UTF8')), stayed_open = s.open, stayed_held = s.held
            FROM (SELECT count(*) FILTER (WHERE x.is_open) AS open, count(*) FILTER (WHERE NOT x.is_open) AS held
                FROM sluice.archive_stay x WHERE x.table_name = of_table AND x.day = of_day) s
            WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    END IF;
    RETURN is_last;
END
$$;

-- A day that was begun to be counted and does not leave now, within 100 ms: it is as it was, and is vacuumed again.
CREATE FUNCTION sluice.abandon_archive_count(of_epoch bigint, of_table text, of_day date, of_pass int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE sluice.archive_manifest m SET state = 'reopened', totals = '{}', row_count = 0,
            note = 'begun to be counted, and not to leave'
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass)
            AND m.state IN ('prepared', 'counting', 'counted');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'pass % of % of % is past its count', of_pass, of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    EXECUTE format('LOCK TABLE sluice.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('DROP TRIGGER IF EXISTS archive_touch ON sluice.%I', part);
    EXECUTE format('ALTER TABLE sluice.%I RESET (autovacuum_enabled)', part);
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.abandon_archive_count(bigint, text, date, int) TO sluice_archiver;

-- A lock was not to be had.
CREATE FUNCTION sluice.note_lock_failure(of_epoch bigint, of_table text, of_day date, of_pass int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    UPDATE sluice.archive_manifest m SET lock_failures = m.lock_failures + 1
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
END
$$;

-- Whether a person is asked of a final order of a day since its rows were counted.
CREATE FUNCTION sluice.is_reviewed_since(of_table text, of_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
    SELECT of_table = 'payment_order' AND EXISTS (SELECT FROM sluice.review_item r JOIN sluice.payment_order o
        ON o.batch_id = r.batch_id AND o.business_date = of_day AND o.line_no = r.line_no
        WHERE r.closed_at IS NULL AND r.business_date = of_day AND r.line_no IS NOT NULL
            AND NOT EXISTS (SELECT FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day
                AND (s.batch_id, s.key_2) = (r.batch_id, r.line_no)))
$$;
-- Whether a row of a day has changed since, other than those that stay.
CREATE FUNCTION sluice.is_touched_since(of_table text, of_day date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day
        AND NOT EXISTS (SELECT FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day
            AND (s.batch_id, s.key_2, s.key_3) = (t.batch_id, t.key_2, t.key_3)))
$$;

-- Step 3, within 100 ms: the day leaves. Answers `swapped`, or why it does not: `too_many_open`, or `held`, `reshaped`,
-- `touched`, `reviewed` (to be counted again), or `unvalidated`, `unbounded` (a scan under the lock would be needed).
CREATE FUNCTION sluice.swap_archive_day(of_epoch bigint, of_table text, of_day date, of_pass int, open_max int)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms'
    -- Few keys are looked up in large tables, whatever their statistics say.
    SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    part text := sluice.day_name(of_table, of_day);
    carry text := of_table || '_carry_over';
    columns text[] := sluice.columns_of(of_table);
    heavy sluice.heavy_table;
    entry sluice.archive_manifest;
    moved bigint;
    begun timestamptz;
BEGIN
    -- A lost commit is a swap that was not made; waiting for the disk would keep others out.
    PERFORM set_config('synchronous_commit', 'off', true);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    SELECT * INTO entry FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.pass = of_pass FOR NO KEY UPDATE;
    IF entry.state IS DISTINCT FROM 'counted' OR sluice.carry_over_end(of_table) IS DISTINCT FROM of_day THEN
        RAISE EXCEPTION 'day % of % is %', of_day, of_table, coalesce(entry.state::text, 'not begun')
            USING ERRCODE = 'SL032';
    END IF;
    IF entry.stayed_open > open_max THEN RETURN 'too_many_open'; END IF;
    IF entry.hold_version <> lease.hold_version THEN RETURN 'held'; END IF;
    IF entry.hashed_columns <> columns THEN RETURN 'reshaped'; END IF;
    IF NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || part)::regclass
        AND c.conname = 'day_bounds' AND c.convalidated) THEN
        RETURN 'unvalidated';
    END IF;
    IF pg_relation_size(('sluice.' || carry)::regclass) > 33554432
        AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || carry)::regclass
            AND c.conname = 'carry_over_bounds' AND c.convalidated
            AND strpos(pg_get_constraintdef(c.oid), (of_day + 1)::text) > 0) THEN
        RETURN 'unbounded';
    END IF;
    -- Looked at without the lock first: most of what would be in vain is in vain already.
    IF sluice.is_touched_since(of_table, of_day) THEN RETURN 'touched'; END IF;
    -- The one lock that is waited for; the others are to be had at once or not at all.
    EXECUTE format('LOCK TABLE ONLY sluice.%I IN ACCESS EXCLUSIVE MODE', of_table);
    begun := clock_timestamp();
    EXECUTE format('LOCK TABLE sluice.%I, sluice.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part, carry);
    EXECUTE format('LOCK TABLE ONLY history.%I IN SHARE UPDATE EXCLUSIVE MODE NOWAIT', of_table);
    -- Whoever changed something has committed by now.
    IF sluice.is_touched_since(of_table, of_day) THEN RETURN 'touched'; END IF;
    IF sluice.is_reviewed_since(of_table, of_day) THEN RETURN 'reviewed'; END IF;
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, part);
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, carry);
    -- An older day's end, stated while the carry-over was large, would refuse the rows that come now.
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || carry)::regclass
        AND c.conname = 'carry_over_bounds' AND strpos(pg_get_constraintdef(c.oid), (of_day + 1)::text) = 0) THEN
        EXECUTE format('ALTER TABLE sluice.%I DROP CONSTRAINT carry_over_bounds', carry);
    END IF;
    EXECUTE format('DROP TRIGGER archive_touch ON sluice.%I', part);
    EXECUTE format('WITH gone AS (DELETE FROM sluice.%1$I o USING sluice.archive_stay s
            WHERE s.table_name = %2$L AND s.day = %3$L AND s.is_open AND o.batch_id = s.batch_id
                AND o.%4$I = s.key_2 %5$s RETURNING %6$s)
        INSERT INTO sluice.%7$I (%8$s) SELECT %8$s FROM gone', part, of_table, of_day, heavy.key_2,
        coalesce('AND o.' || quote_ident(heavy.key_3) || ' = s.key_3', ''), sluice.listed(columns, 'o.'), carry,
        sluice.listed(columns, ''));
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> entry.stayed_open THEN
        RAISE EXCEPTION '% of % open rows of % were found', moved, entry.stayed_open, part USING ERRCODE = 'SL033';
    END IF;
    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (MINVALUE) TO (%L)', of_table,
        carry, of_day + 1);
    IF heavy.is_loaded THEN
        EXECUTE format('DROP TRIGGER IF EXISTS late_line ON sluice.%I', part);
        EXECUTE format('REVOKE INSERT ON sluice.%I FROM sluice_worker', part);
    END IF;
    EXECUTE format('ALTER TABLE sluice.%I SET SCHEMA history', part);
    EXECUTE format('ALTER TABLE history.%I ATTACH PARTITION history.%I FOR VALUES FROM (%L) TO (%L)', of_table, part,
        of_day, of_day + 1);
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day AND s.is_open;
    UPDATE sluice.archive_manifest m SET state = 'swapped', swapped_at = clock_timestamp(), next_block = 0,
            found = '{}', locked_us = extract(epoch FROM clock_timestamp() - begun) * 1000000
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    RETURN 'swapped';
END
$$;
RESET ROLE;
