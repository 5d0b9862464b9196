-- After the swap: proof, the way back, and the row path.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- What the receipts of a day say is in history.
CREATE FUNCTION sluice.told_of_day(of_table text, of_day date) RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told jsonb := '{}';
    one jsonb;
BEGIN
    FOR one IN SELECT m.totals FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.state IN ('swapped', 'moving', 'verifying', 'closed')
    LOOP
        told := sluice.add_totals(told, one);
    END LOOP;
    RETURN told;
END
$$;

-- Step 4, a slice of pages a time: the totals of the frozen day. For any day, at any time; null at the end of it.
-- Rows are hashed by the columns of the receipt: those of the first entry that stands.
CREATE FUNCTION sluice.verify_archive_slice(of_table text, of_day date, from_block bigint, pages int)
RETURNS TABLE (totals jsonb, next_block bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    heavy sluice.heavy_table;
    columns text[];
    part regclass;
    blocks bigint;
BEGIN
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    SELECT m.hashed_columns INTO columns FROM sluice.archive_manifest m WHERE m.table_name = of_table
        AND m.day = of_day AND m.state IN ('swapped', 'moving', 'verifying', 'closed') ORDER BY m.pass LIMIT 1;
    part := sluice.history_part(of_table, of_day);
    IF columns IS NULL OR part IS NULL THEN
        RAISE EXCEPTION 'day % of % has no %', of_day, of_table, CASE WHEN part IS NULL THEN 'partition in history'
            ELSE 'receipt' END USING ERRCODE = 'SL035';
    END IF;
    blocks := pg_relation_size(part) / current_setting('block_size')::int;
    EXECUTE format('SELECT coalesce(jsonb_object_agg(g.k, jsonb_build_object(''rows'', g.n, ''amount_minor'', g.a::text,
            ''hash'', g.h::text)), ''{}'')
        FROM (SELECT %s || ''/'' || %s AS k, count(*) AS n, sum((%s)::numeric) AS a, sum(%s) AS h FROM %s o
            WHERE o.ctid >= ''(%s,0)'' AND o.ctid < ''(%s,0)'' AND o.%I = %L GROUP BY 1) g',
        heavy.currency_words, heavy.state_words, heavy.amount_words, sluice.row_hash(of_table, columns), part,
        from_block, from_block + pages, heavy.day_column, of_day) INTO totals;
    next_block := CASE WHEN from_block + pages < blocks THEN from_block + pages END;
    RETURN NEXT;
END
$$;

-- Step 5: the entry is closed, or it is not what was counted. Statistics and storage for rows that never change.
CREATE FUNCTION sluice.close_archive(of_epoch bigint, of_table text, of_day date, of_pass int, found_totals jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part regclass := sluice.history_part(of_table, of_day);
    entry sluice.archive_manifest;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO entry FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass)
        = (of_table, of_day, of_pass) FOR NO KEY UPDATE;
    IF (entry.state IN ('swapped', 'verifying') OR (entry.state = 'moving' AND entry.counted_at IS NULL)) IS NOT TRUE
        OR EXISTS (SELECT FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day) THEN
        RAISE EXCEPTION 'pass % of % of % is not ready to be closed (%)', of_pass, of_day, of_table,
            coalesce(entry.state::text, 'not begun') USING ERRCODE = 'SL032';
    END IF;
    IF sluice.told_of_day(of_table, of_day) IS DISTINCT FROM found_totals THEN RETURN false; END IF;
    -- Frozen soon by autovacuum, whoever owns the table; then nobody need read it again.
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = true, autovacuum_freeze_min_age = 0,
        autovacuum_freeze_max_age = 100000, fillfactor = 100)', part);
    EXECUTE format('ANALYZE %s', part);
    UPDATE sluice.archive_manifest m SET state = 'closed', found = found_totals, closed_at = clock_timestamp(),
            verified_at = clock_timestamp(), row_count = sluice.total_rows(m.totals),
            content_hash = sha256(convert_to(m.totals::text, 'UTF8'))
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    RETURN true;
END
$$;

-- A day that was closed earlier was read again: true, and noted, if it is what its receipts tell.
CREATE FUNCTION sluice.note_archive_verified(of_epoch bigint, of_table text, of_day date, found_totals jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    IF sluice.told_of_day(of_table, of_day) IS DISTINCT FROM found_totals THEN RETURN false; END IF;
    UPDATE sluice.archive_manifest m SET verified_at = clock_timestamp()
        WHERE m.table_name = of_table AND m.day = of_day AND m.state = 'closed';
    RETURN true;
END
$$;

-- The newest day of history comes back, within 100 ms: after a mismatch, or because people want it. Answers the rows
-- that came back from the carry-over.
CREATE FUNCTION sluice.reverse_archive_day(of_epoch bigint, of_table text, of_day date, into_state sluice.archive_state,
    why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
    carry text := of_table || '_carry_over';
    columns text := sluice.listed(sluice.columns_of(of_table), '');
    heavy sluice.heavy_table;
    moved bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM set_config('synchronous_commit', 'off', true);
    IF into_state NOT IN ('mismatch', 'reopened') THEN
        RAISE EXCEPTION 'a day comes back as mismatch or reopened, not as %', into_state USING ERRCODE = 'SL032';
    END IF;
    -- In the order of those who make partitions: first the days, then the tables.
    PERFORM FROM sluice.live_days FOR NO KEY UPDATE;
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    EXECUTE format('LOCK TABLE ONLY sluice.%I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('LOCK TABLE sluice.%I IN ACCESS EXCLUSIVE MODE NOWAIT', carry);
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE NOWAIT', of_table);
    EXECUTE format('LOCK TABLE history.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    IF sluice.carry_over_end(of_table) IS DISTINCT FROM of_day + 1 THEN
        RAISE EXCEPTION 'only the newest archived day comes back, and % is not it', of_day USING ERRCODE = 'SL034';
    END IF;
    EXECUTE format('ALTER TABLE history.%I DETACH PARTITION history.%I', of_table, part);
    EXECUTE format('ALTER TABLE history.%I SET SCHEMA sluice', part);
    EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION sluice.%I', of_table, carry);
    -- Where its bounds say that no row of the day is there, a large carry-over is not read under the lock.
    IF EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = ('sluice.' || carry)::regclass
        AND c.conname = 'carry_over_bounds' AND c.convalidated
        AND strpos(pg_get_constraintdef(c.oid), of_day::text) > 0) THEN
        moved := 0;
    ELSE
        EXECUTE format('WITH gone AS (DELETE FROM sluice.%I WHERE %I = %L RETURNING %s)
            INSERT INTO sluice.%I (%s) SELECT %s FROM gone', carry, heavy.day_column, of_day, columns, part, columns,
            columns);
        GET DIAGNOSTICS moved = ROW_COUNT;
    END IF;
    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (MINVALUE) TO (%L)', of_table,
        carry, of_day);
    EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (%L) TO (%L)', of_table, part,
        of_day, of_day + 1);
    IF heavy.is_loaded THEN PERFORM sluice.open_partition_for_load(part); END IF;
    EXECUTE format('ALTER TABLE sluice.%I RESET (autovacuum_enabled, autovacuum_freeze_min_age,
        autovacuum_freeze_max_age)', part);
    EXECUTE format('ALTER TABLE sluice.%I SET (fillfactor = %s)', part, heavy.fill_factor);
    -- Of several passes the last one tells why.
    UPDATE sluice.archive_manifest m SET note = why, state = CASE WHEN m.pass = (SELECT max(x.pass)
            FROM sluice.archive_manifest x WHERE x.table_name = of_table AND x.day = of_day) THEN into_state
            ELSE 'reopened' END
        WHERE m.table_name = of_table AND m.day = of_day AND m.state NOT IN ('reopened', 'dropped');
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    IF into_state = 'mismatch' THEN
        PERFORM sluice.stop_archiving(left(format('%s of %s: %s', of_day, of_table, why), 1000));
    ELSIF NOT EXISTS (SELECT FROM sluice.heavy_table h WHERE sluice.carry_over_end(h.table_name) > of_day) THEN
        -- The last table of the day is back.
        UPDATE sluice.live_days SET oldest = of_day WHERE oldest > of_day;
    END IF;
    RETURN moved;
END
$$;

-- The row path. Held rows of a day that has just left go on to the carry-over, a chunk a time: they are final, and
-- readers find them in either place.
CREATE FUNCTION sluice.carry_held_rows(of_epoch bigint, of_table text, of_day date, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    heavy sluice.heavy_table;
    columns text[] := sluice.columns_of(of_table);
    noted bigint;
    moved bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    IF NOT EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.state = 'swapped') THEN
        RAISE EXCEPTION 'day % of % has not just left', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    EXECUTE format('WITH s AS (DELETE FROM sluice.archive_stay x WHERE (x.table_name, x.day, x.batch_id, x.key_2,
                x.key_3) IN (SELECT y.table_name, y.day, y.batch_id, y.key_2, y.key_3 FROM sluice.archive_stay y
                    WHERE y.table_name = %1$L AND y.day = %2$L ORDER BY y.batch_id, y.key_2, y.key_3 LIMIT %3$s)
            RETURNING x.*),
        gone AS (DELETE FROM history.%4$I o USING s WHERE o.batch_id = s.batch_id AND o.%5$I = s.key_2 %6$s
            RETURNING %7$s),
        put AS (INSERT INTO sluice.%8$I (%9$s) SELECT %9$s FROM gone RETURNING 1)
        SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM put)', of_table, of_day, most,
        sluice.day_name(of_table, of_day), heavy.key_2,
        coalesce('AND o.' || quote_ident(heavy.key_3) || ' = s.key_3', ''), sluice.listed(columns, 'o.'),
        of_table || '_carry_over', sluice.listed(columns, '')) INTO noted, moved;
    IF moved <> noted THEN
        RAISE EXCEPTION '% of % held rows of % of % were found', moved, noted, of_day, of_table USING ERRCODE = 'SL033';
    END IF;
    RETURN moved;
END
$$;

-- The partition of history of one day, where there is none: with its bounds stated, so that it can come back unread.
CREATE FUNCTION sluice.make_history_day(of_table text, of_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
    heavy sluice.heavy_table;
BEGIN
    IF sluice.history_part(of_table, of_day) IS NOT NULL THEN RETURN; END IF;
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    EXECUTE format('CREATE TABLE history.%I (LIKE history.%I INCLUDING ALL, CONSTRAINT day_bounds
        CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)) WITH (fillfactor = 100)', part, of_table, heavy.day_column,
        heavy.day_column, of_day, heavy.day_column, of_day + 1);
    EXECUTE format('ALTER TABLE history.%I ATTACH PARTITION history.%I FOR VALUES FROM (%L) TO (%L)', of_table, part,
        of_day, of_day + 1);
END
$$;

-- A counted day that goes by rows: from now on nothing but what is noted differs from what was counted. Within 100 ms;
-- answers `moving`, or why it is to be counted again.
CREATE FUNCTION sluice.begin_row_day(of_epoch bigint, of_table text, of_day date, of_pass int) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    part text := sluice.day_name(of_table, of_day);
    entry sluice.archive_manifest;
BEGIN
    SELECT * INTO entry FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass)
        = (of_table, of_day, of_pass) FOR NO KEY UPDATE;
    IF entry.state IS DISTINCT FROM 'counted' THEN
        RAISE EXCEPTION 'day % of % is %', of_day, of_table, coalesce(entry.state::text, 'not begun')
            USING ERRCODE = 'SL032';
    END IF;
    IF entry.hold_version <> lease.hold_version THEN RETURN 'held'; END IF;
    IF entry.hashed_columns <> sluice.columns_of(of_table) THEN RETURN 'reshaped'; END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE sluice.%I IN SHARE ROW EXCLUSIVE MODE', part);
    IF sluice.is_touched_since(of_table, of_day) THEN RETURN 'touched'; END IF;
    IF sluice.is_reviewed_since(of_table, of_day) THEN RETURN 'reviewed'; END IF;
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    PERFORM sluice.make_history_day(of_table, of_day);
    UPDATE sluice.archive_manifest m SET path = 'rows', state = 'moving'
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    RETURN 'moving';
END
$$;

-- The last chunk is through: what changed after the count has stayed behind, and leaves the receipt. What is left of
-- the day is vacuumed again, and changes of it are still noted, for the end of the day.
CREATE FUNCTION sluice.end_row_day(of_epoch bigint, of_table text, of_day date, of_pass int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    behind bigint;
    less jsonb;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass)
        AND m.state = 'moving' AND m.counted_at IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'day % of % is not on its way by rows', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    EXECUTE format('LOCK TABLE sluice.%I IN SHARE ROW EXCLUSIVE MODE', sluice.day_name(of_table, of_day));
    EXECUTE format('ALTER TABLE sluice.%I RESET (autovacuum_enabled)', sluice.day_name(of_table, of_day));
    WITH first AS (
        SELECT DISTINCT ON (t.batch_id, t.key_2, t.key_3) t.was FROM sluice.archive_touch t
        WHERE t.table_name = of_table AND t.day = of_day AND NOT EXISTS (SELECT FROM sluice.archive_stay s
            WHERE s.table_name = of_table AND s.day = of_day
                AND (s.batch_id, s.key_2, s.key_3) = (t.batch_id, t.key_2, t.key_3))
        ORDER BY t.batch_id, t.key_2, t.key_3, t.touch_id
    ), each AS (
        SELECT e.key, sum((e.value ->> 'rows')::bigint) AS n, sum((e.value ->> 'amount_minor')::numeric) AS a,
            sum((e.value ->> 'hash')::numeric) AS h FROM first f CROSS JOIN LATERAL jsonb_each(f.was) e GROUP BY e.key
    )
    SELECT coalesce(sum(x.n), 0), coalesce(jsonb_object_agg(x.key, jsonb_build_object('rows', -x.n,
        'amount_minor', (-x.a)::text, 'hash', (-x.h)::text)), '{}') INTO behind, less FROM each x;
    UPDATE sluice.archive_manifest m SET state = 'verifying', row_count = m.row_count - behind,
            totals = (SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
                FROM jsonb_each(sluice.add_totals(m.totals, less)) e WHERE e.value ->> 'rows' <> '0')
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    DELETE FROM sluice.archive_touch t WHERE t.table_name = of_table AND t.day = of_day;
    DELETE FROM sluice.archive_stay s WHERE s.table_name = of_table AND s.day = of_day;
    RETURN behind;
END
$$;

-- Rows of a day that stay no longer go from `source` (the carry-over, or the live day where a day goes by rows) into
-- history: what left is what arrived, by count and sum, and the receipt grows with it, in one transaction. A chunk
-- lies between two keys, so that no page of it is looked for twice. Null at the end. Held rows go along only where a
-- whole day is to come back with them.
CREATE FUNCTION sluice.move_archive_rows(of_epoch bigint, of_table text, of_day date, of_pass int, source text,
    after_batch bigint, after_key int, most int, takes_held boolean DEFAULT false)
RETURNS TABLE (moved bigint, last_batch bigint, last_key int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    -- A chunk is read twice, and need not go through a file for that.
    SET work_mem = '64MB' AS $$
DECLARE
    heavy sluice.heavy_table;
    entry sluice.archive_manifest;
    -- Named itself: a row need not be asked for its partition.
    part constant regclass := sluice.history_part(of_table, of_day);
    -- In the order in which they are stored: rows go from table to table without being taken apart.
    columns constant text[] := ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = part
        AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum);
    words record;
    gone jsonb;
    came jsonb;
    is_counted boolean;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    IF source NOT IN (of_table || '_carry_over', sluice.day_name(of_table, of_day)) THEN
        RAISE EXCEPTION 'rows of % do not leave %', of_table, source USING ERRCODE = 'SL032';
    END IF;
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    SELECT * INTO STRICT entry FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass)
        = (of_table, of_day, of_pass) AND m.state = 'moving' FOR NO KEY UPDATE;
    SELECT * INTO words FROM sluice.stays(of_table, of_day);
    IF takes_held THEN words.held_words := 'false'; END IF;
    -- A day that was counted whole has its receipt: its rows need not be told apart or hashed once more, and what has
    -- changed since is left behind.
    is_counted := entry.counted_at IS NOT NULL;
    IF is_counted THEN
        words.open_words := format('(o.batch_id, o.%3$I, %4$s) IN (SELECT x.batch_id, x.key_2, x.key_3
                FROM sluice.archive_stay x WHERE x.table_name = %1$L AND x.day = %2$L
            UNION ALL SELECT x.batch_id, x.key_2, x.key_3 FROM sluice.archive_touch x
                WHERE x.table_name = %1$L AND x.day = %2$L)', of_table, of_day, heavy.key_2,
            coalesce('o.' || quote_ident(heavy.key_3), '0'));
        words.held_words := 'false';
    END IF;
    EXECUTE format('SELECT o.batch_id, o.%1$I FROM sluice.%2$I o WHERE (o.batch_id, o.%1$I) > (%3$s, %4$s)
        AND o.%5$I = %6$L ORDER BY o.batch_id, o.%1$I OFFSET %7$s LIMIT 1', heavy.key_2, source, after_batch, after_key,
        heavy.day_column, of_day, most - 1) INTO last_batch, last_key;
    EXECUTE format($q$
        WITH gone AS (
            DELETE FROM sluice.%1$I o WHERE (o.batch_id, o.%2$I) > (%3$s, %4$s) %5$s AND o.%6$I = %7$L
                AND NOT (%8$s) AND NOT (%9$s) RETURNING %10$s
        ), put AS (
            INSERT INTO %11$s AS o (%12$s) SELECT %12$s FROM gone
            RETURNING %13$s AS k, %14$s AS a, %15$s AS h
        )
        SELECT (SELECT jsonb_build_object('rows', count(*), 'amount_minor', coalesce(sum(%14$s), 0))
                FROM gone o),
            (SELECT coalesce(jsonb_object_agg(g.k, jsonb_build_object('rows', g.n, 'amount_minor', g.a::text, 'hash',
                g.h::text)), '{}') FROM (SELECT p.k, count(*) AS n, sum(p.a) AS a, sum(p.h) AS h FROM put p
                GROUP BY p.k) g)$q$,
        source, heavy.key_2, after_batch, after_key,
        CASE WHEN last_batch IS NOT NULL THEN format('AND (o.batch_id, o.%I) <= (%s, %s)', heavy.key_2, last_batch,
            last_key) ELSE '' END,
        heavy.day_column, of_day, words.open_words, words.held_words, sluice.listed(columns, 'o.'), part,
        sluice.listed(columns, ''),
        CASE WHEN is_counted THEN '''''::text' ELSE format('%s || ''/'' || %s', heavy.currency_words,
            heavy.state_words) END,
        heavy.amount_words,
        CASE WHEN is_counted THEN '0::bigint' ELSE sluice.row_hash(of_table, entry.hashed_columns) END) INTO gone, came;
    moved := (gone ->> 'rows')::bigint;
    IF moved <> sluice.total_rows(came) OR (gone ->> 'amount_minor')::numeric IS DISTINCT FROM (SELECT
        coalesce(sum((e.value ->> 'amount_minor')::numeric), 0) FROM jsonb_each(came) e) THEN
        RAISE EXCEPTION '% left %, % arrived', gone, source, came USING ERRCODE = 'SL033';
    END IF;
    IF moved > 0 AND NOT is_counted THEN
        UPDATE sluice.archive_manifest m SET totals = sluice.add_totals(m.totals, came),
                row_count = m.row_count + moved
            WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    END IF;
    RETURN NEXT;
END
$$;

-- What was moved of a whole day comes home, because it is not what was counted. First, within 100 ms: the day takes its
-- rows back without being asked whether they are late, and without noting them.
CREATE FUNCTION sluice.begin_put_back(of_epoch bigint, of_table text, of_day date, of_pass int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass)
        AND m.state = 'verifying' AND m.counted_at IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = ('sluice.' || of_table)::regclass
        AND i.inhrelid = to_regclass('sluice.' || part)) THEN
        RAISE EXCEPTION 'day % of % has not just gone by rows', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    EXECUTE format('LOCK TABLE sluice.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('DROP TRIGGER IF EXISTS archive_touch ON sluice.%I', part);
    EXECUTE format('DROP TRIGGER IF EXISTS late_line ON sluice.%I', part);
    EXECUTE format('REVOKE INSERT ON sluice.%I FROM sluice_worker', part);
END
$$;
-- Then a slice of pages a time; null at the end of them.
CREATE FUNCTION sluice.put_rows_back(of_epoch bigint, of_table text, of_day date, of_pass int, from_block bigint,
    pages int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    part text := sluice.day_name(of_table, of_day);
    columns text[] := sluice.columns_of(of_table);
    gone bigint;
    put bigint;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    PERFORM FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass)
        AND m.state = 'verifying' AND m.counted_at IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'day % of % has not just gone by rows', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    EXECUTE format('WITH gone AS (DELETE FROM history.%1$I o WHERE o.ctid >= ''(%2$s,0)'' AND o.ctid < ''(%3$s,0)''
            RETURNING %4$s),
        put AS (INSERT INTO sluice.%1$I (%5$s) SELECT %5$s FROM gone RETURNING 1)
        SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM put)', part, from_block, from_block + pages,
        sluice.listed(columns, 'o.'), sluice.listed(columns, '')) INTO gone, put;
    IF gone <> put THEN
        RAISE EXCEPTION '% rows left history.%, % arrived', gone, part, put USING ERRCODE = 'SL033';
    END IF;
    RETURN CASE WHEN from_block + pages < pg_relation_size(('history.' || part)::regclass)
        / current_setting('block_size')::int THEN from_block + pages END;
END
$$;
-- Last: the emptied day of history goes, the live day is open again, the entry says why, and archiving is stopped, in
-- one transaction. Looked through before anything is locked.
CREATE FUNCTION sluice.end_put_back(of_epoch bigint, of_table text, of_day date, of_pass int, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    heavy sluice.heavy_table;
    part text := sluice.day_name(of_table, of_day);
    is_left boolean;
BEGIN
    PERFORM sluice.archive_guard(of_epoch);
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    EXECUTE format('SELECT EXISTS (SELECT FROM history.%I)', part) INTO is_left;
    PERFORM FROM sluice.archive_manifest m WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass)
        AND m.state = 'verifying' AND m.counted_at IS NOT NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR is_left THEN
        RAISE EXCEPTION 'day % of % is not back yet', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    PERFORM set_config('synchronous_commit', 'off', true);
    EXECUTE format('LOCK TABLE sluice.%I IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('LOCK TABLE ONLY history.%I IN ACCESS EXCLUSIVE MODE', of_table);
    EXECUTE format('LOCK TABLE history.%I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
    EXECUTE format('ALTER TABLE history.%I DETACH PARTITION history.%I', of_table, part);
    EXECUTE format('DROP TABLE history.%I', part);
    IF heavy.is_loaded THEN PERFORM sluice.open_partition_for_load(part); END IF;
    UPDATE sluice.archive_manifest m SET state = 'mismatch', note = why
        WHERE (m.table_name, m.day, m.pass) = (of_table, of_day, of_pass);
    PERFORM sluice.stop_archiving(left(format('%s of %s: %s', of_day, of_table, why), 1000));
END
$$;
GRANT EXECUTE ON FUNCTION sluice.begin_put_back(bigint, text, date, int),
    sluice.put_rows_back(bigint, text, date, int, bigint, int), sluice.end_put_back(bigint, text, date, int, text)
    TO sluice_archiver;

-- Days of archived dates of which the carry-over holds rows that stay no longer: what a second pass is begun for.
CREATE FUNCTION sluice.days_to_pass(of_table text) RETURNS SETOF date
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    heavy sluice.heavy_table;
    one date;
    words record;
    any_row boolean;
BEGIN
    SELECT * INTO STRICT heavy FROM sluice.heavy_table h WHERE h.table_name = of_table;
    FOR one IN EXECUTE format('SELECT DISTINCT %I FROM sluice.%I ORDER BY 1', heavy.day_column,
        of_table || '_carry_over')
    LOOP
        SELECT * INTO words FROM sluice.stays(of_table, one);
        EXECUTE format('SELECT EXISTS (SELECT FROM sluice.%I o WHERE o.%I = %L AND NOT %s AND NOT %s)',
            of_table || '_carry_over', heavy.day_column, one, words.open_words, words.held_words) INTO any_row;
        IF any_row THEN RETURN NEXT one; END IF;
    END LOOP;
END
$$;

-- An entry of the row path, and the partition of history that it fills, where there is none.
CREATE FUNCTION sluice.begin_row_pass(of_epoch bigint, of_table text, of_day date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    lease sluice.archive_lease := sluice.archive_guard(of_epoch);
    next_pass int := 1 + coalesce((SELECT max(m.pass) FROM sluice.archive_manifest m WHERE m.table_name = of_table
        AND m.day = of_day), 0);
BEGIN
    IF EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
        AND m.state NOT IN ('closed', 'reopened', 'mismatch')) THEN
        RAISE EXCEPTION 'day % of % has a pass under way, or is dropped', of_day, of_table USING ERRCODE = 'SL032';
    END IF;
    PERFORM sluice.make_history_day(of_table, of_day);
    INSERT INTO sluice.archive_manifest (table_name, day, pass, path, state, hashed_columns, as_of, epoch, worker_id)
        VALUES (of_table, of_day, next_pass, 'rows', 'moving', coalesce((SELECT m.hashed_columns
            FROM sluice.archive_manifest m WHERE m.table_name = of_table AND m.day = of_day
                AND m.state IN ('swapped', 'moving', 'verifying', 'closed') ORDER BY m.pass LIMIT 1),
            sluice.columns_of(of_table)), lease.as_of, of_epoch, lease.worker_id);
    RETURN next_pass;
END
$$;

GRANT EXECUTE ON FUNCTION sluice.begin_archive_day(bigint, date, date),
    sluice.prepare_archive(bigint, text, date, int, sluice.archive_path),
    sluice.note_lock_failure(bigint, text, date, int),
    sluice.forget_archive_count(bigint, text, date, int), sluice.validate_archive_day(bigint, text, date),
    sluice.count_archive_slice(bigint, text, date, int, int),
    sluice.swap_archive_day(bigint, text, date, int, int), sluice.verify_archive_slice(text, date, bigint, int),
    sluice.close_archive(bigint, text, date, int, jsonb), sluice.note_archive_verified(bigint, text, date, jsonb),
    sluice.reverse_archive_day(bigint, text, date, sluice.archive_state, text),
    sluice.carry_held_rows(bigint, text, date, int),
    sluice.move_archive_rows(bigint, text, date, int, text, bigint, int, int, boolean),
    sluice.begin_row_day(bigint, text, date, int), sluice.end_row_day(bigint, text, date, int),
    sluice.days_to_pass(text), sluice.begin_row_pass(bigint, text, date), sluice.told_of_day(text, date),
    sluice.carry_over_end(text), sluice.add_totals(jsonb, jsonb), sluice.total_rows(jsonb),
    sluice.history_part(text, date) TO sluice_archiver;
GRANT EXECUTE ON FUNCTION sluice.carry_over_end(text) TO sluice_worker, sluice_reader, sluice_console;
RESET ROLE;
