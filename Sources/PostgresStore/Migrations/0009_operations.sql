-- What operations need: delivery of alarms, the connection budget.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- An alarm is delivered once a cause, to the first sink that takes it. A claim counts an attempt and moves
-- `next_delivery_at` to its own end; the number of the attempt fences its record.
ALTER TABLE sluice.alarm
    ADD COLUMN delivery_attempts int NOT NULL DEFAULT 0,
    ADD COLUMN next_delivery_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN delivered_to text,
    -- Why the last attempt failed, sink by sink; no secret, nothing personal.
    ADD COLUMN delivery_failure text,
    ADD COLUMN acknowledged_note text,
    ADD CONSTRAINT alarm_delivered CHECK ((delivered_at IS NULL) = (delivered_to IS NULL)),
    ADD CONSTRAINT alarm_acknowledged CHECK (acknowledged_note IS NULL OR acknowledged_at IS NOT NULL);
CREATE INDEX alarm_undelivered ON sluice.alarm (next_delivery_at, alarm_id)
    WHERE delivered_at IS NULL AND acknowledged_at IS NULL;
GRANT UPDATE (delivery_attempts, next_delivery_at, delivered_to, delivery_failure) ON sluice.alarm TO sluice_worker;

-- A person has learnt of these alarms: a cause that comes again makes a new one. Who it was is the login of the
-- session, which nobody can name for another. Answers the ids that were open; an id that no alarm has is refused.
CREATE FUNCTION sluice.acknowledge_alarms(alarm_ids bigint[], note text) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stray bigint;
BEGIN
    IF note IS NULL OR length(note) NOT BETWEEN 1 AND 400 THEN
        RAISE EXCEPTION 'an acknowledgement has a note of 1 to 400 characters' USING ERRCODE = 'SL005',
            HINT = 'say what was done about it';
    END IF;
    SELECT x.id INTO stray FROM unnest(alarm_ids) AS x (id)
        WHERE NOT EXISTS (SELECT FROM sluice.alarm a WHERE a.alarm_id = x.id) ORDER BY x.id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'there is no alarm %', stray USING ERRCODE = 'SL001', HINT = 'look at: sluice alarm list';
    END IF;
    RETURN QUERY UPDATE sluice.alarm a SET acknowledged_at = clock_timestamp(), acknowledged_by = session_user,
            acknowledged_note = note
        WHERE a.alarm_id = ANY (alarm_ids) AND a.acknowledged_at IS NULL RETURNING a.alarm_id;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.acknowledge_alarms(bigint[], text) TO sluice_worker, sluice_console;

-- What each process takes of the deployment's connections, and which stages it works on.
ALTER TABLE sluice.worker
    ADD COLUMN connections int NOT NULL DEFAULT 0 CHECK (connections >= 0),
    ADD COLUMN stages text[] NOT NULL DEFAULT '{}';
-- On what a heartbeat does not change, so that heartbeats stay heap-only.
CREATE INDEX worker_at_work ON sluice.worker (worker_id) WHERE stopped_at IS NULL;

-- How far a sequence has come is no secret, and `sluice doctor` looks at it.
GRANT SELECT ON ALL SEQUENCES IN SCHEMA sluice TO sluice_worker, sluice_console, sluice_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA sluice GRANT SELECT ON SEQUENCES TO sluice_worker, sluice_console, sluice_reader;

RESET ROLE;
