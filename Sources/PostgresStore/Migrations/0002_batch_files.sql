-- Batch files, their parts, the records set aside, and the registry of order numbers.
SET LOCAL lock_timeout = '2s';
SET LOCAL ROLE sluice_owner;

CREATE TABLE sluice.batch_file (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id int NOT NULL REFERENCES sluice.merchant,
    direction sluice.direction NOT NULL,
    format text NOT NULL CHECK (format ~ '^[a-z0-9][a-z0-9._-]{0,79}$'),
    file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 255),
    environment text NOT NULL,
    business_date date NOT NULL,
    client_key text CHECK (length(client_key) BETWEEN 1 AND 100),
    parent_batch_id bigint REFERENCES sluice.batch_file,
    content_sha256 bytea CHECK (length(content_sha256) = 32),
    content_bytes bigint,
    part_count int,
    declared_count bigint CHECK (declared_count >= 0),
    -- {"CNY": 1234500}: minor units a currency.
    declared_sums jsonb CHECK (jsonb_typeof(declared_sums) = 'object'),
    state sluice.batch_file_state NOT NULL DEFAULT 'receiving',
    -- Why it was refused or is held: {"code", "line", "what", "mend"}; nothing personal.
    verdict jsonb,
    -- Personal data of this file is encrypted under a subkey made from this salt (R15).
    data_key_id int,
    data_salt bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    -- Found by pass 1; pass 2 must load exactly these.
    record_count bigint,
    amount_unreadable bigint NOT NULL DEFAULT 0,
    -- How far pass 2 has come: the reader's position after the last loaded record, and the records loaded.
    load_position jsonb,
    loaded_count bigint NOT NULL DEFAULT 0,
    next_chunk_no int NOT NULL DEFAULT 1,
    lease_worker text,
    lease_until timestamptz,
    lease_epoch bigint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    result_due_at timestamptz NOT NULL,
    finished_at timestamptz,
    UNIQUE (merchant_id, client_key),
    CHECK (state = 'receiving' OR state = 'refused' OR num_nulls(content_sha256, content_bytes, part_count) = 0)
);
CREATE INDEX batch_file_content ON sluice.batch_file (merchant_id, content_sha256);
CREATE INDEX batch_file_open ON sluice.batch_file (state, due_at, batch_id)
    WHERE state IN ('pending', 'splitting', 'split', 'working');
CREATE INDEX batch_file_parent ON sluice.batch_file (parent_batch_id) WHERE parent_batch_id IS NOT NULL;

-- The bytes of a file, at most 1 MiB a part. In the clear only until intake passes them (R15).
CREATE TABLE sluice.batch_file_part (
    batch_id bigint NOT NULL REFERENCES sluice.batch_file,
    part_no int NOT NULL CHECK (part_no >= 1),
    content bytea NOT NULL,
    is_encrypted boolean NOT NULL DEFAULT false,
    clear_bytes int NOT NULL CHECK (clear_bytes BETWEEN 0 AND 1048576),
    PRIMARY KEY (batch_id, part_no)
);
ALTER TABLE sluice.batch_file_part ALTER COLUMN content SET STORAGE EXTERNAL;

-- "This merchant order number once, for ever"; archiving never touches it. Numbers grow with time as merchants write
-- them, so the B-tree stays local; a hash would not.
CREATE TABLE sluice.order_number_registry (
    merchant_id int NOT NULL,
    order_no text COLLATE "C" NOT NULL,
    state sluice.registry_state NOT NULL,
    batch_id bigint NOT NULL,
    line_no int NOT NULL,
    PRIMARY KEY (merchant_id, order_no)
);

-- "This channel number once": scope is the trade date as sent for numbers unique per day, '*' for ever.
CREATE TABLE sluice.channel_number_registry (
    channel text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    batch_id bigint NOT NULL,
    submission_no int NOT NULL,
    PRIMARY KEY (channel, scope, number)
);

-- Result files are versioned and immutable; their bytes are compressed and encrypted.
CREATE TABLE sluice.result_file (
    batch_id bigint NOT NULL REFERENCES sluice.batch_file,
    version int NOT NULL CHECK (version >= 1),
    is_final boolean NOT NULL,
    file_name text NOT NULL,
    line_count bigint NOT NULL,
    -- {"SUCCEEDED": {"count": 1, "amount_minor": {"CNY": "100"}}, …}
    totals jsonb NOT NULL,
    content_sha256 bytea NOT NULL CHECK (length(content_sha256) = 32),
    content_bytes bigint NOT NULL,
    part_count int NOT NULL,
    data_key_id int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (batch_id, version)
);
CREATE TABLE sluice.result_file_part (
    batch_id bigint NOT NULL,
    version int NOT NULL,
    part_no int NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (batch_id, version, part_no)
);
ALTER TABLE sluice.result_file_part ALTER COLUMN content SET STORAGE EXTERNAL;

RESET ROLE;
