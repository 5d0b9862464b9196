-- Lanes: pace, health and pauses of a channel's two work queues, taken into account inside the claim.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE TYPE sluice.breaker_state AS ENUM ('closed', 'open', 'half_open');

-- One row a lane. A claim locks it FOR NO KEY UPDATE SKIP LOCKED, so claims of one lane come one after the other, and
-- nobody waits. The end of a call writes it only where something changes.
CREATE TABLE sluice.channel_lane (
    channel text COLLATE "C" NOT NULL REFERENCES sluice.channel,
    lane sluice.lane NOT NULL,
    -- Paused by a person: nothing is claimed until somebody resumes it.
    paused_at timestamptz,
    paused_by text,
    pause_reason text,
    -- Of the activated specification: least time between two calls of the whole fleet; 0: no rate.
    call_interval_us bigint NOT NULL DEFAULT 0 CHECK (call_interval_us BETWEEN 0 AND 3600000000),
    -- Of the activated specification: failed calls in a row that open the breaker, and for how long.
    breaker_failures int NOT NULL DEFAULT 5 CHECK (breaker_failures >= 1),
    breaker_open_us bigint NOT NULL DEFAULT 10000000 CHECK (breaker_open_us > 0),
    breaker_open_max_us bigint NOT NULL DEFAULT 300000000,
    -- The rate cursor: no call that is claimed from now on starts before this time.
    next_call_at timestamptz,
    -- The channel asked us to slow down: nothing is claimed before this time, and then at this pace (R7).
    slow_until timestamptz,
    slow_interval_us bigint CHECK (slow_interval_us > 0),
    breaker sluice.breaker_state NOT NULL DEFAULT 'closed',
    -- Failed calls in a row, while it is closed.
    failures int NOT NULL DEFAULT 0,
    -- How often it opened without an answer in between.
    times_opened int NOT NULL DEFAULT 0,
    -- Open: no call before this time. Half-open: past this time the probe is given up, and another one may go.
    open_until timestamptz,
    -- The chunk of the one call that tries whether the channel answers again.
    probe_chunk_id bigint,
    PRIMARY KEY (channel, lane),
    CHECK ((paused_at IS NULL) = (paused_by IS NULL) AND (paused_at IS NULL) = (pause_reason IS NULL)),
    CHECK (breaker_open_max_us >= breaker_open_us),
    CHECK ((breaker = 'closed') = (open_until IS NULL) AND (breaker = 'half_open') = (probe_chunk_id IS NOT NULL)),
    CHECK ((breaker = 'closed') = (times_opened = 0) AND (breaker = 'closed' OR failures = 0))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);

INSERT INTO sluice.channel_lane (channel, lane, paused_at, paused_by, pause_reason, slow_until)
    SELECT c.channel, l.lane, CASE c.state WHEN 'paused' THEN clock_timestamp() END,
        CASE c.state WHEN 'paused' THEN session_user END, CASE c.state WHEN 'paused' THEN 'paused before' END,
        c.slow_until
    FROM sluice.channel c CROSS JOIN unnest(enum_range(NULL::sluice.lane)) AS l (lane);
ALTER TABLE sluice.channel DROP COLUMN slow_until, DROP COLUMN state;
DROP TYPE sluice.channel_state;

-- Submissions to be sent again: few, and they go first.
CREATE INDEX work_chunk_send ON sluice.work_chunk (channel, due_at, chunk_id) WHERE kind = 'send';

-- Makes one version of a channel's specification the one that workers use (R16), with its slots, pace and breaker. In
-- class production it takes two people, whose commands come with the review work; until then it is refused.
DROP FUNCTION sluice.activate_channel(text, text, bytea, int, int);
CREATE FUNCTION sluice.activate_channel(
    wanted_channel text, wanted_class text, specification bytea, submit_slots int, query_slots int,
    submit_interval_us bigint, query_interval_us bigint, failures_max int, open_us bigint, open_max_us bigint)
    RETURNS void
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
    -- A pause and a breaker's state outlive the activation. A cursor of a slower pace must not hold up a faster one.
    INSERT INTO sluice.channel_lane AS l (channel, lane, call_interval_us, breaker_failures, breaker_open_us,
            breaker_open_max_us)
        VALUES (wanted_channel, 'submit', submit_interval_us, failures_max, open_us, open_max_us),
            (wanted_channel, 'query', query_interval_us, failures_max, open_us, open_max_us)
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
END
$$;
GRANT EXECUTE ON FUNCTION
    sluice.activate_channel(text, text, bytea, int, int, bigint, bigint, int, bigint, bigint)
    TO sluice_worker, sluice_console;

-- The lanes that a person names: one, or both where none is named; refused where there are none.
CREATE FUNCTION sluice.named_lanes(wanted_channel text, wanted_lane text) RETURNS sluice.lane[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named sluice.lane[];
BEGIN
    IF wanted_lane IS NOT NULL AND wanted_lane NOT IN ('submit', 'query') THEN
        RAISE EXCEPTION 'a lane is submit or query, not %', wanted_lane USING ERRCODE = 'SL005';
    END IF;
    SELECT array_agg(l.lane) INTO named FROM (SELECT c.lane FROM sluice.channel_lane c
        WHERE c.channel = wanted_channel AND (wanted_lane IS NULL OR c.lane::text = wanted_lane)
        ORDER BY c.lane FOR NO KEY UPDATE) l;
    IF named IS NULL THEN
        RAISE EXCEPTION 'there is no channel %', wanted_channel
            USING ERRCODE = 'SL001', HINT = 'sluice channel list shows the channels; a new one is activated first';
    END IF;
    RETURN named;
END
$$;

-- Pauses lanes of a channel: nothing more is claimed of them; calls under way end. A lane that is paused stays paused
-- by whom it was. Tells how many were paused now.
CREATE FUNCTION sluice.pause_channel(wanted_channel text, wanted_lane text, reason text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named sluice.lane[] := sluice.named_lanes(wanted_channel, wanted_lane);
    paused int;
BEGIN
    IF coalesce(length(btrim(reason)), 0) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'a pause needs a reason of 1 to 200 characters' USING ERRCODE = 'SL005',
            HINT = 'say what happened and who may resume the lane';
    END IF;
    UPDATE sluice.channel_lane l SET paused_at = clock_timestamp(), paused_by = session_user,
            pause_reason = btrim(reason)
        WHERE l.channel = wanted_channel AND l.lane = ANY (named) AND l.paused_at IS NULL;
    GET DIAGNOSTICS paused = ROW_COUNT;
    RETURN paused;
END
$$;

-- Lets paused lanes of a channel work again. Tells how many were resumed.
CREATE FUNCTION sluice.resume_channel(wanted_channel text, wanted_lane text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    named sluice.lane[] := sluice.named_lanes(wanted_channel, wanted_lane);
    resumed int;
BEGIN
    UPDATE sluice.channel_lane l SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
        WHERE l.channel = wanted_channel AND l.lane = ANY (named) AND l.paused_at IS NOT NULL;
    GET DIAGNOSTICS resumed = ROW_COUNT;
    RETURN resumed;
END
$$;
GRANT EXECUTE ON FUNCTION sluice.pause_channel(text, text, text), sluice.resume_channel(text, text)
    TO sluice_worker, sluice_console;

GRANT SELECT ON sluice.channel_lane TO sluice_worker, sluice_archiver, sluice_reader, sluice_console;
-- A worker changes pace and health; pauses and the specification's figures only through the functions above.
GRANT UPDATE (next_call_at, slow_until, slow_interval_us, breaker, failures, times_opened, open_until, probe_chunk_id)
    ON sluice.channel_lane TO sluice_worker;

RESET ROLE;
