-- The heavy tables: one partition a day, made ahead of time, no default partition, and one carry-over partition for
-- everything older than the oldest live day. `history.*` has the same shapes.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE TABLE sluice.payment_order (
    batch_id bigint NOT NULL,
    line_no int NOT NULL CHECK (line_no >= 1),
    business_date date NOT NULL,
    state sluice.order_state NOT NULL,
    cause sluice.failure_cause,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    attempt_no smallint NOT NULL DEFAULT 0,
    -- Its item in the submission that carries the live attempt.
    item_no smallint,
    submission_no int,
    data_key_id int NOT NULL,
    currency text NOT NULL,
    merchant_order_no text COLLATE "C" NOT NULL,
    bank_code text,
    channel text,
    -- The code behind the state: the channel's, or our own word for what was seen.
    code text,
    -- Account, name and purpose, encrypted; the order key is associated data (R15).
    personal bytea NOT NULL,
    -- Keyed hash of the account number, to find it without reading it.
    account_hash bytea NOT NULL,
    -- The evidence of the state: an exchange of the live attempt's submission (R8).
    evidence_day date,
    evidence_ordinal int,
    decided_at timestamptz,
    PRIMARY KEY (batch_id, line_no, business_date),
    CONSTRAINT payment_order_evidence CHECK (
        state NOT IN ('succeeded', 'failed', 'returned') OR (evidence_day IS NOT NULL AND evidence_ordinal IS NOT
            NULL)),
    CONSTRAINT payment_order_cause CHECK ((state = 'failed') = (cause IS NOT NULL)),
    CONSTRAINT payment_order_attempt CHECK (
        state IN ('held', 'ready', 'cancelled') OR (channel IS NOT NULL AND submission_no IS NOT NULL
            AND item_no IS NOT NULL AND attempt_no >= 1))
) PARTITION BY RANGE (business_date);

CREATE TABLE sluice.quarantine_record (
    batch_id bigint NOT NULL,
    line_no int NOT NULL CHECK (line_no >= 1),
    business_date date NOT NULL,
    state sluice.quarantine_state NOT NULL DEFAULT 'open',
    origin sluice.quarantine_origin NOT NULL,
    merchant_order_no text COLLATE "C",
    amount_minor bigint,
    currency text,
    -- Every reason found: [{"code", "field", "value" (masked), "mend"}].
    reasons jsonb NOT NULL CHECK (jsonb_typeof(reasons) = 'array'),
    charset text NOT NULL,
    byte_from bigint NOT NULL,
    byte_to bigint NOT NULL,
    physical_line bigint NOT NULL,
    -- The record's bytes as they stood in the file, encrypted.
    raw bytea NOT NULL,
    data_key_id int NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line_no, business_date)
) PARTITION BY RANGE (business_date);

CREATE TABLE sluice.submission (
    batch_id bigint NOT NULL,
    submission_no int NOT NULL,
    business_date date NOT NULL,
    channel text NOT NULL,
    direction sluice.direction NOT NULL,
    number text COLLATE "C" NOT NULL,
    number_scope text COLLATE "C" NOT NULL,
    scope_ends_at timestamptz,
    trade_date date NOT NULL,
    attempt_no smallint NOT NULL,
    phase sluice.submission_phase NOT NULL,
    -- Item i of the message is the order line_nos[i].
    line_nos int[] NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    -- The frozen message, encrypted, with the hash of its clear bytes (R6).
    envelope bytea NOT NULL,
    envelope_sha256 bytea NOT NULL CHECK (length(envelope_sha256) = 32),
    data_key_id int NOT NULL,
    specification_sha256 bytea NOT NULL CHECK (length(specification_sha256) = 32),
    sends int NOT NULL CHECK (sends >= 1),
    sends_unsent int NOT NULL CHECK (sends_unsent BETWEEN 0 AND sends),
    next_ordinal int NOT NULL,
    in_flight_kind sluice.call_kind,
    in_flight_epoch bigint,
    in_flight_until timestamptz,
    polls int NOT NULL,
    not_founds int NOT NULL,
    last_not_found_at timestamptz,
    first_sent_at timestamptz,
    last_send_ended_at timestamptz,
    ever_taken boolean NOT NULL,
    intended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    PRIMARY KEY (batch_id, submission_no, business_date),
    CONSTRAINT submission_in_flight CHECK (
        num_nulls(in_flight_kind, in_flight_epoch, in_flight_until) IN (0, 3))
) PARTITION BY RANGE (business_date);

-- One request/response pair: the evidence, filed by the day it happened, so that late evidence always has a place.
CREATE TABLE sluice.exchange (
    batch_id bigint NOT NULL,
    submission_no int NOT NULL,
    ordinal int NOT NULL,
    exchange_day date NOT NULL,
    business_date date NOT NULL,
    channel text NOT NULL,
    kind sluice.call_kind NOT NULL,
    epoch bigint NOT NULL,
    worker_id text NOT NULL,
    -- Committed before the first byte may leave (R1); past send_by it may not leave any more (R10).
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    send_by timestamptz NOT NULL,
    outcome sluice.call_outcome,
    -- A stable word for what was seen, never the channel's text.
    reason text,
    header_code text,
    http_status int,
    -- The answer came when the lease was somebody else's: kept as evidence, moves nothing (R10).
    is_late boolean NOT NULL DEFAULT false,
    -- What was made anew at this send: {"X-Timestamp": …}.
    volatile_elements jsonb,
    response bytea,
    data_key_id int,
    latency_us bigint,
    ended_at timestamptz,
    PRIMARY KEY (batch_id, submission_no, ordinal, exchange_day)
) PARTITION BY RANGE (exchange_day);

-- Ended attempts; the live one is in the order row.
CREATE TABLE sluice.payment_attempt (
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    business_date date NOT NULL,
    attempt_no smallint NOT NULL,
    channel text NOT NULL,
    submission_no int NOT NULL,
    cause sluice.failure_cause NOT NULL,
    code text NOT NULL,
    evidence_day date NOT NULL,
    evidence_ordinal int NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, line_no, attempt_no, business_date)
) PARTITION BY RANGE (business_date);

-- Returns (退票) after success, and corrections of final states: small, never partitioned, never over the order row.
CREATE TABLE sluice.payment_return (
    channel text NOT NULL,
    return_reference text NOT NULL,
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    business_date date NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    code text,
    returned_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (channel, return_reference)
);
CREATE INDEX payment_return_order ON sluice.payment_return (batch_id, line_no);
CREATE TABLE sluice.payment_correction (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    business_date date NOT NULL,
    from_state sluice.order_state NOT NULL,
    to_state sluice.order_state NOT NULL,
    evidence text NOT NULL,
    maker text NOT NULL,
    checker text NOT NULL CHECK (checker <> maker),
    corrected_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX payment_correction_order ON sluice.payment_correction (batch_id, line_no);

-- Legal moves only, however the update is written. The list stands in the WHEN clause, so a legal move costs no call.
CREATE FUNCTION sluice.refuse_order_move() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'order %-% cannot move from % to %', OLD.batch_id, OLD.line_no, OLD.state, NEW.state
        USING ERRCODE = 'SL010', HINT = 'legal moves are listed in sluice.order_transition';
END
$$;
CREATE TRIGGER payment_order_move BEFORE UPDATE OF state ON sluice.payment_order FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('held', 'ready'), ('held', 'cancelled'), ('ready', 'cancelled'), ('ready', 'submitting'),
        ('submitting', 'ready'), ('submitting', 'processing'), ('submitting', 'unknown'),
        ('submitting', 'succeeded'), ('submitting', 'failed'),
        ('processing', 'ready'), ('processing', 'unknown'), ('processing', 'succeeded'), ('processing', 'failed'),
        ('unknown', 'ready'), ('unknown', 'processing'), ('unknown', 'succeeded'), ('unknown', 'failed'),
        ('succeeded', 'returned')))
    EXECUTE FUNCTION sluice.refuse_order_move();

-- A line enters its file's day while the file is being loaded, and never again: the key alone would let it in under
-- another day. Looked at once a statement, for all of its rows.
CREATE FUNCTION sluice.refuse_late_line() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path =
    pg_catalog, pg_temp AS $$
DECLARE
    refused record;
BEGIN
    IF TG_TABLE_NAME LIKE 'quarantine%' THEN
        SELECT n.batch_id, n.line_no, f.state INTO refused FROM fresh n LEFT JOIN sluice.batch_file f USING (batch_id)
            WHERE (n.origin = 'intake' AND f.state IS DISTINCT FROM 'splitting')
                OR f.business_date IS DISTINCT FROM n.business_date LIMIT 1;
    ELSE
        SELECT n.batch_id, n.line_no, f.state INTO refused FROM fresh n LEFT JOIN sluice.batch_file f USING (batch_id)
            WHERE f.state IS DISTINCT FROM 'splitting' OR f.business_date IS DISTINCT FROM n.business_date LIMIT 1;
    END IF;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'line % of batch % (%) cannot be inserted: a line is loaded once, under the date of its file',
            refused.line_no, refused.batch_id, coalesce(refused.state::text, 'no such file') USING ERRCODE = 'SL015';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER payment_order_late_line AFTER INSERT ON sluice.payment_order
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION sluice.refuse_late_line();
CREATE TRIGGER quarantine_record_late_line AFTER INSERT ON sluice.quarantine_record
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION sluice.refuse_late_line();

-- History: the same columns, keys and checks.
CREATE TABLE history.payment_order (LIKE sluice.payment_order INCLUDING ALL) PARTITION BY RANGE (business_date);
CREATE TABLE history.quarantine_record (LIKE sluice.quarantine_record INCLUDING ALL) PARTITION BY RANGE (business_date);
CREATE TABLE history.submission (LIKE sluice.submission INCLUDING ALL) PARTITION BY RANGE (business_date);
CREATE TABLE history.exchange (LIKE sluice.exchange INCLUDING ALL) PARTITION BY RANGE (exchange_day);
CREATE TABLE history.payment_attempt (LIKE sluice.payment_attempt INCLUDING ALL) PARTITION BY RANGE (business_date);

-- The days that live tables have partitions for.
CREATE TABLE sluice.live_days (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    oldest date NOT NULL,
    newest date NOT NULL CHECK (newest >= oldest)
);

-- What archiving did, with counts and sums; a day may have several passes.
CREATE TABLE sluice.archive_manifest (
    table_name text NOT NULL,
    day date NOT NULL,
    pass int NOT NULL,
    state text NOT NULL,
    row_count bigint NOT NULL,
    totals jsonb NOT NULL,
    content_hash bytea NOT NULL,
    started_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (table_name, day, pass)
);

-- Makes the partitions from the day after the newest one up to `until`; at first also the carry-over partitions.
CREATE FUNCTION sluice.keep_partitions_ahead(until date) RETURNS int
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
        END LOOP;
        made := made + 1;
    END LOOP;
    IF made > 0 THEN
        UPDATE sluice.live_days SET newest = until;
    END IF;
    RETURN made;
END
$$;
SELECT sluice.keep_partitions_ahead(current_date + 14);

RESET ROLE;
