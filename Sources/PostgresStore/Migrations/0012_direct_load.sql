-- A file's records are copied straight into the day of the file: PostgreSQL writes many rows at once into a table, but
-- one by one through a partitioned table with a trigger that looks at all of them. The same trigger stands on the days.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE OR REPLACE FUNCTION sluice.refuse_late_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path =
    pg_catalog, pg_temp AS $$
DECLARE
    refused record;
BEGIN
    -- The statement holds its lock on the table: what is a partition now is one until the end of the transaction.
    IF TG_NARGS > 0 AND NOT EXISTS (SELECT FROM pg_inherits i
        WHERE i.inhrelid = TG_RELID AND i.inhparent = TG_ARGV[0]::regclass) THEN
        RAISE EXCEPTION '% is no day of % any more', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'SL015',
            HINT = 'the load goes on by itself, through the table';
    END IF;
    IF TG_TABLE_NAME LIKE 'quarantine%' THEN
        SELECT n.batch_id, n.line_no, f.state INTO refused FROM (
                SELECT batch_id, business_date, origin, min(line_no) AS line_no FROM fresh GROUP BY 1, 2, 3) n
            LEFT JOIN sluice.batch_file f USING (batch_id)
            WHERE (n.origin = 'intake' AND f.state IS DISTINCT FROM 'splitting')
                OR f.business_date IS DISTINCT FROM n.business_date LIMIT 1;
    ELSE
        -- A file is looked up once, not once a line.
        SELECT n.batch_id, n.line_no, f.state INTO refused FROM (
                SELECT batch_id, business_date, min(line_no) AS line_no FROM fresh GROUP BY 1, 2) n
            LEFT JOIN sluice.batch_file f USING (batch_id)
            WHERE f.state IS DISTINCT FROM 'splitting' OR f.business_date IS DISTINCT FROM n.business_date LIMIT 1;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'line % of batch % (%) cannot be inserted: a line is loaded once, under the date of its file',
            refused.line_no, refused.batch_id, coalesce(refused.state::text, 'no such file') USING ERRCODE = 'SL015';
    END IF;
    RETURN NULL;
END
$$;

-- Lets a day of a heavy table be loaded under its own name, under the rule that holds for the table.
CREATE FUNCTION sluice.open_partition_for_load(partition_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER late_line AFTER INSERT ON sluice.%I REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION sluice.refuse_late_line(%L)', partition_name,
        'sluice.' || regexp_replace(partition_name, '_[0-9]+$', ''));
    EXECUTE format('GRANT INSERT ON sluice.%I TO sluice_worker', partition_name);
END
$$;

CREATE OR REPLACE FUNCTION sluice.keep_partitions_ahead(until date) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    known sluice.live_days;
    heavy text;
    day date;
    made int := 0;
    heavy_tables constant text[] :=
        ARRAY['payment_order', 'quarantine_record', 'submission', 'exchange', 'payment_attempt'];
BEGIN
    IF until > current_date + 400 THEN
        RAISE EXCEPTION 'partitions are made for 400 days ahead at most, not until %', until USING ERRCODE = 'SL011';
    END IF;
    SELECT * INTO known FROM sluice.live_days FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM pg_advisory_xact_lock(hashtext('sluice.live_days'));
        SELECT * INTO known FROM sluice.live_days;
    END IF;
    IF known.oldest IS NULL THEN
        -- Yesterday is live from the start: zones ahead of and behind the server's have their day, too.
        INSERT INTO sluice.live_days (oldest, newest) VALUES (current_date - 2, current_date - 2) RETURNING * INTO
            known;
        FOREACH heavy IN ARRAY heavy_tables LOOP
            EXECUTE format('CREATE TABLE sluice.%I PARTITION OF sluice.%I FOR VALUES FROM (MINVALUE) TO (%L)',
                heavy || '_carry_over', heavy, known.oldest);
        END LOOP;
        known.newest := known.oldest - 1;
    END IF;
    -- Counted in days: a series of instants would lose one where a zone's clocks change at midnight.
    FOR day IN SELECT known.newest + n FROM generate_series(1, until - known.newest) AS n LOOP
        FOREACH heavy IN ARRAY heavy_tables LOOP
            -- Made aside and attached: the parent is locked against other DDL only, never against the engine's work.
            EXECUTE format('CREATE TABLE sluice.%I (LIKE sluice.%I INCLUDING ALL) WITH (fillfactor = %s)',
                heavy || to_char(day, '_YYYYMMDD'), heavy,
                CASE heavy WHEN 'payment_order' THEN 75 WHEN 'submission' THEN 70 WHEN 'exchange' THEN 85 ELSE 100 END);
            EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION sluice.%I FOR VALUES FROM (%L) TO (%L)',
                heavy, heavy || to_char(day, '_YYYYMMDD'), day, day + 1);
            IF heavy IN ('payment_order', 'quarantine_record') THEN
                PERFORM sluice.open_partition_for_load(heavy || to_char(day, '_YYYYMMDD'));
            END IF;
        END LOOP;
        made := made + 1;
    END LOOP;
    IF made > 0 THEN
        UPDATE sluice.live_days SET newest = until;
    END IF;
    RETURN made;
END
$$;

SELECT sluice.open_partition_for_load(c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent IN ('sluice.payment_order'::regclass, 'sluice.quarantine_record'::regclass)
        AND c.relname ~ '_[0-9]{8}$';

RESET ROLE;
