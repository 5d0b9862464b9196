-- Claims, channels, and what waits for people: small tables, kept out of the heavy ones.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

-- One process at work; a fresh id each start.
CREATE TABLE sluice.worker (
    worker_id text PRIMARY KEY,
    host text NOT NULL,
    process_id int NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_at timestamptz
) WITH (fillfactor = 50);

CREATE TABLE sluice.channel (
    channel text COLLATE "C" PRIMARY KEY CHECK (channel ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    class sluice.environment_class NOT NULL,
    state sluice.channel_state NOT NULL DEFAULT 'running',
    -- The one version of the specification that workers use (R16).
    specification_sha256 bytea NOT NULL CHECK (length(specification_sha256) = 32),
    -- Nothing is claimed before this time: the channel asked us to slow down (R7).
    slow_until timestamptz
) WITH (fillfactor = 50);

-- Every activation there ever was.
CREATE TABLE sluice.channel_activation (
    activation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    specification_sha256 bytea NOT NULL,
    activated_by text NOT NULL DEFAULT session_user,
    activated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A channel's concurrency as a fixed set of rows: taken in the claim, exact for the whole fleet (R10).
CREATE TABLE sluice.channel_slot (
    channel text COLLATE "C" NOT NULL REFERENCES sluice.channel,
    lane sluice.lane NOT NULL,
    slot_no smallint NOT NULL,
    chunk_id bigint,
    epoch bigint,
    -- Free again after an outcome, or past send-by plus the total deadline.
    held_until timestamptz,
    PRIMARY KEY (channel, lane, slot_no)
) WITH (fillfactor = 50);

-- The unit of work after planning. `submit`: orders not yet intended. `send`, `query`: one submission.
CREATE TABLE sluice.work_chunk (
    chunk_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id bigint NOT NULL,
    business_date date NOT NULL,
    chunk_no int NOT NULL,
    direction sluice.direction NOT NULL,
    channel text COLLATE "C" NOT NULL,
    lane sluice.lane NOT NULL,
    kind sluice.chunk_kind NOT NULL,
    -- submit: the lines still to be intended.
    line_nos int[],
    -- submit: how many submissions were cut from it.
    submissions_cut int NOT NULL DEFAULT 0,
    submission_no int,
    -- Comes up at this time; a lease moves it to its own end, so that a claim is one walk along the index.
    due_at timestamptz NOT NULL,
    lease_worker text,
    -- A hard deadline, whatever the worker's heartbeat says.
    lease_until timestamptz,
    epoch bigint NOT NULL DEFAULT 0,
    CHECK ((lane = 'submit') = (kind IN ('submit', 'send'))),
    CHECK ((kind = 'submit') = (line_nos IS NOT NULL)),
    CHECK ((kind = 'submit') = (submission_no IS NULL))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
CREATE INDEX work_chunk_due ON sluice.work_chunk (channel, lane, due_at, chunk_id);
CREATE INDEX work_chunk_batch ON sluice.work_chunk (batch_id, chunk_no);
CREATE INDEX work_chunk_lease ON sluice.work_chunk (lease_worker) WHERE lease_worker IS NOT NULL;
CREATE UNIQUE INDEX work_chunk_submission ON sluice.work_chunk (batch_id, submission_no) WHERE submission_no IS NOT
    NULL;

-- Something a person must decide; groups by incident.
CREATE TABLE sluice.review_item (
    item_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident text NOT NULL,
    cause text NOT NULL,
    code text NOT NULL,
    owner_role text NOT NULL DEFAULT 'reviewer',
    batch_id bigint NOT NULL,
    business_date date NOT NULL,
    -- Both null: the whole file. A submission: all of its open orders. A line: one order.
    submission_no int,
    line_no int,
    channel text,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    closed_by text,
    decision text
);
CREATE UNIQUE INDEX review_item_open ON sluice.review_item
    (batch_id, cause, coalesce(submission_no, 0), coalesce(line_no, 0)) WHERE closed_at IS NULL;
CREATE INDEX review_item_incident ON sluice.review_item (incident) WHERE closed_at IS NULL;

-- Something a person must learn of now; one row a cause, counted after that.
CREATE TABLE sluice.alarm (
    alarm_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause_key text NOT NULL,
    kind text NOT NULL,
    channel text,
    batch_id bigint,
    code text NOT NULL,
    message text NOT NULL,
    occurrences bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text
);
CREATE UNIQUE INDEX alarm_open ON sluice.alarm (cause_key) WHERE acknowledged_at IS NULL;

-- What others must be told; written in the transaction of the change itself. Moves of orders stand as counts and sums
-- per batch, channel and move.
CREATE TABLE sluice.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    batch_id bigint NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    delivered_at timestamptz
);
CREATE INDEX outbox_batch ON sluice.outbox (batch_id, created_at);
CREATE INDEX outbox_waiting ON sluice.outbox (outbox_id) WHERE delivered_at IS NULL;

-- One execution of a job in one window; cron may fire as often as it likes.
CREATE TABLE sluice.job_run (
    job text NOT NULL,
    window_start timestamptz NOT NULL,
    state sluice.run_state NOT NULL,
    pass int NOT NULL DEFAULT 1,
    worker_id text,
    lease_until timestamptz,
    epoch bigint NOT NULL DEFAULT 1,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at timestamptz,
    summary jsonb,
    PRIMARY KEY (job, window_start)
);

RESET ROLE;
