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

-- Notes which rows are left of a day that went by rows, without a lock: the day's heap is large, however few they are.
-- Answers how many.
CREATE FUNCTION sluice.note_rows_left(of_epoch bigint, of_table text, of_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    heavy sluice.heavy_table;
    noted bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF NOT EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
            AND m.path = 'rows' AND m.state = 'closed')
        OR EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
            AND m.state NOT IN ('closed', 'reopened')) THEN
        RAISE EXCEPTION 'day % of % has not gone by rows', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    -- In this order: what changes after the first statement is noted by the trigger, or seen by the third.
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    EXECUTE format('INSERT INTO sluice.archive_stay (table_name, day, batch_id, key_2, key_3, is_open)
        SELECT %L, %L, o.batch_id, o.%I, %s, true FROM sluice.%I o', of_table, of_day, heavy.key_2,
        coalesce('o.' || quote_ident(heavy.key_3), '0'), sluice.day_name(of_table, of_day));
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END
$$;

-- Ends a day that went by rows, within 100 ms: the rows noted go to the carry-over, and the empty day is dropped.
-- False: others have come, or there are too many; they are to be noted again.
CREATE FUNCTION sluice.retire_archive_day(of_epoch bigint, of_table text, of_day date, left_max int) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms'
    SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    heavy sluice.heavy_table;
    part text := sluice.day_name(of_table, of_day);
    carry text := of_table || '_carry_over';
    columns text[] := sluice.columns_of(of_table);
    noted bigint;
    moved bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    SELECT count(*) INTO noted FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    -- Without the trigger nobody knows what has come since they were noted.
    IF noted > left_max OR sluice.carry_over_end(of_table) IS DISTINCT FROM of_day OR NOT EXISTS (SELECT
        FROM pg_trigger t WHERE t.tgrelid = ('sluice.' || part)::regclass AND t.tgname = 'archive_touch') THEN
        RETURN false;
    END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE ONLY sluice.%I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('LOCK TABLE sluice.%I, sluice.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part, carry);
    IF sluice.is_touched_since(of_table, of_day) THEN RETURN false; END IF;
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, part);
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, carry);
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || carry)::regclass
        AND c.conname = 'carry_over_bounds' AND strpos(pg_get_constraintdef(c.oid), (of_day + 1)::text) = 0) THEN
        EXECUTE format('ALTER TABLE sluice.%I DROP CONSTRAINT carry_over_bounds', carry);
    END IF;
    EXECUTE format('INSERT INTO sluice.%1$I (%2$s) SELECT %3$s FROM sluice.archive_stay s JOIN sluice.%4$I o
            ON o.batch_id = s.batch_id AND o.%5$I = s.key_2 %6$s WHERE s.table_name = %7$L AND s.day = %8$L',
        carry, sluice.listed(columns, ''), sluice.listed(columns, 'o.'), part, heavy.key_2,
        coalesce('AND o.' || quote_ident(heavy.key_3) || ' = s.key_3', ''), of_table, of_day);
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> noted THEN
        RAISE EXCEPTION '% of % rows left of % were found', moved, noted, part USING ERRCODE = 'SL033';
    END IF;
    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (MINVALUE) TO (%L)', of_table,
        carry, of_day + 1);
    EXECUTE format('DROP TABLE sluice.%I', part);
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    RETURN true;
END
$$;

-- What the receipts of a whole month say; null where it is not whole, not closed, or hashed in more than one way.
CREATE FUNCTION sluice.told_of_month(of_table text, first_day date) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    after constant date := (first_day + interval '1 month')::date;
    told jsonb := '{}';
    one jsonb;
BEGIN
    IF EXISTS (SELECT FROM generate_series(0, after - first_day - 1) n
            WHERE to_regclass('history.' || sluice.day_name(of_table, first_day + n)) IS NULL)
        OR sluice.carry_over_end(of_table) < after
        OR EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day >= first_day
            AND m.day < after AND m.state NOT IN ('closed', 'reopened'))
        OR (SELECT count(DISTINCT m.hashed_columns) FROM sluice.archive_manifest m WHERE m.table_name = of_table
            AND m.day >= first_day AND m.day < after AND m.state = 'closed') > 1 THEN
        RETURN NULL;
    END IF;
    FOR one IN SELECT m.totals FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day >= first_day
        AND m.day < after AND m.state = 'closed'
    LOOP
        told := sluice.add_totals(told, one);
    END LOOP;
    RETURN told;
END
$$;

-- The days of a month are copied into one partition aside, read by nobody; answers how many rows. It may take minutes,
-- so it does not hold the lease: what happens meanwhile is found when the copy takes its place.
CREATE FUNCTION sluice.copy_archive_month(of_epoch bigint, of_table text, first_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    heavy sluice.heavy_table;
    month text := of_table || to_char(first_day, '_YYYYMM');
    after constant date := (first_day + interval '1 month')::date;
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    told jsonb := sluice.told_of_month(of_table, first_day);
    copied bigint;
BEGIN
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF NOT EXISTS (SELECT FROM sluice.archive_lease l WHERE l.epoch = of_epoch AND l.worker_id IS NOT NULL)
        OR EXISTS (SELECT FROM sluice.archive_stop) THEN
        PERFORM sluice.archive_guard(of_epoch);
    END IF;
    IF told IS NULL OR extract(day FROM first_day) <> 1 THEN
        RAISE EXCEPTION 'the month of % of % is not whole and closed', first_day, of_table USING ERRCODE = 'SL036';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS history.%I', month);
    EXECUTE format('CREATE TABLE history.%I (LIKE history.%I INCLUDING ALL, CONSTRAINT day_bounds
        CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = 100)', month, of_table,
        heavy.day_column, heavy.day_column, first_day, heavy.day_column, after);
    EXECUTE format('INSERT INTO history.%I (%s) SELECT %s FROM history.%I WHERE %I >= %L AND %I < %L
        ORDER BY batch_id, %I', month, columns, columns, of_table, heavy.day_column, first_day, heavy.day_column,
        after, heavy.key_2);
    GET DIAGNOSTICS copied = ROW_COUNT;
    IF copied <> sluice.total_rows(told) THEN
        RAISE EXCEPTION '% rows of % were copied, % are told', copied, month, sluice.total_rows(told)
            USING ERRCODE = 'SL033';
    END IF;
    INSERT INTO sluice.archive_month AS m (table_name, first_day, row_count) VALUES (of_table, first_day, copied)
        ON CONFLICT ON CONSTRAINT archive_month_pkey DO UPDATE SET row_count = excluded.row_count,
            copied_at = clock_timestamp(), put_at = NULL;
    RETURN copied;
END
$$;

-- The totals of a copied month, a slice of pages a time; null at the end of it.
CREATE FUNCTION sluice.verify_month_slice(of_table text, first_day date, from_block bigint, pages int)
RETURNS TABLE (totals jsonb, next_block bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    part regclass := to_regclass('history.' || of_table || to_char(first_day, '_YYYYMM'));
    columns text[];
BEGIN
    SELECT m.hashed_columns INTO columns FROM sluice.archive_manifest m WHERE m.table_name = of_table
        AND m.day >= first_day AND m.day < (first_day + interval '1 month')::date AND m.state = 'closed' LIMIT 1;
    IF part IS NULL THEN
        RAISE EXCEPTION 'the month of % of % is not copied', first_day, of_table USING ERRCODE = 'SL036';
    END IF;
    EXECUTE sluice.totals_of(of_table, coalesce(columns, sluice.columns_of(of_table)), format('%s o
        WHERE o.ctid >= ''(%s,0)'' AND o.ctid < ''(%s,0)''', part, from_block, from_block + pages)) INTO totals;
    next_block := CASE WHEN from_block + pages < pg_relation_size(part) / current_setting('block_size')::int
        THEN from_block + pages END;
    RETURN NEXT;
END
$$;

-- A partition of history that is to go is set aside, and dropped by a step of its own: its files are removed with the
-- commit, which takes longer than others may be kept out.
CREATE FUNCTION sluice.set_aside(of_table text, part regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := (SELECT c.relname FROM pg_class c WHERE c.oid = part);
BEGIN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    EXECUTE format('ALTER TABLE history.%I DETACH PARTITION %s', of_table, part);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', part, name || '_gone');
END
$$;
-- Drops what was set aside, so many partitions a time; answers how many, 0 at the end.
CREATE FUNCTION sluice.drop_set_aside(of_epoch bigint, of_table text, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part regclass;
    dropped int := 0;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    FOR part IN SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'history'::regnamespace AND c.relkind = 'r'
        AND NOT c.relispartition AND c.relname ~ ('^' || of_table || '_[0-9]+_gone$') LIMIT most
    LOOP
        EXECUTE format('DROP TABLE %s', part);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- A copied month takes the place of its days, within 100 ms; false if it is not what the receipts tell by now.
CREATE FUNCTION sluice.put_archive_month(of_epoch bigint, of_table text, first_day date, found_totals jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    month text := of_table || to_char(first_day, '_YYYYMM');
    after constant date := (first_day + interval '1 month')::date;
    day date;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    IF sluice.told_of_month(of_table, first_day) IS DISTINCT FROM found_totals OR found_totals IS NULL THEN
        RETURN false;
    END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE', of_table);
    FOR day IN SELECT first_day + n FROM generate_series(0, after - first_day - 1) n LOOP
        PERFORM sluice.set_aside(of_table, ('history.' || sluice.day_name(of_table, day))::regclass);
    END LOOP;
    EXECUTE format('ALTER TABLE history.%I ATTACH PARTITION history.%I FOR VALUES FROM (%L) TO (%L)', of_table, month,
        first_day, after);
    EXECUTE format('ALTER TABLE history.%I SET (autovacuum_freeze_min_age = 0, autovacuum_freeze_max_age = 100000)',
        month);
    UPDATE sluice.archive_month m SET put_at = clock_timestamp() WHERE m.table_name = of_table
        AND m.first_day = put_archive_month.first_day;
    RETURN true;
END
$$;

-- Which rows of history a copy for people holds: a condition over alias `o`. Of a file and of an order, the day is
-- their business date, and the evidence of their submissions comes along.
CREATE FUNCTION sluice.restored_words(of_table text, of_day date, of_batch bigint, of_line int) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT concat_ws(' AND ',
        -- A call is made on its business date or later.
        CASE WHEN of_table = 'exchange' AND of_batch IS NOT NULL
            THEN format('o.exchange_day >= %L AND o.business_date = %L', of_day - 1, of_day)
            ELSE format('o.%I = %L', h.day_column, of_day) END,
        'o.batch_id = ' || of_batch,
        CASE WHEN of_line IS NULL THEN NULL
            WHEN of_table = 'submission' THEN format('%s = ANY (o.line_nos)', of_line)
            WHEN of_table = 'exchange' THEN format('o.submission_no IN (
                SELECT s.submission_no FROM sluice.submission s WHERE s.batch_id = %1$s AND s.business_date = %2$L
                    AND %3$s = ANY (s.line_nos)
                UNION ALL SELECT s.submission_no FROM history.submission s WHERE s.batch_id = %1$s
                    AND s.business_date = %2$L AND %3$s = ANY (s.line_nos))', of_batch, of_day, of_line)
            ELSE 'o.line_no = ' || of_line END)
    FROM sluice.heavy_table h WHERE h.table_name = of_table
$$;

-- A day, a file or one order of history, as a copy for people, in `restored`; the table is named by the label.
CREATE FUNCTION sluice.copy_to_restored(of_table text, of_day date, of_batch bigint, of_line int, label text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    target text := of_table || '_' || label;
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    copied bigint;
BEGIN
    IF (label ~ '^[a-z0-9_]{1,20}$') IS NOT TRUE OR (of_line IS NOT NULL AND of_batch IS NULL) THEN
        RAISE EXCEPTION 'a label is 1 to 20 of a-z, 0-9 and _, and a line is one of a batch' USING ERRCODE = 'SL005';
    END IF;
    IF NOT EXISTS (SELECT FROM sluice.heavy_table h WHERE h.table_name = of_table) THEN
        RAISE EXCEPTION 'no heavy table %', of_table USING ERRCODE = 'SL001';
    END IF;
    EXECUTE format('CREATE TABLE restored.%I (LIKE history.%I INCLUDING ALL)', target, of_table);
    EXECUTE format('INSERT INTO restored.%I (%s) SELECT %s FROM history.%I o WHERE %s', target, columns, columns,
        of_table, sluice.restored_words(of_table, of_day, of_batch, of_line));
    GET DIAGNOSTICS copied = ROW_COUNT;
    EXECUTE format('GRANT SELECT ON restored.%I TO sluice_archiver, sluice_reader, sluice_console', target);
    RETURN copied;
END
$$;

-- Lays a copy beside history: rows that stand in one of the two only, whether both hash alike, and of a whole day
-- whether the copy is what the receipts tell.
CREATE FUNCTION sluice.judge_restored(of_table text, of_day date, of_batch bigint, of_line int, label text,
    OUT strays bigint, OUT is_alike boolean, OUT is_told boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    columns text[] := sluice.columns_of(of_table);
    hashed text[];
    copy text := format('restored.%I o', of_table || '_' || label);
    kept text := format('history.%I o WHERE %s', of_table, sluice.restored_words(of_table, of_day, of_batch, of_line));
    ours jsonb;
    theirs jsonb;
BEGIN
    EXECUTE format('SELECT count(*) FROM ((SELECT %1$s FROM %2$s EXCEPT ALL SELECT %1$s FROM %3$s)
        UNION ALL (SELECT %1$s FROM %3$s EXCEPT ALL SELECT %1$s FROM %2$s)) s', sluice.listed(columns, 'o.'), copy,
        kept) INTO strays;
    SELECT m.hashed_columns INTO hashed FROM sluice.archive_manifest m WHERE m.table_name = of_table
        AND m.day = of_day AND m.state IN ('swapped', 'moving', 'verifying', 'closed') ORDER BY m.pass LIMIT 1;
    EXECUTE sluice.totals_of(of_table, coalesce(hashed, columns), copy) INTO ours;
    EXECUTE sluice.totals_of(of_table, coalesce(hashed, columns), kept) INTO theirs;
    is_alike := ours = theirs;
    is_told := CASE WHEN of_batch IS NULL THEN ours = sluice.told_of_day(of_table, of_day) END;
END
$$;

-- Drops the copies of one label; answers how many tables there were.
CREATE FUNCTION sluice.drop_restored(label text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    target text;
    dropped int := 0;
BEGIN
    FOR target IN SELECT h.table_name || '_' || label FROM sluice.heavy_table h
        WHERE to_regclass(format('restored.%I', h.table_name || '_' || label)) IS NOT NULL
    LOOP
        EXECUTE format('DROP TABLE restored.%I', target);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;

-- Where the export of a day lies, and what it is: for the drop after it.
CREATE FUNCTION sluice.note_archive_export(of_epoch bigint, of_table text, of_day date, told jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    UPDATE sluice.archive_manifest m SET export = told, exported_at = clock_timestamp()
        WHERE m.table_name = of_table AND m.day = of_day AND m.state = 'closed';
END
$$;

-- Days of history older than this that nobody holds: each with the first day of what is dropped with it, itself or its
-- merged month. Reads the days only where there are holds.
CREATE FUNCTION sluice.days_to_drop(of_table text, older_than date) RETURNS TABLE (first_day date, day date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    words record;
    after date;
    is_held boolean := false;
BEGIN
    FOR first_day, after IN SELECT coalesce(a.first_day, m.day),
            coalesce((a.first_day + interval '1 month')::date, m.day + 1)
        FROM (SELECT DISTINCT x.day FROM sluice.archive_manifest x WHERE x.table_name = of_table
            AND x.day < older_than AND x.state = 'closed') m
        LEFT JOIN sluice.archive_month a ON a.table_name = of_table AND a.put_at IS NOT NULL
            AND a.first_day = date_trunc('month', m.day)::date
        GROUP BY 1, 2 HAVING coalesce((a.first_day + interval '1 month')::date, m.day + 1) <= older_than ORDER BY 1
    LOOP
        IF EXISTS (SELECT FROM sluice.legal_hold h WHERE h.lifted_at IS NULL) THEN
            SELECT * INTO words FROM sluice.stays(of_table, first_day);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s o WHERE %s)', sluice.history_part(of_table, first_day),
                words.held_words) INTO is_held;
        END IF;
        CONTINUE WHEN is_held OR EXISTS (SELECT FROM sluice.legal_hold h WHERE h.lifted_at IS NULL
            AND h.day >= first_day AND h.day < after);
        FOR day IN SELECT DISTINCT m.day FROM sluice.archive_manifest m WHERE m.table_name = of_table
            AND m.day >= first_day AND m.day < after AND m.state = 'closed' ORDER BY 1
        LOOP
            RETURN NEXT;
        END LOOP;
    END LOOP;
END
$$;

-- Drops a day of history past its retention, of a merged month all days at once (named by the first): read again within
-- the last day, exported after the last pass where that is wanted, and free of holds. Answers how many days.
CREATE FUNCTION sluice.drop_archived_day(of_epoch bigint, of_table text, of_day date, older_than date,
    is_exported boolean) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    part regclass := sluice.history_part(of_table, of_day);
    after date := of_day + 1;
    words record;
    is_held boolean;
BEGIN
    IF part IS NULL THEN
        RAISE EXCEPTION 'day % of % has no partition in history', of_day, of_table USING ERRCODE = 'SL035';
    END IF;
    IF part <> coalesce(to_regclass('history.' || sluice.day_name(of_table, of_day)), 0::regclass) THEN
        after := (date_trunc('month', of_day) + interval '1 month')::date;
        IF extract(day FROM of_day) <> 1 THEN
            RAISE EXCEPTION 'day % of % stands in its month, which is dropped whole', of_day, of_table
                USING ERRCODE = 'SL037', HINT = 'name the first day of the month';
        END IF;
    END IF;
    SELECT * INTO words FROM sluice.stays(of_table, of_day);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s o WHERE %s)', part, words.held_words) INTO is_held;
    IF is_held OR EXISTS (SELECT FROM sluice.legal_hold h WHERE h.lifted_at IS NULL AND h.day >= of_day
            AND h.day < after)
        OR (after <= older_than AND older_than <= lease.as_of - 365) IS NOT TRUE
        OR NOT EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day >= of_day
            AND m.day < after AND m.state = 'closed')
        OR EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day >= of_day
            AND m.day < after AND m.state <> 'reopened' AND (m.state <> 'closed'
                OR m.verified_at < clock_timestamp() - interval '1 day'
                OR (is_exported AND (m.exported_at > m.closed_at) IS NOT TRUE))) THEN
        RAISE EXCEPTION 'day % of % may not be dropped', of_day, of_table USING ERRCODE = 'SL037',
            HINT = 'it is held, too young, not read again, or not exported: sluice archive verify';
    END IF;
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE', of_table);
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM sluice.set_aside(of_table, part);
    UPDATE sluice.archive_manifest m SET state = 'dropped', dropped_at = clock_timestamp()
        WHERE m.table_name = of_table AND m.day >= of_day AND m.day < after AND m.state = 'closed';
    RETURN after - of_day;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.note_rows_left(bigint, text, date),
    sluice.retire_archive_day(bigint, text, date, int), sluice.told_of_month(text, date),
    sluice.copy_archive_month(bigint, text, date), sluice.verify_month_slice(text, date, bigint, int),
    sluice.put_archive_month(bigint, text, date, jsonb),
    sluice.copy_to_restored(text, date, bigint, int, text), sluice.drop_restored(text),
    sluice.judge_restored(text, date, bigint, int, text), sluice.days_to_drop(text, date),
    sluice.drop_set_aside(bigint, text, int),
    sluice.note_archive_export(bigint, text, date, jsonb),
    sluice.drop_archived_day(bigint, text, date, date, boolean) TO sluice_archiver;

-- Days that are no more: what is looked for in them is not missing. A held day may outlive younger ones, so each stands
-- here by itself.
CREATE VIEW sluice.dropped_day AS
    SELECT DISTINCT m.table_name, m.day FROM sluice.archive_manifest m WHERE m.state = 'dropped';
GRANT SELECT ON sluice.dropped_day TO sluice_archiver, sluice_worker, sluice_reader, sluice_console;

-- The day stands in it, so that a look at one file touches one day of each table. Orders count as they stand, like in
-- all_payment_order: the row of an archived one is not changed by what came after it was final.
CREATE OR REPLACE VIEW sluice.batch_totals AS
    WITH line AS (
        SELECT o.batch_id, o.business_date, o.currency, o.amount_minor, coalesce(c.to_state, CASE
            WHEN o.state = 'succeeded' AND r.amount_minor >= o.amount_minor THEN 'returned' ELSE o.state END)::text
            AS state, 'order' AS kind
        FROM (
            SELECT batch_id, line_no, business_date, currency, amount_minor, state FROM sluice.payment_order
            UNION ALL
            SELECT batch_id, line_no, business_date, currency, amount_minor, state FROM history.payment_order
        ) o
        LEFT JOIN (
            SELECT x.batch_id, x.line_no, sum(x.amount_minor) AS amount_minor FROM sluice.payment_return x
            GROUP BY x.batch_id, x.line_no) r ON r.batch_id = o.batch_id AND r.line_no = o.line_no
        LEFT JOIN (
            SELECT DISTINCT ON (x.batch_id, x.line_no) x.batch_id, x.line_no, x.to_state
            FROM sluice.payment_correction x ORDER BY x.batch_id, x.line_no, x.correction_id DESC) c
            ON c.batch_id = o.batch_id AND c.line_no = o.line_no
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
    SELECT o.batch_id, o.line_no, o.business_date, o.state, o.cause, o.amount_minor, o.attempt_no, o.item_no,
        o.submission_no, o.data_key_id, o.currency, o.merchant_order_no, o.bank_code, o.channel, o.code, o.personal,
        o.account_hash, o.evidence_day, o.evidence_ordinal, o.decided_at, o.is_archived, r.returned_minor,
        c.corrected_to, coalesce(c.corrected_to,
            CASE WHEN o.state = 'succeeded' AND r.returned_minor >= o.amount_minor THEN 'returned'::sluice.order_state
            ELSE o.state END) AS standing
    FROM (
        SELECT batch_id, line_no, business_date, state, cause, amount_minor, attempt_no, item_no, submission_no,
            data_key_id, currency, merchant_order_no, bank_code, channel, code, personal, account_hash, evidence_day,
            evidence_ordinal, decided_at, false AS is_archived
        FROM sluice.payment_order
        UNION ALL
        SELECT batch_id, line_no, business_date, state, cause, amount_minor, attempt_no, item_no, submission_no,
            data_key_id, currency, merchant_order_no, bank_code, channel, code, personal, account_hash, evidence_day,
            evidence_ordinal, decided_at, true
        FROM history.payment_order
    ) o
    LEFT JOIN LATERAL (
        SELECT sum(x.amount_minor) AS returned_minor FROM sluice.payment_return x
        WHERE x.batch_id = o.batch_id AND x.line_no = o.line_no) r ON true
    LEFT JOIN LATERAL (
        SELECT x.to_state AS corrected_to FROM sluice.payment_correction x
        WHERE x.batch_id = o.batch_id AND x.line_no = o.line_no ORDER BY x.correction_id DESC LIMIT 1) c ON true;

-- How an order stands with what came after it was final, in the history too; why it came back is the code of the last
-- return that has one.
CREATE OR REPLACE VIEW sluice.my_order_result WITH (security_barrier) AS
    SELECT o.batch_id, o.line_no, o.merchant_order_no, o.amount_minor, o.currency, o.standing AS state,
        CASE WHEN o.standing = o.state THEN o.cause END AS cause,
        CASE WHEN o.standing = 'returned' THEN (SELECT p.code FROM sluice.payment_return p
            WHERE p.batch_id = o.batch_id AND p.line_no = o.line_no
            ORDER BY p.code IS NULL, p.returned_at DESC, p.return_reference DESC LIMIT 1) ELSE o.code END AS code,
        o.decided_at, EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.line_no = o.line_no
            AND r.cause = 'contradiction' AND r.closed_at IS NULL) AS is_under_review
    FROM sluice.all_payment_order o
    JOIN sluice.batch_file f ON f.batch_id = o.batch_id AND f.business_date = o.business_date
    JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
    WHERE m.db_role = session_user;

-- What keeps a day from being attached without a scan or a new index: differences of columns, checks and indexes
-- between the live table, the history and the day; none is right.
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

-- What is known of a live day before it leaves: its size as it is estimated, and who stays and why, counted. Changes
-- nothing; reads the day.
CREATE FUNCTION sluice.plan_archive_day(of_table text, of_day date) RETURNS TABLE (why text, is_open boolean,
    row_count bigint, bytes bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    heavy sluice.heavy_table;
    words record;
    part regclass := to_regclass('sluice.' || sluice.day_name(of_table, of_day));
BEGIN
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF part IS NULL THEN RETURN; END IF;
    RETURN QUERY SELECT NULL::text, NULL::boolean, greatest(c.reltuples, 0)::bigint, pg_total_relation_size(part)
        FROM pg_class c WHERE c.oid = part;
    SELECT * INTO words FROM sluice.stays(of_table, of_day);
    RETURN QUERY EXECUTE format('SELECT CASE WHEN NOT c.is_open THEN ''legal_hold'' WHEN %L = ''payment_order''
                AND %s IN (''succeeded'', ''failed'', ''returned'', ''cancelled'') THEN ''review_item'' ELSE %s END,
            c.is_open, count(*), 0::bigint
        FROM %s o CROSS JOIN LATERAL (SELECT %s AS is_open, %s AS is_held OFFSET 0) c
        WHERE c.is_open OR c.is_held GROUP BY 1, 2 ORDER BY 1', of_table, heavy.state_words, heavy.state_words, part,
        words.open_words, words.held_words);
END
$$;
GRANT EXECUTE ON FUNCTION sluice.plan_archive_day(text, date) TO sluice_archiver;

-- Autovacuum never analyses a partitioned table. Each of its partitions is read, too: the history now and then only.
CREATE FUNCTION sluice.analyze_archived(of_table text, with_history boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM sluice.heavy_table h WHERE h.table_name = of_table) THEN
        RAISE EXCEPTION 'no heavy table %', of_table USING ERRCODE = 'SL001';
    END IF;
    EXECUTE format('ANALYZE %I.%I', CASE WHEN with_history THEN 'history' ELSE 'sluice' END, of_table);
END
$$;

-- States the coming end of a carry-over that is too large to be read under the lock; validated as a step of its own.
CREATE FUNCTION sluice.bound_carry_over(of_epoch bigint, of_table text, of_day date, step text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    heavy sluice.heavy_table;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM set_config('synchronous_commit', 'off', true);
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
GRANT EXECUTE ON FUNCTION sluice.archive_drift(text, date), sluice.analyze_archived(text, boolean),
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
